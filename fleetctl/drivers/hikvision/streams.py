"""Video over ISAPI: the streams of a camera, by its own pages or by those of the recorder it is behind.

Source: field facts, NVR and vendor protocols, 1.5 (streaming): frame rates in hundredths, 0 for all there are; devices
clamp, so that what reads back is what counts.
"""

from __future__ import annotations

from typing import Any, Final

from fleetctl.aspects.video import Codec, Profile, Video
from fleetctl.drivers.hikvision.documents import changed
from fleetctl.errors import BadAnswer
from fleetctl.model import UNSET, Cell, Gap, Kind, Outcome, Secrets, Untold
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.onvif_parts import attribute, tried
from fleetctl.protocols.xml import Element, boolean, child, text, whole

PROXIED: Final = "/ISAPI/ContentMgmt/StreamingProxy/channels"
_OWN: Final = "/ISAPI/Streaming/channels"
_STREAMS: Final = {"main": 1, "sub": 2}
_FIELDS: Final = ("codec", "resolution", "frame_rate_fps", "bitrate_kbps", "gop_length", "profile", "smart_codec")
_CODECS: Final = {"h.264": Codec.H264, "h.265": Codec.H265, "mjpeg": Codec.JPEG, "mpeg4": Codec.MPEG4}
_WIRE: Final = {Codec.H264: "H.264", Codec.H265: "H.265", Codec.JPEG: "MJPEG", Codec.MPEG4: "MPEG4"}
_PROFILES: Final = {Codec.H264: "Video/H264Profile", Codec.H265: "Video/H265Profile"}


def page(session: Session, stream: str) -> str:
    """Return the page of a stream: the camera's own, or the recorder's of its channel."""
    device, number = session.device, _STREAMS[stream]
    return f"{PROXIED}/{device.channel}0{number}" if device.kind is Kind.NVR else f"{_OWN}/10{number}"


def read(session: Session) -> Video:
    """Read both streams; a page that is not there is a stream that is not there."""
    told: dict[str, Any] = _values(session, "main", session.read(page(session, "main")))
    sub = tried(session.read, page(session, "sub"))
    if isinstance(sub, Untold):
        missing = Untold(outcome=Outcome.UNSUPPORTED, reason=f"the camera has one stream only ({sub.reason})")
        told |= {f"sub_{field}": missing for field in _FIELDS}
    else:
        told |= _values(session, "sub", sub)
    return Video(**told)


def _values(session: Session, stream: str, document: Element) -> dict[str, Any]:
    codec, wire = _codec(document), text(document, "Video/videoCodecType")
    size = tuple(tried(whole, document, f"Video/videoResolution{side}") for side in ("Width", "Height"))
    jpeg = codec is Codec.JPEG
    unknown = Untold(outcome=Outcome.UNKNOWN, reason=f"the camera says {wire[:40]!r}, which has no name here")
    told = {
        "codec": codec or (unknown if wire else UNSET),
        "resolution": f"{size[0]}x{size[1]}" if all(isinstance(side, int) for side in size) else UNSET,
        "frame_rate_fps": tried(_frame_rate, session, stream, document),
        "bitrate_kbps": _set(tried(whole, document, _rate(document))),
        "gop_length": 1 if jpeg else _set(tried(whole, document, "Video/GovLength")),
        "profile": Profile.NONE if jpeg else _profile(text(document, _PROFILES.get(codec or Codec.H264, ""))),
        "smart_codec": _set(tried(boolean, document, "Video/SmartCodec/enabled")),
    }
    return {f"{stream}_{field}": value for field, value in told.items()}


def _set(told: Any) -> Any:
    return UNSET if told is None else told


def _codec(document: Element) -> Codec | None:
    return _CODECS.get(text(document, "Video/videoCodecType").lower())


def _rate(document: Element) -> str:
    """Return where the document has the highest bit rate."""
    constant = text(document, "Video/videoQualityControlType").upper() == "CBR"
    return "Video/constantBitRate" if constant else "Video/vbrUpperCap"


def _profile(told: str) -> Any:
    if not told:
        return UNSET
    if told.lower() in {known.value for known in Profile}:
        return Profile(told.lower())
    return Untold(outcome=Outcome.UNKNOWN, reason=f"the camera says {told[:40]!r}, which has no name here")


def _frame_rate(session: Session, stream: str, document: Element) -> Any:
    """Return pictures a second; where the document says "all there are", the most that the camera offers."""
    hundredths = whole(document, "Video/maxFrameRate")
    if hundredths is None:
        return UNSET
    if hundredths:
        return round(hundredths / 100, 2)
    offered = [int(told) for told in _offered(_options(session, stream), "Video/maxFrameRate") if told.isdecimal()]
    if not any(offered):
        raise BadAnswer("maxFrameRate: the camera takes all pictures there are, and does not say how many that is")
    return round(max(offered) / 100, 2)


