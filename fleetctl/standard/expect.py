"""Expectations of devices: variables `<aspect>_<field>` made typed values, keyed fields merged by key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetctl.errors import Fault, InventoryError
from fleetctl.inventory.values import Value
from fleetctl.model import ABSENT, UNSET, Aspect, Device, Expectation, FrozenMap, Place, SecretRef
from fleetctl.standard.convert import convert
from fleetctl.standard.faults import Aspects, Fleet, each, of_value
from fleetctl.standard.shapes import EXCLUSIVE, LAYERS, STATE, Shape, Sort, shapes


def expect(device: Device, inventory: Fleet, aspect: Aspect) -> Expectation | None:
    """Return what the aspect of the device should be, None where nothing of it is managed.

    A keyed field is merged by key from `<aspect>_<field>`, `_area`, `_site`, `_host`, in this order, field by
    field within a key (as `combine(recursive=True)` does): `state: absent` in any layer stays until a later one
    says `state: present`; null un-sets a field, an item or the whole variable. The SecretRef fields of an item
    name the account that is its key. Raises InventoryError with every fault of the aspect.
    """
    faults: list[Fault] = []
    told = _expect(device, inventory, inventory.values(device.name), aspect, faults)
    if faults:
        raise InventoryError(faults)
    return told


def expectations(device: Device, inventory: Fleet, aspects: Aspects) -> tuple[Expectation, ...]:
    """Return the expectations of those aspects that the device's kind has and that the inventory manages.

    They come in the order of `aspects`. Raises InventoryError with the faults of all of them.
    """
    faults: list[Fault] = []
    values = inventory.values(device.name)
    told = [_expect(device, inventory, values, aspect, faults) for aspect in each(aspects)]
    if faults:
        raise InventoryError(faults)
    return tuple(expectation for expectation in told if expectation is not None)


def _expect(
    device: Device, inventory: Fleet, values: Mapping[str, Value], aspect: Aspect, faults: list[Fault]
) -> Expectation | None:
    if not aspect.of(device):
        return None
    told: dict[str, Any] = {}
    places: dict[str, Place] = {}
    for shape in shapes(aspect.type):
        name = f"{aspect.name}_{shape.name}"
        if shape.sort is Sort.KEYED and not shape.setting.observed:
            merged = _merged(device, values, name, shape, places, faults)
            if merged is not None:
                told[shape.name] = merged
        elif (given := _given(values, name, faults)) is not None:
            converted = convert(shape, given.value)
            if shape.setting.observed or converted.wrongs:
                faults.extend(of_value(name, given, shape))
            elif converted.value is not UNSET:
                told[shape.name] = converted.value
                _note(places, shape.name, given.place)
    exclusive = _exclusive(values, aspect, told, faults)
    if not told:
        return None
    value = aspect.type(**told)
    if aspect.complete is not None and not faults:
        value, wrongs = aspect.complete(device, value, inventory)
        faults.extend(_wrong(aspect.name, places, *wrong) for wrong in wrongs)
    return Expectation(
        aspect=aspect.name,
        value=value,
        places=FrozenMap(places),
        exclusive=exclusive,
        needs=(device.behind,) if device.behind else (),
    )


def _wrong(aspect: str, places: Mapping[str, Place], where: str, reason: str, mend: str) -> Fault:
    """Return what completing found wrong, at the place of the item or of its field."""
    place = places.get(where) or places.get(where.partition(".")[0])
    at = place or Place(file="dynamic inventory", line=1, column=1)
    return Fault(file=at.file, line=at.line, column=at.column, reason=f"{aspect}_{where}: {reason}", mend=mend)


def _given(values: Mapping[str, Value], name: str, faults: list[Fault]) -> Value | None:
    """Return a variable, None where there is none or where its template fails, which is a fault."""
    if name not in values:
        return None
    try:
        return values[name]
    except InventoryError as error:
        faults.extend(error.faults)
        return None


def _merged(
    device: Device,
    values: Mapping[str, Value],
    name: str,
    shape: Shape,
    places: dict[str, Place],
    faults: list[Fault],
) -> FrozenMap[Any] | None:
    """Return the items of a keyed field from all its layers, None where no layer sets it."""
    items: dict[str, dict[str, Any]] = {}
    is_set = False
    for layer in LAYERS:
        if (given := _given(values, name + layer, faults)) is None:
            continue
        converted = convert(shape, given.value)
        if converted.wrongs:
            faults.extend(of_value(name + layer, given, shape))
        if converted.value is UNSET:
            continue
        is_set = True
        _note(places, shape.name, given.place)
        for key, fields in converted.value.items():
            if fields is None:
                items.pop(key, None)
                places.pop(f"{shape.name}.{key}", None)
            else:
                items[key] = {**items.get(key, {}), **fields}
                _note(places, f"{shape.name}.{key}", given.places.get(key, given.place))
    if not is_set:
        return None
    return FrozenMap({key: _made(device, shape, key, fields) for key, fields in items.items()})


def _made(device: Device, shape: Shape, key: str, fields: Mapping[str, Any]) -> Any:
    """Return an item of a keyed field as its dataclass, secrets named, or ABSENT."""
    if fields.get(STATE) == "absent":
        return ABSENT
    assert shape.item is not None  # noqa: S101 - a keyed shape has an item, see shapes()
    kept = {n: v for n, v in fields.items() if n != STATE and v is not None}
    for field in shape.fields:
        if field.sort is Sort.SECRET:
            kept[field.name] = SecretRef(device=device.name, account=key)
    return shape.item(**kept)


def _exclusive(
    values: Mapping[str, Value], aspect: Aspect, told: Mapping[str, Any], faults: list[Fault]
) -> frozenset[str]:
    """Return the keyed fields that are set, where `<aspect>_exclusive` is true."""
    name = f"{aspect.name}_{EXCLUSIVE.name}"
    given = _given(values, name, faults)
    keyed = frozenset(n for n, v in told.items() if isinstance(v, FrozenMap))
    if given is None or not keyed:
        return frozenset()
    faults.extend(of_value(name, given, EXCLUSIVE))
    return keyed if convert(EXCLUSIVE, given.value).value is True else frozenset()


def _note(places: dict[str, Place], name: str, place: Place | None) -> None:
    if place is None:
        places.pop(name, None)
    else:
        places[name] = place
