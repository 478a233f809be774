"""Profiles of both media services: read, made, deleted, and what is in them.

Source: media.wsdl (ver10, ver20) 26.06. Fixed profiles cannot be deleted; some devices refuse any change to them.
"""

from __future__ import annotations

import itertools
import re
from typing import Any

from fleetctl.lab.device import SimDevice
from fleetctl.lab.services import Call, Operation, Operations, audio
from fleetctl.lab.services.encoders import encoder1, encoder2, visible
from fleetctl.lab.services.media_parts import (
    KINDS,
    argument,
    audio_source,
    metadata,
    no_config,
    no_profile,
    profile_of,
    video_source,
)
from fleetctl.lab.soap import SERVICES, SoapFault, words

_TR2 = "{" + SERVICES["tr2"] + "}"
_TOKEN = re.compile(r"[A-Za-z0-9_.:-]{1,64}")


def profile1(device: SimDevice, name: str, token: str) -> str:
    """Return a Media1 tt:Profile; schema order, not the order of the keys."""
    told = device.read("profiles")[token]
    parts = ""
    if source := told.get("VideoSource"):
        parts += video_source(device, "tt:VideoSourceConfiguration", source)
    if source := told.get("AudioSource"):
        parts += audio_source(device, "tt:AudioSourceConfiguration", source)
    if (encoder := told.get("VideoEncoder")) and visible(device, encoder):
        parts += encoder1(device, "tt:VideoEncoderConfiguration", encoder)
    if encoder := told.get("AudioEncoder"):
        parts += audio.encoder1(device, "tt:AudioEncoderConfiguration", encoder)
    if entry := told.get("Metadata"):
        parts += metadata(device, "tt:MetadataConfiguration", entry)
    return (
        f'<{name} token="{token}" fixed="{words(bool(told["fixed"]))}"><tt:Name>{words(told["name"])}</tt:Name>'
        f"{parts}</{name}>"
    )


def profile2(device: SimDevice, token: str, kinds: set[str]) -> str:
    """Return a Media2 profile with the configurations of the kinds asked for ("All" for every one)."""
    told = device.read("profiles")[token]
    renderers = {
        "VideoSource": video_source,
        "AudioSource": audio_source,
        "VideoEncoder": encoder2,
        "AudioEncoder": audio.encoder2,
        "Metadata": metadata,
    }
    parts = "".join(
        render(device, f"tr2:{kind}", told[kind])
        for kind, render in renderers.items()
        if told.get(kind) and ("All" in kinds or kind in kinds)
    )
    inner = f"<tr2:Configurations>{parts}</tr2:Configurations>" if parts else ""
    return (
        f'<tr2:Profiles token="{token}" fixed="{words(bool(told["fixed"]))}"><tr2:Name>{words(told["name"])}</tr2:Name>'
        f"{inner}</tr2:Profiles>"
    )


def get_profiles1(call: Call) -> str:
    """GetProfiles."""
    return "".join(profile1(call.device, "trt:Profiles", token) for token in call.device.read("profiles"))


def get_profile1(call: Call) -> str:
    """GetProfile."""
    token = argument(call, "ProfileToken")
    profile_of(call.device, token)
    return profile1(call.device, "trt:Profile", token)


def get_profiles2(call: Call) -> str:
    """GetProfiles of Media2: without Type only names and tokens."""
    kinds = {(item.text or "").strip() for item in call.request.element.findall(_TR2 + "Type")}
    if token := argument(call, "Token"):
        profile_of(call.device, token)
        return profile2(call.device, token, kinds)
    return "".join(profile2(call.device, token, kinds) for token in call.device.read("profiles"))


def _changeable(call: Call, token: str) -> dict[str, Any]:
    profiles = call.device.change("profiles")
    if token not in profiles:
        raise no_profile()
    if profiles[token]["fixed"] and call.device.personality.capabilities.get("fixed_profiles"):
        raise SoapFault("ter:Action", "ter:ConfigurationConflict", code="Receiver", reason="The profile is fixed")
    found: dict[str, Any] = profiles[token]
    return found


def _put(call: Call, token: str, kind: str, configuration: str) -> None:
    if kind not in KINDS:
        raise SoapFault("ter:InvalidArgVal", "ter:NoConfig", reason=f"Configurations of type {kind} do not exist")
    profile = _changeable(call, token)
    if configuration not in call.device.read(KINDS[kind]):
        raise no_config()
    if kind == "AudioEncoder" and not profile.get("AudioSource"):
        raise SoapFault(
            "ter:Action", "ter:ConfigurationConflict", code="Receiver", reason="The profile has no audio source"
        )
    profile[kind] = configuration


