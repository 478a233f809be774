"""Privacy masks of Media2.

Source: media.wsdl (ver20) 26.06, GetMasks and its kin.

`Personality.masks`: {"most", "points", "types": [...], "rectangle": bool}; empty: no masks at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from fleetctl.lab.services import Call, Operations
from fleetctl.lab.services.media_parts import argument, no_config, own
from fleetctl.lab.soap import SERVICES, TT, Element, SoapFault, each, true, words

_TR2 = "{" + SERVICES["tr2"] + "}"
_BLACK = {"X": 0.0, "Y": 0.0, "Z": 0.0}


def _can(call: Call) -> Mapping[str, Any]:
    can = call.device.personality.masks
    if not can:
        raise SoapFault("ter:ActionNotSupported", code="Receiver", reason="Masks are not supported")
    return can


def _colour(told: Mapping[str, float]) -> str:
    return (
        f'<tt:Color X="{told["X"]:g}" Y="{told["Y"]:g}" Z="{told["Z"]:g}"'
        ' Colorspace="http://www.onvif.org/ver10/colorspace/YCbCr"/>'
    )


def get_all(call: Call) -> str:
    """GetMasks."""
    _can(call)
    token, source = argument(call, "Token"), argument(call, "ConfigurationToken")
    found = call.device.read("masks")
    if token and token not in found:
        raise no_config()
    return "".join(
        _shown(name, told)
        for name, told in found.items()
        if (not token or name == token) and (not source or told["source"] == source)
    )


def _shown(token: str, told: Mapping[str, Any]) -> str:
    points = "".join(f'<tt:Point x="{x:.6f}" y="{y:.6f}"/>' for x, y in told["points"])
    colour = _colour(told["colour"]).replace("tt:Color", "tr2:Color") if told["type"] == "Color" else ""
    return (
        f'<tr2:Masks token="{token}"><tr2:ConfigurationToken>{told["source"]}</tr2:ConfigurationToken>'
        f"<tr2:Polygon>{points}</tr2:Polygon><tr2:Type>{told['type']}</tr2:Type>{colour}"
        f"<tr2:Enabled>{words(bool(told['enabled']))}</tr2:Enabled></tr2:Masks>"
    )


def options(call: Call) -> str:
    """GetMaskOptions."""
    can = _can(call)
    if argument(call, "ConfigurationToken") not in call.device.read("video_sources"):
        raise no_config()
    return (
        f'<tr2:Options RectangleOnly="{words(bool(can.get("rectangle")))}" SingleColorOnly="true">'
        f"<tr2:MaxMasks>{can['most']}</tr2:MaxMasks><tr2:MaxPoints>{can['points']}</tr2:MaxPoints>"
        f"{each('tr2:Types', can['types'])}"
        f"<tr2:Color>{_colour(_BLACK).replace('tt:Color ', 'tt:ColorList ')}</tr2:Color></tr2:Options>"
    )


def _told(call: Call, element: Element) -> dict[str, Any]:
    can = _can(call)
    source = (element.findtext(_TR2 + "ConfigurationToken") or "").strip()
    if source not in call.device.read("video_sources"):
        raise no_config()
    points = [
        [float(point.get("x", "0")), float(point.get("y", "0"))]
        for point in element.iterfind(f"{_TR2}Polygon/{{{TT}}}Point")
    ]
    kind = (element.findtext(_TR2 + "Type") or "").strip()
    inside = all(-1 <= x <= 1 and -1 <= y <= 1 for x, y in points)
    if kind not in can["types"] or not 3 <= len(points) <= can["points"] or not inside:
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidPolygon", reason="The mask cannot be set")
    corners = {(x, y) for x, y in points}
    if can.get("rectangle") and not len(corners) == len({x for x, _ in corners}) * len({y for _, y in corners}) == 4:
        raise SoapFault("ter:InvalidArgVal", "ter:InvalidPolygon", reason="Only rectangles are possible")
    colour = element.find(_TR2 + "Color")
    return {
        "source": source,
        "points": points,
        "type": kind,
        "enabled": true((element.findtext(_TR2 + "Enabled") or "").strip()),
        "colour": _BLACK if colour is None else {key: float(colour.get(key, "0")) for key in "XYZ"},
    }


def create(call: Call) -> str:
    """CreateMask."""
    can = _can(call)
    section = call.device.change("masks")
    if len(section) >= can["most"]:
        raise SoapFault("ter:Action", "ter:MaxMasks", code="Receiver", reason="The maximum number of masks is reached")
    token = next(f"mask_{number}" for number in range(len(section) + 1) if f"mask_{number}" not in section)
    section[token] = _told(call, own(call, "Mask"))
    return f"<tr2:Token>{token}</tr2:Token>"


def change(call: Call) -> str:
    """SetMask."""
    element = own(call, "Mask")
    section = call.device.change("masks")
    if element.get("token", "") not in section:
        raise no_config()
    section[element.get("token", "")] = _told(call, element)
    return ""


def delete(call: Call) -> str:
    """DeleteMask."""
    _can(call)
    if call.device.change("masks").pop(argument(call, "Token"), None) is None:
        raise no_config()
    return ""


OPERATIONS: Operations = {
    "GetMasks": get_all,
    "GetMaskOptions": options,
    "CreateMask": create,
    "SetMask": change,
    "DeleteMask": delete,
}
