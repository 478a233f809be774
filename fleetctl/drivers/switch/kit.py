"""What the cells of switches share."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from fleetctl.errors import BadAnswer
from fleetctl.model import ABSENT, UNSET, FrozenMap, Kind
from fleetctl.protocols.ssh.grammar import Record
from fleetctl.protocols.ssh.names import canonical

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.session import Session

MANY: int = 3  # more addresses than these on one port: another switch is behind it


def yes(record: Record, name: str) -> bool:
    """Return whether a record says yes to something."""
    return record.get(name) == "yes"


def number(told: str) -> float:
    """Return a number as a console prints it; 0 for what is none."""
    try:
        return float(told)
    except ValueError:
        return 0.0


def numbers(told: str) -> Iterator[int]:
    """Yield the numbers of a list such as 1,10-12."""
    for part in told.replace(" to ", "-").split(","):
        first, _, last = part.strip().partition("-")
        if first.isdecimal() and (not last or last.isdecimal()):
            yield from range(int(first), min(int(last or first), 4094) + 1)


def interfaces(session: Session) -> dict[str, Record]:
    """Return the ports of a configuration by name, with what it says of them in several places."""
    found: dict[str, dict[str, str]] = {}
    for record in session.records("config", "interface"):
        found[canonical(record["port"])] = dict(record)
    for record in session.records("config", "interface_vlan"):
        found.get(canonical(record["port"]), {}).update(vlan=record["vlan"])
    for record in session.records("config", "interface_storm"):
        found.get(canonical(record["port"]), {}).update(storm_percent=record["storm_percent"])
    for record in session.records("config", "tagged"):
        for port in record["ports"].split(","):
            found.get(canonical(port), {}).update(mode="trunk")
    return dict(found)


def links(session: Session) -> dict[str, Record]:
    """Return every port's link by name; raises BadAnswer where ports of the configuration are not told."""
    found = {canonical(record["port"]): record for record in session.records("links", "link")}
    missing = [port for port in interfaces(session) if "/" in port and port not in found]
    if missing:
        raise BadAnswer(f"the table of links is not whole: nothing of {', '.join(missing[:5])}")
    return found


def uplinks(session: Session) -> frozenset[str]:
    """Return the ports that lead to the rest of the network: trunks, neighbours that bridge or route, many addresses.

    A port that the inventory wires a device to is none.
    """
    wired = {each.port for each in session.device.neighbours if each.port and each.kind is not Kind.SWITCH}
    found = {port for port, r in interfaces(session).items() if r.get("mode") not in ("access", None)}
    if session.has("neighbours"):
        for record in session.records("neighbours", "neighbour"):
            if set(record.get("abilities", "").upper().replace(",", " ").split()) & {"B", "R", "BRIDGE", "ROUTER"}:
                found.add(canonical(record["port"]))
    seen: dict[str, int] = {}
    for record in session.records("macs", "mac") if session.has("macs") else ():
        port = canonical(record["port"])
        seen[port] = seen.get(port, 0) + 1
    found |= {port for port, count in seen.items() if count > MANY}
    return frozenset(found - wired)


def left(actual: Any, wanted: Any) -> str:
    """Return what reads back otherwise than wanted, "" when nothing does; secrets are never compared."""
    told = []
    for field in dataclasses.fields(wanted):
        expected, found = getattr(wanted, field.name), getattr(actual, field.name)
        if expected is UNSET:
            continue
        if isinstance(expected, FrozenMap):
            told += [f"{field.name}.{key}" for key in _left_of(expected, found)]
        elif expected != found:
            told.append(field.name)
    return f"reads back otherwise: {', '.join(told)}" if told else ""


def _left_of(expected: FrozenMap[Any], found: Any) -> Iterator[str]:
    for key, item in expected.items():
        there = found.get(key)
        if item is ABSENT or there is None:
            if (item is ABSENT) is not (there is None):
                yield key
        elif any(True for _ in differing(item, there)):
            yield key


def differing(expected: Any, found: Any) -> Iterator[str]:
    """Yield the fields of an item that are expected and differ, without secrets."""
    for field in dataclasses.fields(expected):
        value = getattr(expected, field.name)
        if value is not UNSET and not hasattr(value, "account") and value != getattr(found, field.name):
            yield field.name


def gone(now: Iterable[str], wanted: Iterable[str]) -> list[str]:
    """Return what is there and not wanted."""
    keep = set(wanted)
    return [each for each in now if each not in keep]
