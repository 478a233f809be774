"""Network: the device's own address and the way out of it."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, Kind, Unset, setting

_IPV4 = r"((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])\.){3}(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The IPv4 settings of a device's first network interface."""

    address: str | Unset = setting(
        "IPv4 address the device has (given by hand or by DHCP)",
        pattern=_IPV4,
        source="ONVIF Core 26.06, SetNetworkInterfaces",
    )
    prefix_length: int | Unset = setting(
        "length of the network prefix: 24 is 255.255.255.0",
        unit="bit",
        minimum=1,
        maximum=32,
        source="ONVIF Core 26.06, SetNetworkInterfaces",
    )
    gateway: str | Unset = setting(
        "IPv4 address of the router, empty for none",
        pattern=f"({_IPV4})?",
        source="ONVIF Core 26.06, SetNetworkDefaultGateway",
    )
    dns_servers: tuple[str, ...] | Unset = setting(
        "DNS servers entered by hand, in order; empty when they come from DHCP",
        pattern=r"[0-9A-Fa-f.:]{2,45}",
        source="ONVIF Core 26.06, SetDNS",
    )
    dhcp: bool | Unset = setting("the address comes from DHCP", source="ONVIF Core 26.06, SetNetworkInterfaces")


ASPECT = Aspect(
    name="network",
    type=Network,
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    disruption=Disruption.REACH,
    doc="IPv4 address, router and DNS servers; an address change is confirmed on the new address",
)
