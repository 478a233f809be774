"""Services: which doors of the device are open."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, Kind, Unset, setting

_PROTOCOLS = "ONVIF Core 26.06, SetNetworkProtocols"


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What a device offers on the network, as far as ONVIF can switch it (not telnet, SSH, UPnP or P2P)."""

    http: bool | Unset = setting("web server without encryption", source=_PROTOCOLS)
    http_port: int | Unset = setting("TCP port of HTTP", minimum=1, maximum=65535, source=_PROTOCOLS)
    https: bool | Unset = setting("web server with encryption", source=_PROTOCOLS)
    https_port: int | Unset = setting("TCP port of HTTPS", minimum=1, maximum=65535, source=_PROTOCOLS)
    rtsp: bool | Unset = setting("video streams", source=_PROTOCOLS)
    rtsp_port: int | Unset = setting("TCP port of RTSP", minimum=1, maximum=65535, source=_PROTOCOLS)
    discovery: bool | Unset = setting("the device answers WS-Discovery", source="ONVIF Core 26.06, SetDiscoveryMode")
    zero_configuration: bool | Unset = setting(
        "the device gives itself a link-local address (169.254.x.x) as well",
        source="ONVIF Core 26.06, SetZeroConfiguration",
    )
    dynamic_dns: bool | Unset = setting(
        "the device registers its name in a dynamic DNS", source="ONVIF Core 26.06, SetDynamicDNS"
    )


ASPECT = Aspect(
    name="services",
    type=Services,
    kinds=frozenset({Kind.CAMERA, Kind.NVR}),
    disruption=Disruption.REACH,
    doc="HTTP, HTTPS and RTSP with their ports, discovery, zero configuration, dynamic DNS",
    after=("network",),
)
