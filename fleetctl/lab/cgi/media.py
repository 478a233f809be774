"""Dahua's cameras: streams (Encode), the title, and the texts in the picture (VideoWidget). Source: field facts 2.3."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fleetctl.lab.cgi.table import Table
from fleetctl.lab.cgi.text import Refused
from fleetctl.lab.vendor import Visit

_CODECS: Final = {"H264": "H.264", "H265": "H.265", "JPEG": "MJPG"}
_CORNERS: Final = {
    "UpperLeft": (-0.9, 0.9),
    "UpperRight": (0.4, 0.9),
    "LowerLeft": (-0.9, -0.8),
    "LowerRight": (0.4, -0.8),
}
GRID: Final = 8191
KINDS: Final = 3  # general, motion, alarm
CUSTOM: Final = 2


def _camera(visit: Visit) -> None:
    if visit.device.personality.recorder is not None:
        raise Refused("unknown")


# --- streams -----------------------------------------------------------------------------------------


def _format(kept: Mapping[str, Any], sounds: bool) -> dict[str, Any]:
    return {
        "AudioEnable": sounds,
        "Video": {
            "BitRate": kept["kbps"],
            "BitRateControl": "CBR" if kept.get("cbr") else "VBR",
            "Compression": _CODECS[kept["codec"]],
            "FPS": float(kept["fps"]),
            "GOP": kept.get("gov", 50),
            "Height": kept["height"],
            "Profile": kept.get("profile", "Main"),
            "Quality": round(kept.get("quality", 4)),
            "Width": kept["width"],
        },
        "VideoEnable": True,
    }


def _encode(visit: Visit) -> Any:
    _camera(visit)
    sounds = any(told.get("AudioEncoder") for told in visit.device.read("profiles").values())
    formats: dict[str, Any] = {}
    for name, token in zip(("MainFormat", "ExtraFormat"), visit.device.read("encoders"), strict=False):
        factory = visit.device.personality.factory["encoders"][token]  # what a motion or an alarm switches to
        now = visit.device.read("encoders")[token]
        formats[name] = [_format(kept, sounds) for kept in (now, *[factory] * (KINDS - 1))]
    return [formats]


def _keep_encode(visit: Visit, tree: Any) -> None:
    encoders = visit.device.change("encoders")
    for name, token in zip(("MainFormat", "ExtraFormat"), list(encoders), strict=False):
        video = tree[0][name][0]["Video"]
        codecs = visit.device.personality.codecs[token]
        codec = next((c for c in codecs if _CODECS[c.name] == video["Compression"]), None)
        size = (video["Width"], video["Height"])
        if codec is None or size not in codec.sizes or video["BitRateControl"] not in ("CBR", "VBR"):
            raise Refused("argument", "Encode")
        if codec.name == "H264" and video["Profile"] not in codec.profiles:
            raise Refused("argument", "Profile")
        encoders[token].update(
            codec=codec.name,
            width=size[0],
            height=size[1],
            kbps=min(max(video["BitRate"], codec.kbps[0]), codec.kbps[1]),
            fps=min(max(float(video["FPS"]), codec.fps[0]), codec.fps[1]),
            gov=min(max(video["GOP"], codec.gov[0]), codec.gov[1]),
            cbr=video["BitRateControl"] == "CBR",
            profile=video["Profile"],
        )


# --- texts -------------------------------------------------------------------------------------------


def _tokens(visit: Visit) -> tuple[str, str, list[str]]:
    """Return the tokens of the title, of the clock, and of the other texts."""
    osds = visit.device.read("osds")
    plain = [token for token, kept in osds.items() if kept["type"] == "Plain"]
    clock = next((token for token, kept in osds.items() if kept["type"] == "DateAndTime"), "")
    title = "OSD000" if "OSD000" in plain else ""
    return title, clock, [token for token in plain if token != title]


def _rect(kept: Mapping[str, Any]) -> list[int]:
    x, y = _CORNERS.get(kept["position"], (float(kept.get("x", 0.0)), float(kept.get("y", 0.0))))
    left, top = round((x + 1) / 2 * GRID), round((1 - y) / 2 * GRID)
    return [left, top, min(GRID, left + 2000), min(GRID, top + 500)]


def _blend(kept: Mapping[str, Any] | None, **more: Any) -> dict[str, Any]:
    told = kept or {"position": "UpperLeft"}
    return {"EncodeBlend": kept is not None, "PreviewBlend": kept is not None, "Rect": _rect(told), **more}


def _widget(visit: Visit) -> Any:
    _camera(visit)
    osds = visit.device.read("osds")
    title, clock, others = _tokens(visit)
    custom = [osds[others[n]] if n < len(others) else None for n in range(CUSTOM)]
    return [
        {
            "ChannelTitle": _blend(osds.get(title)),
            "CustomTitle": [_blend(kept, Text=kept["text"] if kept else "") for kept in custom],
            "TimeTitle": _blend(osds.get(clock), ShowWeek=False),
        }
    ]


def _placed(row: Mapping[str, Any], old: Mapping[str, Any], **other: Any) -> dict[str, Any]:
    left, top = row["Rect"][:2]
    if not 0 <= left <= GRID or not 0 <= top <= GRID:
        raise Refused("argument", "Rect")
    kept = {"size": 32, **old, **other}
    if not old or _rect(old)[:2] != [left, top]:
        kept |= {"position": "Custom", "x": left / GRID * 2 - 1, "y": 1 - top / GRID * 2}
    return kept


def _keep_widget(visit: Visit, tree: Any) -> None:
    before = dict(visit.device.read("osds"))
    title, clock, others = _tokens(visit)
    osds = visit.device.change("osds")
    source = next(iter(visit.device.read("video_sources")))
    osds.clear()
    row = tree[0]
    if row["ChannelTitle"]["EncodeBlend"]:
        osds["OSD000"] = _placed(
            row["ChannelTitle"], before.get(title, {}), source=source, type="Plain", text=_title(visit, before)
        )
    if row["TimeTitle"]["EncodeBlend"]:
        told = {"date_format": "yyyy-MM-dd", "time_format": "HH:mm:ss", **before.get(clock, {})}
        placed = _placed(row["TimeTitle"], before.get(clock, {}), source=source, type="DateAndTime")
        osds[clock or "OSD001"] = told | placed
    for number, custom in enumerate(row["CustomTitle"]):
        if custom["EncodeBlend"]:
            token = others[number] if number < len(others) else f"OSD{number + 2:03d}"
            osds[token] = _placed(custom, before.get(token, {}), source=source, type="Plain", text=custom["Text"])


def _title(visit: Visit, osds: Mapping[str, Any]) -> str:
    kept = osds.get("OSD000", {}).get("text", "IPC")
    return str(visit.device.read("vendor").get("title", kept))


def title(visit: Visit) -> str:
    """Return the camera's title, which stands in the picture where it is shown."""
    return str(visit.device.read("osds").get("OSD000", {}).get("text", _title(visit, {})))


def set_title(visit: Visit, words: str) -> None:
    """Set the camera's title."""
    visit.device.change("vendor")["title"] = words
    osds = visit.device.change("osds")
    if "OSD000" in osds:
        osds["OSD000"] = {**osds["OSD000"], "text": words}


TABLES: Final[Mapping[str, Table]] = {
    "Encode": Table(read=_encode, keep=_keep_encode),
    "VideoWidget": Table(read=_widget, keep=_keep_widget),
}
