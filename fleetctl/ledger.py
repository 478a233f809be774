"""What the events of a run mean for the tables: states, drift, logins, facts, the queue. Written in batches."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from sqlite3 import Connection
from typing import Any, Final

from fleetctl import causes
from fleetctl.codec import encode, text
from fleetctl.model import (
    UNSET,
    AspectPlan,
    Attempt,
    Change,
    Event,
    Finished,
    Gap,
    Learned,
    LoginJudged,
    LoginLocked,
    Outcome,
    Planned,
    Result,
    Rotation,
    Started,
)

_TROUBLE: Final = frozenset({Outcome.NOT_APPLIED, Outcome.FAILED, Outcome.STALE, Outcome.UNKNOWN, Outcome.REFUSED})
# of a Result: its changes read back
_WRITTEN: Final = frozenset({Outcome.CHANGED, Outcome.WAIVED, Outcome.UNSUPPORTED})
_COMPARED: Final = frozenset({Outcome.UNCHANGED, Outcome.WAIVED, Outcome.PENDING})
_NOT_SEEN: Final = frozenset({Outcome.INTERRUPTED, Outcome.BLOCKED})

_KEEP_REFUSALS_S: Final = 7 * 86400.0  # longer than any device keeps a login locked

_LATEST: Final = """INSERT INTO latest VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (device, aspect) DO UPDATE SET
    since = CASE WHEN outcome = excluded.outcome THEN since ELSE excluded.since END, outcome = excluded.outcome,
    reason = excluded.reason, checked = excluded.checked, run = excluded.run"""
_DRIFT: Final = """INSERT INTO history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)
    ON CONFLICT (device, aspect, field, key) DO UPDATE SET
    flaps = flaps + (ended IS NOT NULL),
    first_seen = CASE WHEN ended IS NULL THEN first_seen ELSE excluded.first_seen END,
    expected = excluded.expected, actual = excluded.actual, outcome = excluded.outcome, reason = excluded.reason,
    last_seen = excluded.last_seen, ended = excluded.ended,
    cause = CASE WHEN excluded.cause = '' THEN cause ELSE excluded.cause END, asked = ifnull(excluded.asked, asked)"""
_DRIFT_ENDS: Final = """UPDATE history SET ended = ?1
    WHERE device = ?2 AND aspect = ?3 AND ended IS NULL AND last_seen < ?1"""
_SILENCE_ENDS: Final = """UPDATE history SET ended = ?1
    WHERE device = ?2 AND aspect = '' AND ended IS NULL AND last_seen < ?1 AND outcome = 'unreachable'"""
_ANSWERS: Final = """UPDATE latest SET outcome = 'unchanged', reason = '', since = ?1, checked = ?1
    WHERE device = ?2 AND aspect = '' AND outcome = 'unreachable'"""
_FACT: Final = "INSERT OR REPLACE INTO facts VALUES (?, ?, ?)"
_ATTEMPT: Final = """INSERT INTO logins VALUES (?, ?, ?, 0, 0, 1, ?) ON CONFLICT (device, account, fingerprint)
    DO UPDATE SET proven = 0, pending = pending + 1, time = excluded.time"""
_ACCEPTED: Final = """INSERT INTO logins VALUES (?, ?, ?, 1, 0, 0, ?) ON CONFLICT (device, account, fingerprint)
    DO UPDATE SET proven = 1, refused = 0, pending = 0, time = excluded.time"""
# An accepted login ends the device's count: tries of the account that nobody judged no longer weigh on it either.
_OTHERS_NOT: Final = """UPDATE logins SET proven = 0, pending = 0
    WHERE device = ? AND account = ? AND fingerprint <> ? AND (proven OR pending)"""
_REFUSED: Final = """INSERT INTO logins VALUES (?, ?, ?, 0, 1, 0, ?) ON CONFLICT (device, account, fingerprint)
    DO UPDATE SET proven = 0, refused = refused + 1, pending = 0, time = excluded.time"""
_COUNTED: Final = "INSERT INTO refusals VALUES (?, ?, ?, ?, ?)"
# Earlier tries of a password that is refused now were refused as well, though nobody was left to hear it.
_UNHEARD: Final = """INSERT INTO refusals WITH RECURSIVE more (tries) AS (
        SELECT pending FROM logins WHERE device = ?1 AND account = ?3 AND fingerprint = ?6 AND pending > 1
        UNION ALL SELECT tries - 1 FROM more WHERE tries > 2)
    SELECT ?1, ?2, ?3, ?4, ?5 FROM more"""
_OLD_GO: Final = "DELETE FROM refusals WHERE time < ?"
_LET_IN: Final = tuple(
    f"DELETE FROM {table} WHERE account = ?1 AND (device = ?2 OR (address = ?3 AND ?3 <> ''))"  # noqa: S608  # ours
    for table in ("refusals", "locks")
)
_LOCKED: Final = "INSERT OR REPLACE INTO locks VALUES (?, ?, ?, ?, ?)"
_NOT_JUDGED: Final = "UPDATE logins SET pending = pending - 1 WHERE device = ? AND pending"
_ROTATION: Final = "INSERT OR REPLACE INTO rotations VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_SETTLED: Final = "DELETE FROM rotations WHERE device = ? AND account = ?"
_QUEUE: Final = """INSERT INTO queue VALUES (?, ?, ?3, 1, ?3 + 900, ?) ON CONFLICT (device, kind) DO UPDATE SET
    tries = tries + 1, next_try = ?3 + min(86400, 900 * (1 << min(tries, 7))), reason = excluded.reason"""
_UNQUEUE: Final = "DELETE FROM queue WHERE device = ? AND kind = ?"


def _json(value: Any) -> str:
    return text(value if type(value) is str else encode(value))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What one event tells of what is expected of an aspect: what is not right, or what was made right."""

    expected: Any = None
    off: tuple[str, ...] = ()
    compared: bool = False
    right: tuple[str, ...] = ()
    time: float = 0.0


