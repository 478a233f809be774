"""Privacy: parts of the picture that nobody shall see."""

from __future__ import annotations

import enum
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from fleetctl.errors import BadAnswer, Unsupported
from fleetctl.model import (
    ABSENT,
    Aspect,
    Cell,
    Disruption,
    FrozenMap,
    Gap,
    Kind,
    Outcome,
    Secrets,
    Unset,
    Untold,
    setting,
)
from fleetctl.protocols.onvif_media import source_configuration
from fleetctl.protocols.onvif_parts import Onvif, attribute, own_copy, put, token_of, tried
from fleetctl.protocols.xml import PREFIXES, Element, boolean, child, children, rendered, tag, text, whole, words


class MaskType(enum.StrEnum):
    """How a mask hides what is under it."""

    COLOR = "color"
    PIXELATED = "pixelated"
    BLURRED = "blurred"


_MASK = "ONVIF Media2 26.06, SetMask"
_POINT = r"(100|[1-9]?[0-9]),(100|[1-9]?[0-9])"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """One hidden part of the picture."""

    polygon: tuple[str, ...] | Unset = setting(
        "corners as `x,y` in percent of the picture from its upper left corner, in order around the shape",
        unit="%",
        pattern=_POINT,
        source=_MASK,
    )
    type: MaskType | Unset = setting("how it hides: color, pixelated or blurred", source=_MASK)
    enabled: bool | Unset = setting("the mask hides", source=_MASK)

    def __post_init__(self) -> None:
        """Begin the polygon at its upper left corner and go clockwise, so that one shape is one value."""
        if isinstance(self.polygon, tuple):
            object.__setattr__(self, "polygon", _arranged(self.polygon))


def _arranged(polygon: tuple[str, ...]) -> tuple[str, ...]:
    if not all(re.fullmatch(_POINT, point) for point in polygon):
        return polygon  # told elsewhere
    points = [_xy(point) for point in polygon]
    if len(points) > 1 and points[0] == points[-1]:
        points.pop()
    if len(points) < 3:
        return polygon
    area = sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(points, points[1:] + points[:1], strict=True))
    if area < 0:  # y counts downwards: a positive area is clockwise
        points.reverse()
    first = min(range(len(points)), key=lambda i: (sum(points[i]), points[i][1]))
    return tuple(f"{x},{y}" for x, y in points[first:] + points[:first])


def _xy(point: str) -> tuple[int, int]:
    x, y = point.split(",")
    return int(x), int(y)


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

# --- ONVIF ----------------------------------------------------------------------------------------

_ORDER: Final = ("ConfigurationToken", "Polygon", "Type", "Color", "Enabled")
_TYPES: Final = {kind.value.capitalize(): kind for kind in MaskType}
_NINTHS: Final = (
    ("upper_left", "upper", "upper_right"),
    ("left", "centre", "right"),
    ("lower_left", "lower", "lower_right"),
)


def read(session: Onvif) -> Privacy:
    """Read the masks over the main stream's picture; the device's tokens become the ninths they lie in."""
    return Privacy(masks=FrozenMap({key: _mask(element) for key, element in _masks(session).items()}))


def _masks(session: Onvif) -> dict[str, Element]:
    """Return the device's own elements by the key they have here, for the order in which it tells them."""
    service, source = source_configuration(session)
    if service != "tr2":
        raise Unsupported("the camera has no Media2 service, which masks belong to")
    found: dict[str, Element] = {}
    for element in children(session.read("tr2", "GetMasks"), "Masks"):
        if text(element, "ConfigurationToken") in ("", source):
            ninth = _ninth(_polygon(element))
            number = next(n for n in range(1, 1000) if (ninth if n == 1 else f"{ninth}_{n}") not in found)
            found[ninth if number == 1 else f"{ninth}_{number}"] = element
    return found


def _mask(element: Element) -> Mask:
    told = text(element, "Type")
    kind: Any = _TYPES.get(told.capitalize())
    if kind is None:
        kind = Untold(outcome=Outcome.UNKNOWN, reason=f"the camera says {told[:40]!r}")
    return Mask(
        polygon=_polygon(element),
        type=kind,
        enabled=boolean(element, "Enabled") or False,
    )


def _polygon(element: Element) -> tuple[str, ...]:
    """Return the corners in percent from the upper left; ONVIF counts -1 to 1 from the middle, y upwards."""
    points = []
    for point in children(child(element, "Polygon"), "Point"):
        try:
            x, y = float(attribute(point, "x")), float(attribute(point, "y"))
            points.append(f"{_percent((x + 1) * 50)},{_percent((1 - y) * 50)}")
        except (ValueError, OverflowError):
            raise BadAnswer("a mask's corner should be two numbers") from None
    return tuple(points)


def _percent(value: float) -> int:
    return min(100, max(0, round(value)))


def _ninth(polygon: tuple[str, ...]) -> str:
    """Return the ninth of the picture in which the middle of the polygon's bounds lies."""
    points = [_xy(point) for point in polygon] or [(50, 50)]
    xs, ys = zip(*points, strict=True)
    column, row = (min(2, int((min(v) + max(v)) / 2 * 3 / 100)) for v in (xs, ys))
    return _NINTHS[row][column]


