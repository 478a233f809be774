"""Media service ver10: what is read of sources, encoders and streams, and the encoder that is set.

Source: media.wsdl (ver10) 26.06; option lists as HIKVISION DS-2CD2012-I and Bosch AUTODOME 5000i answer them.
"""

from __future__ import annotations

from collections.abc import Callable

from fleetctl.lab.device import SimDevice
from fleetctl.lab.personality import Codec
from fleetctl.lab.services import Call, Operation, Operations, audio, media_profiles, osd
from fleetctl.lab.services.encoders import encoder1, set_encoder1, visible
from fleetctl.lab.services.media_parts import (
    KINDS,
    argument,
    audio_source,
    metadata,
    no_config,
    own,
    profile_of,
    snapshot_uri,
    stream_uri,
    told_multicast,
    video_source,
)
from fleetctl.lab.soap import SoapFault, span, text, words

Part = Callable[[SimDevice, str, str], str]

PARTS: dict[str, Part] = {
    "VideoSource": video_source,
    "VideoEncoder": encoder1,
    "AudioSource": audio_source,
    "AudioEncoder": audio.encoder1,
    "Metadata": metadata,
}


def _tokens(device: SimDevice, kind: str) -> list[str]:
    tokens = list(device.read(KINDS[kind]))
    return [token for token in tokens if visible(device, token)] if kind == "VideoEncoder" else tokens


def _all(kind: str) -> Operation:
    def operation(call: Call) -> str:
        if kind.startswith("Audio") and not call.device.read("audio_sources"):
            raise audio.no_audio()
        if argument(call, "ProfileToken"):
            profile_of(call.device, argument(call, "ProfileToken"))
        return "".join(PARTS[kind](call.device, "trt:Configurations", token) for token in _tokens(call.device, kind))

    return operation


def _one(kind: str) -> Operation:
    def operation(call: Call) -> str:
        token = argument(call, "ConfigurationToken")
        if token not in call.device.read(KINDS[kind]):
            raise no_config()
        return PARTS[kind](call.device, "trt:Configuration", token)

    return operation


def video_sources(call: Call) -> str:
    """GetVideoSources."""
    seen: dict[str, str] = {}
    for told in call.device.read("video_sources").values():
        seen[told["source"]] = (
            f'<trt:VideoSources token="{told["source"]}"><tt:Framerate>{told["fps"]}</tt:Framerate><tt:Resolution>'
            f"<tt:Width>{told['width']}</tt:Width><tt:Height>{told['height']}</tt:Height></tt:Resolution></trt:VideoSources>"
        )
    return "".join(seen.values())


def _sizes(codec: Codec) -> str:
    return "".join(
        f"<tt:ResolutionsAvailable><tt:Width>{w}</tt:Width><tt:Height>{h}</tt:Height></tt:ResolutionsAvailable>"
        for w, h in codec.sizes
    )


def _rates(codec: Codec) -> str:
    low, high = (min(codec.fps_list), max(codec.fps_list)) if codec.fps_list else codec.fps
    return span("tt:FrameRateRange", round(low), round(high)) + span("tt:EncodingIntervalRange", 1, 1)


def encoder_options(call: Call) -> str:
    """GetVideoEncoderConfigurationOptions of one encoder, or of the first."""
    token = _asked_encoder(call)
    codecs = {codec.name: codec for codec in call.device.personality.codecs[token]}
    jpeg, h264 = codecs.get("JPEG"), codecs.get("H264")
    quality = (h264 or jpeg or next(iter(codecs.values()))).quality
    plain = f"<tt:JPEG>{_sizes(jpeg)}{_rates(jpeg)}</tt:JPEG>" if jpeg else ""
    more = f"<tt:JPEG>{_sizes(jpeg)}{_rates(jpeg)}{span('tt:BitrateRange', *jpeg.kbps)}</tt:JPEG>" if jpeg else ""
    if h264:
        profiles = "".join(f"<tt:H264ProfilesSupported>{name}</tt:H264ProfilesSupported>" for name in h264.profiles)
        body = f"{_sizes(h264)}{span('tt:GovLengthRange', *h264.gov)}{_rates(h264)}{profiles}"
        plain += f"<tt:H264>{body}</tt:H264>"
        more += f"<tt:H264>{body}{span('tt:BitrateRange', *h264.kbps)}</tt:H264>"
    extension = f"<tt:Extension>{more}</tt:Extension>"
    if call.device.personality.capabilities.get("no_bitrate_options"):
        extension = ""
    return f"<trt:Options>{span('tt:QualityRange', *quality)}{plain}{extension}</trt:Options>"


