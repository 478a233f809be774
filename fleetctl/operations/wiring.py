"""What the inventory says of a switch by what it says of the devices on it: `switch_port` of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from fleetctl.aspects.ports import Port, Ports
from fleetctl.aspects.wiring import Seat, Wiring
from fleetctl.model import ABSENT, UNSET, Device, Expectation, FrozenMap, Kind, Neighbour
from fleetctl.protocols.ssh.names import canonical

WIRED = "wired"  # keys of `ports_named` that stand for ports by what is on them
CAMERA = "camera"


def neighbours(devices: Mapping[str, Device], switch: Device) -> tuple[Neighbour, ...]:
    """Return the other devices of a switch's site, with their ports on it."""
    return tuple(
        Neighbour(
            name=each.name,
            kind=each.kind,
            mac_address=each.mac_address,
            port=canonical(each.switch_port) if switch_of(devices, each) == switch.name else "",
            place=each.place,
        )
        for each in devices.values()
        if each.site == switch.site and each.name != switch.name
    )


def switch_of(devices: Mapping[str, Device], device: Device) -> str:
    """Return the name of the switch that a device is on, "" where the inventory does not say."""
    if not device.switch_port:
        return ""
    if device.switch:
        return device.switch
    there = [each.name for each in devices.values() if each.kind is Kind.SWITCH and each.site == device.site]
    return there[0] if len(there) == 1 else ""


def derived(switch: Device, told: Iterable[Expectation], aspects: tuple[str, ...]) -> tuple[Expectation, ...]:
    """Return a switch's expectations with what follows from the devices that are wired to it.

    `aspects` are those asked for, in order.
    """
    by_name = {each.aspect: each for each in told}
    wired = tuple(each for each in switch.neighbours if each.port)
    made = {"ports": _ports(by_name.get("ports"), wired), "wiring": _wiring(by_name.get("wiring"), wired)}
    found = (made[name] if name in made else by_name.get(name) for name in aspects)
    return tuple(each for each in found if each is not None)


def _ports(told: Expectation | None, wired: tuple[Neighbour, ...]) -> Expectation | None:
    value: Ports = Ports() if told is None else told.value
    named = dict(value.named) if isinstance(value.named, FrozenMap) else {}
    every, cameras = named.pop(WIRED, Port()), named.pop(CAMERA, Port())
    places = dict(told.places) if told is not None else {}
    for each in wired:
        own: Any = named.get(each.port, Port())
        if own is ABSENT:
            continue
        base = Port(description=each.name, enabled=True)
        layers = (base, every, cameras, own) if each.kind is Kind.CAMERA else (base, every, own)
        named[each.port] = _over(layers)
        if each.place is not None:
            places.setdefault(f"named.{each.port}", each.place)
    if told is None and not named:
        return None
    value = replace(value, named=FrozenMap(named) if named else UNSET)
    base_told = told or Expectation(aspect="ports", value=value)
    return replace(base_told, value=value, places=FrozenMap(places))


def _over(layers: tuple[Port, ...]) -> Port:
    told: dict[str, Any] = {}
    for layer in layers:
        told |= {n: v for n in Port.__slots__ if (v := getattr(layer, n)) is not UNSET}
    return Port(**told)


def _wiring(told: Expectation | None, wired: tuple[Neighbour, ...]) -> Expectation | None:
    if told is None and not wired:
        return None
    value: Wiring = Wiring() if told is None else told.value
    own = dict(value.devices) if isinstance(value.devices, FrozenMap) else {}
    seats = {each.name: Seat(port=each.port) for each in wired} | own
    places = {f"devices.{each.name}": each.place for each in wired if each.place is not None}
    value = replace(value, devices=FrozenMap(seats) if seats else UNSET)
    base = told or Expectation(aspect="wiring", value=value)
    return replace(base, value=value, places=FrozenMap(places | dict(base.places)))
