"""Files sent to a device: to the address it gave out (ONVIF), or as the attachment of an operation (MTOM).

Source: ONVIF Core 26.06, StartFirmwareUpgrade (415: no file for it, 500: it fails at it), UpgradeSystemFirmware.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from fleetctl.lab import access, auth, firmware
from fleetctl.lab.device import SimDevice
from fleetctl.lab.dispatch import Incoming, Reply
from fleetctl.lab.services import After
from fleetctl.lab.world import World

_ROOT: Final = re.compile(rb"\r\n\r\n(<.*?</[A-Za-z0-9-]+:Envelope>)", re.DOTALL)
_HEAD: Final = 256 * 1024


def answer(world: World, device: SimDevice, incoming: Incoming) -> Reply:
    """Take the file that StartFirmwareUpgrade asked for, from an administrator."""
    header = incoming.headers.get("authorization", "")
    login = auth.http_digest(device, header, incoming.method, incoming.target, incoming.source)
    if login.level < access.ADMINISTRATOR and not access.anonymous_allowed(device):
        told = auth.challenges(device, stale=login.stale, always=True)
        headers = tuple(("WWW-Authenticate", value) for value in told)
        return Reply(status=401, body=b"", content_type="text/html", headers=headers)
    if incoming.method != "POST":
        return Reply(status=405, body=b"", content_type="text/html")
    kind = incoming.headers.get("content-type", "")
    if kind.partition(";")[0].strip() != "application/octet-stream":
        return Reply(status=415, body=b"", content_type="text/html")
    device.upload = ""
    if device.faults and "ignore-writes" in device.faults:
        return Reply(status=200, body=b"", content_type="text/html", wrote=True)
    try:
        image = firmware.taken(incoming, device)
    except firmware.NotForUs as error:
        device.note("firmware:upload", login.user, error.why, world.spec.log_size)
        return Reply(status=500 if error.why == "busy" else 415, body=b"", content_type="text/html")
    return Reply(status=200, body=b"", content_type="text/html", after=After(image=image), wrote=True)


def unpacked(incoming: Incoming) -> Incoming:
    """Return a request whose body is the SOAP message alone, and its attachment beside it, if it has one."""
    if not incoming.headers.get("content-type", "").startswith("multipart/related"):
        return incoming
    source = firmware.body_of(incoming)
    at = source.tell()
    source.seek(0)
    found = _ROOT.search(source.read(_HEAD))
    source.seek(at)
    if found is None:
        return incoming
    headers = {**incoming.headers, "content-type": "application/soap+xml; charset=utf-8"}
    return replace(incoming, headers=headers, body=found[1], spool=None, attachment=source if at else None)
