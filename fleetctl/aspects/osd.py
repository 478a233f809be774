"""On-screen display: text and clock in the picture."""

from __future__ import annotations

import enum
import unicodedata
from dataclasses import dataclass
from typing import Final

from fleetctl.model import UNSET, Aspect, Cell, Disruption, Gap, Kind, Secrets, Unset, Untold, setting
from fleetctl.protocols.onvif_osds import OsdOptions, Osds, change, corner_of, create, kind_of, options_of, osds, remove
from fleetctl.protocols.onvif_parts import Onvif, tried
from fleetctl.protocols.xml import Element, text


class Corner(enum.StrEnum):
    """Where in the picture something is shown."""

    UPPER_LEFT = "upper_left"
    UPPER_RIGHT = "upper_right"
    LOWER_LEFT = "lower_left"
    LOWER_RIGHT = "lower_right"
    NONE = "none"  # only read: nothing is shown


_OSD = "ONVIF Media2 26.06 (else Media), SetOSD"


@dataclass(frozen=True, slots=True, kw_only=True)
class Osd:
    """What a camera writes into its picture."""

    text: str | Unset = setting(
        "text in the picture, any letters; empty for none", pattern=r"[^\x00-\x1f]{0,256}", source=_OSD
    )
    text_position: Corner | Unset = setting("corner of the text", source=_OSD)
    clock: bool | Unset = setting("date and time in the picture", source=_OSD)
    clock_position: Corner | Unset = setting("corner of date and time", source=_OSD)
    date_format: str | Unset = setting(
        "how the date is written: yyyy year, MM month, dd day, e.g. dd/MM/yyyy",
        pattern=r"[A-Za-z0-9 ,./-]{1,32}",
        source="ONVIF Media 26.06, tt:OSDTextConfiguration DateFormat",
    )
    time_format: str | Unset = setting(
        "how the time is written: HH hour of 24, mm minute, ss second, e.g. HH:mm:ss",
        pattern=r"[A-Za-z0-9 :.]{1,32}",
        source="ONVIF Media 26.06, tt:OSDTextConfiguration TimeFormat",
    )

    def __post_init__(self) -> None:
        """Compose letters with their marks, so that the same Vietnamese text is the same value."""
        if isinstance(self.text, str):
            object.__setattr__(self, "text", unicodedata.normalize("NFC", self.text))


ASPECT = Aspect(
    name="osd",
    type=Osd,
    kinds=frozenset({Kind.CAMERA}),
    disruption=Disruption.NONE,
    doc="Text, date and time in the picture, and where",
)

# --- ONVIF ----------------------------------------------------------------------------------------

_WIRE: Final = {
    Corner.UPPER_LEFT: "UpperLeft",
    Corner.UPPER_RIGHT: "UpperRight",
    Corner.LOWER_LEFT: "LowerLeft",
    Corner.LOWER_RIGHT: "LowerRight",
}
_CORNERS: Final = {told: corner for corner, told in _WIRE.items()}
_USUAL: Final = {"DateFormat": "dd/MM/yyyy", "TimeFormat": "HH:mm:ss"}


def read(session: Onvif) -> Osd:
    """Read the first plain text and the clock; other texts and pictures are left alone."""
    shown = osds(session)
    return Osd(
        text=text(shown.texts[0], "TextString/PlainText") if shown.texts else "",
        text_position=tried(_corner, shown.texts),
        clock=_is_clock(shown.clocks),
        clock_position=tried(_corner, shown.clocks),
        date_format=_format(shown.clocks, "DateFormat"),
        time_format=_format(shown.clocks, "TimeFormat"),
    )


def _corner(found: tuple[Element, ...]) -> Corner:
    return _CORNERS[corner_of(found[0])] if found else Corner.NONE


def _is_clock(clocks: tuple[Element, ...]) -> bool:
    told = {kind_of(osd) for osd in clocks}
    return bool(told - {"Date", "Time"}) or {"Date", "Time"} <= told


def _format(clocks: tuple[Element, ...], name: str) -> str:
    return next((told for osd in clocks if (told := text(osd, f"TextString/{name}"))), "")


def limits(session: Onvif, wanted: Osd) -> tuple[Gap, ...]:
    """Ask the camera's options: kinds, numbers, corners and formats."""
    shown = osds(session)
    options = options_of(session, shown)
    gaps = [*_nothing_to_place(shown, wanted)]
    if wanted.text and not shown.texts:
        gaps += _kind_gap("text", "Plain", options, shown.total, options.most_texts)
    if wanted.clock is True and not shown.clocks:
        gaps += _kind_gap("clock", "DateAndTime", options, shown.total, options.most_clocks)
    for field in ("text_position", "clock_position"):
        corner = getattr(wanted, field)
        if corner in _WIRE and options.corners and not {_WIRE[corner], "Custom"} & set(options.corners):
            nearest = next((str(_CORNERS[known]) for known in options.corners if known in _CORNERS), "")
            reason = f"the camera knows {', '.join(options.corners)} only"
            gaps.append(Gap(field=field, reason=reason, nearest=nearest))
    for field, known in (("date_format", options.date_formats), ("time_format", options.time_formats)):
        if getattr(wanted, field) is not UNSET and known and getattr(wanted, field) not in known:
            gaps.append(Gap(field=field, reason=f"the camera knows {'; '.join(known)} only", nearest=known[0]))
    return tuple(gaps)


