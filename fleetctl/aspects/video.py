"""Video: how the main and the sub stream are encoded."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, Kind, Unset, setting


class Codec(enum.StrEnum):
    """How pictures are compressed."""

    H264 = "h264"
    H265 = "h265"
    MPEG4 = "mpeg4"
    JPEG = "jpeg"


class Profile(enum.StrEnum):
    """The toolset a codec may use; `simple` and `advanced_simple` belong to MPEG-4, `main10` to H.265."""

    BASELINE = "baseline"
    EXTENDED = "extended"
    MAIN = "main"
    MAIN10 = "main10"
    HIGH = "high"
    SIMPLE = "simple"
    ADVANCED_SIMPLE = "advanced_simple"


_ENCODER = "ONVIF Media2 26.06 (else Media), SetVideoEncoderConfiguration"
_RESOLUTION = r"[1-9][0-9]{1,4}x[1-9][0-9]{1,4}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """The two streams of a camera's first picture source.

    The main stream is the first profile's encoder, the sub stream the next encoder of the same source in the
    order in which the camera lists its profiles.
    """

    main_codec: Codec | Unset = setting("codec of the main stream", source=_ENCODER)
    main_resolution: str | Unset = setting(
        "picture size of the main stream, WIDTHxHEIGHT", unit="pixel", pattern=_RESOLUTION, source=_ENCODER
    )
    main_frame_rate_fps: float | Unset = setting(
        "pictures a second of the main stream", unit="fps", minimum=0.1, maximum=240, source=_ENCODER
    )
    main_bitrate_kbps: int | Unset = setting(
        "highest bit rate of the main stream", unit="kbps", minimum=1, maximum=2147483647, source=_ENCODER
    )
    main_gop_length: int | Unset = setting(
        "pictures from one key picture to the next, main stream",
        unit="frames",
        minimum=1,
        maximum=32767,
        source=_ENCODER,
    )
    main_profile: Profile | Unset = setting("codec profile of the main stream", source=_ENCODER)
    sub_codec: Codec | Unset = setting("codec of the sub stream", source=_ENCODER)
    sub_resolution: str | Unset = setting(
        "picture size of the sub stream, WIDTHxHEIGHT", unit="pixel", pattern=_RESOLUTION, source=_ENCODER
    )
    sub_frame_rate_fps: float | Unset = setting(
        "pictures a second of the sub stream", unit="fps", minimum=0.1, maximum=240, source=_ENCODER
    )
    sub_bitrate_kbps: int | Unset = setting(
        "highest bit rate of the sub stream", unit="kbps", minimum=1, maximum=2147483647, source=_ENCODER
    )
    sub_gop_length: int | Unset = setting(
        "pictures from one key picture to the next, sub stream",
        unit="frames",
        minimum=1,
        maximum=32767,
        source=_ENCODER,
    )
    sub_profile: Profile | Unset = setting("codec profile of the sub stream", source=_ENCODER)


ASPECT = Aspect(
    name="video",
    type=Video,
    kinds=frozenset({Kind.CAMERA}),
    disruption=Disruption.STREAM,
    doc="Codec, size, frame rate, bit rate, key picture distance and profile of main and sub stream",
)
