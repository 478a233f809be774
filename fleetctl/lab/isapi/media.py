"""ISAPI: a camera's streams, its name, and the texts in its picture. Source: field facts 1.5, streaming and overlay."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fleetctl.lab import access
from fleetctl.lab.isapi import xml
from fleetctl.lab.isapi.pages import Page, done, reads, told, writes
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.personality import Codec
from fleetctl.lab.soap import Element
from fleetctl.lab.vendor import Reply, Visit

_CODECS: Final = {"H264": "H.264", "H265": "H.265", "JPEG": "MJPEG"}
_DATES: Final = {
    "MM/dd/yyyy": "MM-DD-YYYY",
    "dd/MM/yyyy": "DD-MM-YYYY",
    "yyyy-MM-dd": "YYYY-MM-DD",
    "yyyy/MM/dd": "YYYY/MM/DD",
}
_CLOCKS: Final = {"HH:mm:ss": "24hour", "hh:mm:ss tt": "12hour"}
WIDE, HIGH = 704, 576  # the overlays' own screen
TEXTS: Final = 4
TEXT_MAX: Final = 44  # bytes
OVERLAYS_POSSIBLE: Final = {
    "TextOverlayList": {"TextOverlay": {"displayText": {"@min": 0, "@max": TEXT_MAX}}},
    "DateTimeOverlay": {"dateStyle": {"@opt": ",".join(_DATES.values())}, "timeStyle": {"@opt": "12hour,24hour"}},
}


# --- streams -----------------------------------------------------------------------------------------


def _tokens(visit: Visit) -> dict[str, str]:
    """Return stream number -> encoder: 101 is the first."""
    return {f"10{n}": token for n, token in enumerate(visit.device.read("encoders"), start=1)}


def _token(visit: Visit, number: str) -> str:
    found = _tokens(visit).get(number)
    if found is None:
        raise Refused("invalidOperation", 500)  # V5.2.0 breaks on a stream that is not there
    return found


def stream_of(visit: Visit, number: str) -> dict[str, Any]:
    """Return a stream as its page tells it; raises Refused where there is none."""
    token = _token(visit, number)
    kept = visit.device.read("encoders")[token]
    cbr = bool(kept.get("cbr"))
    return {
        "id": int(number),
        "channelName": _name(visit),
        "enabled": True,
        "Transport": {
            "maxPacketSize": 1000,
            "ControlProtocolList": {
                "ControlProtocol": [{"streamingTransport": "RTSP"}, {"streamingTransport": "HTTP"}],
            },
            "Unicast": {"enabled": True, "rtpTransportType": "RTP/TCP"},
            "Multicast": {
                "enabled": bool(kept["multicast"].get("auto")),
                "destIPAddress": kept["multicast"]["address"],
            },
        },
        "Video": {
            "enabled": True,
            "videoInputChannelID": 1,
            "videoCodecType": _CODECS[kept["codec"]],
            "videoScanType": "progressive",
            "videoResolutionWidth": kept["width"],
            "videoResolutionHeight": kept["height"],
            "videoQualityControlType": "CBR" if cbr else "VBR",
            "constantBitRate": kept["kbps"],
            "fixedQuality": 60,
            "vbrUpperCap": kept["kbps"],
            "vbrLowerCap": 32,
            "maxFrameRate": round(float(kept["fps"]) * 100),
            "keyFrameInterval": round(1000 * int(kept.get("gov", 50)) / max(1.0, float(kept["fps"]))),
            "snapShotImageType": "JPEG",
            "H264Profile": kept.get("profile", "Main") if kept["codec"] == "H264" else None,
            "H265Profile": "Main" if kept["codec"] == "H265" else None,
            "GovLength": kept.get("gov", 50),
            "SmartCodec": {"enabled": bool(kept.get("smart", False))},
        },
        "Audio": {"enabled": _sounds(visit, token), "audioInputChannelID": 1, "audioCompressionType": "G.711ulaw"},
    }  # fmt: skip


def _sounds(visit: Visit, token: str) -> bool:
    profiles: Mapping[str, Any] = visit.device.read("profiles")
    return any(told_["VideoEncoder"] == token and told_.get("AudioEncoder") for told_ in profiles.values())


def streams(visit: Visit) -> Reply:
    """GET Streaming/channels."""
    items = [stream_of(visit, number) for number in _tokens(visit)]
    return told(visit, "StreamingChannelList", {"StreamingChannel": items})


def stream(visit: Visit, number: str) -> Reply:
    """GET Streaming/channels/101."""
    return told(visit, "StreamingChannel", stream_of(visit, number))


def stream_capabilities(visit: Visit, number: str) -> Reply:
    """GET Streaming/channels/101/capabilities."""
    return told(visit, "StreamingChannel", possible_of(visit, number))


def possible_of(visit: Visit, number: str) -> dict[str, Any]:
    """Return what a stream may be, as its page of capabilities tells it."""
    codecs = visit.device.personality.codecs[_token(visit, number)]
    first = codecs[0]
    widths, heights = (",".join(str(size[i]) for size in first.sizes) for i in (0, 1))
    return {
        "id": int(number),
        "Video": {
            "videoCodecType": {"@opt": ",".join(_CODECS[codec.name] for codec in codecs)},
            "videoResolutionWidth": {"@opt": widths},
            "videoResolutionHeight": {"@opt": heights},
            "videoQualityControlType": {"@opt": "CBR,VBR"},
            "constantBitRate": {"@min": first.kbps[0], "@max": first.kbps[1]},
            "vbrUpperCap": {"@min": first.kbps[0], "@max": first.kbps[1]},
            "maxFrameRate": {"@opt": ",".join(str(fps * 100) for fps in range(first.fps[1], 0, -1))},
            "GovLength": {"@min": first.gov[0], "@max": first.gov[1]},
            "H264Profile": {"@opt": ",".join(first.profiles)},
        },
    }


def set_stream(visit: Visit, number: str) -> Reply:
    """PUT Streaming/channels/101."""
    keep_stream(visit, number)
    return done(visit)


def keep_stream(visit: Visit, number: str) -> None:
    """Take a stream's document: what is too much is brought down without a word."""
    token = _token(visit, number)
    video = xml.find(xml.parsed(visit.incoming.body, "StreamingChannel"), "Video")
    kept = visit.device.change("encoders")[token]
    name = xml.text(video, "videoCodecType", default=_CODECS[kept["codec"]])
    codec = next((c for c in visit.device.personality.codecs[token] if _CODECS[c.name] == name), None)
    size = tuple(
        xml.number(video, f"videoResolution{side}", least=1, most=9999, default=kept[side.lower()])
        for side in ("Width", "Height")
    )
    if codec is None or size not in codec.sizes:
        raise Refused("badParameters", words="codec or resolution is not possible")
    kept.update(codec=codec.name, width=size[0], height=size[1])
    _set_rates(video, kept, codec)


