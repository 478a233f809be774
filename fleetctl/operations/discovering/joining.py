"""What was seen beside what the inventory says: whose it is, and where a stranger would go."""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from fleetctl.inventory import Inventory
from fleetctl.model import Device, Kind
from fleetctl.operations import wiring
from fleetctl.operations.discovering.sightings import Sighting
from fleetctl.operations.matching import proposed
from fleetctl.protocols.identities import same_mac, same_serial
from fleetctl.protocols.ssh.names import canonical


class Standing(enum.StrEnum):
    """How what was seen stands to the inventory."""

    KNOWN = "known"  # it is a device of the inventory, where that says
    MOVED = "moved"  # it is a device of the inventory, at another address
    PRESUMED = "presumed"  # it has the address of a device of the inventory, and tells no identity without a login
    EXPECTED = "expected"  # a device of the inventory is to be there, whose identity is not on record yet
    ANOTHER = "another"  # it has the address of a device of the inventory, and is another one
    STRANGER = "stranger"  # the inventory does not know it


@dataclass(frozen=True, slots=True, kw_only=True)
class Stranger:
    """What was seen, and what the inventory says to that.

    `device` is the inventory's name for it ("" for a stranger). Of a stranger `name` is the one proposed, `slot` the
    device of the inventory that it can be by the port or since no other is left, `slots` those it can be else.
    """

    sighting: Sighting
    standing: Standing
    site: str = ""
    device: str = ""
    name: str = ""
    slots: tuple[str, ...] = ()

    @property
    def slot(self) -> str:
        """The one place it can only be for, "" where there are several or none."""
        return self.slots[0] if len(self.slots) == 1 else ""

    @property
    def kind(self) -> Kind:
        """What it is, as far as it told: a camera unless it said otherwise."""
        return self.sighting.kind or Kind.CAMERA


def joined(known: Inventory, seen: Iterable[Sighting], site: str = "") -> tuple[Stranger, ...]:
    """Return what was seen with what the inventory says; `site` is where strangers go, else that of their network."""
    devices = known.devices
    found = [_standing(devices, each) for each in seen]
    met = {each.device for each in found}
    vacant = [
        d for d in devices.values() if d.name not in met and not (d.serial_number or d.mac_address or d.behind)
    ]  # fmt: skip
    taken = {*known.tree.hosts, *known.tree.groups}
    networks = _networks(devices.values())
    placed = []
    for each in found:
        if each.standing is Standing.STRANGER:
            there = site or networks.get(network(each.sighting.address), "")
            slots = tuple(d.name for d in vacant if d.site == there and _fits(devices, d, each))
            name = proposed(there, each.kind, taken) if there and not slots else ""
            taken.add(name)
            each = replace(each, site=there, name=name, slots=slots)
        placed.append(each)
    return _unclaimed(placed)


def _unclaimed(found: Sequence[Stranger]) -> tuple[Stranger, ...]:
    """Return what was seen without the slots that another one has by its port."""
    claimed = {each.slot: id(each) for each in found if each.slot and each.sighting.switch_port}
    return tuple(
        replace(each, slots=tuple(slot for slot in each.slots if claimed.get(slot, id(each)) == id(each)))
        for each in found
    )


def _standing(devices: Mapping[str, Device], seen: Sighting) -> Stranger:
    here = [d for d in devices.values() if (d.endpoint.address, d.endpoint.via) == (seen.address, seen.via)]
    here = [d for d in here if not d.behind]
    same = next((d for d in devices.values() if is_same(d, seen)), None)
    if same is not None:
        standing = Standing.KNOWN if same in here or same.behind else Standing.MOVED
        return Stranger(sighting=seen, standing=standing, site=same.site, device=same.name)
    for device in here:
        told = bool(seen.serial_number or seen.mac_address)
        standing = Standing.ANOTHER if told else Standing.PRESUMED
        if not (device.serial_number or device.mac_address):
            standing = Standing.EXPECTED
        return Stranger(sighting=seen, standing=standing, site=device.site, device=device.name)
    return Stranger(sighting=seen, standing=Standing.STRANGER)


def is_same(device: Device, seen: Sighting) -> bool:
    """Return whether what was seen is a device by its identity; what one of both does not tell does not count."""
    if seen.mac_address and device.mac_address:
        return same_mac(device.mac_address, seen.mac_address)
    makers = not device.vendor or not seen.vendor or device.vendor == seen.vendor
    return makers and same_serial(device.serial_number, seen.serial_number)


def _fits(devices: Mapping[str, Device], place: Device, own: Stranger) -> bool:
    """Return whether what was seen may be meant for a place: kind and maker, and the port where both are told."""
    seen = own.sighting
    if place.kind is not own.kind or (place.vendor and seen.vendor and place.vendor != seen.vendor):
        return False
    switch = wiring.switch_of(devices, place)
    if not seen.switch_port or switch != seen.switch:
        return True
    return canonical(place.switch_port) == seen.switch_port


def network(address: str) -> str:
    """Return the network of 256 addresses that an IPv4 address is in, "" for what is none."""
    try:
        return str(ipaddress.IPv4Network(f"{address}/24", strict=False))
    except ValueError:
        return ""


def _networks(devices: Iterable[Device]) -> Mapping[str, str]:
    """Return the site of each network of 256 addresses, where it is one site's only."""
    sites: dict[str, set[str]] = {}
    for device in devices:
        if not device.behind and (net := network(device.endpoint.address)):
            sites.setdefault(net, set()).add(device.site)
    return {net: next(iter(there)) for net, there in sites.items() if len(there) == 1}
