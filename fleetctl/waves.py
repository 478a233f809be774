"""What a run is told: its tasks, its waves, its limits, and when to stop. Values and pure functions."""

from __future__ import annotations

import contextlib
import math
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import FrameType
from typing import Final

from fleetctl.model import Kind, Outcome

FAILURES: Final = frozenset({Outcome.FAILED, Outcome.REFUSED, Outcome.NOT_APPLIED, Outcome.UNKNOWN, Outcome.STALE})
"""What the stop rule counts. Unreachable is pending, and blocked has been counted where it began."""

GOOD: Final = frozenset({Outcome.UNCHANGED, Outcome.CHANGED, Outcome.PENDING, Outcome.UNSUPPORTED, Outcome.WAIVED})
"""The endings after which a task that `needs` this one may begin."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One piece of work, usually one device; names are unique in a run.

    Tasks with the same `site` (or `uplink`, where it is given) share that limit. `needs` names tasks that
    end well before this one begins, `after` those that end before it, however they end; names that are not in the
    run are taken as done. Tasks of the same `batch`
    that may begin at the same moment are one piece of work; limits, needs and endings stay each task's own.
    """

    name: str
    site: str = ""
    uplink: str = ""
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    kind: Kind = Kind.OTHER
    batch: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """Tasks that go together; the next wave waits for this one and its gate."""

    name: str
    tasks: tuple[str, ...]
    not_before: datetime | None = None  # with a time zone; a wave that is not due ends the run there


@dataclass(frozen=True, slots=True, kw_only=True)
class WaveEnd:
    """How a wave ended: the outcome of each of its tasks, and what is still to come."""

    wave: Wave
    outcomes: Mapping[str, Outcome]
    waves_left: int

    def share(self, outcomes: frozenset[Outcome] = FAILURES) -> float:
        """Return which part of the wave's tasks ended so, from 0.0 to 1.0."""
        counts = Counter(self.outcomes.values())
        return sum(counts[o] for o in outcomes) / max(1, len(self.outcomes))


Gate = Callable[[WaveEnd], str]
"""Judges a wave: "" goes on, anything else is the reason to stop."""

Window = Callable[[str, datetime], str]
"""(task, now) -> "" when it may begin, else why not now: `outside its window: 22:00-05:00`."""


def utc_now() -> datetime:
    """Return the time of day with its zone."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How a run goes about its tasks. Callables run in the parent, between two events."""

    processes: int = 0  # 0: one for each processor, at most 4
    threads: int = 64  # in each process: they wait for devices nearly all of the time
    process_threshold: int = 200  # a run of fewer tasks uses threads of this process only
    per_site: int = 0  # tasks of one site at the same time; 0: no limit
    per_uplink: int = 0
    waves: tuple[Wave, ...] = ()  # none: all tasks at once; a task that is in no wave is left undone
    gate: Gate | None = None  # None: the next wave follows whatever happened
    stop_share: float = 0.0  # stop when more than this share of the last `stop_window` tasks failed; 0: never
    stop_window: int = 50
    stop_least: int = 5  # failures in the window below which the share is not looked at
    refused_in_a_row: int = 3  # sites whose devices refuse the login one after the other; 0: never stop for it
    unproven_in_flight: int = 8  # tasks at once until a device has accepted a login or ended well; 0: no limit
    window: Window | None = None
    deadline: datetime | None = None  # with a time zone: nothing begins after it, running work is ended
    clock: Callable[[], datetime] = utc_now
    grace_s: float = 30.0  # how long running work may take to end once the run is stopped and abandoned


class Stop:
    """Ends a run from outside: no new task begins, running ones end at their next confirm().

    The run itself requests it too (stop rule, gate, deadline), so that the caller reads here why.
    """

    def __init__(self) -> None:
        self._requested = threading.Event()
        self.reason = ""
        self.by_person = False

    @property
    def requested(self) -> bool:
        """Whether somebody asked for the end."""
        return self._requested.is_set()

    def request(self, reason: str, *, by_person: bool = False) -> None:
        """Ask for the end; the first reason stays. Safe in signal handlers and threads."""
        if not self._requested.is_set():
            self.reason, self.by_person = reason, by_person
            self._requested.set()

    @contextlib.contextmanager
    def on_ctrl_c(self) -> Iterator[Stop]:
        """While inside, the first Ctrl-C (or SIGTERM) requests the stop; the second raises KeyboardInterrupt.

        Main thread only. Nothing is torn in the middle: not a commit, not a line of a report.
        """

        def handle(_number: int, _frame: FrameType | None) -> None:
            if self.requested and self.by_person:
                raise KeyboardInterrupt
            self.request("interrupted", by_person=True)

        before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield self
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def growing(names: Sequence[str], shares: Sequence[float] = (0.05, 0.25, 1.0), *, canary: int = 1) -> tuple[Wave, ...]:
    """Cut names, in their order, into a canary and waves that grow: each share (0 to 1) is of all, summed up.

    `growing(names, (0.05, 0.25, 1.0))` of 100 names: 1, then up to 5, up to 25, and all. Whatever the shares,
    the last wave takes the rest. Raises ValueError when a share is not above 0 and at most 1.
    """
    if any(not 0 < share <= 1 for share in shares):
        raise ValueError("a wave's share is above 0 and at most 1")
    total = len(names)
    ends = [min(canary, total), *(math.ceil(total * share) for share in sorted(shares)), total]
    waves: list[Wave] = []
    begin = 0
    for end in ends:
        if end > begin:
            name = "canary" if not waves and canary else f"wave {len(waves) + (0 if canary else 1)}"
            waves.append(Wave(name=name, tasks=tuple(names[begin:end])))
            begin = end
    return tuple(waves)


def gate_on_share(share: float) -> Gate:
    """Return a gate that stops when more than `share` of a wave failed, or when nothing in it ended well."""

    def judge(end: WaveEnd) -> str:
        failed = end.share()
        if failed > share:
            return f"{failed:.0%} of {end.wave.name} failed (allowed: {share:.0%})"
        if end.outcomes and end.share(GOOD) == 0:
            return f"no device of {end.wave.name} ended well, so it proves nothing"
        return ""

    return judge