def _set_rates(video: Element | None, kept: dict[str, Any], codec: Codec) -> None:
    kind = xml.text(video, "videoQualityControlType", default="CBR" if kept.get("cbr") else "VBR").upper()
    if kind not in ("CBR", "VBR"):
        raise Refused("badParameters", words="videoQualityControlType is not possible")
    kept["cbr"] = kind == "CBR"
    rate = xml.number(video, "constantBitRate" if kept["cbr"] else "vbrUpperCap", least=1, default=kept["kbps"])
    kept["kbps"] = min(max(rate, codec.kbps[0]), codec.kbps[1])
    hundredths = xml.number(video, "maxFrameRate", default=round(kept["fps"] * 100))
    kept["fps"] = min(codec.fps[1], max(1, hundredths / 100)) if hundredths else codec.fps[1]  # 0 is full
    kept["gov"] = min(max(xml.number(video, "GovLength", default=kept.get("gov", 50)), codec.gov[0]), codec.gov[1])
    kept["smart"] = xml.true(video, "SmartCodec", "enabled", default=bool(kept.get("smart", False)))
    if codec.name == "H264":
        profile = xml.text(video, "H264Profile", default=kept.get("profile", "Main"))
        if profile not in codec.profiles:
            raise Refused("badParameters", words="H264Profile is not possible")
        kept["profile"] = profile


# --- texts -------------------------------------------------------------------------------------------


def _osds(visit: Visit) -> tuple[str, str, list[str]]:
    """Return the tokens of the camera's name, of the clock, and of the other texts, "" for what there is not."""
    osds = visit.device.read("osds")
    name = next((t for t, kept in osds.items() if kept.get("channel_name")), "")
    clock = next((t for t, kept in osds.items() if kept["type"] == "DateAndTime"), "")
    return name, clock, [t for t in osds if t not in (name, clock)]


def _name(visit: Visit) -> str:
    token = _osds(visit)[0]
    return str(visit.device.read("osds")[token]["text"]) if token else "Camera 01"


def _at(kept: Mapping[str, Any]) -> dict[str, int]:
    """Where a text stands; y grows downwards here."""
    corners = {"UpperLeft": (-0.9, 0.9), "UpperRight": (0.5, 0.9), "LowerLeft": (-0.9, -0.8), "LowerRight": (0.5, -0.8)}
    x, y = corners.get(kept["position"], (float(kept.get("x", 0.0)), float(kept.get("y", 0.0))))
    return {"positionX": round((x + 1) / 2 * WIDE), "positionY": round((1 - y) / 2 * HIGH)}


def overlays(visit: Visit) -> Reply:
    """GET System/Video/inputs/channels/1/overlays."""
    return told(visit, "VideoOverlay", overlays_of(visit))


def overlay_capabilities(visit: Visit) -> Reply:
    """GET System/Video/inputs/channels/1/overlays/capabilities."""
    return told(visit, "VideoOverlay", OVERLAYS_POSSIBLE)


