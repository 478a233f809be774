"""Imaging service ver20: settings of a video source and their options.

Source: imaging.wsdl and onvif.xsd 26.06 (ImagingSettings20, ImagingOptions20); option sets as HIKVISION DS-2CD2012-I
(0..100), Bosch AUTODOME and Reolink E1 Zoom (0..255) answer them.

`Personality.imaging`: {"range": (low, high), "plain": names that have the range, "backlight": [modes], "wdr": [modes],
"wdr_level": (low, high), "ir": [modes], "white": [modes], "exposure": {"modes", "priorities", "time": (low, high),
"gain": (low, high)}, "focus": [modes]}; what is missing the camera does not have.
"""

from __future__ import annotations

from typing import Any

from fleetctl.lab.services import Call, Operations
from fleetctl.lab.services.media_parts import argument, own
from fleetctl.lab.soap import Element, SoapFault, each, find, span, text, words

_EXPOSURE = ("MinExposureTime", "MaxExposureTime", "MinGain", "MaxGain", "ExposureTime", "Gain")


def _source(call: Call) -> None:
    token = argument(call, "VideoSourceToken")
    if all(told["source"] != token for told in call.device.read("video_sources").values()):
        raise SoapFault("ter:InvalidArgVal", "ter:NoSource", reason="The video source does not exist")


def _mode(name: str, mode: str, level: Any = None) -> str:
    tail = f"<tt:Level>{words(level)}</tt:Level>" if level is not None else ""
    return f"<tt:{name}><tt:Mode>{mode}</tt:Mode>{tail}</tt:{name}>"


def get(call: Call) -> str:
    """GetImagingSettings, in schema order, with what the camera has."""
    _source(call)
    told = call.device.read("imaging")
    out = ""
    if "backlight" in told:
        out += _mode("BacklightCompensation", told["backlight"], told.get("backlight_level"))
    out += "".join(
        f"<tt:{n}>{words(float(told[n]))}</tt:{n}>" for n in ("Brightness", "ColorSaturation", "Contrast") if n in told
    )
    if exposure := told.get("exposure"):
        inner = f"<tt:Mode>{exposure['mode']}</tt:Mode>"
        inner += f"<tt:Priority>{exposure['priority']}</tt:Priority>" if "priority" in exposure else ""
        inner += "".join(f"<tt:{n}>{words(float(exposure[n]))}</tt:{n}>" for n in _EXPOSURE if n in exposure)
        out += f"<tt:Exposure>{inner}</tt:Exposure>"
    if "focus" in told:
        out += f"<tt:Focus><tt:AutoFocusMode>{told['focus']}</tt:AutoFocusMode></tt:Focus>"
    out += f"<tt:IrCutFilter>{told['ir']}</tt:IrCutFilter>" if "ir" in told else ""
    out += f"<tt:Sharpness>{words(float(told['Sharpness']))}</tt:Sharpness>" if "Sharpness" in told else ""
    if "wdr" in told:
        out += _mode("WideDynamicRange", told["wdr"], told.get("wdr_level"))
    if "white" in told:
        out += f"<tt:WhiteBalance><tt:Mode>{told['white']}</tt:Mode></tt:WhiteBalance>"
    return f"<timg:ImagingSettings>{out}</timg:ImagingSettings>"