def _nothing_to_place(shown: Osds, wanted: Osd) -> list[Gap]:
    """Tell places and formats of what is not shown and shall not be."""
    told: list[tuple[str, str]] = []
    if wanted.text == "" or (not shown.texts and not wanted.text):
        told.append(("text_position", "no text is shown"))
    if wanted.clock is False or (not shown.clocks and wanted.clock is not True):
        told += [(field, "no clock is shown") for field in ("clock_position", "date_format", "time_format")]
    told += [
        (field, "`none` is only read; to show nothing, empty the text or turn the clock off")
        for field in ("text_position", "clock_position")
        if getattr(wanted, field) is Corner.NONE
    ]
    return [Gap(field=field, reason=reason) for field, reason in told if getattr(wanted, field) is not UNSET]


def _kind_gap(field: str, kind: str, options: OsdOptions, total: int, most: int | None) -> list[Gap]:
    if options.kinds and kind not in options.kinds:
        return [Gap(field=field, reason=f"the camera shows {', '.join(options.kinds)} only")]
    if most == 0 or (options.most is not None and total >= options.most):
        return [Gap(field=field, reason=f"the camera shows {options.most or 0} things at most, and no more of these")]
    return []


def write(session: Onvif, wanted: Osd, _secrets: Secrets) -> None:
    """Remove first (cameras show few things at once), then change what is there, then make what is missing."""
    shown = osds(session)
    told = tried(options_of, session, shown)
    options = OsdOptions() if isinstance(told, Untold) else told
    if wanted.text == "":
        remove(session, shown, shown.texts)
    if wanted.clock is False:
        remove(session, shown, shown.clocks)
    if wanted.text or (wanted.text is UNSET and wanted.text_position is not UNSET):
        _write_text(session, shown, wanted, options)
    places = (wanted.clock_position, wanted.date_format, wanted.time_format)
    if wanted.clock is True or (wanted.clock is UNSET and any(place is not UNSET for place in places)):
        _write_clock(session, shown, wanted, options)


def _write_text(session: Onvif, shown: Osds, wanted: Osd, options: OsdOptions) -> None:
    corner = _wire(wanted.text_position)
    strings = {"PlainText": wanted.text} if isinstance(wanted.text, str) else {}
    if shown.texts:
        change(session, shown, shown.texts[0], options, strings=strings, corner=corner)
    elif strings:
        create(session, shown, options, strings={"Type": "Plain"} | strings, corner=corner or "UpperLeft")


def _wire(corner: Corner | Unset) -> str:
    return _WIRE.get(corner, "") if isinstance(corner, Corner) else ""


def _write_clock(session: Onvif, shown: Osds, wanted: Osd, options: OsdOptions) -> None:
    wishes = {"DateFormat": wanted.date_format, "TimeFormat": wanted.time_format}
    known = {"DateFormat": options.date_formats, "TimeFormat": options.time_formats}
    formats = {name: wish if isinstance(wish, str) else _possible(name, known[name]) for name, wish in wishes.items()}
    corner = _wire(wanted.clock_position)
    if not shown.clocks:
        if wanted.clock:
            told = {"Type": "DateAndTime"} | formats
            create(session, shown, options, strings=told, corner=corner or "UpperRight")
        return
    complete = _is_clock(shown.clocks)
    for number, osd in enumerate(shown.clocks):
        kind = kind_of(osd) if complete or number else "DateAndTime"
        strings = {"Type": kind} if kind != kind_of(osd) else {}
        for name, half in (("DateFormat", "Date"), ("TimeFormat", "Time")):
            if half in kind and (wishes[name] is not UNSET or not text(osd, f"TextString/{name}")):
                strings[name] = formats[name]
        place = corner if number == 0 else ""
        if strings or place:
            change(session, shown, osd, options, strings=strings, corner=place)


def _possible(name: str, known: tuple[str, ...]) -> str:
    """Return the usual format where the camera knows it or does not say, else its first."""
    return _USUAL[name] if not known or _USUAL[name] in known else known[0]


CELLS = (Cell(aspect="osd", protocol="onvif", read=read, write=write, limits=limits),)
