"""Clock of a switch."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, Final

from fleetctl.aspects.time import Time
from fleetctl.drivers.switch import kit
from fleetctl.errors import BadAnswer
from fleetctl.model import UNSET, Cell, Gap, Secrets, Unset
from fleetctl.protocols import zones
from fleetctl.protocols.onvif_parts import tried

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.grammar import Record
    from fleetctl.protocols.ssh.session import Session

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_HALF_S: Final = 0.5  # a clock that shows whole seconds is on average half of one later


def read(session: Session) -> Time:
    """Read the servers, the zone, whether the clock jumps in summer, and how far it is off."""
    servers = tuple(record["server"] for record in session.records("config", "ntp"))
    zone, summer = _zone(session), bool(session.records("config", "summer"))
    return Time(
        ntp_servers=servers,
        ntp_from_dhcp=False,
        zone=zone,
        daylight_saving=summer,
        source="ntp" if servers else "manual",
        clock_error_s=tried(_clock_error_s, session, UNSET if summer else zone),
    )


def _clock_error_s(session: Session, zone: str | Unset) -> float | Unset:
    """Return the clock shown minus the true time; UNSET where nobody can tell in which zone it is shown."""
    told = session.records("clock", "clock")
    if not told:
        raise BadAnswer("the console shows no clock")
    shown, offset_s = _moment(told[0]), _offset_s(told[0], zone)
    if offset_s is None:
        return UNSET
    return round(shown.timestamp() - offset_s - session.moment("clock"), 1) + 0.0  # never -0


def now(session: Session) -> datetime.datetime:
    """Return the switch's wall clock, as if it were UTC; raises BadAnswer where it shows none."""
    told = session.records("clock", "clock")
    if not told:
        raise BadAnswer("the console shows no clock")
    return _moment(told[0])


def _moment(record: Record) -> datetime.datetime:
    """Return what a clock shows, as if it were UTC; raises BadAnswer for a moment that never is."""
    try:
        month, second = record["month"], record["second"]
        number = int(month) if month.isdecimal() else _MONTHS.index(month.lower()[:3]) + 1
        minute = datetime.datetime(
            int(record["year"]),
            number,
            int(record["day"]),
            int(record["hour"]),
            int(record["minute"]),
            tzinfo=datetime.UTC,
        )
    except (ValueError, KeyError) as error:
        raise BadAnswer(f"the console shows an impossible clock: {error}") from None
    return minute + datetime.timedelta(seconds=float(second) + (0 if "." in second else _HALF_S))


def _offset_s(record: Record, zone: str | Unset) -> int | None:
    """Return the offset that a clock says itself, else that of the zone which the switch is set to."""
    if said := record.get("offset", ""):
        hours, minutes = said[1:].split(":")
        return (int(hours) * 3600 + int(minutes) * 60) * (-1 if said[0] == "-" else 1)
    return zones.fixed_offset_s(zone) if isinstance(zone, str) else None


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
