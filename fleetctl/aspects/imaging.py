"""Imaging: how the picture looks."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, Kind, Unset, setting


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
