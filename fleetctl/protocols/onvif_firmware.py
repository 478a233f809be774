"""Firmware over ONVIF: which way a device takes an image, and sending it.

Source: ONVIF Core 26.06, StartFirmwareUpgrade and UpgradeSystemFirmware; Device service capabilities,
System@FirmwareUpgrade and @HttpFirmwareUpgrade.
"""

from __future__ import annotations

import re
from time import sleep
from typing import Any, Final

from fleetctl.errors import Unsupported
from fleetctl.model import Order
from fleetctl.protocols.onvif import files
from fleetctl.protocols.xml import child, tag, text

_DURATION: Final = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?")
LONGEST_DELAY_S: Final = 120


def flash(session: Any, order: Order) -> str:
    """Give a device its image by the way it announces; returns what it says of it, once it has all of it.

    Raises Unsupported (no way), Rejected (it does not take this image), Refused, Unreachable.
    """
    told = child(session.read("tds", "GetServiceCapabilities"), "Capabilities/System")
    http, plain = (
        told is not None and str(told.get(name, "")).lower() in ("true", "1")
        for name in ("HttpFirmwareUpgrade", "FirmwareUpgrade")
    )
    if http:
        answer = session.write("tds", "StartFirmwareUpgrade")
        sleep(min(seconds(text(answer, "UploadDelay")), LONGEST_DELAY_S))
        session.send_file(text(answer, "UploadUri"), order.body)
        return text(answer, "ExpectedDownTime")
    if plain:
        body = tag("tds:Firmware", files.include())
        session.send_file("tds:UpgradeSystemFirmware", order.body, body=body)
        return ""
    raise Unsupported("the device announces no way to give it firmware over ONVIF")


def seconds(duration: str) -> int:
    """Return the seconds of an xs:duration without years and months; 0 for what is none."""
    found = _DURATION.fullmatch(duration.strip())
    if found is None:
        return 0
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest
