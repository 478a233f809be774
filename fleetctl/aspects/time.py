"""Clock: where the time comes from, and in which zone it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import UNSET, Aspect, Cell, Disruption, Kind, Secrets, Unset, setting
from fleetctl.protocols.onvif import Session
from fleetctl.protocols.xml import child, children, tag, text, words


@dataclass(frozen=True, slots=True, kw_only=True)
class Time:
    """How a device keeps its clock."""

    ntp_servers: tuple[str, ...] | Unset = setting(
        "NTP servers in order of preference: addresses or names",
        pattern=r"[A-Za-z0-9.:-]{1,253}",
        source="ONVIF Core 26.06, SetNTP",
    )
    zone: str | Unset = setting(
        "time zone as an IANA name",
        pattern=r"[A-Za-z0-9_+/-]{1,64}",
        source="ONVIF Core 26.06, SetSystemDateAndTime; Viet Nam has no daylight saving",
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
