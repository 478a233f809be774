"""Clock: where the time comes from, and in which zone it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, Kind, Unset, setting


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


ASPECT = Aspect(
    name="time",
    type=Time,
    kinds=frozenset({Kind.CAMERA, Kind.NVR, Kind.SWITCH, Kind.KIOSK, Kind.DESK}),
    disruption=Disruption.NONE,
    doc="NTP servers, time zone, no daylight saving; the clock error is measured",
)
