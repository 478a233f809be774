"""Clocks: the shapes of zones, NTP and who follows it."""

from __future__ import annotations

from fleetctl.aspects.time import Time
from fleetctl.model import Outcome
from tests.unit.aspects.cases.kit import Case


def clock(
    zone: str = "CST-7:00:00", *, source: str = "NTP", summer: str = "false", utc: str = "", local: str = ""
) -> str:
    moments = "".join(_moment(name, told) for name, told in (("UTCDateTime", utc), ("LocalDateTime", local)) if told)
    tz = f"<tt:TimeZone><tt:TZ>{zone}</tt:TZ></tt:TimeZone>" if zone else ""
    return (
        f"<tds:SystemDateAndTime><tt:DateTimeType>{source}</tt:DateTimeType>"
        f"<tt:DaylightSavings>{summer}</tt:DaylightSavings>{tz}{moments}</tds:SystemDateAndTime>"
    )


def _moment(name: str, told: str) -> str:
    year, month, day, hour, minute, second = told.split("-")
    return (
        f"<tt:{name}><tt:Time><tt:Hour>{hour}</tt:Hour><tt:Minute>{minute}</tt:Minute><tt:Second>{second}</tt:Second>"
        f"</tt:Time><tt:Date><tt:Year>{year}</tt:Year><tt:Month>{month}</tt:Month><tt:Day>{day}</tt:Day></tt:Date>"
        f"</tt:{name}>"
    )


def ntp(*servers: str, from_dhcp: bool = False) -> str:
    kind = "NTPFromDHCP" if from_dhcp else "NTPManual"
    hosts = "".join(
        f"<tt:{kind}><tt:Type>IPv4</tt:Type><tt:IPv4Address>{s}</tt:IPv4Address></tt:{kind}>"
        if s[0].isdigit()
        else f"<tt:{kind}><tt:Type>DNS</tt:Type><tt:DNSname>{s}</tt:DNSname></tt:{kind}>"
        for s in servers
    )
    return f"<tds:NTPInformation><tt:FromDHCP>{str(from_dhcp).lower()}</tt:FromDHCP>{hosts}</tds:NTPInformation>"


def zone_is(told: str, named: str, why: str, **kwargs: str) -> Case:
    return Case(
        name=f"zone {told!r} is {named}: {why}",
        answers={"tds:GetSystemDateAndTime": clock(told, **kwargs)},
        reads={"zone": named},
    )


def zone_written(told: str, written: str, why: str, zone: str = "Asia/Ho_Chi_Minh", **kwargs: str) -> Case:
    return Case(
        name=f"a device that writes {told!r} is given {written!r} for {zone}: {why}",
        answers={"tds:GetSystemDateAndTime": clock(told, **kwargs)},
        wanted=Time(zone=zone),
        requests=(
            (
                "tds:SetSystemDateAndTime",
                "<tds:DateTimeType>NTP</tds:DateTimeType><tds:DaylightSavings>false</tds:DaylightSavings>"
                f"<tds:TimeZone><tt:TZ>{written.replace('<', '&lt;').replace('>', '&gt;')}</tt:TZ></tds:TimeZone>",
            ),
        ),
    )


MANY = {"tds:GetServiceCapabilities": '<tds:Capabilities><tds:Network NTP="1"/></tds:Capabilities>'}

