"""Machine output: one JSON object per line, always in English, deterministic, free of secrets.

Every object has `schema_version` (semantic: a minor step only adds) and `type`. An object about a device has
`name`, `kind` and `site`. The last line of a run is its `summary` with `exit_code`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from fleetctl.errors import FleetctlError, InventoryError
from fleetctl.model import Change, Device, Gap, Outcome, Waiver
from fleetctl.reports.tally import AspectRecord, DeviceRecord, Tally
from fleetctl.reports.values import plain, setting_name
from fleetctl.reports.who import Writers

SCHEMA_VERSION: Final = "1.2"


def line(type_: str, fields: Mapping[str, Any]) -> str:
    """Return one object as one line, without the line's end."""
    return json.dumps({"schema_version": SCHEMA_VERSION, "type": type_, **fields}, ensure_ascii=False)


def device(told: Device) -> dict[str, Any]:
    """Return a device as the inventory has it."""
    endpoint = told.endpoint
    return {
        "name": told.name,
        "kind": told.kind.value,
        "site": told.site,
        "area": told.area,
        "vendor": told.vendor,
        "model": told.model,
        "desk": told.desk,
        "address": endpoint.address,
        "port": told.port,
        "scheme": endpoint.scheme,
        "via": endpoint.via,
        "serial_number": told.serial_number,
        "mac_address": told.mac_address,
        "place": str(told.place) if told.place else None,
    }


def change(told: Change, by: Sequence[Mapping[str, str]] = ()) -> dict[str, Any]:
    """Return one difference; `expected` and `actual` null: the item is not there. `by`: who changed it."""
    made = {
        "field": told.field,
        "key": told.key,
        "expected": plain(told.after),
        "actual": plain(told.before),
        "place": str(told.place) if told.place else None,
    }
    return made | {"changed_by": [dict(each) for each in by]} if by else made


def gap(told: Gap) -> dict[str, Any]:
    """Return one field that cannot be compared or met."""
    return {
        "field": told.field,
        "key": told.key,
        "outcome": told.outcome.value,
        "reason": told.reason,
        "nearest": told.nearest,
        "elsewhere": told.elsewhere,
        "expected": plain(told.after),
        "actual": plain(told.before),
    }


def waiver(told: Waiver) -> dict[str, Any]:
    """Return one agreed exception."""
    return {
        "setting": told.setting,
        "owner": told.owner,
        "reason": told.reason,
        "until": told.until,
        "place": str(told.place) if told.place else None,
    }


def _aspect(told: AspectRecord, by: Writers, device: str) -> dict[str, Any]:
    return {
        "aspect": told.aspect,
        "outcome": told.outcome.value,
        "reason": told.reason,
        "changes": [change(c, by.get((device, setting_name(c)), ())) for c in told.changes],
        "gaps": [gap(g) for g in told.gaps],
    }


def record(told: DeviceRecord, by: Writers = MappingProxyType({})) -> dict[str, Any]:
    """Return how one device ended, and who changed what."""
    plan, whole = told.plan, told.whole
    return {
        "name": told.name,
        "kind": told.kind.value,
        "site": told.site,
        "area": told.area,
        "outcome": told.outcome.value,
        "reason": (whole.reason if whole else "") or told.reason,
        "manufacturer": plan.manufacturer if plan else "",
        "model": plan.model if plan else "",
        "serial_number": plan.serial_number if plan else "",
        "firmware": plan.firmware if plan else "",
        "duration_s": round(told.duration_s, 3),
        "aspects": [_aspect(a, by, told.name) for a in told.aspects()],
    }


def summary(command: str, exit_code: int, tally: Tally | None = None, **more: Any) -> str:
    """Return the last line of a command's output."""
    fields: dict[str, Any] = {"command": command, "exit_code": exit_code, **more}
    if tally is not None:
        counts = tally.counts()
        fields |= {
            "devices": len(tally.devices),
            "changes": tally.changes(),
            "with_unsupported": tally.unsupported(),
            "held_up": tally.held_up(),
            "outcomes": {outcome.value: counts[outcome] for outcome in Outcome if counts[outcome]},
        }
    return line("summary", fields)


def run(command: str, tally: Tally, exit_code: int, by: Writers = MappingProxyType({}), **more: Any) -> Iterator[str]:
    """Yield a whole run: a line per device in order of site and name, then the summary."""
    for members in tally.sites().values():
        for member in members:
            yield line("device", record(member, by))
    yield summary(command, exit_code, tally, **more)


def error(problem: FleetctlError) -> str:
    """Return the error that ended a command; faults in files come with their places."""
    fields: dict[str, Any] = {"error": type(problem).__name__, "message": str(problem)}
    if isinstance(problem, InventoryError):
        fields["faults"] = [
            {"file": f.file, "line": f.line, "column": f.column, "reason": f.reason, "mend": f.mend}
            for f in problem.faults
        ]
    return line("error", fields)