# --- what the camera can ---------------------------------------------------------------------------


def _options(session: Session, stream: str) -> Element:
    return session.read(f"{page(session, stream)}/capabilities")


def _offered(options: Element, path: str) -> list[str]:
    """Return the values that a page of capabilities lists for a part."""
    return [told.strip() for told in attribute(child(options, path), "opt").split(",") if told.strip()]


def limits(session: Session, wanted: Video) -> tuple[Gap, ...]:
    """Ask each stream's own options and tell what it cannot do, with the nearest it can."""
    gaps: list[Gap] = []
    for stream in _STREAMS:
        if told := _wanted(wanted, stream):
            options = _options(session, stream)
            for field, value in told.items():
                nearest = _nearest(options, field, value, session.read(page(session, stream)))
                if nearest != value:
                    shown = f"{nearest:g}" if isinstance(nearest, float) else str(nearest)
                    reason = f"the camera cannot do {value} here"
                    gaps.append(Gap(field=f"{stream}_{field}", reason=reason, nearest=shown))
    return tuple(gaps)


def _wanted(wanted: Video, stream: str) -> dict[str, Any]:
    told = {field: getattr(wanted, f"{stream}_{field}") for field in _FIELDS}
    return {field: value for field, value in told.items() if value is not UNSET}


def _nearest(options: Element, field: str, value: Any, document: Element) -> Any:
    """Return the value itself where the camera can take it (or does not say), else the nearest it can."""
    match field:
        case "codec":
            offered = [
                _CODECS[told.lower()] for told in _offered(options, "Video/videoCodecType") if told.lower() in _CODECS
            ]
            return value if not offered or value in offered else offered[0]
        case "resolution":
            sides = (_offered(options, f"Video/videoResolution{side}") for side in ("Width", "Height"))
            sizes = [f"{width}x{height}" for width, height in zip(*sides, strict=False)]
            return (
                value if not sizes or value in sizes else min(sizes, key=lambda size: abs(_area(size) - _area(value)))
            )
        case "frame_rate_fps":
            rates = [
                int(told) / 100 for told in _offered(options, "Video/maxFrameRate") if told.isdecimal() and int(told)
            ]
            return value if not rates or value in rates else min(rates, key=lambda told: abs(told - value))
        case "bitrate_kbps":
            return _clamped(options, _rate(document), value)
        case "gop_length":
            return _clamped(options, "Video/GovLength", value)
        case "profile" if _codec(document) is Codec.H264:
            names = [told.lower() for told in _offered(options, "Video/H264Profile")]
            return value if not names or value.value in names else names[0]
        case _:
            return value


def _area(size: str) -> int:
    width, _, height = size.partition("x")
    return int(width) * int(height) if width.isdecimal() and height.isdecimal() else 0


def _clamped(options: Element, path: str, value: int) -> int:
    least, most = (attribute(child(options, path), name) for name in ("min", "max"))
    if not least.isdecimal() or not most.isdecimal():
        return value
    return min(max(value, int(least)), int(most))


# --- writing ---------------------------------------------------------------------------------------


def write(session: Session, wanted: Video, _secrets: Secrets) -> None:
    """Write each stream that differs: the camera's own document with only that changed, main first."""
    for stream in _STREAMS:
        if told := _wanted(wanted, stream):
            where = page(session, stream)
            document = session.read(where, fresh=True)
            session.write("PUT", where, changed(document, _parts(told, document)))


def _parts(told: dict[str, Any], document: Element) -> dict[str, object]:
    parts: dict[str, object] = {}
    codec = told.get("codec") or _codec(document) or Codec.H264
    if "codec" in told:
        parts["Video/videoCodecType"] = _WIRE[told["codec"]]
    if "resolution" in told:
        width, _, height = told["resolution"].partition("x")
        parts |= {"Video/videoResolutionWidth": width, "Video/videoResolutionHeight": height}
    if "frame_rate_fps" in told:
        parts["Video/maxFrameRate"] = round(told["frame_rate_fps"] * 100)
    if "bitrate_kbps" in told:
        parts[_rate(document)] = told["bitrate_kbps"]
    if "gop_length" in told:
        parts["Video/GovLength"] = told["gop_length"]
    if "profile" in told and codec in _PROFILES:
        parts[_PROFILES[codec]] = str(told["profile"].value).capitalize()
    if "smart_codec" in told:
        parts["Video/SmartCodec/enabled"] = told["smart_codec"]
    return parts


CELL = Cell(aspect="video", protocol="isapi", read=read, write=write, limits=limits)
