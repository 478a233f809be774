"""What was seen of one device, and how several sightings of it become one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from typing import Final

from fleetctl.catalog import Registry
from fleetctl.model import Kind
from fleetctl.protocols import identities
from fleetctl.protocols.announcing import Announced, short
from fleetctl.protocols.discovery import Found

_SCOPE: Final = "onvif://www.onvif.org/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One device as it was seen; "" and None where it did not tell. `ways` are how it was seen."""

    address: str
    port: int = 80
    via: str = ""  # the relay it was asked through
    vendor: str = ""  # the name of the driver that knows its maker
    model: str = ""
    serial_number: str = ""
    mac_address: str = ""
    firmware: str = ""
    kind: Kind | None = None
    factory_new: bool | None = None
    own_address: str = ""  # what it says its address is, where it says so
    switch: str = ""
    switch_port: str = ""
    ways: tuple[str, ...] = ()

    @property
    def told_whole(self) -> bool:
        """Whether there is nothing left to ask it that it would tell without a login."""
        return bool(self.vendor and self.model and self.mac_address) and self.factory_new is not None


def of_announced(told: Announced, way: str) -> Sighting:
    """Return what a maker's announcement says."""
    kind = None if told.recorder is None else Kind.NVR if told.recorder else Kind.CAMERA
    return Sighting(
        address=told.address,
        port=told.port,
        vendor=told.vendor,
        model=told.model,
        serial_number=told.serial_number,
        mac_address=told.mac_address,
        firmware=told.firmware,
        kind=kind,
        factory_new=told.factory_new,
        own_address=told.own_address,
        ways=(way,),
    )


def of_found(told: Found, registry: Registry) -> Sighting:
    """Return what an answer to a probe says; makers write their names into a scope, some their MAC address."""
    scopes = [scope[len(_SCOPE) :].partition("/") for scope in told.scopes if scope.lower().startswith(_SCOPE)]
    values = {name.lower(): value for name, _, value in scopes}
    recorder = any("recorder" in value.lower() or "storage" in value.lower() for _, _, value in scopes)
    model, name = short(told.hardware), short(told.name)
    return Sighting(
        address=told.address,
        port=told.port,
        vendor=vendor_of(registry, name, model),
        model=model,
        mac_address=identities.mac(values.get("mac", "")),
        kind=Kind.NVR if recorder else Kind.CAMERA,
        ways=("ws-discovery",),
    )


def vendor_of(registry: Registry, *names: str) -> str:
    """Return the driver that recognises a maker by one of its names, "" for none."""
    told = [name for name in names if name]
    known = (driver for driver in registry.drivers.values() if driver.name not in ("onvif", "switch", "linux"))
    return next((driver.name for driver in known if any(driver.recognises(name, "") for name in told)), "")


def merged(one: Sighting, other: Sighting) -> Sighting:
    """Return two sightings of one device as one; what the first says stands."""
    empty = ("", None, ())
    told = {f.name: getattr(other, f.name) for f in fields(one) if getattr(one, f.name) in empty}
    ways = tuple(dict.fromkeys((*one.ways, *other.ways)))
    return replace(one, **{**told, "ways": ways})


def together(seen: Iterable[Sighting]) -> tuple[Sighting, ...]:
    """Return each device once: known by its MAC address, else by its address where one device only is there.

    Announcements come first: who told its MAC address is known by it wherever it is.
    """
    by_mac: dict[str, Sighting] = {}
    nameless: list[Sighting] = []
    for each in seen:
        if not each.mac_address:
            nameless.append(each)
        else:
            known = by_mac.get(each.mac_address)
            by_mac[each.mac_address] = each if known is None else merged(known, each)
    found = list(by_mac.values())
    for each in nameless:
        there = [n for n, other in enumerate(found) if (other.address, other.via) == (each.address, each.via)]
        alike = [n for n in there if not each.model or each.model == found[n].model or not found[n].model]
        if len(there) == 1 or alike:
            place = (alike or there)[0]
            found[place] = merged(found[place], each)
        else:
            found.append(each)
    return tuple(sorted(found, key=lambda s: (s.via, _number(s.address), s.mac_address)))


def _number(address: str) -> tuple[int, ...]:
    parts = address.split(".")
    return tuple(int(part) for part in parts) if all(part.isdecimal() for part in parts) else ()
