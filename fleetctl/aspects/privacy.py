"""Privacy: parts of the picture that nobody shall see."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, FrozenMap, Kind, Unset, setting


class MaskType(enum.StrEnum):
    """How a mask hides what is under it."""

    COLOR = "color"
    PIXELATED = "pixelated"
    BLURRED = "blurred"


_MASK = "ONVIF Media2 26.06, SetMask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """One hidden part of the picture."""

    polygon: tuple[str, ...] | Unset = setting(
        "corners as `x,y` in percent of the picture from its upper left corner, in order around the shape",
        unit="%",
        pattern=r"(100|[1-9]?[0-9]),(100|[1-9]?[0-9])",
        source=_MASK,
    )
    type: MaskType | Unset = setting("how it hides: color, pixelated or blurred", source=_MASK)
    enabled: bool | Unset = setting("the mask hides", source=_MASK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Privacy:
    """The masks of a camera's first picture source."""

    masks: FrozenMap[Mask] | Unset = setting(
        "masks by the ninth of the picture their middle lies in: upper_left, upper, upper_right, left, centre, "
        "right, lower_left, lower, lower_right; a second one in the same ninth ends in _2",
        pattern=r"(upper_left|upper|upper_right|left|centre|right|lower_left|lower|lower_right)(_[2-9])?",
        source=_MASK,
    )


ASPECT = Aspect(
    name="privacy",
    type=Privacy,
    kinds=frozenset({Kind.CAMERA}),
    disruption=Disruption.NONE,
    doc="Masks over parts of the picture, where the camera has Media2",
)
