"""What one device is, setting by setting, beside what is expected of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fleetctl.model import UNSET, Expectation, FrozenMap, Reading
from fleetctl.plan import compare
from fleetctl.protocols.ssh.names import in_order
from fleetctl.reports.values import clean, plain, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One setting; `expected` is "" where nothing is, `differs` where the two are not the same."""

    setting: str
    actual: str
    expected: str = ""
    differs: bool = False


def lines(device: str, reading: Reading, expectation: Expectation | None) -> Iterator[Line]:
    """Yield the settings of one aspect; items of keyed fields have a line each."""
    if reading.value is None:
        return
    differing: set[tuple[str, str]] = set()
    if expectation is not None:
        differing = {(c.field, c.key) for c in compare(device, expectation, reading.value).changes}
    for field in dataclasses.fields(reading.value):
        actual = getattr(reading.value, field.name)
        wanted = getattr(expectation.value, field.name) if expectation is not None else UNSET
        name = f"{reading.aspect}.{field.name}"
        if isinstance(actual, FrozenMap) or isinstance(wanted, FrozenMap):
            yield from _items(name, field.name, actual, wanted, differing)
        elif actual is not UNSET or wanted is not UNSET:
            yield _line(name, actual, wanted, differs=(field.name, "") in differing)


def wanted(expectation: Expectation) -> Iterator[Line]:
    """Yield the settings that are expected, of a device that nobody reads."""
    for field in dataclasses.fields(expectation.value):
        value = getattr(expectation.value, field.name)
        name = f"{expectation.aspect}.{field.name}"
        if isinstance(value, FrozenMap):
            yield from (Line(setting=f"{name}.{clean(key)}", actual="", expected=shown(value[key])) for key in value)
        elif value is not UNSET:
            yield Line(setting=name, actual="", expected=shown(value))


def _items(name: str, field: str, actual: Any, wanted: Any, differing: set[tuple[str, str]]) -> Iterator[Line]:
    have = actual if isinstance(actual, FrozenMap) else FrozenMap[Any]()
    want = wanted if isinstance(wanted, FrozenMap) else FrozenMap[Any]()
    for key in sorted({*have, *want}, key=in_order):
        differs = (field, key) in differing
        yield _line(f"{name}.{clean(key)}", have.get(key, UNSET), want.get(key, UNSET), differs=differs)


def _line(name: str, actual: Any, wanted: Any, *, differs: bool) -> Line:
    return Line(setting=name, actual=shown(actual), expected="" if wanted is UNSET else shown(wanted), differs=differs)


def objects(readings: Sequence[Reading], expectations: Mapping[str, Expectation]) -> list[dict[str, Any]]:
    """Return the readings for JSON."""
    return [
        {
            "aspect": reading.aspect,
            "outcome": reading.outcome.value if reading.outcome else "",
            "reason": reading.reason,
            "actual": plain(reading.value),
            "expected": plain(expectations[reading.aspect].value) if reading.aspect in expectations else None,
        }
        for reading in readings
    ]
