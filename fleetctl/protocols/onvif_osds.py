"""What a camera writes into its picture, by ONVIF Media2 or Media: read, ask for options, change; knows no setting.

Corners have their ONVIF names here (`UpperLeft` ...), and so have kinds (`Plain`, `Date`, `Time`, `DateAndTime`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fleetctl.errors import BadAnswer, Unsupported
from fleetctl.protocols.onvif_media import source_configuration
from fleetctl.protocols.onvif_parts import Onvif, attribute, drop, own_copy, put, token_of
from fleetctl.protocols.xml import Element, child, children, rendered, tag, text, words

CORNERS: Final = ("UpperLeft", "UpperRight", "LowerLeft", "LowerRight")
CLOCKS: Final = ("DateAndTime", "Date", "Time")  # and what makers add: Pelco's `DeviceNameDateTime`

# Where a corner is for a camera that knows only free places: the upper left end of the text, -1 to 1, y upwards.
_PLACES: Final = {
    "UpperLeft": ("-0.95", "0.95"),
    "UpperRight": ("0.3", "0.95"),
    "LowerLeft": ("-0.95", "-0.85"),
    "LowerRight": ("0.3", "-0.85"),
}
_PARTS: Final = ("VideoSourceConfigurationToken", "Type", "Position", "TextString", "Image", "Extension")
_POSITION: Final = ("Type", "Pos", "Extension")
_TEXT: Final = ("Type", "DateFormat", "TimeFormat", "FontSize", "FontColor", "BackgroundColor", "PlainText",
                "Extension")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Osds:
    """What is shown over the main stream's picture source: the camera's own elements in its order."""

    service: str
    source: str
    texts: tuple[Element, ...] = ()
    clocks: tuple[Element, ...] = ()
    total: int = 0  # pictures and the like included


@dataclass(frozen=True, slots=True, kw_only=True)
class OsdOptions:
    """What a camera can show; an empty tuple or no limit: it does not say."""

    kinds: tuple[str, ...] = ()
    corners: tuple[str, ...] = ()  # with `Custom` for free places
    date_formats: tuple[str, ...] = ()
    time_formats: tuple[str, ...] = ()
    most: int | None = None
    most_texts: int | None = None
    most_clocks: int | None = None

    def free(self, corner: str) -> bool:
        """Return whether the camera knows free places, but not this corner."""
        return "Custom" in self.corners and corner not in self.corners


def osds(session: Onvif) -> Osds:
    """Return what is shown; raises Unsupported where the camera shows nothing by ONVIF."""
    service, source = source_configuration(session)
    found = [
        osd
        for osd in children(session.read(service, "GetOSDs"), "OSDs")
        if text(osd, "VideoSourceConfigurationToken") in ("", source)
    ]
    return Osds(
        service=service,
        source=source,
        texts=tuple(osd for osd in found if kind_of(osd) == "Plain"),
        clocks=tuple(osd for osd in found if kind_of(osd) in CLOCKS or kind_of(osd).endswith("DateTime")),
        total=len(found),
    )


def kind_of(osd: Element) -> str:
    """Return `Plain`, `Date`, `Time` or `DateAndTime`, "" for a picture."""
    return text(osd, "TextString/Type")


def options_of(session: Onvif, shown: Osds) -> OsdOptions:
    """Ask what the camera can show over this source."""
    body = tag(f"{shown.service}:ConfigurationToken", words(shown.source))
    told = child(session.read(shown.service, "GetOSDOptions", body), "OSDOptions")
    if told is None:
        raise Unsupported("the camera tells no OSD options")
    strings, numbers = child(told, "TextOption"), child(told, "MaximumNumberOfOSDs")
    return OsdOptions(
        kinds=_texts(strings, "Type"),
        corners=_texts(told, "PositionOption"),
        date_formats=_texts(strings, "DateFormat"),
        time_formats=_texts(strings, "TimeFormat"),
        most=_limit(numbers, "Total"),
        most_texts=_limit(numbers, "PlainText"),
        most_clocks=_limit(numbers, "DateAndTime"),
    )


def _texts(element: Element | None, name: str) -> tuple[str, ...]:
    return tuple(told for found in children(element, name) if (told := text(found)))


def _limit(numbers: Element | None, name: str) -> int | None:
    told = attribute(numbers, name)
    return int(told) if told.isdecimal() else None


def corner_of(osd: Element) -> str:
    """Return the corner; a free place counts as the quarter of the picture it lies in. Raises BadAnswer."""
    told = text(osd, "Position/Type")
    named = {corner.lower(): corner for corner in CORNERS}.get(told.lower().replace("_", ""))
    if named:
        return named
    place = child(osd, "Position/Pos")
    try:
        x, y = float(attribute(place, "x")), float(attribute(place, "y"))
    except ValueError:
        raise BadAnswer(f"the camera says {told[:40]!r} without a place") from None
    return ("Upper" if y >= 0 else "Lower") + ("Left" if x < 0 else "Right")


def remove(session: Onvif, shown: Osds, elements: tuple[Element, ...]) -> None:
    """Delete these."""
    for osd in elements:
        session.write(shown.service, "DeleteOSD", tag(f"{shown.service}:OSDToken", words(token_of(osd))))


def change(
    session: Onvif,
    shown: Osds,
    osd: Element,
    options: OsdOptions,
    *,
    strings: dict[str, str],
    corner: str = "",
) -> None:
    """Write the camera's own element with these parts of its text, and its corner if given, changed."""
    changed = own_copy(osd)
    own = put(changed, "TextString", None, _PARTS)
    for name, value in strings.items():
        put(own, name, value, _TEXT)
    if corner:
        position = put(changed, "Position", None, _PARTS)
        free = options.free(corner)
        put(position, "Type", "Custom" if free else corner, _POSITION)
        if free:
            place = put(position, "Pos", None, _POSITION)
            for name, value in zip(("x", "y"), _PLACES[corner], strict=True):
                place.set(name, value)
        else:
            drop(position, "Pos")
    session.write(shown.service, "SetOSD", rendered(changed, f"{shown.service}:OSD"))


def create(session: Onvif, shown: Osds, options: OsdOptions, *, strings: dict[str, str], corner: str) -> None:
    """Make a text of these parts; the camera gives it a token."""
    place = tag("tt:Type", corner)
    if options.free(corner):
        x, y = _PLACES[corner]
        place = tag("tt:Type", "Custom") + tag("tt:Pos", x=x, y=y)
    parts = "".join(tag(f"tt:{name}", words(strings[name])) for name in _TEXT if name in strings)
    body = tag(
        f"{shown.service}:OSD",
        tag("tt:VideoSourceConfigurationToken", words(shown.source)),
        tag("tt:Type", "Text"),
        tag("tt:Position", place),
        tag("tt:TextString", parts),
        token="",
    )
    session.write(shown.service, "CreateOSD", body)
