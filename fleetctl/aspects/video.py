"""Video: how the main and the sub stream are encoded."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from fleetctl.model import UNSET, Aspect, Cell, Disruption, Gap, Kind, Outcome, Secrets, Unset, Untold, setting
from fleetctl.protocols.onvif_encoders import Encoder, EncoderOptions, edited, encoder_of, options, send
from fleetctl.protocols.onvif_media import streams
from fleetctl.protocols.onvif_parts import Onvif, tried


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
    NONE = "none"  # only read: JPEG has none


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
        "pictures from one key picture to the next, main stream (1 with JPEG)",
        unit="frames",
        minimum=1,
        maximum=32767,
        source=_ENCODER,
    )
    main_profile: Profile | Unset = setting("codec profile of the main stream", source=_ENCODER)
    main_smart_codec: bool | Unset = setting(
        "the maker's saving codec (H.264+, H.265+) on the main stream: the bit rate is then not what is set; "
        "ONVIF does not know it",
        source="field facts, nvr 1.5, SmartCodec",
    )
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
        "pictures from one key picture to the next, sub stream (1 with JPEG)",
        unit="frames",
        minimum=1,
        maximum=32767,
        source=_ENCODER,
    )
    sub_profile: Profile | Unset = setting("codec profile of the sub stream", source=_ENCODER)
    sub_smart_codec: bool | Unset = setting(
        "the maker's saving codec (H.264+, H.265+) on the sub stream: the bit rate is then not what is set; "
        "ONVIF does not know it",
        source="field facts, nvr 1.5, SmartCodec",
    )


ASPECT = Aspect(
    name="video",
    type=Video,
    kinds=frozenset({Kind.CAMERA}),
    disruption=Disruption.STREAM,
    doc="Codec, size, frame rate, bit rate, key picture distance and profile of main and sub stream",
)

# --- ONVIF ----------------------------------------------------------------------------------------

_STREAMS: Final = ("main", "sub")
_FIELDS: Final = ("codec", "resolution", "frame_rate_fps", "bitrate_kbps", "gop_length", "profile")


def read(session: Onvif) -> Video:
    """Read both streams from the profiles: one request."""
    told: dict[str, Any] = {}
    encoders = [encoder_of(profile) for profile in streams(session)]
    for stream, encoder in zip(_STREAMS, encoders, strict=False):
        told |= {f"{stream}_{field}": value for field, value in _values(encoder).items()}
    if len(encoders) == 1:
        missing = Untold(outcome=Outcome.UNSUPPORTED, reason="the camera has one stream only")
        told |= {f"sub_{field}": missing for field in _FIELDS}
    return Video(**told)


def _values(encoder: Encoder) -> dict[str, Any]:
    jpeg = encoder.codec() == Codec.JPEG
    return {
        "codec": _known(Codec, encoder.codec(), encoder.told_codec()),
        "resolution": tried(encoder.resolution) or UNSET,
        "frame_rate_fps": _number(tried(encoder.frame_rate)),
        "bitrate_kbps": _number(tried(encoder.bitrate)),
        "gop_length": 1 if jpeg else _number(tried(encoder.gop_length)),
        "profile": Profile.NONE if jpeg else _known(Profile, encoder.profile(), encoder.profile()),
    }


def _known(names: type[Codec] | type[Profile], name: str, told: str) -> Any:
    if not told:
        return UNSET
    if name in {known.value for known in names}:
        return names(name)
    return Untold(outcome=Outcome.UNKNOWN, reason=f"the camera says {told[:40]!r}, which has no name here")


def _number(told: Any) -> Any:
    if told is None:
        return UNSET
    return round(told, 2) if isinstance(told, float) else told


def _wanted(wanted: Video, stream: str) -> dict[str, Any]:
    """Return the fields wanted of one stream, by their name without the stream."""
    told = {field: getattr(wanted, f"{stream}_{field}") for field in _FIELDS}
    return {field: value for field, value in told.items() if value is not UNSET}


def limits(session: Onvif, wanted: Video) -> tuple[Gap, ...]:
    """Ask each stream's own options and tell what it cannot do, with the nearest it can."""
    gaps: list[Gap] = []
    for stream, profile in zip(_STREAMS, streams(session), strict=False):
        told = _wanted(wanted, stream)
        if not told:
            continue
        encoder = encoder_of(profile)
        possible = {option.codec: option for option in options(session, encoder)}
        codec = str(told.get("codec", encoder.codec()))
        if possible and codec not in possible:
            if "codec" in told:
                nearest = next((c.value for c in Codec if c.value in possible), "")
                reason = f"the camera encodes {', '.join(sorted(possible))} only"
                gaps.append(Gap(field=f"{stream}_codec", reason=reason, nearest=nearest))
            codec = encoder.codec()
        if (option := possible.get(codec)) is not None:
            gaps += [
                _gap(stream, field, told[field], option) for field in told if not _fits(field, told[field], option)
            ]
    return tuple(gaps)


