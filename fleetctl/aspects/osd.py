"""On-screen display: text and clock in the picture."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fleetctl.model import Aspect, Disruption, Kind, Unset, setting


class Corner(enum.StrEnum):
    """Where in the picture something is shown."""

    UPPER_LEFT = "upper_left"
    UPPER_RIGHT = "upper_right"
    LOWER_LEFT = "lower_left"
    LOWER_RIGHT = "lower_right"


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


ASPECT = Aspect(
    name="osd",
    type=Osd,
    kinds=frozenset({Kind.CAMERA}),
    disruption=Disruption.NONE,
    doc="Text, date and time in the picture, and where",
)
