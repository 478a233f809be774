"""Audio of both media services.

Source: media.wsdl (ver10, ver20) 26.06; "no audio" as AXIS P3818-PVE and HIKVISION DS-2CD2012-I answer it.
"""

from __future__ import annotations

from typing import Any

from fleetctl.lab.device import SimDevice
from fleetctl.lab.services import Call, Operations
from fleetctl.lab.services.media_parts import argument, multicast, no_config, own, profile_of, told_multicast, uses
from fleetctl.lab.soap import Element, SoapFault, each, text, words

_MIME = {"G711": "PCMU", "G726": "G726", "AAC": "MP4A-LATM"}  # Media2 names encodings by their MIME names
_PLAIN = {"PCMU": "G711", "G726": "G726", "MP4A-LATM": "AAC", "mpeg4-generic": "AAC"}


def no_audio() -> SoapFault:
    """The fault of a device without a microphone."""
    return SoapFault("ter:ActionNotSupported", "ter:AudioNotSupported", reason="NVT does not support audio.")


def encoder1(device: SimDevice, name: str, token: str) -> str:
    """Return a Media1 tt:AudioEncoderConfiguration."""
    told = device.read("audio_encoders")[token]
    return (
        f'<{name} token="{token}"><tt:Name>{words(told["name"])}</tt:Name>'
        f"<tt:UseCount>{uses(device, 'AudioEncoder', token)}</tt:UseCount><tt:Encoding>{told['codec']}</tt:Encoding>"
        f"<tt:Bitrate>{told['kbps']}</tt:Bitrate><tt:SampleRate>{told['khz']}</tt:SampleRate>"
        f"{multicast(told['multicast'])}<tt:SessionTimeout>{told['timeout']}</tt:SessionTimeout></{name}>"
    )


def encoder2(device: SimDevice, name: str, token: str) -> str:
    """Return a Media2 tt:AudioEncoder2Configuration."""
    told = device.read("audio_encoders")[token]
    return (
        f'<{name} token="{token}"><tt:Name>{words(told["name"])}</tt:Name>'
        f"<tt:UseCount>{uses(device, 'AudioEncoder', token)}</tt:UseCount>"
        f"<tt:Encoding>{_MIME[told['codec']]}</tt:Encoding>{multicast(told['multicast'])}"
        f"<tt:Bitrate>{told['kbps']}</tt:Bitrate><tt:SampleRate>{told['khz']}</tt:SampleRate></{name}>"
    )


def sources(call: Call) -> str:
    """GetAudioSources."""
    found = call.device.read("audio_sources")
    if not found:
        raise no_audio()
    return "".join(
        f'<trt:AudioSources token="{told["source"]}"><tt:Channels>1</tt:Channels></trt:AudioSources>'
        for told in found.values()
    )


def _lists(kbps: tuple[int, ...], khz: tuple[int, ...]) -> str:
    return (
        f"<tt:BitrateList>{each('tt:Items', kbps)}</tt:BitrateList>"
        f"<tt:SampleRateList>{each('tt:Items', khz)}</tt:SampleRateList>"
    )


def _asked(call: Call) -> None:
    if not call.device.read("audio_sources"):
        raise no_audio()
    token = argument(call, "ConfigurationToken")
    if token and token not in call.device.read("audio_encoders"):
        raise no_config()
    if profile := argument(call, "ProfileToken"):
        profile_of(call.device, profile)


def options1(call: Call) -> str:
    """GetAudioEncoderConfigurationOptions."""
    _asked(call)
    inner = "".join(
        f"<tt:Options><tt:Encoding>{codec}</tt:Encoding>{_lists(kbps, khz)}</tt:Options>"
        for codec, (kbps, khz) in call.device.personality.audio.items()
    )
    return f"<trt:Options>{inner}</trt:Options>"


def options2(call: Call) -> str:
    """GetAudioEncoderConfigurationOptions of Media2: one per codec."""
    _asked(call)
    return "".join(
        f"<tr2:Options><tt:Encoding>{_MIME[codec]}</tt:Encoding>{_lists(kbps, khz)}</tr2:Options>"
        for codec, (kbps, khz) in call.device.personality.audio.items()
    )


def source_options1(call: Call) -> str:
    """GetAudioSourceConfigurationOptions."""
    _asked_source(call)
    tokens = each("tt:InputTokensAvailable", [told["source"] for told in call.device.read("audio_sources").values()])
    return f"<trt:Options>{tokens}</trt:Options>"


def source_options2(call: Call) -> str:
    """GetAudioSourceConfigurationOptions of Media2."""
    return source_options1(call).replace("trt:Options", "tr2:Options")


def _asked_source(call: Call) -> None:
    if not call.device.read("audio_sources"):
        raise no_audio()
    token = argument(call, "ConfigurationToken")
    if token and token not in call.device.read("audio_sources"):
        raise no_config()


def _set(call: Call, told: Element, codec: str) -> dict[str, Any]:
    encoders = call.device.change("audio_encoders")
    token = told.get("token", "")
    if token not in encoders:
        raise no_config()
    kbps, khz = int(text(told, "Bitrate")), int(text(told, "SampleRate"))
    can = call.device.personality.audio.get(codec)
    if can is None or kbps not in can[0] or khz not in can[1]:
        raise SoapFault("ter:InvalidArgVal", "ter:ConfigModify", reason="The audio parameters cannot be set")
    entry: dict[str, Any] = encoders[token]
    entry.update(name=text(told, "Name"), codec=codec, kbps=kbps, khz=khz)
    if (cast := told_multicast(call, told)) is not None:
        entry["multicast"] = cast
    return entry


def set_encoder1(call: Call) -> str:
    """SetAudioEncoderConfiguration."""
    told = own(call, "Configuration")
    _set(call, told, text(told, "Encoding"))["timeout"] = text(told, "SessionTimeout")
    return ""


def set_encoder2(call: Call) -> str:
    """SetAudioEncoderConfiguration of Media2."""
    told = own(call, "Configuration")
    _set(call, told, _PLAIN.get(text(told, "Encoding"), ""))
    return ""


def set_source(call: Call) -> str:
    """SetAudioSourceConfiguration: the name only."""
    told = own(call, "Configuration")
    section = call.device.change("audio_sources")
    if told.get("token") not in section:
        raise no_config()
    section[told.get("token", "")]["name"] = text(told, "Name")
    return ""


def no_outputs(_call: Call) -> str:
    """GetAudioOutputs and what belongs to them: none of these cameras has a loudspeaker."""
    raise SoapFault(
        "ter:ActionNotSupported", "ter:AudioOutputNotSupported", reason="NVT does not support audio output."
    )


MEDIA1: Operations = {
    "GetAudioSources": sources,
    "GetAudioEncoderConfigurationOptions": options1,
    "GetAudioSourceConfigurationOptions": source_options1,
    "SetAudioEncoderConfiguration": set_encoder1,
    "SetAudioSourceConfiguration": set_source,
    "GetAudioOutputs": no_outputs,
    "GetAudioOutputConfigurations": no_outputs,
}
MEDIA2: Operations = {
    "GetAudioEncoderConfigurationOptions": options2,
    "GetAudioSourceConfigurationOptions": source_options2,
    "SetAudioEncoderConfiguration": set_encoder2,
    "SetAudioSourceConfiguration": set_source,
}
