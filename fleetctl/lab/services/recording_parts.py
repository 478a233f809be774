"""What recordings and their jobs have in common: durations, tokens, tracks. Source: onvif.xsd 26.06."""

from __future__ import annotations

import re
from typing import Any, Final

from fleetctl.lab.services import Call
from fleetctl.lab.soap import SoapFault

RECEIVER: Final = "http://www.onvif.org/ver10/schema/Receiver"
PROFILE: Final = "http://www.onvif.org/ver10/schema/Profile"
TRACKS: Final = {"VIDEO001": "Video", "AUDIO001": "Audio", "META001": "Metadata"}
_DURATION: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?")


def days_of(duration: str) -> float:
    """Return the days of an xs:duration; raises ter:BadConfiguration for what is none."""
    found = _DURATION.fullmatch(duration)
    if found is None:
        raise SoapFault("ter:InvalidArgVal", "ter:BadConfiguration", reason="The retention time is not possible")
    years, months, days, hours, minutes, seconds = (float(part or 0) for part in found.groups())
    return years * 365 + months * 30 + days + hours / 24 + minutes / 1440 + seconds / 86400


def _no_recording() -> SoapFault:
    return SoapFault("ter:InvalidArgVal", "ter:NoRecording", reason="The recording does not exist")


def recording_of(call: Call, token: str) -> dict[str, Any]:
    """Return a recording by token; raises ter:NoRecording."""
    found = call.device.read("recordings").get(token)
    if found is None:
        raise _no_recording()
    return dict(found)
