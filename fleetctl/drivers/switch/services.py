"""Doors of a switch: telnet and plain HTTP, SSH, SNMP by communities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetctl.aspects.services import Services
from fleetctl.drivers.switch import kit
from fleetctl.errors import Refused
from fleetctl.model import UNSET, Cell, Gap, Secrets, Unset

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.session import Session

_ON = {"all", "telnet", "telnet ssh", "ssh telnet"}


def read(session: Session) -> Services:
    """Read which doors are open; communities are counted, never told."""
    return Services(
        http=_state(session, "http"),
        https=_state(session, "https"),
        telnet=_telnet(session),
        ssh=True,  # it is how this was read
        snmp_v1_v2c=_communities(session),
    )


def _communities(session: Session) -> bool:
    """Return whether somebody who knows a community is answered; RouterOS keeps one while all of SNMP is off."""
    off = "snmp" in session.platform.readings["config"].defaults and not any(
        kit.yes(record, "enabled") for record in session.records("config", "snmp")
    )
    return bool(session.records("config", "community")) and not off


def _state(session: Session, kind: str) -> bool | Unset:
    source = "doors" if session.has("doors") else "config"
    told = session.records(source, kind)
    if told:
        return kit.yes(told[-1], "open")
    default = session.platform.readings[source].defaults.get(kind)
    return UNSET if default is None else kit.yes(default, "open")


def _telnet(session: Session) -> bool | Unset:
    lines = session.records("config", "vty")
    if lines:
        return any(record.get("transport", "") in _ON for record in lines)
    return _state(session, "telnet")


def limits(_session: Session, wanted: Services) -> tuple[Gap, ...]:
    """Tell what would close the door fleetctl comes by, and communities, which are made by hand."""
    gaps = []
    if wanted.ssh is False:
        gaps.append(Gap(field="ssh", reason="fleetctl comes by it"))
    if wanted.snmp_v1_v2c is True:
        gaps.append(Gap(field="snmp_v1_v2c", reason="fleetctl makes no communities; use SNMPv3"))
    return tuple(gaps)


def write(session: Session, wanted: Services, _secrets: Secrets) -> None:
    """Open and close; the names of communities are secrets."""
    if wanted.ssh is False:
        raise Refused("ssh: fleetctl comes by it")
    told: dict[str, Any] = {
        name: getattr(wanted, name) for name in ("http", "https", "telnet") if getattr(wanted, name) is not UNSET
    }
    if "telnet" in told:
        told["lines"] = [
            f"{r['first']} {r['last']}" if r.get("last") else r["first"] for r in session.records("config", "vty")
        ]
    communities = [record["name"] for record in session.records("config", "community")]
    if wanted.snmp_v1_v2c is False:
        told["communities"] = communities
    commands = session.commands("services", **told)
    session.write(commands, lambda: kit.left(read(session), wanted), hidden=communities)


CELL = Cell(aspect="services", protocol="ssh", read=read, write=write, refusals_stand=True, limits=limits)
