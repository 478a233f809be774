"""Many tasks at once, in waves, within limits, as one stream of events. Knows no device.

`run` yields what the work emits. An event that work confirms is on disk before the work goes on: the run
yields it, and answers the work when the consumer comes back for the next event.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Protocol

from fleetctl.crew import Crew, Message, Work, ending, told
from fleetctl.dispatch import Dispatch
from fleetctl.errors import FleetctlError
from fleetctl.model import Event, Finished, LoginJudged, Outcome
from fleetctl.waves import Policy, Stop, Task, Wave, WaveEnd, gate_on_share, growing

__all__ = ["Policy", "Stop", "Task", "Wave", "WaveEnd", "gate_on_share", "growing", "run"]

_POLL_S = 0.2  # how late a Stop requested from outside may be noticed


class _Pool(Protocol):
    def room(self) -> int: ...
    def start(self, task: Task, payload: Any) -> None: ...
    def receive(self, timeout_s: float) -> list[Message]: ...
    def answer(self, message: Message, go: bool) -> None: ...
    def stop(self) -> None: ...
    def close(self, grace_s: float) -> None: ...


class _Threads:
    """A crew in this process."""

    def __init__(self, work: Work, setup: Callable[[], None] | None, threads: int) -> None:
        if setup is not None:
            setup()
        self._crew = Crew(work, threads)
        self._room = threads

    def room(self) -> int:
        return self._room

    def start(self, task: Task, payload: Any) -> None:
        self._room -= 1
        self._crew.start(task, payload)

    def receive(self, timeout_s: float) -> list[Message]:
        try:
            messages = [self._crew.out.get(timeout=timeout_s)]
            while len(messages) < 256:
                messages.append(self._crew.out.get_nowait())
        except queue.Empty:
            pass
        self._room += sum(message.done for message in messages)
        return messages

    def answer(self, message: Message, go: bool) -> None:
        self._crew.answer(message.token, go)

    def stop(self) -> None:
        self._crew.stop()

    def close(self, grace_s: float) -> None:
        self._crew.abandon()
        self._crew.join(time.monotonic() + grace_s)


def run(
    work: Work,
    tasks: Sequence[Task],
    payload: Callable[[str], Any],
    policy: Policy | None = None,
    *,
    stop: Stop | None = None,
    setup: Callable[[], None] | None = None,
) -> Iterator[Event]:
    """Do `work(name, payload(name), channel)` for every task and yield the events as they come.

    Each task ends with exactly one Finished, whatever happens. A task that failed as a whole, or was
    blocked, has a Result with aspect "" before it; one that was left undone (stopped, outside its window, its
    wave not due) has only a Finished with INTERRUPTED or PENDING and the reason.
    `work` and `setup` are module-level callables that pickle; `setup` is called once in each process that
    works. `payload` is called here when its task begins, so that secrets are revealed late.
    Raises ValueError at once when two tasks bear one name or need each other in a ring.
    """
    policy, stop = policy or Policy(), stop or Stop()
    return _Run(work, Dispatch(tasks, policy), payload, stop, setup).events()


class _Run:
    def __init__(
        self,
        work: Work,
        dispatch: Dispatch,
        payload: Callable[[str], Any],
        stop: Stop,
        setup: Callable[[], None] | None,
    ) -> None:
        self._dispatch, self._payload, self._stop = dispatch, payload, stop
        self._policy = dispatch.policy
        self._work, self._setup = work, setup
        self._told = False  # the pool was told to stop

    def events(self) -> Iterator[Event]:
        """Yield until every task has ended; closing the generator ends the work."""
        threads = max(1, min(self._policy.threads, len(self._dispatch.tasks)))
        pool: _Pool = _Threads(self._work, self._setup, threads)
        grace_s = 0.0
        try:
            while self._dispatch.unended or self._dispatch.endings:
                grace_s = self._policy.grace_s
                try:
                    self._watch(pool)
                    yield from self._begin(pool)
                    messages = pool.receive(_POLL_S) if self._dispatch.running else []
                except KeyboardInterrupt:
                    if self._stop.by_person:
                        raise
                    self._stop.request("interrupted", by_person=True)
                    continue
                for message in messages:
                    yield from self._pass_on(pool, message)
            grace_s = 1.0
        finally:
            pool.close(grace_s)

    def _watch(self, pool: _Pool) -> None:
        """Notice what ends the run as a whole."""
        deadline = self._policy.deadline
        if deadline is not None and self._policy.clock() >= deadline:
            self._stop.request("not reached before the deadline")
        if self._dispatch.halted:
            self._stop.request(self._dispatch.halted)
        if reason := self._dispatch.too_many_failures():
            self._stop.request(reason)
        if self._stop.requested and not self._told:
            self._told = True
            self._dispatch.halt(self._stop.reason)
            pool.stop()

    def _begin(self, pool: _Pool) -> Iterator[Event]:
        """Begin what may begin, and tell of what ends without beginning."""
        while pool.room() and (task := self._dispatch.next()) is not None:
            try:
                value = self._payload(task.name)
            except FleetctlError as error:
                outcome, reason = told(error, None)
                self._dispatch.ended(task.name, outcome)
                yield from ending(task, outcome, reason)
            else:
                pool.start(task, value)
        while self._dispatch.endings:
            end = self._dispatch.endings.popleft()
            result, finished = ending(end.task, end.outcome, end.reason)
            if end.judged:
                yield result
            yield finished

    def _pass_on(self, pool: _Pool, message: Message) -> Iterator[Event]:
        """Yield one message's event, and answer it once the consumer has come back."""
        if message.token and self._stop.requested:
            pool.answer(message, False)
            return
        event = message.event
        if message.done:
            self._dispatch.ended(message.task, event.outcome if isinstance(event, Finished) else Outcome.FAILED)
        elif isinstance(event, LoginJudged) and (reason := self._dispatch.judged(message.task, event)):
            self._stop.request(reason)
            self._watch(pool)
        yield event
        if message.token:
            pool.answer(message, True)
