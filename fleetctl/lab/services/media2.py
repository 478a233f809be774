"""Media service ver20: H.265 is visible here, options come one per codec.

Source: media.wsdl (ver20) 26.06; AXIS P3818-PVE 11.9.60 and Bosch 7.80 list it in GetServices.
"""

from __future__ import annotations

from collections.abc import Callable

from fleetctl.lab.device import SimDevice
from fleetctl.lab.personality import Codec
from fleetctl.lab.services import Call, Operation, Operations, audio, masks, media, media_profiles, osd
from fleetctl.lab.services.encoders import encoder2, set_encoder2
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
    video_source,
)
from fleetctl.lab.soap import SoapFault, span, words

PARTS: dict[str, Callable[[SimDevice, str, str], str]] = {
    "VideoSource": video_source,
    "VideoEncoder": encoder2,
    "AudioSource": audio_source,
    "AudioEncoder": audio.encoder2,
    "Metadata": metadata,
}


def _get(kind: str) -> Operation:
    def operation(call: Call) -> str:
        device = call.device
        tokens = list(device.read(KINDS[kind]))
        if token := argument(call, "ConfigurationToken"):
            if token not in tokens:
                raise no_config()
            tokens = [token]
        if profile := argument(call, "ProfileToken"):
            profile_of(device, profile)
        return "".join(PARTS[kind](device, "tr2:Configurations", token) for token in tokens)

    return operation


def _codec(codec: Codec) -> str:
    rates = codec.fps_list or tuple(float(rate) for rate in range(codec.fps[1], codec.fps[0] - 1, -1))
    attributes = f' FrameRatesSupported="{" ".join(words(float(rate)) for rate in rates)}"'
    attributes += f' ConstantBitRateSupported="{words(codec.cbr)}"'
    if codec.name != "JPEG":
        attributes += f' GovLengthRange="{codec.gov[0]} {codec.gov[1]}" ProfilesSupported="{" ".join(codec.profiles)}"'
    sizes = "".join(
        f"<tt:ResolutionsAvailable><tt:Width>{w}</tt:Width><tt:Height>{h}</tt:Height></tt:ResolutionsAvailable>"
        for w, h in codec.sizes
    )
    return (
        f"<tr2:Options{attributes}><tt:Encoding>{codec.name}</tt:Encoding>{span('tt:QualityRange', *codec.quality)}"
        f"{sizes}{span('tt:BitrateRange', *codec.kbps)}</tr2:Options>"
    )


def encoder_options(call: Call) -> str:
    """GetVideoEncoderConfigurationOptions: of one encoder, of a profile's, or of the first."""
    token = argument(call, "ConfigurationToken")
    if profile := argument(call, "ProfileToken"):
        token = token or str(profile_of(call.device, profile).get("VideoEncoder") or "")
    token = token or next(iter(call.device.read("encoders")))
    if token not in call.device.personality.codecs:
        raise no_config()
    return "".join(_codec(codec) for codec in call.device.personality.codecs[token])


def source_options(call: Call) -> str:
    """GetVideoSourceConfigurationOptions."""
    return media.source_options(call).replace("trt:Options", "tr2:Options")


def metadata_options(call: Call) -> str:
    """GetMetadataConfigurationOptions."""
    prefix = call.request.service
    return (
        f"<{prefix}:Options><tt:PTZStatusFilterOptions><tt:PanTiltStatusSupported>false</tt:PanTiltStatusSupported>"
        "<tt:ZoomStatusSupported>false</tt:ZoomStatusSupported></tt:PTZStatusFilterOptions>"
        f"</{prefix}:Options>"
    )


def set_encoder(call: Call) -> str:
    """SetVideoEncoderConfiguration."""
    set_encoder2(call, own(call, "Configuration"))
    return ""


def stream(call: Call) -> str:
    """GetStreamUri."""
    if argument(call, "Protocol") not in ("RtspUnicast", "RTSP", "RtspOverHttp", "RtspMulticast"):
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidStreamSetup", reason="The protocol is not supported")
    return f"<tr2:Uri>{words(stream_uri(call, argument(call, 'ProfileToken')))}</tr2:Uri>"


def snapshot(call: Call) -> str:
    """GetSnapshotUri."""
    return f"<tr2:Uri>{words(snapshot_uri(call, argument(call, 'ProfileToken')))}</tr2:Uri>"


def instances(call: Call) -> str:
    """GetVideoEncoderInstances."""
    return f"<tr2:Info><tr2:Total>{len(call.device.read('encoders'))}</tr2:Total></tr2:Info>"


OPERATIONS: Operations = {
    **{f"Get{kind}Configurations": _get(kind) for kind in KINDS},
    "GetVideoEncoderConfigurationOptions": encoder_options,
    "GetVideoSourceConfigurationOptions": source_options,
    "GetMetadataConfigurationOptions": metadata_options,
    "SetVideoEncoderConfiguration": set_encoder,
    "SetVideoSourceConfiguration": media.set_source,
    "SetMetadataConfiguration": media.set_metadata,
    "GetStreamUri": stream,
    "GetSnapshotUri": snapshot,
    "GetVideoEncoderInstances": instances,
    "SetSynchronizationPoint": media.synchronise,
    **media_profiles.MEDIA2,
    **audio.MEDIA2,
    **osd.MEDIA2,
    **masks.OPERATIONS,
}