def _items(wanted: Privacy) -> Iterator[tuple[str, Any]]:
    if not isinstance(wanted.masks, Unset):
        yield from wanted.masks.items()


def limits(session: Onvif, wanted: Privacy) -> tuple[Gap, ...]:
    """Tell keys that do not say where the mask lies, and what the camera's masks cannot be."""
    now = _masks(session)
    told = tried(_options, session)
    options = None if isinstance(told, Untold) else told
    most = tried(whole, options, "MaxMasks") or 0
    kinds = [text(kind) for kind in children(options, "Types")]
    total = len(now) - sum(1 for key, mask in _items(wanted) if mask is ABSENT and key in now)
    gaps = []
    for key, mask in _items(wanted):
        if mask is ABSENT:
            continue
        total += key not in now
        reason = _wrong(key, mask, options, kinds)
        if not reason and key not in now and isinstance(most, int) and 0 < most < total:
            reason = f"the camera has {most} masks at most"
        if reason:
            gaps.append(Gap(field="masks", key=key, reason=reason))
    return tuple(gaps)


def _wrong(key: str, mask: Mask, options: Element | None, kinds: list[str]) -> str:
    polygon = mask.polygon
    if not isinstance(polygon, tuple) or len(polygon) < 3:
        return "a mask needs a polygon of three corners or more"
    if _ninth(polygon) != re.sub(r"_[2-9]$", "", key):
        return f"its middle lies in {_ninth(polygon)}; name it so"
    most = tried(whole, options, "MaxPoints")
    if isinstance(most, int) and 0 < most < len(polygon):
        return f"the camera's masks have {most} corners at most"
    if attribute(options, "RectangleOnly").lower() in ("true", "1") and not _rectangular(polygon):
        return "the camera's masks are rectangles only"
    if isinstance(mask.type, MaskType) and kinds and mask.type.value.capitalize() not in kinds:
        return f"the camera's masks are {', '.join(kinds).lower()} only"
    return ""


def _rectangular(polygon: tuple[str, ...]) -> bool:
    points = {_xy(point) for point in polygon}
    return len(points) == 4 and len({x for x, _ in points}) == 2 and len({y for _, y in points}) == 2


def _options(session: Onvif) -> Element | None:
    _, source = source_configuration(session)
    return child(session.read("tr2", "GetMaskOptions", tag("tr2:ConfigurationToken", words(source))), "Options")


def write(session: Onvif, wanted: Privacy, _secrets: Secrets) -> None:
    """Remove, change, then make masks."""
    now = _masks(session)
    _, source = source_configuration(session)
    told = tried(_options, session)
    kinds = [] if isinstance(told, Untold) else [text(kind) for kind in children(told, "Types")]
    for key, mask in _items(wanted):
        if mask is ABSENT and key in now:
            session.write("tr2", "DeleteMask", tag("tr2:Token", words(token_of(now[key]))))
    for key, mask in _items(wanted):
        if mask is not ABSENT:
            _write_mask(session, mask, now.get(key), source, kinds[0] if kinds else "Color")


def _write_mask(session: Onvif, mask: Mask, element: Element | None, source: str, usual: str) -> None:
    polygon = "".join(_corner(point) for point in mask.polygon) if isinstance(mask.polygon, tuple) else ""
    kind = mask.type.value.capitalize() if isinstance(mask.type, MaskType) else ""
    if element is None:
        body = tag(
            "tr2:Mask",
            tag("tr2:ConfigurationToken", words(source)),
            tag("tr2:Polygon", polygon),
            tag("tr2:Type", kind or usual),
            tag("tr2:Enabled", words(mask.enabled is not False)),
        )
        session.write("tr2", "CreateMask", body)
        return
    changed = own_copy(element)
    if kind:
        put(changed, "Type", kind, _ORDER, prefix="tr2")
    if isinstance(mask.enabled, bool):
        put(changed, "Enabled", mask.enabled, _ORDER, prefix="tr2")
    if polygon and isinstance(mask.polygon, tuple) and mask.polygon != _arranged(_polygon(element)):
        shape = child(changed, "Polygon")
        if shape is not None:
            _reshape(shape, mask.polygon)
    session.write("tr2", "SetMask", rendered(changed, "tr2:Mask"))


def _corner(point: str) -> str:
    x, y = _write_point(point)
    return tag("tt:Point", x=x, y=y)


def _write_point(point: str) -> tuple[str, str]:
    """Return a corner as ONVIF counts it: -1 to 1 from the middle, y upwards."""
    x, y = _xy(point)
    return words(x / 50 - 1), words(1 - y / 50)


def _reshape(shape: Element, polygon: tuple[str, ...]) -> None:
    for point in list(shape):
        shape.remove(point)
    for corner in polygon:
        x, y = _write_point(corner)
        etree.SubElement(shape, f"{{{PREFIXES['tt']}}}Point", {"x": x, "y": y})


CELLS = (Cell(aspect="privacy", protocol="onvif", read=read, write=write, limits=limits),)
