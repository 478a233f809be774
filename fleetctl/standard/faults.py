"""What is wrong with a setting, with its place; and a look at the settings of a whole fleet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from fleetctl.errors import Fault, InventoryError
from fleetctl.inventory.values import Value
from fleetctl.model import Aspect, Device, Kind, Place
from fleetctl.standard.convert import Wrong, convert
from fleetctl.standard.shapes import Shape, settable

Aspects = Mapping[str, Aspect] | Iterable[Aspect]
# Yields what is wrong with a variable's value: the dotted path within it, the reason, how to mend it.
Judge = Callable[[Any], Iterator[tuple[str, str, str]]]


class Fleet(Protocol):
    """What is asked of an inventory."""

    @property
    def devices(self) -> Mapping[str, Device]:
        """All devices by name."""

    def values(self, device_name: str) -> Mapping[str, Value]:
        """Return the rendered variables of a device; asking for one whose template fails raises InventoryError."""


def settings_faults(inventory: Fleet, aspects: Aspects, devices: Iterable[Device] | None = None) -> tuple[Fault, ...]:
    """Return every fault in the settings of the devices (all, if none are given), each place and reason once.

    A value that devices share is looked at once, so a fleet of 5,000 takes about a second.
    """
    asked = each(aspects)
    shapes_of: dict[tuple[Kind, bool], dict[str, Shape]] = {}
    found: dict[Fault, None] = {}
    seen: dict[tuple[str, int], Value] = {}  # holds the values, so that no other gets the id of one
    for device in inventory.devices.values() if devices is None else devices:
        sort = device.kind, device.is_host
        if sort not in shapes_of:
            shapes_of[sort] = {n: shape for aspect in asked if aspect.of(device) for n, shape in settable(aspect)}
        shapes = shapes_of[sort]
        values = inventory.values(device.name)
        for name in values:
            if (shape := shapes.get(name)) is None:
                continue
            try:
                given = values[name]
            except InventoryError as error:
                found.update(dict.fromkeys(error.faults))
                continue
            if (name, id(given)) not in seen:
                seen[name, id(given)] = given
                found.update(dict.fromkeys(of_value(name, given, shape)))
    return tuple(found)


def variable_faults(fleet: Fleet, judges: Mapping[str, Judge]) -> Iterator[Fault]:
    """Yield what judges find in variables that are no settings; what devices share is looked at once."""
    seen: dict[tuple[str, int], Value] = {}  # holds the values, so that no other gets the id of one
    for device in fleet.devices:
        values = fleet.values(device)
        for variable, judge in judges.items():
            if variable not in values:
                continue
            try:
                given = values[variable]
            except InventoryError as error:
                yield from error.faults
                continue
            if (variable, id(given)) not in seen:
                seen[variable, id(given)] = given
                yield from judged(variable, given, judge)


def judged(variable: str, given: Value, judge: Judge) -> Iterator[Fault]:
    """Yield what a judge finds in one value, each at its place."""
    for path, reason, mend in judge(given.value):
        head = path.rpartition(".")[0]
        place = given.places.get(path) or given.places.get(head) or given.place
        yield fault(place, f"{variable}{f'.{path}' if path else ''} {reason}", mend)


def each(aspects: Aspects) -> tuple[Aspect, ...]:
    """Return aspects, however they were handed over, in their order."""
    return tuple(aspects.values() if isinstance(aspects, Mapping) else aspects)


def of_value(name: str, given: Value, shape: Shape) -> Iterator[Fault]:
    """Yield what is wrong with the value of a variable."""
    if shape.setting.observed:
        yield fault(given.place, f"{name} is measured and cannot be set", "remove it")
    else:
        yield from _told(name, given, convert(shape, given.value).wrongs)


def _told(name: str, given: Value, wrongs: Sequence[Wrong]) -> Iterator[Fault]:
    for wrong in wrongs:
        paths = (".".join(wrong.path[:length]) for length in range(len(wrong.path), 0, -1))
        place = next((given.places[path] for path in paths if path in given.places), given.place)
        yield fault(place, f"{'.'.join((name, *wrong.path))} {wrong.reason}", wrong.mend)


def fault(place: Place | None, reason: str, mend: str) -> Fault:
    """Return a fault at a place (None: a dynamic inventory)."""
    at = place or Place(file="dynamic inventory", line=1, column=1)
    return Fault(file=at.file, line=at.line, column=at.column, reason=reason, mend=mend)
