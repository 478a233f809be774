"""Threads that do tasks, and the one door through which whatever goes wrong in a task leaves it."""

from __future__ import annotations

import itertools
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, Final, NamedTuple

from fleetctl.errors import (
    BadAnswer,
    FleetctlError,
    Interrupted,
    Refused,
    Stale,
    Unreachable,
    Unsupported,
)
from fleetctl.model import Channel, Event, Finished, LoginJudged, Outcome, Progress, Result, SecretRef
from fleetctl.waves import Task

Work = Callable[[str, Any, Channel], None]

_OUTCOMES: Final[tuple[tuple[type[Exception], Outcome], ...]] = (
    (Interrupted, Outcome.INTERRUPTED),
    (Unreachable, Outcome.UNREACHABLE),
    (Refused, Outcome.REFUSED),
    (Unsupported, Outcome.UNSUPPORTED),
    (Stale, Outcome.STALE),
    (BadAnswer, Outcome.UNKNOWN),
)
_HIDDEN: Final = "********"
_TOGETHER_S: Final = 0.1
_ENDED: Final = "the run was ended before this was sent"


class Message(NamedTuple):
    """What a crew tells the run. `token`: the last event is to be answered (0: it is not); `done` ends the task.

    `events` are events of one task as the crew packed them: themselves in one process, pickled between two.
    `through`: the task is one that is seen through, though the run is being ended.
    """

    task: str
    events: Any
    token: int = 0
    done: bool = False
    through: bool = False


def ending(task: Task, outcome: Outcome, reason: str, duration_s: float = 0.0) -> tuple[Result, Finished]:
    """Return the two events of a task that ended as a whole, not aspect by aspect."""
    result = Result(
        device=task.name,
        kind=task.kind,
        site=task.site,
        aspect="",
        outcome=outcome,
        reason=reason,
        duration_s=duration_s,
    )
    finished = Finished(device=task.name, site=task.site, outcome=outcome, reason=reason, duration_s=duration_s)
    return result, finished


def hidden_texts(value: object, *, hidden: bool = False, depth: int = 6) -> Iterator[str]:
    """Yield the texts in a payload that may not be shown: below fields with repr=False and under SecretRef keys."""
    if isinstance(value, str):
        if hidden and value:
            yield value
    elif depth == 0 or isinstance(value, type):
        return
    elif is_dataclass(value):
        for field in fields(value):
            yield from hidden_texts(getattr(value, field.name, None), hidden=hidden or not field.repr, depth=depth - 1)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from hidden_texts(item, hidden=hidden or isinstance(key, SecretRef), depth=depth - 1)
    elif isinstance(value, (tuple, list, set, frozenset)):
        for item in value:
            yield from hidden_texts(item, hidden=hidden, depth=depth - 1)
    elif hasattr(value, "reveal"):
        for item in getattr(value, "__dict__", {}).values():
            yield from hidden_texts(item, hidden=True, depth=depth - 1)


def told(error: BaseException, payload: object) -> tuple[Outcome, str]:
    """Return the outcome that an error means and its text, without any secret of the payload."""
    outcome = next((o for leaf, o in _OUTCOMES if isinstance(error, leaf)), Outcome.FAILED)
    text = str(error) if isinstance(error, FleetctlError) else f"{type(error).__name__}: {error}"
    for secret in sorted(set(hidden_texts(payload)), key=len, reverse=True):
        text = text.replace(secret, _HIDDEN)
    return outcome, text


class _Voice:
    """The Channel of one task. Its Finished is held back until the work has returned.

    Events that follow each other closely travel together: an event costs less than half so (measured).
    """

    def __init__(self, crew: Crew, task: Task) -> None:
        self._crew, self._task = crew, task
        self._held: list[Event] = []
        self._sent = 0.0
        self._through = False
        self.finished: Finished | None = None

    def emit(self, event: Event) -> None:
        """See Channel."""
        if isinstance(event, Finished) and event.device == self._task.name:
            self.finished = self.finished or event
            return
        self._held.append(event)
        now = time.monotonic()
        begins = isinstance(event, Progress) and event.percent < 0  # a stage that may last: nothing else comes for long
        if now - self._sent > _TOGETHER_S or begins or isinstance(event, LoginJudged | Finished):
            self._sent = now
            self.flush()

    def confirm(self, event: Event) -> None:
        """See Channel."""
        if not event.durable:
            raise ValueError(f"{type(event).__name__} is not a durable event: emit it")
        if self.stopped():
            raise Interrupted(_ENDED)
        self._crew.confirm(self._task.name, self.taken(event), through=self._through)
        self._sent = time.monotonic()

    def stopped(self) -> bool:
        """See Channel."""
        return self._crew.stopping and not self._through

    def see_through(self) -> None:
        """See Channel."""
        self._through = True

    def taken(self, *last: Event) -> Any:
        """Return the events that wait, with `last` behind them, packed; they wait no longer."""
        held, self._held = [*self._held, *last], []
        return self._crew.pack(held)

    def flush(self) -> None:
        """Post the events that wait."""
        if self._held:
            self._crew.post(Message(self._task.name, self.taken()))


