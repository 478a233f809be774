"""Imaging: how the picture looks."""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Any, Final

from fleetctl.errors import Unsupported
from fleetctl.model import UNSET, Aspect, Cell, Disruption, Gap, Kind, Outcome, Secrets, Unset, Untold, setting
from fleetctl.protocols.onvif_media import video_source
from fleetctl.protocols.onvif_parts import Onvif, own_copy, put, tried
from fleetctl.protocols.xml import Element, child, children, number, rendered, tag, text, words


class DayNight(enum.StrEnum):
    """Where the infrared cut filter stands (ONVIF IrCutFilter AUTO, ON, OFF)."""

    AUTO = "auto"
    DAY = "day"  # filter in: colour
    NIGHT = "night"  # filter out: sees infrared, black and white


_IMAGING = "ONVIF Imaging 26.06, SetImagingSettings"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imaging:
    """How a camera's first picture source is set; 0 to 100 percent span the camera's own range."""

    brightness: int | Unset = setting("brightness", unit="%", minimum=0, maximum=100, source=_IMAGING)
    contrast: int | Unset = setting("contrast", unit="%", minimum=0, maximum=100, source=_IMAGING)
    saturation: int | Unset = setting("colour saturation", unit="%", minimum=0, maximum=100, source=_IMAGING)
    sharpness: int | Unset = setting("sharpness", unit="%", minimum=0, maximum=100, source=_IMAGING)
    day_night: DayNight | Unset = setting(
        "infrared cut filter: auto, day (colour), or night (sees infrared)", source=_IMAGING
    )
    wide_dynamic_range: bool | Unset = setting("evens out bright and dark parts of the picture", source=_IMAGING)
    backlight_compensation: bool | Unset = setting("lightens what stands before a bright background", source=_IMAGING)


ASPECT = Aspect(
    name="imaging",
    type=Imaging,
    kinds=frozenset({Kind.CAMERA}),
    disruption=Disruption.NONE,
    doc="Brightness, contrast, saturation, sharpness, day and night, wide dynamic range, backlight",
)

# --- ONVIF ----------------------------------------------------------------------------------------

_LEVELS: Final = {
    "brightness": "Brightness",
    "contrast": "Contrast",
    "saturation": "ColorSaturation",
    "sharpness": "Sharpness",
}
_SWITCHES: Final = {"wide_dynamic_range": "WideDynamicRange", "backlight_compensation": "BacklightCompensation"}
_FILTER: Final = {DayNight.AUTO: "AUTO", DayNight.DAY: "ON", DayNight.NIGHT: "OFF"}
_BY_FILTER: Final = {told: meant for meant, told in _FILTER.items()}
_ORDER: Final = ("BacklightCompensation", "Brightness", "ColorSaturation", "Contrast", "Exposure", "Focus",
                 "IrCutFilter", "Sharpness", "WideDynamicRange", "WhiteBalance", "Extension")  # fmt: skip
_COARSE: Final = 100  # a range of fewer whole steps cannot hold every percent


def _source(session: Onvif) -> str:
    if not session.has("timg"):
        raise Unsupported("the device has no imaging service")
    return tag("timg:VideoSourceToken", words(video_source(session)))


def _settings(session: Onvif) -> Element:
    found = child(session.read("timg", "GetImagingSettings", _source(session)), "ImagingSettings")
    if found is None:
        raise Unsupported("the device tells no imaging settings")
    return found


def _options(session: Onvif) -> Element | None:
    return child(session.read("timg", "GetOptions", _source(session)), "ImagingOptions")


def read(session: Onvif) -> Imaging:
    """Read the settings and the ranges they are measured by."""
    settings = _settings(session)
    options = tried(_options, session)
    told: dict[str, Any] = {field: tried(_percent, settings, options, name) for field, name in _LEVELS.items()}
    for field, name in _SWITCHES.items():
        mode = text(settings, f"{name}/Mode").upper()
        told[field] = mode == "ON" if mode else UNSET
    told["day_night"] = _day_night(settings)
    return Imaging(**told)


