"""History: what was not as expected, since when, and which runs there were. Asks no device."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from fleetctl import codec
from fleetctl.errors import UsageError
from fleetctl.journal import Entry, Run
from fleetctl.operations.runs import select
from fleetctl.operations.workspace import Workspace
from fleetctl.store import Drift

TOLD: Final = (
    "Intent",
    "Result",
    "Attempt",
    "LoginJudged",
    "LoginLocked",
    "Disclosed",
    "Finished",
)  # what people want to know of a run


def drift(
    workspace: Workspace, limit: str = "", *, ended: bool = False, since: datetime | None = None
) -> tuple[Drift, ...]:
    """Return what is not as expected; `ended`: also what no longer lasts; `since`: what began or ended after it.

    `expected` and `actual` are the aspects' own values.
    """
    chosen = {device.name for device in select(workspace, limit)}
    types = codec.types_of(workspace.registry.types.values())
    found = workspace.store.drift(lasting=not ended, changed_since=since.timestamp() if since else 0.0)
    return tuple(
        replace(row, expected=_value(row.expected, types), actual=_value(row.actual, types))
        for row in found
        if row.device in chosen
    )


def _value(told: Any, types: codec.Types) -> Any:
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
