"""Many tasks at once, in waves, within limits, as one stream of events. Knows no device.

`run` yields what the work emits. An event that work confirms is on disk before the work goes on: the run
yields it, and answers the work when the consumer comes back for the next event.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any, Final

from fleetctl.crew import Message, Work, ending, told
from fleetctl.dispatch import Dispatch
from fleetctl.errors import FleetctlError
from fleetctl.model import Event, Finished, LoginJudged, Outcome
from fleetctl.pools import Pool, ProcessPool, Setup, ThreadPool
from fleetctl.waves import Policy, Stop, Task, Wave, WaveEnd, gate_on_share, growing

__all__ = ["Policy", "Stop", "Task", "Wave", "WaveEnd", "gate_on_share", "growing", "run"]

_POLL_S: Final = 0.2  # how late a Stop requested from outside may be noticed


def run(
    work: Work,
    tasks: Sequence[Task],
    payload: Callable[[str], Any],
    policy: Policy | None = None,
    *,
    stop: Stop | None = None,
    setup: Setup = None,
    sync: Callable[[], None] | None = None,
) -> Generator[Event, None, None]:
    """Do `work(name, payload(name), channel)` for every task and yield the events as they come.

    Each task ends with exactly one Finished, its last event, whatever happens. A task that failed as a whole,
    or was blocked, has a Result with aspect "" before it; one that was left undone (stopped, outside its
    window, its wave not due) has only a Finished with INTERRUPTED or PENDING and the reason.
    Tasks of one `batch` that may begin together are one call `work(batch, {name: payload}, channel)`, which emits
    a Finished for each of them, and one for the batch itself as its last event.
    `work`, `setup`, payloads and events pickle; `work` and `setup` are not of the module `__main__`. `setup`
    is called once in each process that works. `payload` is called here when its task begins, so that secrets
    are revealed late, and what it returns is not kept.
    With `sync`, many confirmed events share one wait for the disk: they are yielded, then `sync` is called,
    then all of their work goes on. Without it an event is on disk when the consumer asks for the next one.
    Closing the generator ends the run: confirms are refused, and what runs is given `policy.grace_s` to end.
    Raises ValueError at once when two tasks bear one name or need each other in a ring.
    """
    return _Run(work, Dispatch(tasks, policy or Policy()), payload, stop or Stop(), setup, sync).events()


class _Run:
    def __init__(
        self,
        work: Work,
        dispatch: Dispatch,
        payload: Callable[[str], Any],
        stop: Stop,
        setup: Setup,
        sync: Callable[[], None] | None,
    ) -> None:
        self._work, self._setup = work, setup
        self._dispatch, self._policy = dispatch, dispatch.policy
        self._payload, self._stop, self._sync = payload, stop, sync
        self._unanswered: list[int] = []
        self._batches: dict[str, dict[str, Task]] = {}  # those at work: their tasks that have not ended
        self._begun = 0  # batches
        self._told = False  # the pool was told to stop

    def events(self) -> Generator[Event, None, None]:
        """Yield until every task has ended; closing the generator ends the work."""
        if not self._dispatch.tasks:
            return
        pool = self._pool()
        grace_s = self._policy.grace_s
        try:
            while self._dispatch.unended or self._dispatch.endings:
                try:
                    self._watch(pool)
                    yield from self._begin(pool)
                    waits = self._dispatch.running or not pool.room()
                    messages = pool.receive(_POLL_S) if waits else []
                except KeyboardInterrupt:
                    if self._stop.by_person:
                        raise
                    self._stop.request("interrupted", by_person=True)
                    continue
                for message in messages:
                    yield from self._pass_on(pool, message)
                self._answer(pool)
            grace_s = 1.0
        finally:
            pool.close(grace_s)

    def _pool(self) -> Pool:
        tasks, policy = len(self._dispatch.tasks), self._policy
        threads = max(1, policy.threads)
        if tasks < policy.process_threshold:
            return ThreadPool(self._work, self._setup, min(threads, tasks))
        processes = policy.processes or min(len(os.sched_getaffinity(0)), 4)
        return ProcessPool(self._work, self._setup, processes, threads)

    def _watch(self, pool: Pool) -> None:
        """Notice what ends the run as a whole."""
        deadline = self._policy.deadline
        if deadline is not None and self._policy.clock() >= deadline:
            self._stop.request("not reached before the deadline")
        if reason := self._dispatch.halted or self._dispatch.too_many_failures():
            self._stop.request(reason)
        if self._stop.requested and not self._told:
            self._told = True
            self._dispatch.halt(self._stop.reason)
            pool.stop()

    def _begin(self, pool: Pool) -> Iterator[Event]:
        """Begin what may begin, and tell of what ends without beginning."""
        batches: dict[str, dict[Task, Any]] = {}
        while not self._stop.requested and pool.room() and (task := self._dispatch.next()) is not None:
            try:
                value = self._payload(task.name)
            except FleetctlError as error:
                outcome, reason = told(error, None)
                self._dispatch.ended(task.name, outcome)
                yield from ending(task, outcome, reason)
            else:
                if task.batch:
                    batches.setdefault(task.batch, {})[task] = value
                else:
                    pool.start(task, value)
                del value
        for batch, values in batches.items():
            self._begun += 1
            name = f"{batch} {self._begun}"
            self._batches[name] = {task.name: task for task in values}
            pool.start(Task(name=name), {task.name: value for task, value in values.items()})
        while self._dispatch.endings:
            end = self._dispatch.endings.popleft()
            result, finished = ending(end.task, end.outcome, end.reason)
            if end.judged:
                yield result
            yield finished

    def _pass_on(self, pool: Pool, message: Message) -> Iterator[Event]:
        """Yield a message's events; whoever confirms the last is answered once the consumer has come back."""
        task, events, token, done, through = message
        if task in self._batches:
            events = self._of_batch(task, events, done=done)
        for number, event in enumerate(events, 1):
            last = number == len(events)
            if last and token and self._stop.requested and not through:
                pool.answer(token, False)
                return
            if isinstance(event, Finished):
                self._dispatch.ended(event.device, event.outcome)
            elif isinstance(event, LoginJudged) and (reason := self._dispatch.judged(event.device, event)):
                self._stop.request(reason)
            yield event
        if token:
            self._unanswered.append(token)
            if self._sync is None:
                self._answer(pool)

    def _of_batch(self, name: str, events: Sequence[Event], *, done: bool) -> list[Event]:
        """Return a batch's events; how it broke off is the end of those of its tasks that had none of their own."""
        left = self._batches[name]
        found = [event for event in events if event.device != name]
        for event in found:
            if isinstance(event, Finished):
                left.pop(event.device, None)
        if done:
            outcome, reason = Outcome.FAILED, "its work ended without telling its outcome"
            if isinstance(events[-1], Finished) and events[-1].outcome is not Outcome.UNCHANGED:
                outcome, reason = events[-1].outcome, events[-1].reason
            for task in self._batches.pop(name).values():
                found += ending(task, outcome, reason)
        return found

    def _answer(self, pool: Pool) -> None:
        if self._unanswered:
            if self._sync is not None:
                self._sync()
            for token in self._unanswered:
                pool.answer(token, True)
            self._unanswered.clear()