CASES = (
    *(
        zone_is(told, "Asia/Ho_Chi_Minh", why)
        for told, why in (
            ("CST-7:00:00", "Hikvision"),
            ("ICT-7", "POSIX"),
            ("UTC-7", "POSIX"),
            ("UTC-07:00", "POSIX"),
            ("&lt;+07&gt;-7", "glibc"),
            ("Asia/Bangkok", "an IANA name of the same offset"),
            ("GMT-07", "two digits"),
        )
    ),
    zone_is(
        "CST+8:00:00",
        "Etc/GMT+8",
        "capture: Reolink, west of Greenwich by its own local time",
        utc="2026-1-13-19-25-12",
        local="2026-1-13-11-25-12",
    ),
    zone_is(
        "GMT+07:00",
        "Asia/Ho_Chi_Minh",
        "counts the other way, as its local time shows",
        utc="2026-1-13-10-0-0",
        local="2026-1-13-17-0-0",
    ),
    zone_is("UTC5:0", "Etc/GMT+5", "capture: Bosch"),
    zone_is("EST5EDT,M3.2.0,M11.1.0", "Etc/GMT+5", "the summer rule is off"),
    zone_is("EST5EDT,M3.2.0,M11.1.0", "EST5EDT,M3.2.0,M11.1.0", "capture: Axis, the summer rule is on", summer="true"),
    zone_is("NPT-5:45", "UTC+05:45", "no name of its own"),
    zone_is("wherever", "wherever", "no zone at all"),
    zone_is("", "", "none told"),
    zone_written("CST-8:00:00", "CST-7:00:00", "the maker's name and digits are kept"),
    zone_written("&lt;+08&gt;-8", "<+07>-7", "the name tells the offset"),
    zone_written("UTC5:0", "UTC-7:0", "Bosch's digits"),
    zone_written("Asia/Shanghai", "Asia/Ho_Chi_Minh", "it knows IANA names"),
    zone_written("EST5EDT,M3.2.0,M11.1.0", "UTC-7", "a summer rule goes", summer="true"),
    zone_written("GMT+08:00", "GMT+07:00", "counts the other way", utc="2026-1-13-10-0-0", local="2026-1-13-18-0-0"),
    zone_written("CST-8", "CST-5:30", "half hours need minutes", zone="Asia/Kolkata"),
    zone_written("CST-8:00:00", "CST0:00:00", "Greenwich has no sign", zone="UTC"),
    Case(
        name="servers entered by hand are told in order, names and addresses alike",
        answers={"tds:GetSystemDateAndTime": clock(), "tds:GetNTP": ntp("10.0.0.10", "Time.Example.vn")},
        reads={
            "ntp_servers": ("10.0.0.10", "time.example.vn"),
            "ntp_from_dhcp": False,
            "source": "ntp",
            "daylight_saving": False,
            "clock_error_s": 0.0,
        },
        asked=("tds:GetSystemDateAndTime", "tds:GetNTP"),
    ),
    Case(
        name="servers that the clock does not follow do not count",
        answers={"tds:GetSystemDateAndTime": clock(source="Manual"), "tds:GetNTP": ntp("10.0.0.10")},
        reads={"ntp_servers": (), "source": "manual"},
    ),
    Case(
        name="servers from DHCP are not entered by hand (capture: Bosch, Hikvision)",
        answers={"tds:GetSystemDateAndTime": clock(summer="true"), "tds:GetNTP": ntp("10.10.1.4", from_dhcp=True)},
        reads={"ntp_servers": (), "ntp_from_dhcp": True, "daylight_saving": True},
    ),
    Case(
        name="impossible dates do not hide the rest (field facts, quirk 20)",
        answers={"tds:GetSystemDateAndTime": clock(utc="2485-13-13-0-0-0", local="126-0-1-0-0-0")},
        reads={"zone": "Asia/Ho_Chi_Minh", "ntp_servers": Outcome.UNSUPPORTED},
    ),
    Case(
        name="servers first, then the clock is told to follow (field facts, quirk 22)",
        answers={"tds:GetSystemDateAndTime": clock("CST-8:00:00", source="Manual"), "tds:GetNTP": ntp()},
        wanted=Time(ntp_servers=("10.0.0.10", "2001:db8::1", "ntp.hanoi.gov.vn"), zone="Asia/Ho_Chi_Minh"),
        gaps=(),
        requests=(
            (
                "tds:SetNTP",
                "<tds:FromDHCP>false</tds:FromDHCP>"
                "<tds:NTPManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>10.0.0.10</tt:IPv4Address></tds:NTPManual>"
                "<tds:NTPManual><tt:Type>IPv6</tt:Type><tt:IPv6Address>2001:db8::1</tt:IPv6Address></tds:NTPManual>"
                "<tds:NTPManual><tt:Type>DNS</tt:Type><tt:DNSname>ntp.hanoi.gov.vn</tt:DNSname></tds:NTPManual>",
            ),
            (
                "tds:SetSystemDateAndTime",
                "<tds:DateTimeType>NTP</tds:DateTimeType><tds:DaylightSavings>false</tds:DaylightSavings>"
                "<tds:TimeZone><tt:TZ>CST-7:00:00</tt:TZ></tds:TimeZone>",
            ),
        ),
    ),
    Case(
        name="from DHCP no more keeps the servers that were entered by hand",
        answers={"tds:GetSystemDateAndTime": clock(), "tds:GetNTP": ntp("10.0.0.10")},
        wanted=Time(ntp_from_dhcp=False),
        requests=(
            (
                "tds:SetNTP",
                "<tds:FromDHCP>false</tds:FromDHCP>"
                "<tds:NTPManual><tt:Type>IPv4</tt:Type><tt:IPv4Address>10.0.0.10</tt:IPv4Address></tds:NTPManual>",
            ),
            (
                "tds:SetSystemDateAndTime",
                "<tds:DateTimeType>NTP</tds:DateTimeType><tds:DaylightSavings>false</tds:DaylightSavings>"
                "<tds:TimeZone><tt:TZ>CST-7:00:00</tt:TZ></tds:TimeZone>",
            ),
        ),
    ),
    Case(
        name="summer time off leaves the zone as the device wrote it",
        answers={"tds:GetSystemDateAndTime": clock("UTC5:0", summer="true")},
        wanted=Time(daylight_saving=False),
        requests=(
            (
                "tds:SetSystemDateAndTime",
                "<tds:DateTimeType>NTP</tds:DateTimeType><tds:DaylightSavings>false</tds:DaylightSavings>"
                "<tds:TimeZone><tt:TZ>UTC5:0</tt:TZ></tds:TimeZone>",
            ),
        ),
    ),
    Case(
        name="a zone with summer time cannot be set; one server is one server (captures: Axis, Bosch, Reolink)",
        answers={"tds:GetSystemDateAndTime": clock(), **MANY},
        wanted=Time(zone="Europe/Paris", ntp_servers=("10.0.0.10", "10.0.0.11")),
        gaps=(("zone", "", ""), ("ntp_servers", "", "10.0.0.10")),
    ),
    Case(
        name="a device that does not say how many servers it takes is tried",
        answers={"tds:GetSystemDateAndTime": clock()},
        wanted=Time(zone="Asia/Bangkok", ntp_servers=("10.0.0.10", "10.0.0.11")),
        gaps=(),
    ),
)
