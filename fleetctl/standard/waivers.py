"""Waivers as the inventory has them: read, merged by key, judged; what may never be waived is refused."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any, Final

from fleetctl.errors import Fault, InventoryError
from fleetctl.inventory.values import Value
from fleetctl.model import Aspect, Waiver
from fleetctl.standard.faults import Fleet, judged, variable_faults
from fleetctl.standard.shapes import LAYERS, STATE, Sort, shapes

NAME: Final = "waivers"
VARIABLES: Final = tuple(NAME + layer for layer in LAYERS)
FIELDS: Final = ("owner", "reason", "until")
LEARNED: Final = "learned"
_REQUIREMENT: Final = re.compile(r"[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*")
_EXAMPLE: Final = "{owner: Nguyễn Văn An, reason: slow uplink, until: 2026-12-31}"

Wrong = tuple[str, str, str]
"""Dotted path within the variable ("" is all of it), reason, mend."""


def waivers_of(device: str, fleet: Fleet, aspects: Mapping[str, Aspect]) -> tuple[Waiver, ...]:
    """Return the waivers of a device, expired ones too, by setting; merged by key from all, area, site and host.

    Null in a later layer, or `state: absent`, ends what an earlier one says. Raises InventoryError.
    """
    values = fleet.values(device)
    found: dict[str, Waiver] = {}
    faults: list[Fault] = []
    for variable in VARIABLES:
        if (given := values.get(variable)) is None:
            continue
        faults += judged(variable, given, partial(_wrongs, aspects=aspects))
        for setting, item in given.value.items() if isinstance(given.value, Mapping) and not faults else ():
            if item is None or item.get(STATE) == "absent":
                found.pop(setting, None)
            else:
                found[setting] = _made(setting, item, given)
    if faults:
        raise InventoryError(faults)
    return tuple(found[setting] for setting in sorted(found))


def _made(setting: str, item: Mapping[str, Any], given: Value) -> Waiver:
    return Waiver(
        setting=setting,
        owner=str(item["owner"]),
        reason=str(item["reason"]),
        until=str(item["until"]),
        learned=item.get(LEARNED) is True,
        place=given.places.get(setting, given.place),
    )


def waiver_faults(fleet: Fleet, aspects: Mapping[str, Aspect]) -> Iterator[Fault]:
    """Return every fault in the waivers of all devices; what devices share is looked at once."""
    return variable_faults(fleet, dict.fromkeys(VARIABLES, partial(_wrongs, aspects=aspects)))


def _wrongs(value: Any, aspects: Mapping[str, Aspect]) -> Iterator[Wrong]:
    if value is None:
        return
    if not isinstance(value, Mapping):
        yield "", "is not a mapping", f"write setting: {_EXAMPLE}"
        return
    for setting, item in value.items():
        if reason := wrong_setting(str(setting), aspects):
            yield str(setting), *reason
        elif item is not None and not isinstance(item, Mapping):
            yield str(setting), "is not a mapping", f"write {_EXAMPLE}"
        elif item is not None and item.get(STATE) != "absent":
            for path, *told in _wrong_item(item):
                yield f"{setting}.{path}", told[0], told[1]


def _wrong_item(item: Mapping[str, Any]) -> Iterator[Wrong]:
    for name in FIELDS:
        if not str(item.get(name) or "").strip():
            yield name, "is missing: a waiver names who answers for it, why, and its last day", f"write {_EXAMPLE}"
    for name in item:
        if name not in (*FIELDS, LEARNED, STATE):
            near = difflib.get_close_matches(str(name), FIELDS, 1)
            yield str(name), "is not known", f"did you mean {near[0]}?" if near else f"there are {', '.join(FIELDS)}"
    if not isinstance(item.get(LEARNED, False), bool):
        yield LEARNED, "is neither true nor false", "write true beside a line of the device's own, or leave it out"
    until = item.get("until")
    if until and not is_day(str(until)):
        yield "until", f"is {str(until)!r}, no date", "write it as 2026-12-31"


def is_day(told: str) -> bool:
    """Return whether a text is a day as 2026-12-31."""
    try:
        return len(told) == 10 and bool(date.fromisoformat(told))
    except ValueError:
        return False


def wrong_setting(setting: str, aspects: Mapping[str, Aspect]) -> tuple[str, str] | None:
    """Return why a setting or requirement cannot be waived and how to mend that; None where it can."""
    if "/" in setting:
        well = _REQUIREMENT.fullmatch(setting) is not None
        return None if well else ("is no requirement", "write pack/check, as `fleetctl standard check` names them")
    name, _, rest = setting.partition(".")
    aspect = aspects.get(name)
    if aspect is None:
        near = difflib.get_close_matches(name, aspects, 1)
        told = f"did you mean {near[0]}?" if near else f"aspects are {', '.join(aspects)}"
        return "is no setting: it begins with no aspect", f"{told}; write aspect.field, as audits name it"
    if not aspect.waivable:
        return "cannot be waived: who may log in, and by which service, has no exceptions", "remove it"
    if not rest:
        return None
    fields = {shape.name: shape for shape in shapes(aspect.type)}
    field = rest.partition(".")[0]
    if field not in fields:
        near = difflib.get_close_matches(field, fields, 1)
        return f"is no setting of the aspect {name}", f"did you mean {name}.{near[0]}?" if near else "see its settings"
    if fields[field].sort is Sort.SECRET or "password" in field:
        return "cannot be waived: it is a password", "remove it"
    return None
