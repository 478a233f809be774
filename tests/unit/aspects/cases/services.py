"""Doors: protocols, discovery, zero configuration, dynamic DNS."""

from __future__ import annotations

import dataclasses

from fleetctl.aspects.services import Services
from fleetctl.model import Outcome
from tests.unit.aspects.cases.kit import Case
from tests.unit.aspects.fakes import DEVICE

BY_HTTPS = dataclasses.replace(DEVICE, endpoint=dataclasses.replace(DEVICE.endpoint, scheme="https", port=443))


def protocol(name: str, *ports: int, on: bool = True, prefix: str = "tds") -> str:
    return (
        f"<{prefix}:NetworkProtocols><tt:Name>{name}</tt:Name><tt:Enabled>{str(on).lower()}</tt:Enabled>"
        + "".join(f"<tt:Port>{port}</tt:Port>" for port in ports)
        + f"</{prefix}:NetworkProtocols>"
    )


AXIS = {
    "tds:GetNetworkProtocols": protocol("HTTP", 80, 0) + protocol("HTTPS", 443, on=False) + protocol("RTSP", 554),
    "tds:GetDiscoveryMode": "<tds:DiscoveryMode>Discoverable</tds:DiscoveryMode>",
    "tds:GetZeroConfiguration": "<tds:ZeroConfiguration><tt:InterfaceToken>eth0</tt:InterfaceToken>"
    "<tt:Enabled>true</tt:Enabled></tds:ZeroConfiguration>",
    "tds:GetDynamicDNS": "<tds:DynamicDNSInformation><tt:Type>ClientUpdates</tt:Type><tt:Name>Test</tt:Name>"
    "</tds:DynamicDNSInformation>",
}

CASES = (
    Case(
        name="port 0 beside the real one does not count (capture: Axis P3818)",
        answers=AXIS,
        reads={
            "http": True,
            "http_port": 80,
            "https": False,
            "https_port": 443,
            "rtsp": True,
            "rtsp_port": 554,
            "discovery": True,
            "zero_configuration": True,
            "dynamic_dns": True,
        },
        asked=("tds:GetNetworkProtocols", "tds:GetDiscoveryMode", "tds:GetZeroConfiguration", "tds:GetDynamicDNS"),
    ),
    Case(
        name="what a device does not list it cannot tell (capture: Hikvision DS-2CD2012 lists no HTTPS)",
        answers={"tds:GetNetworkProtocols": protocol("HTTP", 80) + protocol("RTSP", 554)},
        reads={
            "http": True,
            "https": Outcome.UNSUPPORTED,
            "https_port": Outcome.UNSUPPORTED,
            "discovery": Outcome.UNSUPPORTED,
            "zero_configuration": Outcome.UNSUPPORTED,
        },
    ),
    Case(
        name="one nonsense value does not hide the others",
        answers=AXIS
        | {
            "tds:GetNetworkProtocols": "<tds:NetworkProtocols><tt:Name>HTTP</tt:Name><tt:Enabled>yes</tt:Enabled>"
            "<tt:Port>eighty</tt:Port></tds:NetworkProtocols>" + protocol("RTSP")
        },
        reads={"http": Outcome.UNKNOWN, "http_port": Outcome.UNKNOWN, "rtsp": True, "discovery": True},
    ),
    Case(
        name="opening and moving go before closing, discovery and the like before both",
        answers=AXIS,
        wanted=Services(
            https=True, https_port=8443, rtsp=False, discovery=False, zero_configuration=False, dynamic_dns=False
        ),
        gaps=(),
        requests=(
            ("tds:SetDiscoveryMode", "<tds:DiscoveryMode>NonDiscoverable</tds:DiscoveryMode>"),
            (
                "tds:SetZeroConfiguration",
                "<tds:InterfaceToken>eth0</tds:InterfaceToken><tds:Enabled>false</tds:Enabled>",
            ),
            ("tds:SetDynamicDNS", "<tds:Type>NoUpdate</tds:Type><tds:Name>Test</tds:Name>"),
            (
                "tds:SetNetworkProtocols",
                protocol("HTTP", 80, 0) + protocol("HTTPS", 8443) + protocol("RTSP", 554),
            ),
            (
                "tds:SetNetworkProtocols",
                protocol("HTTP", 80, 0) + protocol("HTTPS", 8443) + protocol("RTSP", 554, on=False),
            ),
        ),
    ),
    Case(
        name="the door fleetctl comes by stays open, and where it is",
        answers=AXIS,
        wanted=Services(http=False, http_port=81, rtsp_port=8554),
        gaps=(("http", "", ""), ("http_port", "", "")),
    ),
    Case(
        name="coming by HTTPS, HTTP may be closed",
        answers=AXIS,
        device=BY_HTTPS,
        wanted=Services(http=False),
        gaps=(),
        requests=(
            (
                "tds:SetNetworkProtocols",
                protocol("HTTP", 80, 0, on=False) + protocol("HTTPS", 443, on=False) + protocol("RTSP", 554),
            ),
        ),
    ),
    Case(
        name="two services do not share a port",
        answers=AXIS,
        wanted=Services(rtsp_port=443),
        gaps=(("rtsp_port", "", ""),),
    ),
    Case(
        name="discovery on, dynamic DNS on, a port where none was told",
        answers=AXIS | {"tds:GetNetworkProtocols": protocol("RTSP")},
        wanted=Services(discovery=True, dynamic_dns=True, rtsp_port=554),
        requests=(
            ("tds:SetDiscoveryMode", "<tds:DiscoveryMode>Discoverable</tds:DiscoveryMode>"),
            ("tds:SetDynamicDNS", "<tds:Type>ClientUpdates</tds:Type><tds:Name>Test</tds:Name>"),
            ("tds:SetNetworkProtocols", protocol("RTSP", 554)),
        ),
    ),
)
