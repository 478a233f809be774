"""Clock: where the time comes from, and in which zone it is shown."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from fleetctl.model import UNSET, Aspect, Cell, Disruption, Gap, Kind, Secrets, Unset, setting
from fleetctl.protocols import zones
from fleetctl.protocols.onvif_parts import Onvif, attribute, host, host_tag, tried
from fleetctl.protocols.xml import Element, boolean, child, children, tag, text, whole, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """How a device keeps its clock."""

    ntp_servers: tuple[str, ...] | Unset = setting(
        "NTP servers that were entered by hand and that the clock follows, in order of preference; "
        "empty when the clock is set by hand or the servers come from DHCP",
        pattern=r"[A-Za-z0-9.:-]{1,253}",
        source="ONVIF Core 26.06, SetNTP",
    )
    ntp_from_dhcp: bool | Unset = setting("NTP servers come from DHCP", source="ONVIF Core 26.06, SetNTP")
    zone: str | Unset = setting(
        "time zone without daylight saving, as an IANA name; zones of the same fixed offset count as one "
        "(Asia/Bangkok is Asia/Ho_Chi_Minh)",
        pattern=r"[A-Za-z0-9_+/-]{1,64}",
        source="ONVIF Core 26.06, SetSystemDateAndTime",
    )
    daylight_saving: bool | Unset = setting(
        "the clock jumps in summer; Viet Nam has no daylight saving",
        source="ONVIF Core 26.06, SetSystemDateAndTime",
    )
    source: str | Unset = setting(
        "where the clock is taken from, as the device says: ntp or manual",
        observed=True,
        source="ONVIF Core 26.06, GetSystemDateAndTime",
    )
    clock_error_s: float | Unset = setting(
        "the device's clock minus the true time, by the middle of the round trip", unit="s", observed=True
    )

    def __post_init__(self) -> None:
        """Name zones of one fixed offset by one name, and servers in small letters: devices tell no more."""
        if isinstance(self.zone, str):
            object.__setattr__(self, "zone", zones.canonical(self.zone))
        if isinstance(self.ntp_servers, tuple):
            object.__setattr__(self, "ntp_servers", tuple(server.lower() for server in self.ntp_servers))


ASPECT = Aspect(
    name="time",
    type=Time,
    kinds=frozenset({Kind.CAMERA, Kind.NVR, Kind.SWITCH, Kind.KIOSK, Kind.DESK}),
    disruption=Disruption.NONE,
    doc="NTP servers, time zone, no daylight saving; the clock error is measured",
)

# --- ONVIF ----------------------------------------------------------------------------------------


def read(session: Onvif) -> Time:
    """Read clock source, zone and servers; an impossible date or zone is a value that is not as expected."""
    clock = child(session.read("tds", "GetSystemDateAndTime"), "SystemDateAndTime")
    source = text(clock, "DateTimeType").lower()
    ntp = tried(_ntp, session)
    error_s = session.clock_error_s()
    return Time(
        ntp_servers=tried(_servers, ntp, source) if isinstance(ntp, Element) else ntp,
        ntp_from_dhcp=tried(_from_dhcp, ntp) if isinstance(ntp, Element) else ntp,
        zone=_zone(clock),
        daylight_saving=tried(_daylight_saving, clock),
        source=source or UNSET,
        clock_error_s=UNSET if error_s is None else round(error_s, 1) + 0.0,  # never -0
    )


def _ntp(session: Onvif) -> Element:
    answer = session.read("tds", "GetNTP")
    found = child(answer, "NTPInformation")
    return answer if found is None else found


def _from_dhcp(ntp: Element) -> bool:
    return boolean(ntp, "FromDHCP") or False


def _servers(ntp: Element, source: str) -> tuple[str, ...]:
    """Return the servers that were entered by hand and that the clock follows."""
    if _from_dhcp(ntp) or source == "manual":
        return ()
    return tuple(server for server in map(host, children(ntp, "NTPManual")) if server)


def _daylight_saving(clock: Element | None) -> bool | Unset:
    told = boolean(clock, "DaylightSavings")
    return UNSET if told is None else told


def _zone(clock: Element | None) -> str:
    """Return the zone's IANA name; a zone with an active summer rule, or no zone at all, as the device wrote it."""
    told = text(clock, "TimeZone/TZ")
    zone = zones.parse(told, shown_offset_s=_shown_offset_s(clock))
    if zone is None or (zone.summer and text(clock, "DaylightSavings").lower() in ("true", "1")):
        return told
    return zones.named(zone.offset_s)


def _shown_offset_s(clock: Element | None) -> int | None:
    """Return the local time shown minus the UTC shown, to the quarter of an hour; None where one is impossible."""
    local, utc = _moment(child(clock, "LocalDateTime")), _moment(child(clock, "UTCDateTime"))
    return None if local is None or utc is None else round((local - utc).total_seconds() / 900) * 900


