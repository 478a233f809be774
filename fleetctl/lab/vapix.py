"""Axis's own page for firmware, the device's side: JSON orders, an upgrade on trial, `commit`, `rollback`.

Source: field facts, NVR and vendor protocols, 4.1 and 5.3; no capture of it is public.
"""

from __future__ import annotations

import json
from typing import Any, Final

from fleetctl.lab import access, auth, firmware
from fleetctl.lab.device import SimDevice
from fleetctl.lab.dispatch import Incoming, Reply
from fleetctl.lab.services import After
from fleetctl.lab.world import World

PAGE: Final = "/axis-cgi/firmwaremanagement.cgi"
_HEAD: Final = 64 * 1024
_NO: Final = {"wrong": (2106, "Firmware file is not for this product"), "cut": (2106, "Firmware file is corrupt"),
              "busy": (2100, "An upgrade is under way")}  # fmt: skip


def answer(world: World, device: SimDevice, incoming: Incoming) -> Reply:
    """Answer one request, to an administrator."""
    header = incoming.headers.get("authorization", "")
    login = auth.http_digest(device, header, incoming.method, incoming.target, incoming.source)
    if login.level < access.ADMINISTRATOR and not access.anonymous_allowed(device):
        told = auth.challenges(device, stale=login.stale, always=True)
        headers = tuple(("WWW-Authenticate", value) for value in told)
        return Reply(status=401, body=b"", content_type="text/html", headers=headers)
    if incoming.method != "POST":
        return Reply(status=405, body=b"", content_type="text/html")
    order = _order(incoming)
    method = str(order.get("method", ""))
    device.note(f"vapix:{method}", login.user, "ok", world.spec.log_size)
    if method == "status":
        return _told(method, {
            "activeFirmwareVersion": firmware.version_of(device),
            "isCommitted": not device.read("info").get("uncommitted"),
        })  # fmt: skip
    if method == "upgrade":
        return _upgrade(device, incoming, order.get("params", {}))
    if method == "commit":
        device.change("info")["uncommitted"] = None
        device.commit(world.disk)
        return _told(method, {}, wrote=True)
    return _no(method, 2003, "Method not supported")


def _order(incoming: Incoming) -> dict[str, Any]:
    body = incoming.body
    if incoming.spool is not None:
        incoming.spool.seek(0)
        body = incoming.spool.read(_HEAD)
    if incoming.headers.get("content-type", "").startswith("multipart/"):
        body = body.partition(b"\r\n\r\n")[2].partition(b"\r\n--")[0]
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _upgrade(device: SimDevice, incoming: Incoming, parameters: dict[str, Any]) -> Reply:
    try:
        image = firmware.taken(incoming, device)
    except firmware.NotForUs as error:
        return _no("upgrade", *_NO[error.why])
    device.trial = float(parameters.get("autoRollback", 0)) if parameters.get("autoCommit") == "never" else 0.0
    return _told("upgrade", {"firmwareVersion": image.version}, wrote=True, after=After(image=image))


def _told(method: str, data: dict[str, Any], *, wrote: bool = False, after: After | None = None) -> Reply:
    body = json.dumps({"apiVersion": "1.0", "method": method, "data": data}).encode()
    return Reply(status=200, body=body, content_type="application/json", wrote=wrote, after=after)


def _no(method: str, code: int, words: str) -> Reply:
    body = json.dumps({"apiVersion": "1.0", "method": method, "error": {"code": code, "message": words}}).encode()
    return Reply(status=200, body=body, content_type="application/json")
