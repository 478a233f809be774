"""History: what was not as expected, since when, and which runs there were. Asks no device."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, TypeVar

from fleetctl import codec
from fleetctl.errors import UsageError
from fleetctl.journal import Entry, Run
from fleetctl.model import Outcome
from fleetctl.operations.runs import select
from fleetctl.operations.workspace import Workspace
from fleetctl.records import Drift, Turn

R = TypeVar("R", Drift, Turn)

TOLD: Final = (
    "Intent",
    "Result",
    "Attempt",
    "LoginJudged",
    "Rotation",
    "LoginLocked",
    "Disclosed",
    "Finished",
)  # what people want to know of a run


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which of the history: devices, setting (`time`, `time.zone`, `users.accounts.admin`), and time."""

    limit: str = ""
    setting: str = ""
    since: datetime | None = None
    until: datetime | None = None


def drift(workspace: Workspace, asked: Asked, *, ended: bool = False) -> tuple[Drift, ...]:
    """Return what is not as expected; `ended`: also what no longer lasts; a time: what began or ended in it.

    `expected` and `actual` are the aspects' own values.
    """
    since = asked.since.timestamp() if asked.since else 0.0
    until = asked.until
    found = (
        row
        for row in workspace.store.drift(lasting=not ended, changed_since=since, devices=_devices(workspace, asked))
        if until is None or row.first_seen < until
    )
    return _told(workspace, asked, found)


TURNS: Final = 10_000
"""So many turns are told at once, the latest: more than a person reads, and told in less than a second."""


def _devices(workspace: Workspace, asked: Asked) -> tuple[str, ...] | None:
    """Return the names that the store is to look for; None where all are asked for."""
    return tuple(device.name for device in select(workspace, asked.limit)) if asked.limit else None


def turns(workspace: Workspace, asked: Asked) -> tuple[tuple[Turn, ...], bool]:
    """Return what began, changed and ended, in its order, and whether there is more before: the latest TURNS are told.

    `expected` and `actual` are the aspects' own values.
    """
    aspect = asked.setting.partition(".")[0]
    since, until = (moment.timestamp() if moment else None for moment in (asked.since, asked.until))
    devices = _devices(workspace, asked)
    found = workspace.store.turns(since=since or 0.0, until=until, aspect=aspect, last=TURNS + 1, devices=devices)
    return _told(workspace, asked, found[-TURNS:]), len(found) > TURNS


def _told(workspace: Workspace, asked: Asked, rows: Iterable[R]) -> tuple[R, ...]:
    """Return the rows of the chosen devices and setting, with their values as the aspects have them."""
    chosen = {device.name for device in select(workspace, asked.limit)}
    types = workspace.types
    return tuple(
        replace(row, expected=value(row.expected, types), actual=value(row.actual, types))
        for row in rows
        if row.device in chosen and _is_of(row, asked.setting)
    )


def _is_of(row: Drift | Turn, setting: str) -> bool:
    name = ".".join(part for part in (row.aspect, row.field, row.key) if part)
    return not setting or name == setting or name.startswith(f"{setting}.")


SECOND_WRITER: Final = 2
"""So often must a value come back that fleetctl had written over, until something else is taken to write it."""


def set_back(workspace: Workspace, row: Drift) -> int:
    """Return how often a setting went back to its actual value after fleetctl had written the expected one.

    From SECOND_WRITER on something else writes it: another controller, a script, a person.
    """
    if row.flaps < SECOND_WRITER:
        return 0
    place = (row.aspect, row.field, row.key)
    mine = [t for t in workspace.store.turns(device=row.device) if (t.aspect, t.field, t.key) == place]
    return sum(
        ended.what == "ended" and ended.outcome is Outcome.CHANGED and began.actual == ended.actual
        for ended, began in itertools.pairwise(mine)
    )


def value(told: Any, types: codec.Types) -> Any:
    """Return an aspect's own value from what the store has; as text where this version has no such type."""
    try:
        return codec.decode(object, told, types)
    except ValueError:  # written by a version that had another type there
        return str(told)


def runs(workspace: Workspace, last: int) -> tuple[Run, ...]:
    """Return the last runs, the latest first."""
    return workspace.journal.runs(last=last)


def entries(workspace: Workspace, run: int, limit: str = "") -> Sequence[Entry]:
    """Return what a run told of devices. Raises UsageError when there is no such run."""
    found = list(_once(workspace.journal.entries(run=run, events=TOLD)))
    if not found and not any(each.run == run for each in workspace.journal.runs(last=-1)):
        raise UsageError(f"there is no run {run}. See the last ones: fleetctl history --runs")
    chosen = {device.name for device in select(workspace, limit)} if limit else None
    return [entry for entry in found if chosen is None or entry.device in chosen]


def _once(entries: Iterable[Entry]) -> Iterator[Entry]:
    """Leave out the end of a device that was told as a whole already."""
    whole: set[str] = set()
    for entry in entries:
        if entry.event == "Result" and not entry.aspect:
            whole.add(entry.device)
        if entry.event != "Finished" or entry.device not in whole:
            yield entry
