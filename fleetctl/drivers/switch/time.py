"""Clock of a switch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fleetctl.aspects.time import Time
from fleetctl.drivers.switch import kit
from fleetctl.model import Cell, Gap, Secrets, Unset
from fleetctl.protocols import zones

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.session import Session


def read(session: Session) -> Time:
    """Read the servers, the zone and whether the clock jumps in summer."""
    servers = tuple(record["server"] for record in session.records("config", "ntp"))
    return Time(
        ntp_servers=servers,
        ntp_from_dhcp=False,
        zone=_zone(session),
        daylight_saving=bool(session.records("config", "summer")),
        source="ntp" if servers else "manual",
    )


def _zone(session: Session) -> str | Unset:
    told = session.records("config", "zone")
    if not told:
        return zones.named(0)
    record = told[-1]
    if "zone" in record:
        return record["zone"]
    hours, minutes = int(record["hours"]), int(record.get("minutes") or 0)
    if record.get("west") == "yes":
        hours = -hours
    return zones.named((hours * 60 + (minutes if hours >= 0 else -minutes)) * 60)


def limits(session: Session, wanted: Time) -> tuple[Gap, ...]:
    """Tell zones that cannot be set, and more servers than the platform takes."""
    gaps = []
    if isinstance(wanted.zone, str) and zones.fixed_offset_s(wanted.zone) is None:
        gaps.append(Gap(field="zone", reason=f"{wanted.zone} is no known zone, or has daylight saving"))
    if wanted.ntp_from_dhcp is True:
        gaps.append(Gap(field="ntp_from_dhcp", reason="fleetctl sets the servers of a switch by hand only"))
    most = session.platform.ntp_max
    if isinstance(wanted.ntp_servers, tuple) and 0 < most < len(wanted.ntp_servers):
        first = wanted.ntp_servers[:most]
        reason = f"the switch takes {most} server(s)"
        gaps.append(Gap(field="ntp_servers", reason=reason, nearest=", ".join(first), instead=first))
    return tuple(gaps)


def write(session: Session, wanted: Time, _secrets: Secrets) -> None:
    """Set what differs; where the order of servers is another, all are taken away first."""
    now = read(session)
    told: dict[str, Any] = {}
    servers = now.ntp_servers if isinstance(now.ntp_servers, tuple) else ()
    if isinstance(wanted.ntp_servers, tuple):
        kept = [server for server in servers if server in wanted.ntp_servers]
        whole = list(wanted.ntp_servers)[: len(kept)] == kept
        told["servers_gone"] = kit.gone(servers, wanted.ntp_servers) if whole else list(servers)
        told["servers"] = kit.gone(wanted.ntp_servers, servers) if whole else list(wanted.ntp_servers)
    zone = wanted.zone if isinstance(wanted.zone, str) else now.zone
    offset_s = (zones.fixed_offset_s(zone) if isinstance(zone, str) else 0) or 0
    hours, rest = divmod(abs(offset_s), 3600)
    parts = {"hours": hours if offset_s >= 0 else -hours, "minutes": rest // 60, "zone": zone, "zone_name": _name(zone)}
    if isinstance(wanted.zone, str):
        told |= parts
    if wanted.daylight_saving is False:
        told["summer_off"] = True
    every = list(wanted.ntp_servers) if isinstance(wanted.ntp_servers, tuple) else list(servers)
    commands = session.commands("time", **told, now=parts, every=every, was=list(servers))
    session.write(commands, lambda: kit.left(read(session), wanted))


def _name(zone: Any) -> str:
    """Return the letters that a console shows for a zone."""
    return {"Asia/Ho_Chi_Minh": "ICT", "UTC": "UTC"}.get(str(zone), "LOC")


CELL = Cell(aspect="time", protocol="ssh", read=read, write=write, refusals_stand=True, limits=limits)
