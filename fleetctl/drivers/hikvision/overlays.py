"""Text and clock in the picture over ISAPI, by a camera's own page or by that of the recorder it is behind.

Source: field facts, NVR and vendor protocols, 1.5 (overlay): y grows downwards; texts are listed, on or off.
"""

from __future__ import annotations

import copy
import unicodedata
from collections.abc import Iterator
from typing import Any, Final

from fleetctl.aspects.osd import Corner, Osd
from fleetctl.drivers.hikvision.documents import changed, items, like
from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.model import UNSET, Cell, Gap, Kind, Secrets
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.onvif_parts import attribute, tried
from fleetctl.protocols.xml import Element, boolean, child, text, whole

_OWN: Final = "/ISAPI/System/Video/inputs/channels/1/overlays"
_TEXTS: Final = "TextOverlayList"
_CLOCK: Final = "DateTimeOverlay"
_DATES: Final = {
    "YYYY-MM-DD": "yyyy-MM-dd",
    "MM-DD-YYYY": "MM-dd-yyyy",
    "DD-MM-YYYY": "dd-MM-yyyy",
    "YYYY/MM/DD": "yyyy/MM/dd",
    "MM/DD/YYYY": "MM/dd/yyyy",
    "DD/MM/YYYY": "dd/MM/yyyy",
}
_TIMES: Final = {"24hour": "HH:mm:ss", "12hour": "hh:mm:ss tt"}
_WIDE, _HIGH = 704, 576  # what positions count on where the document does not say
_STEP: Final = 16  # some firmware takes positions in steps only


def page(session: Session) -> str:
    """Return the page of the overlays: the camera's own, or the recorder's of its channel."""
    device = session.device
    if device.kind is not Kind.NVR:
        return _OWN
    return f"/ISAPI/ContentMgmt/InputProxy/channels/{device.channel}/video/overlays"


def read(session: Session) -> Osd:
    """Read the first text that is on, and the clock; other texts and the channel's name are left alone."""
    document = session.read(page(session))
    shown, clock = _text(document), child(document, _CLOCK)
    on = boolean(clock, "enabled") or False
    return Osd(
        text=unicodedata.normalize("NFC", text(shown, "displayText")),
        text_position=tried(_corner, document, shown),
        clock=on,
        clock_position=tried(_corner, document, clock if on else None),
        date_format=_named(_DATES, text(clock, "dateStyle")) if on else "",
        time_format=_named(_TIMES, text(clock, "timeStyle")) if on else "",
    )


def _text(document: Element) -> Element | None:
    listed = child(document, _TEXTS)
    if listed is None:
        return None
    return next((each for each in items(listed, "TextOverlay") if boolean(each, "enabled")), None)


def _named(names: dict[str, str], told: str) -> str:
    return next((name for wire, name in names.items() if wire.lower() == told.lower()), told)


def _screen(document: Element) -> tuple[int, int]:
    size = child(document, "normalizedScreenSize")
    told = (whole(size, "normalizedScreenWidth"), whole(size, "normalizedScreenHeight"))
    return told[0] or _WIDE, told[1] or _HIGH


def _corner(document: Element, shown: Element | None) -> Corner:
    if shown is None:
        return Corner.NONE
    (wide, high), x, y = _screen(document), whole(shown, "positionX"), whole(shown, "positionY")
    if x is None or y is None:
        raise BadAnswer("overlays: the camera does not say where that stands")
    left, upper = x < wide / 2, y < high / 2
    return Corner(f"{'upper' if upper else 'lower'}_{'left' if left else 'right'}")


def limits(session: Session, wanted: Osd) -> tuple[Gap, ...]:
    """Tell formats the maker does not have, texts longer than the camera says it takes, and places of nothing."""
    gaps: list[Gap] = []
    for field, names in (("date_format", _DATES), ("time_format", _TIMES)):
        value = getattr(wanted, field)
        if isinstance(value, str) and value not in _offered(session, field, names):
            near = _alike(value, _offered(session, field, names))
            reason = f"the maker writes it as one of {'; '.join(_offered(session, field, names))}"
            gaps.append(Gap(field=field, reason=reason, nearest=near, instead=near or UNSET))
    most = tried(_longest, session)
    if isinstance(wanted.text, str) and isinstance(most, int) and len(wanted.text.encode()) > most:
        cut = wanted.text.encode()[:most].decode("utf-8", "ignore")
        gaps.append(Gap(field="text", reason=f"the camera takes {most} bytes", nearest=cut))
    return (*gaps, *_nothing_to_place(session.read(page(session)), wanted))