def _fits(field: str, value: Any, option: EncoderOptions) -> bool:
    return bool(_nearest(field, value, option) == value)


def _nearest(field: str, value: Any, option: EncoderOptions) -> Any:
    """Return the value itself where the camera can take it (or does not say), else the nearest it can."""
    match field:
        case "gop_length" | "profile" if option.codec == Codec.JPEG:
            return 1 if field == "gop_length" else Profile.NONE
        case "resolution":
            return _closest(value, option.resolutions, _pixels)
        case "frame_rate_fps" if option.frame_rates:
            return _closest(value, option.frame_rates, float)
        case "frame_rate_fps":
            return _clamped(value, option.frame_rate_range)
        case "bitrate_kbps":
            return _clamped(value, option.bitrate_range)
        case "gop_length":
            return _clamped(value, option.gop_range)
        case "profile":
            known = [p for p in (Profile.HIGH, Profile.MAIN, Profile.BASELINE) if p.value in option.profiles]
            fits = not option.profiles or value.value in option.profiles
            return value if fits else (known or [Profile.MAIN])[0]
        case _:
            return value


def _pixels(resolution: str) -> float:
    width, height = resolution.split("x")
    return float(int(width) * int(height))


def _closest(value: Any, possible: Iterable[Any], measure: Callable[[Any], float]) -> Any:
    found = tuple(possible)
    if not found or value in found:
        return value
    return min(found, key=lambda other: abs(measure(other) - measure(value)))


def _clamped(value: float, span: tuple[float, float] | None) -> float:
    if span is None or span[0] <= value <= span[1]:
        return value
    return span[0] if value < span[0] else span[1]


def _gap(stream: str, field: str, value: Any, option: EncoderOptions) -> Gap:
    nearest = _nearest(field, value, option)
    told = f"{nearest:g}" if isinstance(nearest, float) else str(nearest)
    return Gap(field=f"{stream}_{field}", reason=f"the camera cannot do {value} with {option.codec} here", nearest=told)


def write(session: Onvif, wanted: Video, _secrets: Secrets) -> None:
    """Write each stream that differs: the camera's own configuration with only that changed, main first."""
    for stream, profile in zip(_STREAMS, streams(session), strict=False):
        if told := _wanted(wanted, stream):
            send(session, _edited(session, encoder_of(profile), told))


def _edited(session: Onvif, encoder: Encoder, told: dict[str, Any]) -> Encoder:
    codec, profile = told.get("codec", ""), told.get("profile", "")
    if codec and not profile:  # a new codec needs a profile of its own
        option = next((o for o in tried(options, session, encoder) or () if o.codec == codec), None)
        if option is not None and option.profiles and encoder.profile() not in option.profiles:
            profile = option.profiles[0]
    return edited(
        encoder,
        codec=str(codec),
        resolution=told.get("resolution", ""),
        frame_rate=told.get("frame_rate_fps"),
        bitrate=told.get("bitrate_kbps"),
        gop_length=told.get("gop_length"),
        profile=str(profile),
    )


CELLS = (Cell(aspect="video", protocol="onvif", read=read, write=write, limits=limits),)
