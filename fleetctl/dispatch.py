"""Which task may begin next: waves, needs, limits, windows, the stop rule. Bookkeeping without threads or I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fleetctl.model import LoginJudged, Outcome
from fleetctl.waves import FAILURES, GOOD, Policy, Task, Wave, WaveEnd

_ANSWERED: Final = GOOD | {Outcome.NOT_APPLIED, Outcome.UNKNOWN, Outcome.STALE}
"""The endings after which the logins are not refused in a row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """A task that the run ended without its work; `judged` when that is the task's fault or its needs'."""

    task: Task
    outcome: Outcome
    reason: str
    judged: bool = False


class _Lane:
    """Ready tasks that share both limits."""

    __slots__ = ("site", "tasks", "uplink", "waiting")

    def __init__(self, site: str, uplink: str) -> None:
        self.site, self.uplink = site, uplink
        self.tasks: deque[Task] = deque()
        self.waiting = False  # whether it stands in the ring or is parked


class Dispatch:
    """Every task ends exactly once: by its work (`ended`), or in `endings` by the run itself."""

    def __init__(self, tasks: Sequence[Task], policy: Policy) -> None:
        """Raises ValueError when two tasks bear one name or tasks wait for each other in a ring."""
        self.policy = policy
        self.tasks = {task.name: task for task in tasks}
        if len(self.tasks) != len(tasks):
            names = [task.name for task in tasks]
            raise ValueError(f"two tasks bear one name: {next(n for n in names if names.count(n) > 1)}")
        self.endings: deque[Ending] = deque()
        self.running: set[str] = set()
        self.halted = ""  # why no task begins any more
        self._left = dict(self.tasks)  # neither running nor ended
        self._unmet = {t.name: {n for n in (*t.needs, *t.after) if n in self.tasks} for t in tasks}
        self._waiters: dict[str, list[str]] = {}
        for task in tasks:
            for need in self._unmet[task.name]:
                self._waiters.setdefault(need, []).append(task.name)
        self._waves = policy.waves or (Wave(name="all", tasks=tuple(self.tasks)),)
        self._wave_of = self._placed(self._ordered())
        self._members: list[set[str]] = [set() for _ in self._waves]
        for name, index in self._wave_of.items():
            self._members[index].add(name)
        self._outcomes: dict[str, Outcome] = {}
        self._undone: set[str] = set()
        self._at = -1
        self._lanes: dict[tuple[str, str], _Lane] = {}
        self._ring: deque[_Lane] = deque()
        self._parked: dict[tuple[str, str], list[_Lane]] = {}  # ("site"|"uplink", name)
        self._busy: dict[tuple[str, str], int] = {}
        self._recent: deque[bool] = deque(maxlen=policy.stop_window)
        self._refusing: set[str] = set()
        self._proven = policy.unproven_in_flight <= 0
        self._allowed = policy.unproven_in_flight
        self._end_all(
            [n for n in self.tasks if n not in self._wave_of], Outcome.PENDING, "it is in no wave of this roll-out"
        )

    # --- order ---------------------------------------------------------------------------------

    def _ordered(self) -> Iterator[str]:
        """Yield names so that needs come first; raises ValueError where they form a ring."""
        count = {name: len(needs) for name, needs in self._unmet.items()}
        free = deque(name for name, number in count.items() if not number)
        seen = 0
        while free:
            name = free.popleft()
            seen += 1
            yield name
            for waiter in self._waiters.get(name, ()):
                count[waiter] -= 1
                if not count[waiter]:
                    free.append(waiter)
        if seen < len(count):
            ring = ", ".join(sorted(n for n, number in count.items() if number)[:10])
            raise ValueError(f"tasks wait for each other: {ring}")

    def _placed(self, ordered: Iterator[str]) -> dict[str, int]:
        """Return the wave of each task: its own, or that of the latest task it needs where that is later."""
        own: dict[str, int] = {}
        for index, wave in enumerate(self._waves):
            for name in wave.tasks:
                own.setdefault(name, index)
        placed: dict[str, int] = {}
        for name in ordered:
            if name in own:
                placed[name] = max([own[name], *(placed[n] for n in self._unmet[name] if n in placed)])
        return placed

    # --- what the run asks ----------------------------------------------------------------------

    @property
    def unended(self) -> bool:
        """Whether tasks are running or left."""
        return bool(self.running or self._left)

    def next(self) -> Task | None:
        """Return the task to begin now and count it as running; None when none may begin at present."""
        while not self.halted:
            while self._wave_done():
                if not self._next_wave():
                    return None
            if not self._proven and len(self.running) >= self._allowed:
                return None
            while self._ring:
                lane = self._ring.popleft()
                if (limit := self._full(lane)) is not None:
                    self._parked.setdefault(limit, []).append(lane)
                elif (task := self._pick(lane)) is not None:
                    self._begin(task)
                    return task
            if not self._left or not self._wave_done():
                return None
        return None

    def ended(self, name: str, outcome: Outcome) -> None:
        """Take the outcome of a running task's work; unblocks or ends what needs it."""
        task = self.tasks[name]
        self.running.discard(name)
        for key in self._keys(task):
            self._busy[key] -= 1
            for lane in self._parked.pop(key, ()):
                self._ring.append(lane)
        if outcome in _ANSWERED:
            self._refusing.clear()
        if outcome in GOOD:
            self._proven = True
        elif outcome is Outcome.UNREACHABLE:
            self._allowed += 1  # tells nothing of the login, but a dead line must not hold up the rest
        elif outcome is Outcome.REFUSED and self._allowed > 1:
            self._allowed -= 1  # what was refused makes no room for the next try of what may be a stale vault
        self._recent.append(outcome in FAILURES)
        self._settle(name, outcome)

    def judged(self, name: str, event: LoginJudged) -> str:
        """Take a login's judgement; returns the reason to stop when sites refuse one after the other."""
        if event.accepted:
            self._refusing.clear()
            self._proven = True
            return ""
        if event.wanted:
            return ""
        task = self.tasks.get(name)  # a recorder may be asked for its cameras' sake alone
        self._refusing.add(task.site if task is not None else name)
        if 0 < self.policy.refused_in_a_row <= len(self._refusing):
            sites = ", ".join(sorted(self._refusing))
            return f"logins are refused in a row at {len(self._refusing)} sites ({sites}): is the vault up to date?"
        return ""

    def too_many_failures(self) -> str:
        """Return the reason to stop when the share of failures among the last tasks is too high, else ""."""
        failed, share = sum(self._recent), self.policy.stop_share
        if not 0 < share < failed / max(1, len(self._recent)) or failed < self.policy.stop_least:
            return ""
        return f"{failed} of the last {len(self._recent)} devices failed (allowed: {share:.0%})"

    def halt(self, reason: str) -> None:
        """Let no further task begin; those left end as interrupted."""
        self.halted = self.halted or reason
        self._end_all(list(self._left), Outcome.INTERRUPTED, reason)

    # --- how it gets there ---------------------------------------------------------------------

    def _keys(self, task: Task) -> tuple[tuple[str, str], tuple[str, str]]:
        return ("site", task.site), ("uplink", task.uplink or task.site)

    def _full(self, lane: _Lane) -> tuple[str, str] | None:
        for key, limit in (
            (("site", lane.site), self.policy.per_site),
            (("uplink", lane.uplink), self.policy.per_uplink),
        ):
            if 0 < limit <= self._busy.get(key, 0):
                return key
        return None

    def _pick(self, lane: _Lane) -> Task | None:
        """Take the lane's first task whose window is open; the others end as pending."""
        found: Task | None = None
        while lane.tasks and found is None:
            task = lane.tasks.popleft()
            if task.name not in self._left:
                continue
            closed = self.policy.window(task.name, self.policy.clock()) if self.policy.window else ""
            if closed:
                self._end_all([task.name], Outcome.PENDING, closed)
            else:
                found = task
        if lane.tasks:
            self._ring.append(lane)
        else:
            lane.waiting = False
        return found

    def _begin(self, task: Task) -> None:
        del self._left[task.name]
        self.running.add(task.name)
        for key in self._keys(task):
            self._busy[key] = self._busy.get(key, 0) + 1

    def _ready(self, name: str) -> None:
        task = self.tasks[name]
        site, uplink = (key[1] for key in self._keys(task))
        lane = self._lanes.get((site, uplink))
        if lane is None:
            lane = self._lanes[(site, uplink)] = _Lane(site, uplink)
        lane.tasks.append(task)
        if not lane.waiting:
            lane.waiting = True
            self._ring.append(lane)

    def _wave_done(self) -> bool:
        return self._at < 0 or not self._members[self._at]

    def _next_wave(self) -> bool:
        """Judge the wave that ended and open the next; False when there is none or it may not begin."""
        if not self._left:
            return False
        if self._at >= 0 and (reason := self._gate(self._at)):
            self.halted = f"stopped after {self._waves[self._at].name}: {reason}"
            return False
        self._at += 1
        wave = self._waves[self._at]
        if wave.not_before is not None and self.policy.clock() < wave.not_before:
            when = f"{wave.name} does not begin before {wave.not_before:%Y-%m-%d %H:%M %Z}".rstrip()
            self._end_all(list(self._left), Outcome.PENDING, when)
            return False
        members = self._members[self._at]
        for name in [n for n in self._left if n in members and not self._unmet[n]]:
            self._ready(name)
        return True

    def _gate(self, index: int) -> str:
        names = [n for n, at in self._wave_of.items() if at == index]
        if self.policy.gate is None or not names:
            return ""
        done = {n: self._outcomes[n] for n in names if n not in self._undone}
        return self.policy.gate(
            WaveEnd(wave=self._waves[index], outcomes=done, waves_left=len(self._waves) - index - 1)
        )

    def _settle(self, name: str, outcome: Outcome, reason: str = "") -> None:
        """Note how a task ended (`reason`: why the run left it undone) and carry it on to those that wait for it."""
        ends: deque[tuple[str, Outcome, str]] = deque([(name, outcome, reason)])
        while ends:
            name, outcome, reason = ends.popleft()
            self._outcomes[name] = outcome
            if reason:
                self._undone.add(name)
            if name in self._wave_of:
                self._members[self._wave_of[name]].discard(name)
            for waiter in self._waiters.get(name, ()):
                if waiter not in self._left:
                    continue
                if name in self.tasks[waiter].after and name not in self.tasks[waiter].needs:
                    self._met(waiter, name)
                elif reason:
                    why = f"waits for {name}: {reason}"
                    self._leave(waiter, outcome, why)
                    ends.append((waiter, outcome, why))
                elif outcome not in GOOD:
                    self._leave(waiter, Outcome.BLOCKED, f"needs {name}, which ended as {outcome}", judged=True)
                    ends.append((waiter, Outcome.BLOCKED, ""))
                else:
                    self._met(waiter, name)

    def _met(self, waiter: str, name: str) -> None:
        self._unmet[waiter].discard(name)
        if not self._unmet[waiter] and self._wave_of.get(waiter) == self._at and not self.halted:
            self._ready(waiter)

    def _leave(self, name: str, outcome: Outcome, reason: str, *, judged: bool = False) -> None:
        self.endings.append(Ending(task=self._left.pop(name), outcome=outcome, reason=reason, judged=judged))

    def _end_all(self, names: Sequence[str], outcome: Outcome, reason: str) -> None:
        for name in names:
            if name in self._left:
                self._leave(name, outcome, reason)
                self._settle(name, outcome, reason)