def _moment(element: Element | None) -> datetime.datetime | None:
    names = ("Date/Year", "Date/Month", "Date/Day", "Time/Hour", "Time/Minute", "Time/Second")
    parts = [tried(whole, element, name) for name in names]
    if not all(isinstance(part, int) for part in parts):
        return None
    year, month, day, hour, minute, second = parts
    try:
        return datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except (ValueError, OverflowError):
        return None  # month 0, year 2485-13-13: seen in the field


def limits(session: Onvif, wanted: Time) -> tuple[Gap, ...]:
    """Tell zones that cannot be set and more servers than the device takes."""
    gaps = []
    if isinstance(wanted.zone, str) and zones.fixed_offset_s(wanted.zone) is None:
        gaps.append(Gap(field="zone", reason=f"{wanted.zone} is no known zone, or has daylight saving"))
    if isinstance(wanted.ntp_servers, tuple) and len(wanted.ntp_servers) > 1:
        most = tried(_most_servers, session)
        if isinstance(most, int) and 0 < most < len(wanted.ntp_servers):
            first = wanted.ntp_servers[:most]
            reason = f"the device takes {most} server(s)"
            gaps.append(Gap(field="ntp_servers", reason=reason, nearest=", ".join(first), instead=first))
    return tuple(gaps)


def _most_servers(session: Onvif) -> int | None:
    told = attribute(child(session.read("tds", "GetServiceCapabilities"), "Capabilities/Network"), "NTP")
    return int(told) if told.isdecimal() else None


def write(session: Onvif, wanted: Time, _secrets: Secrets) -> None:
    """Write the servers, then source and zone: SetNTP alone does not make the clock follow (ONVIF Core, SetNTP).

    Without servers the clock is set by hand first, since a device that follows NTP refuses to lose its last one.
    A zone that a device turns round (it counts east, and its former zone did not tell) is written once more.
    """
    clock = child(session.read("tds", "GetSystemDateAndTime"), "SystemDateAndTime")
    if wanted.ntp_servers is UNSET and wanted.ntp_from_dhcp is UNSET:
        manual = text(clock, "DateTimeType").lower() == "manual"
        _write_clock(session, wanted, clock, manual=manual)
        _turn_round(session, wanted, manual=manual)
        return
    from_dhcp, servers = _ntp_wanted(session, wanted)
    if not from_dhcp and not servers:
        _write_clock(session, wanted, clock, manual=True)
    hosts = "".join(host_tag("tds:NTPManual", server) for server in servers)
    session.write("tds", "SetNTP", tag("tds:FromDHCP", words(from_dhcp)) + hosts)
    if from_dhcp or servers:
        _write_clock(session, wanted, clock, manual=False)
    _turn_round(session, wanted, manual=not from_dhcp and not servers)


def _turn_round(session: Onvif, wanted: Time, *, manual: bool) -> None:
    if not isinstance(wanted.zone, str) or not (offset_s := zones.fixed_offset_s(wanted.zone)):
        return
    clock = child(session.read("tds", "GetSystemDateAndTime"), "SystemDateAndTime")
    if _shown_offset_s(clock) == -offset_s:
        _write_clock(session, wanted, clock, manual=manual)


def _ntp_wanted(session: Onvif, wanted: Time) -> tuple[bool, tuple[str, ...]]:
    """Return whether the servers shall come from DHCP, and the ones entered by hand."""
    servers = wanted.ntp_servers
    if isinstance(servers, tuple) and servers:
        return False, servers
    if wanted.ntp_from_dhcp:
        return True, ()
    if isinstance(servers, tuple):
        return False, ()
    kept = tuple(server for server in map(host, children(_ntp(session), "NTPManual")) if server)
    return False, kept


def _write_clock(session: Onvif, wanted: Time, clock: Element | None, *, manual: bool) -> None:
    told = text(clock, "TimeZone/TZ")
    summer = boolean(clock, "DaylightSavings") or False
    if isinstance(wanted.zone, str) and (offset_s := zones.fixed_offset_s(wanted.zone)) is not None:
        told, summer = zones.shaped(offset_s, told, shown_offset_s=_shown_offset_s(clock)), False
    if isinstance(wanted.daylight_saving, bool):
        summer = wanted.daylight_saving
    session.write(
        "tds",
        "SetSystemDateAndTime",
        tag("tds:DateTimeType", "Manual" if manual else "NTP")
        + tag("tds:DaylightSavings", words(summer))
        + (tag("tds:TimeZone", tag("tt:TZ", words(told))) if told else "")
        + (_utc(datetime.datetime.now(datetime.UTC)) if manual else ""),
    )


def _utc(now: datetime.datetime) -> str:
    time = (("Hour", now.hour), ("Minute", now.minute), ("Second", now.second))
    date = (("Year", now.year), ("Month", now.month), ("Day", now.day))
    return tag(
        "tds:UTCDateTime",
        tag("tt:Time", *(tag(f"tt:{name}", words(value)) for name, value in time)),
        tag("tt:Date", *(tag(f"tt:{name}", words(value)) for name, value in date)),
    )


CELLS = (Cell(aspect="time", protocol="onvif", read=read, write=write, limits=limits),)