def _asked_encoder(call: Call) -> str:
    device = call.device
    token = argument(call, "ConfigurationToken")
    if profile := argument(call, "ProfileToken"):
        token = token or profile_of(device, profile).get("VideoEncoder") or ""
    token = token or next(iter(device.read("encoders")))
    if token not in device.personality.codecs:
        raise no_config()
    return token


def source_options(call: Call) -> str:
    """GetVideoSourceConfigurationOptions."""
    told = next(iter(call.device.read("video_sources").values()))
    width, height = told["width"], told["height"]
    ranges = "".join(
        span(f"tt:{name}", low, high)
        for name, low, high in (
            ("XRange", 0, 0),
            ("YRange", 0, 0),
            ("WidthRange", width, width),
            ("HeightRange", height, height),
        )
    )
    return (
        f"<trt:Options><tt:BoundsRange>{ranges}</tt:BoundsRange>"
        f"<tt:VideoSourceTokensAvailable>{told['source']}</tt:VideoSourceTokensAvailable></trt:Options>"
    )


def set_encoder(call: Call) -> str:
    """SetVideoEncoderConfiguration."""
    set_encoder1(call, own(call, "Configuration"))
    return ""


def set_source(call: Call) -> str:
    """SetVideoSourceConfiguration: the name only; the bounds are the sensor's."""
    told = own(call, "Configuration")
    sources = call.device.change("video_sources")
    if told.get("token") not in sources:
        raise no_config()
    sources[told.get("token", "")]["name"] = text(told, "Name")
    return ""


def set_metadata(call: Call) -> str:
    """SetMetadataConfiguration."""
    told = own(call, "Configuration")
    section = call.device.change("metadata")
    if told.get("token") not in section:
        raise no_config()
    entry = section[told.get("token", "")]
    entry["name"] = text(told, "Name")
    entry["analytics"] = text(told, "Analytics") in ("true", "1")
    entry["timeout"] = text(told, "SessionTimeout")
    if (cast := told_multicast(call, told)) is not None:
        entry["multicast"] = cast
    return ""


def stream(call: Call) -> str:
    """GetStreamUri."""
    setup = own(call, "StreamSetup")
    if text(setup, "Stream") == "RTP-Multicast" and not call.device.personality.capabilities.get("multicast", True):
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidStreamSetup", reason="Multicast is not supported")
    return _uri(stream_uri(call, argument(call, "ProfileToken")), "PT60S")


def snapshot(call: Call) -> str:
    """GetSnapshotUri."""
    return _uri(snapshot_uri(call, argument(call, "ProfileToken")), "PT0S")


def _uri(uri: str, timeout: str) -> str:
    return (
        f"<trt:MediaUri><tt:Uri>{words(uri)}</tt:Uri><tt:InvalidAfterConnect>false</tt:InvalidAfterConnect>"
        f"<tt:InvalidAfterReboot>false</tt:InvalidAfterReboot><tt:Timeout>{timeout}</tt:Timeout></trt:MediaUri>"
    )


def instances(call: Call) -> str:
    """GetGuaranteedNumberOfVideoEncoderInstances."""
    return f"<trt:TotalNumber>{len(call.device.read('encoders'))}</trt:TotalNumber>"


def synchronise(call: Call) -> str:
    """SetSynchronizationPoint."""
    profile_of(call.device, argument(call, "ProfileToken"))
    return ""


OPERATIONS: Operations = {
    "GetVideoSources": video_sources,
    "GetVideoEncoderConfigurationOptions": encoder_options,
    "GetVideoSourceConfigurationOptions": source_options,
    "SetVideoEncoderConfiguration": set_encoder,
    "SetVideoSourceConfiguration": set_source,
    "SetMetadataConfiguration": set_metadata,
    "GetStreamUri": stream,
    "GetSnapshotUri": snapshot,
    "GetGuaranteedNumberOfVideoEncoderInstances": instances,
    "SetSynchronizationPoint": synchronise,
    **{f"Get{kind}Configurations": _all(kind) for kind in KINDS},
    **{f"GetCompatible{kind}Configurations": _all(kind) for kind in KINDS},
    **{f"Get{kind}Configuration": _one(kind) for kind in KINDS},
    **media_profiles.MEDIA1,
    **audio.MEDIA1,
    **osd.MEDIA1,
}
