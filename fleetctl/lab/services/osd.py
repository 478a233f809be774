"""On-screen display of both media services: texts and the clock.

Source: media.wsdl (ver10, ver20) and onvif.xsd 26.06 (OSDConfiguration); values as HIKVISION DS-2CD2012-I V5.2.0
(a text that is also the channel's name) and Pelco D6230L answer them.

`Personality.osd`: {"total", "plain", "date", "time", "clock", "formats": [date], "times": [time], "font": (min, max),
"positions": [...], "length": most characters, "ascii": True if letters beyond ASCII are refused}.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetctl.lab.services import Call, Operations
from fleetctl.lab.services.media_parts import argument, no_config, own
from fleetctl.lab.soap import Element, SoapFault, each, find, span, text, words

_LIMIT = {"Plain": "plain", "Date": "date", "Time": "time", "DateAndTime": "clock"}


def shown(name: str, token: str, told: Mapping[str, Any]) -> str:
    """Return one OSD."""
    position = f"<tt:Type>{told['position']}</tt:Type>"
    if told["position"] == "Custom":
        position += f'<tt:Pos x="{told["x"]:.6f}" y="{told["y"]:.6f}"/>'
    inner = f"<tt:Type>{told['type']}</tt:Type>"
    if told["type"] in ("Date", "DateAndTime"):
        inner += f"<tt:DateFormat>{words(told['date_format'])}</tt:DateFormat>"
    if told["type"] in ("Time", "DateAndTime"):
        inner += f"<tt:TimeFormat>{words(told['time_format'])}</tt:TimeFormat>"
    inner += f"<tt:FontSize>{told['size']}</tt:FontSize>" if told.get("size") else ""
    if told["type"] == "Plain":
        inner += f"<tt:PlainText>{words(told['text'])}</tt:PlainText>"
    if told.get("channel_name"):
        inner += "<tt:Extension><tt:ChannelName>true</tt:ChannelName></tt:Extension>"
    return (
        f'<{name} token="{token}"><tt:VideoSourceConfigurationToken>{told["source"]}</tt:VideoSourceConfigurationToken>'
        f"<tt:Type>Text</tt:Type><tt:Position>{position}</tt:Position><tt:TextString>{inner}</tt:TextString></{name}>"
    )


def get_all(call: Call) -> str:
    """GetOSDs."""
    prefix = call.request.service
    source, token = argument(call, "ConfigurationToken"), argument(call, "OSDToken")
    osds = call.device.read("osds")
    if source and source not in call.device.read("video_sources"):
        raise no_config()
    if token and token not in osds:
        raise _unknown()
    return "".join(
        shown(f"{prefix}:OSDs", name, told)
        for name, told in osds.items()
        if (not source or told["source"] == source) and (not token or name == token)
    )


def get_one(call: Call) -> str:
    """GetOSD of Media1."""
    token = argument(call, "OSDToken")
    osds = call.device.read("osds")
    if token not in osds:
        raise _unknown()
    return shown("trt:OSD", token, osds[token])


def options(call: Call) -> str:
    """GetOSDOptions."""
    if argument(call, "ConfigurationToken") not in call.device.read("video_sources"):
        raise no_config()
    can = call.device.personality.osd
    kinds = [kind for kind, key in _LIMIT.items() if can.get(key)]
    most = " ".join(
        f'{name}="{can.get(key, 0)}"'
        for name, key in (("Total", "total"), ("Image", "image"), ("PlainText", "plain"), ("Date", "date"),
                          ("Time", "time"), ("DateAndTime", "clock"))
    )  # fmt: skip
    inner = each("tt:Type", kinds) + span("tt:FontSizeRange", *can.get("font", (16, 64)))
    inner += each("tt:DateFormat", can.get("formats", ())) + each("tt:TimeFormat", can.get("times", ()))
    prefix = call.request.service
    return (
        f"<{prefix}:OSDOptions><tt:MaximumNumberOfOSDs {most}/><tt:Type>Text</tt:Type>"
        f"{each('tt:PositionOption', can.get('positions', ()))}<tt:TextOption>{inner}</tt:TextOption>"
        f"</{prefix}:OSDOptions>"
    )


def _unknown() -> SoapFault:
    return SoapFault("ter:InvalidArgVal", "ter:NoConfig", reason="The OSD does not exist")


def _impossible(what: str) -> SoapFault:
    return SoapFault("ter:InvalidArgVal", "ter:ConfigModify", reason=f"The {what} cannot be set")


def _told(call: Call, element: Element) -> dict[str, Any]:
    """Read an OSD and judge it by the options."""
    can = call.device.personality.osd
    source = text(element, "VideoSourceConfigurationToken")
    if source not in call.device.read("video_sources"):
        raise no_config()
    string = find(element, "TextString")
    if text(element, "Type") != "Text" or string is None:
        raise _impossible("OSD type")
    kind = text(string, "Type")
    if kind not in _LIMIT or not can.get(_LIMIT[kind]):
        raise _impossible("text type")
    position = text(element, "Position", "Type")
    if position not in can.get("positions", ()):
        raise _impossible("position")
    told: dict[str, Any] = {"source": source, "type": kind, "position": position}
    if position == "Custom":
        pos = find(element, "Position", "Pos")
        if pos is None:
            raise _impossible("position")
        told |= {"x": float(pos.get("x", "0")), "y": float(pos.get("y", "0"))}
    told["size"] = int(text(string, "FontSize", default="0"))
    low, high = can.get("font", (16, 64))
    if told["size"] and not low <= told["size"] <= high:
        raise _impossible("font size")
    if kind == "Plain":
        told["text"] = _words(can, text(string, "PlainText"))
    for name, key, allowed in (("DateFormat", "date_format", "formats"), ("TimeFormat", "time_format", "times")):
        if kind == "DateAndTime" or kind == name.removesuffix("Format"):
            told[key] = text(string, name) or can[allowed][0]
            if told[key] not in can[allowed]:
                raise _impossible(name)
    return told


def _words(can: Mapping[str, Any], told: str) -> str:
    if len(told) > int(can.get("length", 256)):
        raise _impossible("text: it is too long")
    if can.get("ascii") and not told.isascii():
        raise _impossible("text: a letter")
    return told


def _count(call: Call, osds: Mapping[str, Any]) -> None:
    can = call.device.personality.osd
    kinds = [told["type"] for told in osds.values()]
    if len(kinds) > can["total"] or any(kinds.count(kind) > can.get(key, 0) for kind, key in _LIMIT.items()):
        raise SoapFault("ter:Action", "ter:MaxOSDs", code="Receiver", reason="MaximumNumberOfOSDs")


def create(call: Call) -> str:
    """CreateOSD; a token in the request is not looked at."""
    osds = call.device.change("osds")
    told = _told(call, own(call, "OSD"))
    token = next(f"osd_{number}" for number in range(len(osds) + 1) if f"osd_{number}" not in osds)
    osds[token] = told
    _count(call, osds)
    return f"<{call.request.service}:OSDToken>{token}</{call.request.service}:OSDToken>"


def change(call: Call) -> str:
    """SetOSD."""
    element = own(call, "OSD")
    osds = call.device.change("osds")
    token = element.get("token", "")
    if token not in osds:
        raise _unknown()
    osds[token] = {**osds[token], **_told(call, element)}
    _count(call, osds)
    return ""


def delete(call: Call) -> str:
    """DeleteOSD."""
    osds = call.device.change("osds")
    if osds.pop(argument(call, "OSDToken"), None) is None:
        raise _unknown()
    return ""


_BOTH: Operations = {
    "GetOSDs": get_all,
    "GetOSDOptions": options,
    "CreateOSD": create,
    "SetOSD": change,
    "DeleteOSD": delete,
}
MEDIA1: Operations = {**_BOTH, "GetOSD": get_one}
MEDIA2: Operations = _BOTH