def _day_night(settings: Element) -> Any:
    told = text(settings, "IrCutFilter").upper()
    if not told:
        return UNSET
    return _BY_FILTER.get(told) or Untold(outcome=Outcome.UNKNOWN, reason=f"the camera says {told[:40]!r}")


def _range(options: Any, name: str) -> tuple[float, float]:
    """Return a level's range; raises Unsupported where the camera tells none, or an empty one."""
    if isinstance(options, Untold):
        raise Unsupported(f"the camera does not tell its ranges: {options.reason}")
    low, high = number(options, f"{name}/Min"), number(options, f"{name}/Max")
    if low is None or high is None or high <= low:
        raise Unsupported(f"the camera does not tell the range of {name}")
    return low, high


def _percent(settings: Element, options: Any, name: str) -> int | Unset:
    value = number(settings, name)
    if value is None:
        return UNSET
    low, high = _range(options, name)
    return min(100, max(0, round((value - low) / (high - low) * 100)))


def _level(percent: int, span: tuple[float, float]) -> float:
    """Return the camera's value for a percentage; whole where its range is of whole numbers (-1 to 1 is not)."""
    low, high = span
    value = low + percent / 100 * (high - low)
    return float(round(value)) if low.is_integer() and high.is_integer() and high - low > 2 else value


def limits(session: Onvif, wanted: Imaging) -> tuple[Gap, ...]:
    """Ask the camera's options; a range of few steps cannot hold every percentage."""
    options = _options(session)
    gaps = []
    for field, name in _LEVELS.items():
        percent = getattr(wanted, field)
        if percent is UNSET:
            continue
        low, high = _range(options, name)
        nearest = round((_level(percent, (low, high)) - low) / (high - low) * 100)
        if high - low < _COARSE and nearest != percent:
            gaps.append(Gap(field=field, reason=f"the camera has {high - low:g} steps only", nearest=str(nearest)))
    for field, name in _SWITCHES.items():
        gaps += _mode_gap(
            field, getattr(wanted, field), [text(m).upper() for m in children(child(options, name), "Mode")]
        )
    if isinstance(wanted.day_night, DayNight):
        modes = [text(mode).upper() for mode in children(options, "IrCutFilterModes")]
        if modes and _FILTER[wanted.day_night] not in modes:
            nearest_mode = next((str(_BY_FILTER[m]) for m in modes if m in _BY_FILTER), "")
            reason = f"the camera's filter knows {', '.join(modes)} only"
            gaps.append(Gap(field="day_night", reason=reason, nearest=nearest_mode))
    return tuple(gaps)


def _mode_gap(field: str, wanted: Any, modes: list[str]) -> list[Gap]:
    if wanted is UNSET or not modes or ("ON" if wanted else "OFF") in modes:
        return []
    return [Gap(field=field, reason=f"the camera knows {', '.join(modes)} only", nearest=str(not wanted).lower())]


def write(session: Onvif, wanted: Imaging, _secrets: Secrets) -> None:
    """Write the camera's own settings with only what differs changed, to last."""
    settings = own_copy(_settings(session))
    for field, name in _LEVELS.items():
        if (percent := getattr(wanted, field)) is not UNSET:
            put(settings, name, _level(percent, _range(_options(session), name)), _ORDER)
    for field, name in _SWITCHES.items():
        if (on := getattr(wanted, field)) is not UNSET:
            put(put(settings, name, None, _ORDER), "Mode", "ON" if on else "OFF", ("Mode", "Level"))
    if isinstance(wanted.day_night, DayNight):
        put(settings, "IrCutFilter", _FILTER[wanted.day_night], _ORDER)
    session.write(
        "timg",
        "SetImagingSettings",
        _source(session) + rendered(settings, "timg:ImagingSettings") + tag("timg:ForcePersistence", "true"),
    )


CELLS = (Cell(aspect="imaging", protocol="onvif", read=read, write=write, limits=limits),)
