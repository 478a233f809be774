"""Wiring truth: what the table of MAC addresses and LLDP say, beside what the inventory says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from fleetctl.aspects.wiring import Seat, Wiring
from fleetctl.drivers.switch import kit
from fleetctl.model import Cell, FrozenMap, Gap, Kind, Neighbour, Outcome
from fleetctl.protocols import identities
from fleetctl.protocols.ssh.names import canonical

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.session import Session

SLOW_MBPS = 10


def read(session: Session) -> Wiring:
    """Read where each device of the site is seen, what is seen besides, and which links are slow."""
    seen = _seen(session)
    known = {identities.mac(each.mac_address): each.name for each in session.device.neighbours if each.mac_address}
    devices = {known[mac]: Seat(port=port) for mac, (port, _) in seen.items() if mac in known}
    return Wiring(
        devices=FrozenMap(devices),
        unknown=tuple(sorted(_unknown(session, seen, set(known)))),
        slow=tuple(sorted(_slow(session))),
    )


def seats(session: Session) -> dict[str, str]:
    """Return each MAC address that is seen on a port of this switch, but for its uplinks and its own."""
    ways, own = kit.uplinks(session), session.identity().mac_address
    return {mac: port for mac, (port, _) in _seen(session).items() if port not in ways and mac != own}


def _seen(session: Session) -> dict[str, tuple[str, str]]:
    """Return each MAC address with its port and VLAN; LLDP, which speaks of the cable itself, has the last word."""
    found: dict[str, tuple[str, str]] = {}
    for record in session.records("macs", "mac"):
        if mac := identities.mac(record["mac"]):
            found[mac] = canonical(record["port"]), record.get("vlan", "")
    for record in session.records("neighbours", "neighbour") if session.has("neighbours") else ():
        mac = identities.mac(record.get("chassis", ""))
        if mac and mac in found:
            found[mac] = canonical(record["port"]), found[mac][1]
    return found


def _unknown(session: Session, seen: dict[str, tuple[str, str]], known: set[str]) -> Iterator[str]:
    """Yield what is in a camera's VLAN, on a port of this switch that is no uplink, and in no inventory."""
    interfaces = kit.interfaces(session)
    cameras = {each.port for each in session.device.neighbours if each.port and each.kind is Kind.CAMERA}
    vlans = {interfaces[port].get("vlan", "1") for port in cameras if port in interfaces}
    ways = kit.uplinks(session)
    own = session.identity().mac_address
    unnamed = {each.port for each in session.device.neighbours if each.port and not each.mac_address}
    for mac, (port, vlan) in seen.items():
        here = vlan or interfaces.get(port, {}).get("vlan", "")
        if mac not in known and mac != own and here in vlans and port not in (ways | unnamed) and port in interfaces:
            yield f"{port} {mac}"


def _slow(session: Session) -> Iterator[str]:
    for port, record in kit.links(session).items():
        if record.get("up") != "yes":
            continue
        half, speed = "half" in record.get("duplex", "").lower(), int(kit.number(record.get("speed", "0")))
        if half or speed == SLOW_MBPS:
            yield f"{port} {speed} Mb/s{' half duplex' if half else ''}"


def limits(session: Session, wanted: Wiring) -> tuple[Gap, ...]:
    """Say of everything that differs what a person has to do: a cable is nothing that can be typed."""
    now = read(session)
    gaps = [Gap(field="devices", key=name, outcome=o, reason=why) for name, o, why in _misplaced(session, wanted, now)]
    for field, told, mend in (
        ("unknown", now.unknown, "find out whose it is; add it to the inventory, or unplug it"),
        ("slow", now.slow, "change the cable or the plug, and look at the port's settings"),
    ):
        value = getattr(wanted, field)
        if isinstance(value, tuple) and isinstance(told, tuple):
            extra = kit.gone(told, value)
            reason = f"{', '.join(extra)}: {mend}" if extra else f"no longer there: {', '.join(kit.gone(value, told))}"
            gaps.append(Gap(field=field, outcome=Outcome.PENDING, reason=reason))
    return tuple(gaps)


def _misplaced(session: Session, wanted: Wiring, now: Wiring) -> Iterator[tuple[str, Outcome, str]]:
    expected = wanted.devices if isinstance(wanted.devices, FrozenMap) else FrozenMap({})
    seats = now.devices if isinstance(now.devices, FrozenMap) else FrozenMap({})
    by_name = {each.name: each for each in session.device.neighbours}
    for name, seat in expected.items():
        told: Neighbour | None = by_name.get(name)
        if told is None or not told.mac_address:
            why = "its MAC address is not on record, so it cannot be found: fleetctl adopt"
            yield name, Outcome.UNKNOWN, why
        elif name not in seats:
            yield name, Outcome.PENDING, f"not seen on any port, expected on {seat.port}: off, hung or unplugged"
        else:
            yield name, Outcome.PENDING, _moved(name, str(seat.port), str(seats[name].port), expected, seats)


def _moved(name: str, right: str, here: str, expected: FrozenMap[Seat], seats: FrozenMap[Seat]) -> str:
    twin = next((n for n, s in expected.items() if n != name and s.port == here), "")
    if twin and twin in seats and seats[twin].port == right:
        return f"cables swapped with {twin}: on {here}, expected on {right}; swap the two cables"
    return f"on {here}, expected on {right}: move the cable, or correct switch_port in the inventory"


CELL = Cell(aspect="wiring", protocol="ssh", read=read, limits=limits)