class Crew:
    """Threads, made when they are needed, that take tasks and post messages into `out` (bounded)."""

    def __init__(
        self,
        work: Work,
        threads: int,
        *,
        pack: Callable[[list[Event]], Any] = lambda events: events,
        capacity: int = 1024,
    ) -> None:
        """`pack` is applied in the thread that emits, so that an event that cannot be packed fails its own task."""
        self.out: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._capacity = capacity
        self.pack = pack
        self.stopping = False
        self._work, self._limit = work, threads
        self._jobs: queue.SimpleQueue[tuple[Task, Any] | None] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._taken = 0  # tasks handed in and not ended; written by the owner and read for room only
        self._lock = threading.Lock()
        self._tokens = itertools.count(1)
        self._waiting: dict[int, queue.SimpleQueue[bool]] = {}
        self._abandoned = False

    def start(self, task: Task, payload: Any) -> None:
        """Hand a task in; it begins as soon as a thread is free."""
        with self._lock:
            self._taken += 1
            more = self._taken > len(self._threads) < self._limit
        self._jobs.put((task, payload))
        if more:
            thread = threading.Thread(target=self._live, name=f"crew-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def post(self, message: Message) -> None:
        """Put events out; waits while the run's consumer is slow, drops them when nobody listens any more."""
        while self.out.qsize() >= self._capacity and not self._abandoned:
            time.sleep(0.01)
        if not self._abandoned:
            self.out.put(message)

    def confirm(self, task: str, events: Any, *, through: bool = False) -> None:
        """Post events, the last of them durable, and wait for its answer; raises Interrupted when that is no."""
        answer: queue.SimpleQueue[bool] = queue.SimpleQueue()
        with self._lock:
            token = next(self._tokens)
            self._waiting[token] = answer
            if self._abandoned:
                answer.put(False)
        self.post(Message(task, events, token, through=through))
        if not answer.get():
            raise Interrupted(_ENDED)

    def answer(self, token: int, go: bool) -> None:
        """Let the work that waits for `token` go on, or have it interrupted."""
        with self._lock:
            waiting = self._waiting.pop(token, None)
        if waiting is not None:
            waiting.put(go)

    def stop(self) -> None:
        """Refuse confirms from now on but those of tasks seen through; what is posted already, the run answers."""
        self.stopping = True

    def abandon(self) -> None:
        """Nobody listens any more: refuse all confirms, drop all messages, let threads end after their task."""
        with self._lock:
            self.stopping = self._abandoned = True
            waiting, self._waiting = list(self._waiting.values()), {}
        for answer in waiting:
            answer.put(False)
        for _ in self._threads:
            self._jobs.put(None)

    def join(self, until: float) -> bool:
        """Wait for the threads until the monotonic time `until`; tells whether all ended."""
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))
        return not any(thread.is_alive() for thread in self._threads)

    def _live(self) -> None:
        while (job := self._jobs.get()) is not None:
            task, payload = job
            del job
            if not self._abandoned:
                self._do(task, payload)
            del payload
            with self._lock:
                self._taken -= 1

    def _do(self, task: Task, payload: Any) -> None:
        began = time.monotonic()
        last = self.pack([ending(task, Outcome.FAILED, "its work ended its thread")[1]])
        try:
            last = self._worked(task, payload)
        except (Exception, SystemExit) as error:  # noqa: BLE001 the one door: whatever happens in there is an outcome
            outcome, reason = told(error, payload)
            last = self.pack(list(ending(task, outcome, reason, time.monotonic() - began)))
        finally:
            self.post(Message(task.name, last, done=True))

    def _worked(self, task: Task, payload: Any) -> Any:
        voice = _Voice(self, task)
        try:
            self._work(task.name, payload, voice)
        except BaseException:
            voice.flush()
            raise
        if voice.finished is None:
            voice.flush()
            raise RuntimeError("the work ended without telling its outcome")
        return voice.taken(voice.finished)
