"""Audio: sound in the streams."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, Kind, Unset, setting


class AudioCodec(enum.StrEnum):
    """How sound is compressed."""

    G711 = "g711"
    G726 = "g726"
    AAC = "aac"


_ENCODER = "ONVIF Media2 26.06 (else Media), SetAudioEncoderConfiguration"
_PROFILE = "ONVIF Media2 26.06, AddConfiguration (else Media, AddAudioEncoderConfiguration); there is no off switch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """Whether the streams of a camera carry sound, and how it is encoded."""

    enabled: bool | Unset = setting("the main stream carries sound", source=_PROFILE)
    sub_enabled: bool | Unset = setting("the sub stream carries sound", source=_PROFILE)
    codec: AudioCodec | Unset = setting("codec of the sound", source=_ENCODER)
    bitrate_kbps: int | Unset = setting("bit rate of the sound", unit="kbps", minimum=1, maximum=1000, source=_ENCODER)
    sample_rate_khz: int | Unset = setting(
        "sample rate of the sound", unit="kHz", minimum=1, maximum=192, source=_ENCODER
    )


ASPECT = Aspect(
    name="audio",
    type=Audio,
    kinds=frozenset({Kind.CAMERA}),
    disruption=Disruption.STREAM,
    doc="Sound in main and sub stream, its codec, bit rate and sample rate",
    after=("video",),
)
