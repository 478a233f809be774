"""Ports of a switch, read from its configuration and its power table."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fleetctl.aspects.ports import Port, Ports
from fleetctl.drivers.switch import kit
from fleetctl.model import ABSENT, UNSET, Cell, FrozenMap, Gap, Secrets, Unset
from fleetctl.protocols.ssh.grammar import Record
from fleetctl.protocols.ssh.names import canonical, in_order

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.session import Session

TRUNK = -1
_CUTS = ("enabled", "access_vlan")  # changes of a port that may cut what is behind it


def read(session: Session) -> Ports:
    """Read every port's settings, and which ports are on though nothing is there."""
    powered = _powered(session)
    records = kit.interfaces(session)
    ports = {name: _port(record, powered.get(name)) for name, record in records.items()}
    return Ports(named=FrozenMap(ports), unused_enabled=_unused(session, ports))


def _powered(session: Session) -> dict[str, Record]:
    """Return the ports that can give power."""
    if not session.has("poe"):
        return {}
    return {canonical(record["port"]): record for record in session.records("poe", "poe")}


def _port(record: Record, power: Record | None) -> Port:
    """Return a port; whether it gives power is told by the power table where it says so, else by the configuration."""
    limit, poe = _limit_w(record), power is not None
    gives = kit.yes(power, "gives") if power is not None and "gives" in power else kit.yes(record, "poe")
    return Port(
        description=record.get("description", "").strip().strip('"'),
        enabled=kit.yes(record, "enabled"),
        access_vlan=TRUNK if record.get("mode") != "access" else int(kit.number(record.get("vlan", "1"))),
        poe=gives if poe else UNSET,
        poe_limit_w=limit if poe else UNSET,
        storm_control_percent=kit.number(record["storm_percent"]) if "storm_percent" in record else UNSET,
    )


def _limit_w(record: Record) -> float | Unset:
    for name, share in (("poe_limit_mw", 1000), ("poe_limit_dw", 10), ("poe_limit_w", 1)):
        if name in record:
            return round(kit.number(record[name]) / share, 1)
    return UNSET


def _unused(session: Session, ports: dict[str, Port]) -> tuple[str, ...]:
    """Return the ports that are on, with no link, no description, nothing wired to them, and no trunk."""
    wired = {each.port for each in session.device.neighbours if each.port}
    up = {port for port, record in kit.links(session).items() if record.get("up") == "yes"}
    taken = wired | up | kit.uplinks(session)
    return tuple(sorted(n for n, port in ports.items() if port.enabled and not port.description and n not in taken))


def limits(session: Session, wanted: Ports) -> tuple[Gap, ...]:
    """Tell ports that the switch does not have, and what a port or platform cannot."""
    now = read(session)
    named: Any = wanted.named if isinstance(wanted.named, FrozenMap) else {}
    gone = "a port cannot be removed; shut it with enabled: false"
    gaps = [Gap(field="named", key=name, reason=gone) for name, item in named.items() if item is ABSENT]
    for name, item in _items(wanted):
        there = now.named.get(name) if isinstance(now.named, FrozenMap) else None
        if there is None:
            gaps.append(Gap(field="named", key=name, reason=f"the switch has no port {name}"))
        else:
            gaps += [Gap(field="named", key=name, reason=reason) for reason in _impossible(session, item, there)]
    return tuple(gaps)


def _impossible(session: Session, item: Port, there: Port) -> Iterator[str]:
    for field in kit.differing(item, there):
        if getattr(there, field) is UNSET:
            reason = session.platform.cannot.get(field, "the port does not tell this and cannot be set")
            yield f"{field}: {reason}"
        elif field == "storm_control_percent" and session.platform.storm_whole and not _whole(item):
            yield "storm_control_percent: the switch takes whole percents"
        elif field == "access_vlan" and there.access_vlan == TRUNK:
            yield "access_vlan: the port is a trunk; make it an access port by hand first"
        elif field == "description" and len(str(item.description)) > session.platform.description_max:
            yield f"description: the switch takes {session.platform.description_max} characters"
        elif field == "description" and session.platform.ascii_only and not str(item.description).isascii():
            yield "description: the switch takes ASCII only"


def _whole(item: Port) -> bool:
    percent = item.storm_control_percent
    return not isinstance(percent, float) or percent == int(percent)


def _items(wanted: Ports) -> Iterator[tuple[str, Port]]:
    if isinstance(wanted.named, FrozenMap):
        yield from ((n, p) for n, p in wanted.named.items() if isinstance(p, Port))


def _changes(wanted: Ports, now: Ports) -> Iterator[dict[str, Any]]:
    """Yield for each port what is to be typed: only what differs, and power with its limit."""
    named = now.named if isinstance(now.named, FrozenMap) else FrozenMap({})
    for name, item in sorted(_items(wanted), key=lambda each: in_order(each[0])):
        there = named.get(name)
        if there is None:
            continue
        told: dict[str, Any] = {field: getattr(item, field) for field in kit.differing(item, there)}
        if not told:
            continue
        if "poe" in told or "poe_limit_w" in told:
            told["poe_now"] = item.poe if item.poe is not UNSET else there.poe
            told["limit_now"] = item.poe_limit_w if item.poe_limit_w is not UNSET else there.poe_limit_w
        yield {"port": name, "vlan_now": there.access_vlan, **told}
    if isinstance(wanted.unused_enabled, tuple) and isinstance(now.unused_enabled, tuple):
        for name in sorted(kit.gone(now.unused_enabled, wanted.unused_enabled), key=in_order):
            if name not in dict(_items(wanted)):
                yield {"port": name, "enabled": False}
        for name in sorted(kit.gone(wanted.unused_enabled, now.unused_enabled), key=in_order):
            yield {"port": name, "enabled": True}


def _cutting(session: Session, wanted: Ports) -> list[str]:
    """Return the uplinks that a write would shut or move to another VLAN."""
    ways = kit.uplinks(session)
    return [
        str(change["port"])
        for change in _changes(wanted, read(session))
        if change["port"] in ways and any(field in change for field in _CUTS)
    ]


def risks(session: Session, wanted: Ports) -> str:
    """Return what may be cut where the platform has no revert of its own."""
    cut = [] if session.reverts else _cutting(session, wanted)
    return f"{', '.join(cut)} may be the way to the switch, and {session.platform.name} undoes nothing" if cut else ""


def write(session: Session, wanted: Ports, _secrets: Secrets) -> None:
    """Type what differs, port by port; a change of an uplink is armed with the platform's own revert."""
    guarded = bool(_cutting(session, wanted))
    changes = list(_changes(wanted, read(session)))
    session.write(session.commands("ports", ports=changes), lambda: kit.left(read(session), wanted), guarded=guarded)


CELL = Cell(aspect="ports", protocol="ssh", read=read, write=write, refusals_stand=True, limits=limits, risks=risks)