def _take(call: Call, token: str, kind: str) -> None:
    profile = _changeable(call, token)
    if not profile.get(kind):
        raise no_config()
    profile[kind] = ""
    if kind == "AudioSource":
        profile["AudioEncoder"] = ""


def _add(kind: str) -> Operation:
    def operation(call: Call) -> str:
        _put(call, argument(call, "ProfileToken"), kind, argument(call, "ConfigurationToken"))
        return ""

    return operation


def _remove(kind: str) -> Operation:
    def operation(call: Call) -> str:
        _take(call, argument(call, "ProfileToken"), kind)
        return ""

    return operation


def _references(call: Call) -> list[tuple[str, str]]:
    return [
        ((item.findtext(_TR2 + "Type") or "").strip(), (item.findtext(_TR2 + "Token") or "").strip())
        for item in call.request.element.findall(_TR2 + "Configuration")
    ]


def add_configuration(call: Call) -> str:
    """AddConfiguration: without a token the first of its kind that fits is taken."""
    token = argument(call, "ProfileToken")
    for kind, configuration in _references(call):
        if kind not in KINDS:
            raise SoapFault("ter:InvalidArgVal", "ter:NoConfig", reason=f"Type {kind} is not supported")
        _put(call, token, kind, configuration or next(iter(call.device.read(KINDS[kind])), ""))
    if name := argument(call, "Name"):
        _changeable(call, token)["name"] = name
    return ""


def remove_configuration(call: Call) -> str:
    """RemoveConfiguration: what is not in the profile is no fault in Media2."""
    token = argument(call, "ProfileToken")
    for kind, _ in _references(call):
        profile = _changeable(call, token)
        for each_kind in KINDS if kind == "All" else (kind,):
            if profile.get(each_kind):
                _take(call, token, each_kind)
    return ""


def _create(call: Call, token: str) -> str:
    profiles = call.device.change("profiles")
    most = int(call.device.personality.capabilities.get("profiles_max", 10))
    if len(profiles) >= most:
        raise SoapFault("ter:Action", "ter:MaxNVTProfiles", code="Receiver", reason=f"At most {most} profiles")
    token = token or next(f"profile_{n}" for n in itertools.count(len(profiles) + 1) if f"profile_{n}" not in profiles)
    if not _TOKEN.fullmatch(token):
        raise SoapFault("ter:InvalidArgVal", reason="The token has letters that are not possible")
    if token in profiles:
        raise SoapFault("ter:InvalidArgVal", "ter:ProfileExists", reason="The token is taken")
    profiles[token] = {"name": argument(call, "Name"), "fixed": False, **dict.fromkeys(KINDS, "")}
    return token


def create1(call: Call) -> str:
    """CreateProfile: an empty one."""
    return profile1(call.device, "trt:Profile", _create(call, argument(call, "Token")))


def create2(call: Call) -> str:
    """CreateProfile of Media2, with configurations at once."""
    token = _create(call, "")
    for kind, configuration in _references(call):
        _put(call, token, kind, configuration or next(iter(call.device.read(KINDS.get(kind, "")) or ()), ""))
    return f"<tr2:Token>{token}</tr2:Token>"


def delete(call: Call) -> str:
    """DeleteProfile; a fixed one stays."""
    token = argument(call, "ProfileToken") or argument(call, "Token")
    profiles = call.device.change("profiles")
    if token not in profiles:
        raise no_profile()
    if profiles[token]["fixed"]:
        raise SoapFault("ter:Action", "ter:DeletionOfFixedProfile", reason="A fixed profile cannot be deleted")
    del profiles[token]
    return ""


MEDIA1: Operations = {
    "GetProfiles": get_profiles1,
    "GetProfile": get_profile1,
    "CreateProfile": create1,
    "DeleteProfile": delete,
    **{f"Add{kind}Configuration": _add(kind) for kind in KINDS},
    **{f"Remove{kind}Configuration": _remove(kind) for kind in KINDS},
}
MEDIA2: Operations = {
    "GetProfiles": get_profiles2,
    "CreateProfile": create2,
    "DeleteProfile": delete,
    "AddConfiguration": add_configuration,
    "RemoveConfiguration": remove_configuration,
}
