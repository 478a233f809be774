"""Firmware over Dahua's CGI: one multipart upload, then its state.

Source: field facts, NVR and vendor protocols, 5.2 (upgrader.cgi; older recorders have none of it).
"""

from __future__ import annotations

import secrets

from fleetctl.errors import Rejected, Unsupported
from fleetctl.model import Order
from fleetctl.protocols.dahua import Session


def flash(session: Session, order: Order) -> str:
    """Give a device its image; raises Rejected (no image for it), Unsupported (no such page), Refused, Unreachable."""
    boundary = f"fleetctl-{secrets.token_hex(12)}"
    before = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="firmware.bin"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    content = order.body(before, f"\r\n--{boundary}--\r\n".encode())
    try:
        return session.send_file("upgrader", "uploadFirmware", content, f"multipart/form-data; boundary={boundary}")
    except Unsupported as error:  # a 400 says both: no such page, and no such image
        session.read("upgrader", "getState", fresh=True)
        raise Rejected("the device says that this is no image for it") from error


def flash_state(session: Session, _argument: object) -> int | None:
    """Return how far an upgrade is in percent, None where none is under way."""
    told = session.read("upgrader", "getState", fresh=True)
    state, progress = told.get("state", ""), told.get("progress", "")
    if state.lower() not in ("upgrading", "downloading", "preparing"):
        return None
    return int(progress) if progress.isdecimal() else 0