def overlays_of(visit: Visit) -> dict[str, Any]:
    """Return the texts as their page tells them."""
    osds = visit.device.read("osds")
    name, clock, others = _osds(visit)
    items = []
    for number in range(1, TEXTS + 1):
        kept = osds[others[number - 1]] if number <= len(others) else None
        where = _at(kept) if kept else {"positionX": 0, "positionY": 576}
        items.append({"id": number, "enabled": kept is not None, **where, "displayText": kept["text"] if kept else ""})
    told_clock = osds[clock] if clock else {"position": "UpperLeft"}
    told_name = osds[name] if name else {"position": "LowerRight"}
    return {
        "normalizedScreenSize": {"normalizedScreenWidth": WIDE, "normalizedScreenHeight": HIGH},
        "attribute": {"transparent": False, "flashing": False},
        "fontSize": "adaptive",
        "TextOverlayList": {"@size": 8, "TextOverlay": items},
        "DateTimeOverlay": {
            "enabled": bool(clock),
            **_at(told_clock),
            "dateStyle": _DATES.get(str(told_clock.get("date_format", "MM/dd/yyyy")), "MM-DD-YYYY"),
            "timeStyle": _CLOCKS.get(str(told_clock.get("time_format", "HH:mm:ss")), "24hour"),
            "displayWeek": False,
        },
        "channelNameOverlay": {"enabled": bool(name), **_at(told_name)},
    }


def _placed(sent: Element, **other: Any) -> dict[str, Any]:
    x = xml.number(sent, "positionX", most=WIDE, default=0)
    y = xml.number(sent, "positionY", most=HIGH, default=0)
    return {"position": "Custom", "x": x / WIDE * 2 - 1, "y": 1 - y / HIGH * 2, "size": 32, **other}


def set_overlays(visit: Visit) -> Reply:
    """PUT System/Video/inputs/channels/1/overlays."""
    keep_overlays(visit)
    return done(visit)


def keep_overlays(visit: Visit) -> None:
    """Take the texts' whole document: what it does not name is off."""
    sent = xml.parsed(visit.incoming.body, "VideoOverlay")
    title = _name(visit)
    osds = visit.device.change("osds")
    source = next(iter(visit.device.read("video_sources")))
    osds.clear()
    named = xml.find(sent, "channelNameOverlay")
    if named is not None and xml.true(named, "enabled"):
        osds["osd_token_0"] = _placed(named, source=source, type="Plain", text=title, channel_name=True)
    clock = xml.find(sent, "DateTimeOverlay")
    if clock is not None and xml.true(clock, "enabled"):
        date = next((f for f, word in _DATES.items() if word == xml.text(clock, "dateStyle")), None)
        hours = next((f for f, word in _CLOCKS.items() if word == xml.text(clock, "timeStyle")), None)
        if date is None or hours is None:
            raise Refused("badParameters", words="dateStyle or timeStyle is not possible")
        osds["osd_token_1"] = _placed(clock, source=source, type="DateAndTime", date_format=date, time_format=hours)
    for item in xml.each(xml.find(sent, "TextOverlayList"), "TextOverlay"):
        words = xml.text(item, "displayText")
        if len(words.encode()) > TEXT_MAX:
            raise Refused("badParameters", words="displayText is too long")
        if xml.true(item, "enabled"):
            number = xml.number(item, "id", least=1, most=TEXTS)
            osds[f"osd_token_{number + 1}"] = _placed(item, source=source, type="Plain", text=words)


def input_(visit: Visit, number: str) -> Reply:
    """GET System/Video/inputs/channels/1."""
    if number != "1":
        raise Refused("invalidOperation")
    content = {"id": 1, "inputPort": 1, "name": _name(visit), "videoFormat": "PAL"}
    return told(visit, "VideoInputChannel", content)


def set_input(visit: Visit, number: str) -> Reply:
    """PUT System/Video/inputs/channels/1: the name, which stands in the picture."""
    sent = xml.parsed(visit.incoming.body, "VideoInputChannel")
    name = xml.text(sent, "name")
    if number != "1" or not 1 <= len(name.encode()) <= 32:
        raise Refused("badParameters", words="name: 1 to 32 bytes")
    token = _osds(visit)[0]
    if token:
        osds = visit.device.change("osds")
        osds[token] = {**osds[token], "text": name}
    return done(visit)


_OVERLAYS: Final = "System/Video/inputs/channels/1/overlays"
PAGES: dict[tuple[str, str], Page] = {
    ("GET", "Streaming/channels"): reads(streams, on="camera"),
    ("GET", "Streaming/channels/#"): reads(stream, on="camera"),
    ("PUT", "Streaming/channels/#"): writes(set_stream, access.OPERATOR, on="camera"),
    ("GET", "Streaming/channels/#/capabilities"): reads(stream_capabilities, on="camera"),
    ("GET", _OVERLAYS): reads(overlays, on="camera"),
    ("GET", f"{_OVERLAYS}/capabilities"): reads(overlay_capabilities, on="camera"),
    ("PUT", _OVERLAYS): writes(set_overlays, access.OPERATOR, on="camera"),
    ("GET", "System/Video/inputs/channels/#"): reads(input_, on="camera"),
    ("PUT", "System/Video/inputs/channels/#"): writes(set_input, access.OPERATOR, on="camera"),
}
