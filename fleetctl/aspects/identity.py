"""Identity: what a device calls itself, where it says it stands, and what it is."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, Kind, Unset, setting


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """The names a device bears, and what its maker gave it."""

    name: str | Unset = setting(
        "name the device announces (ONVIF scope `name`); any letters",
        pattern=r"[^\x00-\x1f]{0,128}",
        source="ONVIF Core 26.06, SetScopes",
    )
    location: str | Unset = setting(
        "place the device announces (ONVIF scope `location`); any letters",
        pattern=r"[^\x00-\x1f]{0,128}",
        source="ONVIF Core 26.06, SetScopes",
    )
    hostname: str | Unset = setting(
        "host name on the network: letters, digits, hyphens",
        pattern=r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?",
        source="ONVIF Core 26.06, SetHostname; RFC 1123",
    )
    manufacturer: str | Unset = setting("maker", observed=True, source="ONVIF Core 26.06, GetDeviceInformation")
    model: str | Unset = setting("model", observed=True, source="ONVIF Core 26.06, GetDeviceInformation")
    firmware: str | Unset = setting(
        "firmware version; written by `firmware roll` only",
        observed=True,
        source="ONVIF Core 26.06, GetDeviceInformation",
    )
    serial_number: str | Unset = setting(
        "serial number", observed=True, source="ONVIF Core 26.06, GetDeviceInformation"
    )
    mac_address: str | Unset = setting(
        "hardware address of the first network interface, lower case with colons",
        observed=True,
        source="ONVIF Core 26.06, GetNetworkInterfaces",
    )
    hardware_id: str | Unset = setting(
        "the maker's hardware identifier", observed=True, source="ONVIF Core 26.06, GetDeviceInformation"
    )


ASPECT = Aspect(
    name="identity",
    type=Identity,
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    disruption=Disruption.NONE,
    doc="Name, place and host name; maker, model, firmware and serial number are observed",
)
