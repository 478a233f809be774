"""VLANs of a switch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fleetctl.aspects.vlans import Vlan, Vlans
from fleetctl.drivers.switch import kit
from fleetctl.errors import Refused
from fleetctl.model import ABSENT, UNSET, Cell, FrozenMap, Gap, Secrets

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.session import Session


def read(session: Session) -> Vlans:
    """Read the VLANs and their names, from the table where there is one, else from the configuration."""
    source = "vlans" if session.has("vlans") else "config"
    found: dict[str, Vlan] = {}
    for record in session.records(source, "vlan"):
        for number in kit.numbers(record["ids"]):
            name = record.get("name", "").strip().strip('"')
            if name or str(number) not in found:
                found[str(number)] = Vlan(name=name)
    return Vlans(numbered=FrozenMap(found))


def _used(session: Session) -> set[str]:
    return {r["vlan"] for r in kit.interfaces(session).values() if r.get("mode") == "access" and "vlan" in r}


def limits(session: Session, wanted: Vlans) -> tuple[Gap, ...]:
    """Tell VLANs that cannot go: number 1, and those that ports are in."""
    return tuple(Gap(field="numbered", key=key, reason=reason) for key, reason in _kept(session, wanted))


def _items(wanted: Vlans) -> list[tuple[str, Any]]:
    found = wanted.numbered.items() if isinstance(wanted.numbered, FrozenMap) else ()
    return sorted(found, key=lambda each: int(each[0]))


def _kept(session: Session, wanted: Vlans) -> Iterator[tuple[str, str]]:
    used = _used(session)
    for key, item in _items(wanted):
        if item is ABSENT and (key == "1" or key in used):
            yield key, "VLAN 1 cannot be removed" if key == "1" else "ports are in this VLAN; move them first"


def write(session: Session, wanted: Vlans, _secrets: Secrets) -> None:
    """Make, name and remove VLANs; raises Refused for one that ports are in."""
    for key, reason in _kept(session, wanted):
        raise Refused(f"{key}: {reason}")
    now = read(session).numbered
    there = now if isinstance(now, FrozenMap) else {}
    told = [
        {
            "id": key,
            "absent": item is ABSENT,
            "there": key in there,
            "name": "" if item is ABSENT or item.name is UNSET else item.name,
        }
        for key, item in _items(wanted)
    ]
    bridges = [record["name"] for record in session.records("config", "bridge")]
    trunks = sorted(port for port, record in kit.interfaces(session).items() if record.get("mode") == "trunk")
    commands = session.commands("vlans", vlans=told, bridge=bridges[0] if bridges else "bridge", trunks=trunks)
    session.write(commands, lambda: kit.left(read(session), wanted))


CELL = Cell(aspect="vlans", protocol="ssh", read=read, write=write, refusals_stand=True, limits=limits)