def _asked(aspect: AspectPlan) -> bool:
    """Return whether anything is expected of an aspect: what nobody expects is read, and never on record as in step."""
    value = aspect.expected
    if not dataclasses.is_dataclass(value):
        return True
    return any(getattr(value, field.name) is not UNSET for field in dataclasses.fields(value))


def _cause(found: Mapping[tuple[str, str], causes.Memory | None], row: tuple[Any, ...]) -> tuple[str, float | None]:
    """Return why a row of the history is not as expected, and since when that is expected; only of a difference."""
    memory = found.get((row[0], row[1]))
    if memory is None or row[6] != Outcome.PENDING:
        return "", None
    told, since = causes.cause(memory, causes.name_of(row[2], row[3]))
    return told.value, since


class Ledger:
    """Collects what events mean for the tables until it is written; one for each run."""

    def __init__(self, run: int, kind: str, *, light: bool = False) -> None:
        """`light`: the run says of a device as a whole only whether it answers."""
        self._run, self._kind, self._light = run, kind, light
        self._latest: list[tuple[Any, ...]] = []
        self._drift: list[tuple[Any, ...]] = []
        self._ends: list[tuple[Any, ...]] = []
        self._facts: list[tuple[str, str, str]] = []
        self._looks: dict[tuple[str, str], list[_Look]] = {}  # at aspects of devices, in the order they came
        self._single: list[tuple[str, tuple[Any, ...]]] = []  # in the order they came
        self._begun: set[str] = set()
        self._whole: set[str] = set()  # devices with a result for the device as a whole
        self._unjudged: set[str] = set()

    def take(self, event: Event, now: float) -> None:
        """Note what an event means; nothing is written yet."""
        match event:
            case Started():
                self._begun.add(event.device)
            case Planned():
                for aspect in filter(_asked, event.plan.aspects):
                    self._looked(event.device, aspect, now)
                    self._saw(
                        event.device, aspect.aspect, aspect.outcome, aspect.reason, aspect.changes, aspect.gaps, now
                    )
            case Result():
                if not event.aspect:
                    self._whole.add(event.device)
                written = event.outcome in _WRITTEN
                if written and event.changes:
                    look = _Look(right=tuple(causes.name_of(c.field, c.key) for c in event.changes))
                    self._looks.setdefault((event.device, event.aspect), []).append(look)
                self._saw(
                    event.device,
                    event.aspect,
                    event.outcome,
                    event.reason,
                    event.changes,
                    event.gaps,
                    now,
                    written=written,
                )
            case Learned():
                self._facts += [(event.device, name, value) for name, value in event.facts.items()]
            case Attempt():
                self._unjudged.add(event.device)
                self._single.append((_ATTEMPT, (event.device, event.account, event.fingerprint, now)))
            case LoginJudged():
                self._judged(event, now)
            case LoginLocked():
                self._single.append((_LOCKED, (event.device, event.account, event.address, event.seconds, now)))
            case Finished():
                self._finished(event, now)
            case _:
                self._rotation(event, now)

    def write(self, connection: Connection) -> None:
        """Write what was noted; call it inside a transaction, then `clear`."""
        found = {aspect: self._remembered(connection, *aspect) for aspect in self._looks}
        connection.executemany(_LATEST, self._latest)
        connection.executemany(_DRIFT, [(*row, *_cause(found, row)) for row in self._drift])
        connection.executemany(_DRIFT_ENDS, self._ends)
        connection.executemany(_FACT, self._facts)
        for statement, values in self._single:
            connection.execute(statement, values)

    def clear(self) -> None:
        """Forget what was written."""
        for noted in (self._latest, self._drift, self._ends, self._facts, self._single, self._looks):
            noted.clear()

    def withdraw(self) -> None:
        """Note that the tries of this run that were not judged never will be, and cost nothing."""
        self._single += [(_NOT_JUDGED, (device,)) for device in sorted(self._unjudged)]
        self._unjudged.clear()

    def _looked(self, device: str, aspect: AspectPlan, now: float) -> None:
        """Note what is expected of an aspect, and what of it is not as it should be, or cannot be told."""
        if dataclasses.is_dataclass(aspect.expected):
            off = (*(causes.name_of(c.field, c.key) for c in aspect.changes),)
            off += (*(causes.name_of(g.field, g.key) for g in aspect.gaps),)
            compared = aspect.actual is not None or aspect.outcome in _COMPARED
            look = _Look(expected=aspect.expected, off=off, compared=compared, time=now)
            self._looks.setdefault((device, aspect.aspect), []).append(look)

    def _remembered(self, connection: Connection, device: str, aspect: str) -> causes.Memory | None:
        """Bring what is remembered of an aspect up to date; None where nothing ever was expected of it."""
        key = (device, aspect)
        found = connection.execute("SELECT settings FROM expected WHERE device = ? AND aspect = ?", key).fetchone()
        memory = before = causes.read(found[0]) if found else None
        known = not found and bool(
            connection.execute("SELECT 1 FROM latest WHERE device = ? AND aspect = ?", key).fetchone()
        )
        for look in self._looks[key]:
            if look.right:
                memory = causes.righted(memory, look.right) if memory is not None else None
            else:
                memory = causes.looked(memory, look.expected, look.off, look.time, compared=look.compared, known=known)
        if memory is not None and memory is not before and memory != before:
            connection.execute("INSERT OR REPLACE INTO expected VALUES (?, ?, ?)", (*key, causes.written(memory)))
        return memory

    def _saw(
        self,
        device: str,
        aspect: str,
        outcome: Outcome,
        reason: str,
        changes: Sequence[Change],
        gaps: Sequence[Gap],
        now: float,
        *,
        written: bool = False,
    ) -> None:
        """Note how an aspect stands, and what of it is not as it should be; `written`: not any more."""
        if outcome in _NOT_SEEN:
            return
        self._latest.append((device, aspect, outcome.value, reason, now, now, self._run))
        if outcome is Outcome.UNREACHABLE and aspect:
            return
        ended, how = (now, Outcome.CHANGED) if written else (None, outcome)
        for change in changes:
            expected, actual = _json(change.after), _json(change.before)
            row = (device, aspect, change.field, change.key, expected, actual, how.value, "", now, now, ended)
            self._drift.append(row)
        for gap in gaps:
            if gap.outcome in (Outcome.UNKNOWN, Outcome.WAIVED) or gap.elsewhere:
                values = _json(gap.after), _json(gap.before)
                row = (device, aspect, gap.field, gap.key, *values, gap.outcome.value, gap.reason, now, now, None)
                self._drift.append(row)
        if outcome in _TROUBLE or outcome is Outcome.UNREACHABLE:
            self._drift.append((device, aspect, "", "", "null", "null", outcome.value, reason, now, now, None))
        else:
            self._ends.append((now, device, aspect))

    def _judged(self, event: LoginJudged, now: float) -> None:
        self._unjudged.discard(event.device)
        key = (event.device, event.account, event.fingerprint)
        if event.accepted:
            self._single.append((_OTHERS_NOT, key))
            self._single += [(each, (event.account, event.device, event.address)) for each in _LET_IN]
        else:
            row = (event.device, event.address, event.account, now, event.tries_left)
            unheard = (*row[:-1], None, event.fingerprint)
            self._single += [(_OLD_GO, (now - _KEEP_REFUSALS_S,)), (_UNHEARD, unheard), (_COUNTED, row)]
        self._single.append((_ACCEPTED if event.accepted else _REFUSED, (*key, now)))

    def _rotation(self, event: Event, now: float) -> None:
        if not isinstance(event, Rotation):
            return
        if event.step.settled:
            self._single.append((_SETTLED, (event.device, event.account)))
            return
        told = (event.device, event.account, event.step.value, event.fingerprint, event.former, event.instead)
        self._single.append((_ROTATION, (*told, self._run, now)))

    def _finished(self, event: Finished, now: float) -> None:
        device = event.device
        if device in self._unjudged:
            self._unjudged.discard(device)
            if event.outcome is not Outcome.FAILED:  # the device never got as far as to judge it
                self._single.append((_NOT_JUDGED, (device,)))
        if self._light and event.outcome not in (Outcome.INTERRUPTED, Outcome.UNREACHABLE):
            self._single += [(_ANSWERS, (now, device)), (_SILENCE_ENDS, (now, device))]
            return
        if event.outcome is not Outcome.INTERRUPTED:
            self._latest.append((device, "", event.outcome.value, event.reason, now, now, self._run))
        if device in self._begun and event.outcome not in _NOT_SEEN:
            if device not in self._whole:
                self._ends.append((now, device, ""))
            if event.outcome is Outcome.UNREACHABLE:
                self._single.append((_QUEUE, (device, self._kind, now, event.reason)))
            else:
                self._single.append((_UNQUEUE, (device, self._kind)))
        self._begun.discard(device)
        self._whole.discard(device)
