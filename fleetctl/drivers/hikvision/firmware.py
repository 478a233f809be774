"""Firmware over ISAPI: the raw file in one request, then how far it is.

Source: field facts, NVR and vendor protocols, 5.1 (updateFirmware, upgradeStatus, sub-codes), 1.5 (status).
"""

from __future__ import annotations

from typing import Final

from fleetctl.errors import Unsupported
from fleetctl.model import Order
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.xml import boolean, text

UPDATE: Final = "/ISAPI/System/updateFirmware"
REBOOT_ASKED: Final = "rebootrequired"


def flash(session: Session, order: Order) -> str:
    """Give a device its image; some firmware takes it by POST only, and some asks for the restart.

    Raises Rejected (no image for it, cut off, another language), Unsupported, Refused, Unreachable.
    """
    try:
        told = session.send_file("PUT", UPDATE, order.body)
    except Unsupported:
        told = session.send_file("POST", UPDATE, order.body)
    if told.token == REBOOT_ASKED:
        session.write("PUT", "/ISAPI/System/reboot")
    return told.sub_code


def flash_state(session: Session, _argument: object) -> int | None:
    """Return how far an upgrade is in percent, None where none is under way."""
    told = session.read("/ISAPI/System/upgradeStatus", fresh=True)
    if not boolean(told, "upgrading"):
        return None
    percent = text(told, "percent")
    return int(percent) if percent.isdecimal() else 0


def uptime(session: Session, _argument: object) -> float | None:
    """Return for how many seconds the device has been up."""
    told = text(session.read("/ISAPI/System/status", fresh=True), "deviceUpTime")
    return float(told) if told.isdecimal() else None