def _nothing_to_place(document: Element, wanted: Osd) -> Iterator[Gap]:
    """Yield the places and formats of what is not shown and shall not be."""
    told: list[tuple[str, str]] = []
    if not wanted.text and (wanted.text == "" or _text(document) is None):
        told.append(("text_position", "no text is shown"))
    if not (wanted.clock is True or (wanted.clock is UNSET and boolean(document, f"{_CLOCK}/enabled"))):
        told += [(field, "no clock is shown") for field in ("clock_position", "date_format", "time_format")]
    told += [
        (field, "`none` is only read; to show nothing, empty the text or turn the clock off")
        for field in ("text_position", "clock_position")
        if getattr(wanted, field) is Corner.NONE
    ]
    yield from (Gap(field=field, reason=reason) for field, reason in told if getattr(wanted, field) is not UNSET)


def _offered(session: Session, field: str, names: dict[str, str]) -> list[str]:
    """Return the formats that the camera's page of capabilities lists; the maker's usual ones where it does not."""
    options = tried(session.read, f"{page(session)}/capabilities")
    wire = "dateStyle" if field == "date_format" else "timeStyle"
    listed = attribute(child(options, f"{_CLOCK}/{wire}"), "opt") if isinstance(options, Element) else ""
    known = [_named(names, told.strip()) for told in listed.split(",") if told.strip()]
    return known or [name for name in names.values() if "/" not in name]


def _alike(value: str, offered: list[str]) -> str:
    """Return the format that has the same parts in the same order, "" where there is none."""
    return next((told for told in offered if told.replace("/", "-") == value.replace("/", "-")), "")


def _longest(session: Session) -> int | None:
    options = session.read(f"{page(session)}/capabilities")
    told = attribute(child(options, f"{_TEXTS}/TextOverlay/displayText"), "max")
    return int(told) if told.isdecimal() else None


# --- writing ---------------------------------------------------------------------------------------


def write(session: Session, wanted: Osd, _secrets: Secrets) -> None:
    """Write the whole document with what differs changed; what is not ours stays as it is."""
    document = copy.deepcopy(session.read(page(session), fresh=True))
    if wanted.text is not UNSET or wanted.text_position is not UNSET:
        _write_text(document, wanted)
    values: dict[str, object] = {}
    if isinstance(wanted.clock, bool):
        values[f"{_CLOCK}/enabled"] = wanted.clock
    if isinstance(wanted.clock_position, Corner):
        values |= {f"{_CLOCK}/{name}": told for name, told in _place(document, wanted.clock_position).items()}
    for part, names, value in (("dateStyle", _DATES, wanted.date_format), ("timeStyle", _TIMES, wanted.time_format)):
        if isinstance(value, str):
            values[f"{_CLOCK}/{part}"] = next((wire for wire, name in names.items() if name == value), value)
    session.write("PUT", page(session), changed(document, values))


def _write_text(document: Element, wanted: Osd) -> None:
    """Change the text that is shown, or put a new one where nothing is; "" turns it off."""
    listed = child(document, _TEXTS)
    if listed is None:
        raise Unsupported("the camera shows no texts of its own")
    shown = _text(document)
    values: dict[str, Any] = {}
    if wanted.text == "":
        values["enabled"] = False
    elif isinstance(wanted.text, str):
        values |= {"enabled": True, "displayText": wanted.text}
    corner = wanted.text_position
    if isinstance(corner, Corner) or (shown is None and wanted.text):
        values |= _place(document, corner if isinstance(corner, Corner) else Corner.UPPER_LEFT)
    if shown is None:
        shown = next((each for each in items(listed, "TextOverlay") if not boolean(each, "enabled")), None)
    if shown is None:
        if items(listed, "TextOverlay"):
            raise Rejected("every text the camera can show is in use")
        shown = like(listed, "TextOverlay", {"id": 1, "enabled": False, "positionX": 0, "positionY": 0})
        listed.append(shown)
    listed.replace(shown, changed(shown, values))


def _place(document: Element, corner: Corner) -> dict[str, int]:
    """Return where a text of that corner begins; at the right it begins so far in that a line of text has room."""
    wide, high = _screen(document)
    left, upper = corner in (Corner.UPPER_LEFT, Corner.LOWER_LEFT), corner in (Corner.UPPER_LEFT, Corner.UPPER_RIGHT)
    x, y = (0 if left else wide * 3 // 4), (_STEP if upper else high * 8 // 9)
    return {"positionX": x // _STEP * _STEP, "positionY": y // _STEP * _STEP}


CELL = Cell(aspect="osd", protocol="isapi", read=read, write=write, limits=limits)
