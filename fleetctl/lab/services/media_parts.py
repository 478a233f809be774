"""What the two media services have in common: tokens, use counts, the configurations that look alike in both.

Source: onvif.xsd 26.06 (ConfigurationEntity and its kinds).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetctl.lab.device import SimDevice
from fleetctl.lab.personality import Codec
from fleetctl.lab.services import Call
from fleetctl.lab.soap import Element, SoapFault, find, text, true, words

KINDS = {  # the section a kind of configuration is kept in, and its key in a profile
    "VideoSource": "video_sources",
    "VideoEncoder": "encoders",
    "AudioSource": "audio_sources",
    "AudioEncoder": "audio_encoders",
    "Metadata": "metadata",
}


def no_config() -> SoapFault:
    """The fault for a token of a configuration that is not there."""
    return SoapFault("ter:InvalidArgVal", "ter:NoConfig", reason="The configuration does not exist")


def no_profile() -> SoapFault:
    """The fault for a token of a profile that is not there."""
    return SoapFault("ter:InvalidArgVal", "ter:NoProfile", reason="The profile does not exist")


def argument(call: Call, name: str) -> str:
    """Return the text of one of the operation's own elements, "" if it is missing."""
    namespace = call.request.element.tag.rpartition("}")[0] + "}"
    return (call.request.element.findtext(namespace + name) or "").strip()


def own(call: Call, name: str) -> Element:
    """Return one of the operation's own elements, which the grammar has found to be there."""
    found = call.request.element.find(call.request.element.tag.rpartition("}")[0] + "}" + name)
    if found is None:
        raise SoapFault("ter:InvalidArgVal", reason=f"{name} is missing")
    return found


def profile_of(device: SimDevice, token: str) -> Mapping[str, Any]:
    """Return a profile by token; raises ter:NoProfile."""
    found = device.read("profiles").get(token)
    if found is None:
        raise no_profile()
    return dict(found)


def uses(device: SimDevice, kind: str, token: str) -> int:
    """Return how many profiles hold a configuration."""
    return sum(1 for profile in device.read("profiles").values() if profile.get(kind) == token)


def codec_of(device: SimDevice, token: str, name: str) -> Codec | None:
    """Return what an encoder can do with a codec."""
    return next((c for c in device.personality.codecs.get(token, ()) if c.name == name), None)


def multicast(told: Mapping[str, Any]) -> str:
    """Return a tt:Multicast."""
    return (
        f"<tt:Multicast><tt:Address><tt:Type>IPv4</tt:Type><tt:IPv4Address>{told['address']}</tt:IPv4Address></tt:Address>"
        f"<tt:Port>{told['port']}</tt:Port><tt:TTL>{told['ttl']}</tt:TTL>"
        f"<tt:AutoStart>{words(bool(told['auto']))}</tt:AutoStart></tt:Multicast>"
    )


def told_multicast(call: Call, element: Element) -> dict[str, Any] | None:
    """Read a tt:Multicast; Uniview refuses 0.0.0.0 (hammeraj/onvif#34)."""
    found = find(element, "Multicast")
    if found is None:
        return None
    address = text(found, "Address", "IPv4Address", default="0.0.0.0")  # noqa: S104 -- ONVIF's word for none
    if address == "0.0.0.0" and not call.device.personality.multicast_any:  # noqa: S104
        raise SoapFault("ter:InvalidArgVal", "ter:ConfigModify", reason="The multicast address is invalid")
    return {
        "address": address,
        "port": int(text(found, "Port")),
        "ttl": int(text(found, "TTL")),
        "auto": true(text(found, "AutoStart")),
    }


def video_source(device: SimDevice, name: str, token: str) -> str:
    """Return a tt:VideoSourceConfiguration."""
    told = device.read("video_sources")[token]
    rotate = told.get("rotate", "OFF")
    degree = f"<tt:Degree>{told['degree']}</tt:Degree>" if rotate == "ON" else ""
    turn = f"<tt:Extension><tt:Rotate><tt:Mode>{rotate}</tt:Mode>{degree}</tt:Rotate></tt:Extension>"
    return (
        f'<{name} token="{token}"><tt:Name>{words(told["name"])}</tt:Name>'
        f"<tt:UseCount>{uses(device, 'VideoSource', token)}</tt:UseCount>"
        f"<tt:SourceToken>{told['source']}</tt:SourceToken>"
        f'<tt:Bounds x="0" y="0" width="{told["width"]}" height="{told["height"]}"/>{turn}</{name}>'
    )


def audio_source(device: SimDevice, name: str, token: str) -> str:
    """Return a tt:AudioSourceConfiguration."""
    told = device.read("audio_sources")[token]
    return (
        f'<{name} token="{token}"><tt:Name>{words(told["name"])}</tt:Name>'
        f"<tt:UseCount>{uses(device, 'AudioSource', token)}</tt:UseCount>"
        f"<tt:SourceToken>{told['source']}</tt:SourceToken></{name}>"
    )


def metadata(device: SimDevice, name: str, token: str) -> str:
    """Return a tt:MetadataConfiguration."""
    told = device.read("metadata")[token]
    return (
        f'<{name} token="{token}"><tt:Name>{words(told["name"])}</tt:Name>'
        f"<tt:UseCount>{uses(device, 'Metadata', token)}</tt:UseCount>"
        f"<tt:PTZStatus><tt:Status>false</tt:Status><tt:Position>false</tt:Position></tt:PTZStatus>"
        f"<tt:Analytics>{words(bool(told['analytics']))}</tt:Analytics>{multicast(told['multicast'])}"
        f"<tt:SessionTimeout>{told['timeout']}</tt:SessionTimeout></{name}>"
    )


def stream_uri(call: Call, token: str) -> str:
    """Return where a profile's stream is."""
    profile = profile_of(call.device, token)
    if not profile.get("VideoSource") or not profile.get("VideoEncoder"):
        raise SoapFault(
            "ter:Action", "ter:IncompleteConfiguration", code="Receiver", reason="The profile is incomplete"
        )
    return f"{call.rtsp}{stream_path(call.device, token)}"


def stream_path(device: SimDevice, token: str) -> str:
    """Return the path of a profile's stream, "" for a profile without an encoder."""
    encoder = device.read("profiles")[token].get("VideoEncoder")
    if not encoder:
        return ""
    number = list(device.read("encoders")).index(encoder)
    told = device.personality.stream_path
    return told.format(profile=token, encoder=encoder, number=number, channel=number + 1)


def snapshot_uri(call: Call, token: str) -> str:
    """Return where a profile's still picture is."""
    profile_of(call.device, token)
    return f"{call.base}{call.device.personality.snapshot_path.format(profile=token)}"