def options(call: Call) -> str:
    """GetOptions."""
    _source(call)
    can = call.device.personality.imaging
    low, high = (float(x) for x in can["range"])
    out = ""
    if "backlight" in can:
        out += f"<tt:BacklightCompensation>{each('tt:Mode', can['backlight'])}</tt:BacklightCompensation>"
    out += "".join(
        span(f"tt:{n}", low, high) for n in ("Brightness", "ColorSaturation", "Contrast") if n in can["plain"]
    )
    if exposure := can.get("exposure"):
        time, gain = exposure["time"], exposure["gain"]
        out += (
            f"<tt:Exposure>{each('tt:Mode', exposure['modes'])}{each('tt:Priority', exposure['priorities'])}"
            f"{span('tt:MinExposureTime', *time)}{span('tt:MaxExposureTime', *time)}"
            f"{span('tt:MinGain', *gain)}{span('tt:MaxGain', *gain)}{span('tt:ExposureTime', *time)}</tt:Exposure>"
        )
    out += f"<tt:Focus>{each('tt:AutoFocusModes', can['focus'])}</tt:Focus>" if "focus" in can else ""
    out += each("tt:IrCutFilterModes", can.get("ir", ()))
    out += span("tt:Sharpness", low, high) if "Sharpness" in can["plain"] else ""
    if "wdr" in can:
        level = span("tt:Level", *can["wdr_level"]) if "wdr_level" in can else ""
        out += f"<tt:WideDynamicRange>{each('tt:Mode', can['wdr'])}{level}</tt:WideDynamicRange>"
    out += f"<tt:WhiteBalance>{each('tt:Mode', can['white'])}</tt:WhiteBalance>" if "white" in can else ""
    return f"<timg:ImagingOptions>{out}</timg:ImagingOptions>"


def _impossible(what: str) -> SoapFault:
    return SoapFault("ter:InvalidArgVal", "ter:SettingsInvalid", reason=f"{what}: the requested settings are incorrect")


def _pick(what: str, told: str, allowed: Any) -> str:
    if told not in allowed:
        raise _impossible(what)
    return told


def change(call: Call) -> str:
    """SetImagingSettings: what is named is set, what is not stays (imaging.wsdl: settings are optional)."""
    _source(call)
    can = call.device.personality.imaging
    told = own(call, "ImagingSettings")
    section = call.device.change("imaging")
    low, high = can["range"]
    for name in ("Brightness", "ColorSaturation", "Contrast", "Sharpness"):
        if value := text(told, name):
            number = float(value)
            if name not in can["plain"]:
                raise _impossible(name)
            if not low <= number <= high:
                if not call.device.personality.clamps:
                    raise _impossible(name)
                number = min(max(number, low), high)
            section[name] = number
    for name, key in (("BacklightCompensation", "backlight"), ("WideDynamicRange", "wdr"), ("WhiteBalance", "white")):
        if mode := text(told, name, "Mode"):
            section[key] = _pick(name, mode, can.get(key, ()))
        if (level := text(told, name, "Level")) and f"{key}_level" in section:
            section[f"{key}_level"] = float(level)
    if mode := text(told, "IrCutFilter"):
        section["ir"] = _pick("IrCutFilter", mode, can.get("ir", ()))
    if mode := text(told, "Focus", "AutoFocusMode"):
        section["focus"] = _pick("Focus", mode, can.get("focus", ()))
    if (exposure := find(told, "Exposure")) is not None:
        _expose(can.get("exposure"), exposure, section)
    return ""


def _expose(can: Any, told: Element, section: dict[str, Any]) -> None:
    if can is None:
        raise _impossible("Exposure")
    entry = section["exposure"]
    entry["mode"] = _pick("Exposure", text(told, "Mode"), can["modes"])
    if priority := text(told, "Priority"):
        entry["priority"] = _pick("Exposure", priority, can["priorities"])
    for name in _EXPOSURE:
        if value := text(told, name):
            low, high = can["time" if name.endswith("Time") else "gain"]
            if not low <= float(value) <= high:
                raise _impossible(name)
            entry[name] = float(value)


def move_options(call: Call) -> str:
    """GetMoveOptions: a fixed lens."""
    _source(call)
    return "<timg:MoveOptions/>"


def status(call: Call) -> str:
    """GetStatus."""
    _source(call)
    return "<timg:Status/>"


OPERATIONS: Operations = {
    "GetImagingSettings": get,
    "GetOptions": options,
    "SetImagingSettings": change,
    "GetMoveOptions": move_options,
    "GetStatus": status,
}
