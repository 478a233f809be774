"""Asks a lab camera for everything it offers: each reading operation with as little and as much as may stand in it,
each writing one with what the camera itself holds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from fleetctl.errors import FleetctlError
from fleetctl.protocols.onvif import Session
from fleetctl.protocols.xml import child, children, rendered, tag, words
from tests.judges.wsdl import Judge

Question = tuple[str, str, str]  # service, operation, body

CONFIGURATIONS: Final = {
    "VideoSource": "video_sources",
    "VideoEncoder": "encoders",
    "AudioSource": "audio_sources",
    "AudioEncoder": "audio_encoders",
    "Metadata": "metadata",
}
_SETUP: Final = tag("tt:Stream", "RTP-Unicast") + tag("tt:Transport", tag("tt:Protocol", "RTSP"))
_PLAIN: Final = {
    "IncludeCapability": "true",
    "Category": "All",
    "LogType": "System",
    "Protocol": "RTSP",
    "Type": "All",
    "StreamSetup": _SETUP,
}


def _first(state: Mapping[str, Any], section: str) -> str:
    return words(next(iter(state[section] or {}), "none"))


def _value(state: Mapping[str, Any], operation: str, field: str) -> str:
    """Return what to put into a field; "" leaves it out."""
    kind = next((section for name, section in CONFIGURATIONS.items() if name in operation), "video_sources")
    told = {
        "ProfileToken": _first(state, "profiles"),
        "ConfigurationToken": _first(state, kind),
        "VideoSourceToken": words(next(iter(state["video_sources"].values()))["source"]),
        "VideoSourceConfigurationToken": _first(state, "video_sources"),
        "OSDToken": _first(state, "osds"),
        "RelayOutputToken": _first(state, "relays"),
        "Token": _first(state, "masks" if "Mask" in operation else "profiles"),
    }
    return _PLAIN.get(field) or told.get(field, "")


def reading(judge: Judge, state: Mapping[str, Any], service: str, operations: Iterator[str]) -> Iterator[Question]:
    """Yield the questions to one service."""
    for operation in operations:
        fields = judge.fields(service, operation)
        for everything in (False, True):
            body = "".join(
                tag(f"{service}:{name}", value)
                for name, required in fields
                if (required or everything) and (value := _value(state, operation, name))
            )
            yield service, operation, body
            if not fields:
                break


def _host(kind: str, value: str, name: str) -> str:
    return tag("tt:Type", kind) + tag(f"tt:{name}", value)


def device(state: Mapping[str, Any]) -> Iterator[Question]:
    """Yield orders to the device service, in an order that lets it live until the last one."""
    scope = "onvif://www.onvif.org/location/ward/viet_hung"
    person = tag("tt:Username", "judge") + tag("tt:Password", "Xa-judge.9")
    yield "tds", "AddScopes", tag("tds:ScopeItem", scope)
    yield "tds", "RemoveScopes", tag("tds:ScopeItem", scope)
    yield "tds", "SetScopes", tag("tds:Scopes", "onvif://www.onvif.org/name/cam")
    yield "tds", "SetHostnameFromDHCP", tag("tds:FromDHCP", "false")
    yield "tds", "SetHostname", tag("tds:Name", "cam-1")
    yield (
        "tds",
        "SetDNS",
        tag("tds:FromDHCP", "false") + tag("tds:DNSManual", _host("IPv4", "10.0.0.53", "IPv4Address")),
    )
    yield "tds", "SetNTP", tag("tds:FromDHCP", "false") + tag("tds:NTPManual", _host("DNS", "ntp.example", "DNSname"))
    yield "tds", "SetNetworkDefaultGateway", tag("tds:IPv4Address", "192.168.1.1")
    http = tag("tt:Name", "HTTP") + tag("tt:Enabled", "true") + tag("tt:Port", "80")
    yield "tds", "SetNetworkProtocols", tag("tds:NetworkProtocols", http)
    yield "tds", "SetDiscoveryMode", tag("tds:DiscoveryMode", "Discoverable")
    eth = tag("tds:InterfaceToken", words(state["network"].get("interface", "eth0")))
    yield "tds", "SetZeroConfiguration", eth + tag("tds:Enabled", "false")
    yield "tds", "CreateUsers", tag("tds:User", person, tag("tt:UserLevel", "User"))
    yield "tds", "SetUser", tag("tds:User", person, tag("tt:UserLevel", "Operator"))
    yield "tds", "DeleteUsers", tag("tds:Username", "judge")
    yield "tds", "SetSystemDateAndTime", tag("tds:DateTimeType", "NTP") + tag("tds:DaylightSavings", "false")
    relay = tag("tds:RelayOutputToken", _first(state, "relays"))
    mode = tag("tt:Mode", "Bistable") + tag("tt:DelayTime", "PT1S") + tag("tt:IdleState", "open")
    yield "tds", "SetRelayOutputSettings", relay + tag("tds:Properties", mode)
    yield "tds", "SetRelayOutputState", relay + tag("tds:LogicalState", "active")
    yield (
        "tmd",
        "SetRelayOutputSettings",
        (f'<tmd:RelayOutput token="{_first(state, "relays")}">{tag("tt:Properties", mode)}</tmd:RelayOutput>'),
    )
    yield "tds", "SetNetworkInterfaces", eth + tag("tds:NetworkInterface", tag("tt:MTU", "1500"))


def profiles(state: Mapping[str, Any]) -> Iterator[Question]:
    """Yield orders that make a profile, fill it, empty it and drop it, in both media services."""
    own = tag("trt:ProfileToken", "judge")
    yield "trt", "CreateProfile", tag("trt:Name", "judge") + tag("trt:Token", "judge")
    for kind, section in CONFIGURATIONS.items():
        token = tag("trt:ConfigurationToken", _first(state, section))
        yield "trt", f"Add{kind}Configuration", own + token
    for kind in reversed(CONFIGURATIONS):
        yield "trt", f"Remove{kind}Configuration", own
    yield "trt", "SetSynchronizationPoint", tag("trt:ProfileToken", _first(state, "profiles"))
    yield "trt", "DeleteProfile", own
    yield "tr2", "CreateProfile", tag("tr2:Name", "judge2")
    first = tag("tr2:ProfileToken", _first(state, "profiles"))
    source = tag("tr2:Configuration", tag("tr2:Type", "Metadata") + tag("tr2:Token", _first(state, "metadata")))
    yield "tr2", "AddConfiguration", first + source
    yield "tr2", "RemoveConfiguration", first + source
    yield "tr2", "SetSynchronizationPoint", first
    yield "tr2", "DeleteProfile", tag("tr2:Token", "profile_3")


def _overlay(state: Mapping[str, Any], token: str) -> str:
    inner = tag("tt:VideoSourceConfigurationToken", _first(state, "video_sources")) + tag("tt:Type", "Text")
    inner += tag("tt:Position", tag("tt:Type", "UpperRight"))
    inner += tag("tt:TextString", tag("tt:Type", "Plain") + tag("tt:PlainText", "Quầy 3"))
    return f'<{{service}}:OSD token="{token}">{inner}</{{service}}:OSD>'


def overlays(state: Mapping[str, Any]) -> Iterator[Question]:
    """Yield orders about texts and masks."""
    for service in ("trt", "tr2"):
        yield service, "CreateOSD", _overlay(state, "").format(service=service)
        yield service, "SetOSD", _overlay(state, _first(state, "osds")).format(service=service)
        yield service, "DeleteOSD", tag(f"{service}:OSDToken", _first(state, "osds"))
    points = "".join(f'<tt:Point x="{x}" y="{y}"/>' for x, y in ((-1, 1), (0, 1), (0, 0), (-1, 0)))
    inner = tag("tr2:ConfigurationToken", _first(state, "video_sources")) + tag("tr2:Polygon", points)
    inner += tag("tr2:Type", "Color") + tag("tr2:Enabled", "true")
    yield "tr2", "CreateMask", f'<tr2:Mask token="">{inner}</tr2:Mask>'
    yield "tr2", "GetMasks", ""
    yield "tr2", "SetMask", f'<tr2:Mask token="mask_0">{inner}</tr2:Mask>'
    yield "tr2", "DeleteMask", tag("tr2:Token", "mask_0")


def unchanged(session: Session, state: Mapping[str, Any]) -> Iterator[Question]:
    """Yield every configuration as the camera tells it, to be set as it is."""
    for service, forced in (("trt", tag("trt:ForcePersistence", "true")), ("tr2", "")):
        for kind in CONFIGURATIONS:
            try:
                answer = session.read(service, f"Get{kind}Configurations", fresh=True)
            except FleetctlError:
                continue
            for told in list(children(answer, "Configurations"))[:1]:
                body = rendered(told, f"{service}:Configuration") + forced
                yield service, f"Set{kind}Configuration", body
    token = tag("timg:VideoSourceToken", words(next(iter(state["video_sources"].values()))["source"]))
    try:
        told = child(session.read("timg", "GetImagingSettings", token), "ImagingSettings")
    except FleetctlError:
        return
    if told is not None:
        yield "timg", "SetImagingSettings", token + rendered(told, "timg:ImagingSettings")


def reset() -> Question:
    """Return the order after which the login may be another one."""
    return "tds", "SetSystemFactoryDefault", tag("tds:FactoryDefault", "Soft")
