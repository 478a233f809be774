"""Dahua's CGI, the device's side (KBVision is a brand of it): from a request to a page, its right, its answer.

Source: field facts on vendor protocols, section 2; captures dahua/aiodahua.
"""

from __future__ import annotations

import json
import os
from typing import Final

from fleetctl.lab import access, auth
from fleetctl.lab.auth import Login
from fleetctl.lab.cgi import channels, logs, recording, system, tables, text
from fleetctl.lab.cgi.pages import rule_of
from fleetctl.lab.cgi.text import Refused
from fleetctl.lab.device import SimDevice
from fleetctl.lab.dispatch import Incoming, Reply, crowded
from fleetctl.lab.vendor import Visit
from fleetctl.lab.world import World

_PAGES: Final = {**system.PAGES, **tables.PAGES, **channels.PAGES, **recording.PAGES, **logs.PAGES}
_LOCKED: Final = 268632081


def answer(world: World, device: SimDevice, incoming: Incoming) -> Reply:
    """Answer one request below /cgi-bin/."""
    visit = Visit(world=world, device=device, incoming=incoming)
    path, _, query = incoming.target.removeprefix("/cgi-bin/").partition("?")
    arguments = text.pairs(query)
    action = next((value for key, value in arguments if key == "action"), "")
    page = _PAGES.get(path if path.startswith("api/") else f"{path}?{action}")
    name = f"cgi:{action or path.rpartition('/')[2]}"
    if (refusal := _door(visit)) is not None:
        visit.note(name, "refused")
        return refusal
    try:
        if page is None or not page.offered(device.personality):
            raise Refused("missing")
        if visit.level < page.level:
            raise Refused("right")
        reply = page.work(visit, arguments)
    except Refused as error:
        device.rollback()
        visit.note(name, f"{error.kind} {error.words}".strip())
        return refused(visit, error)
    if not visit.settle(wrote=reply.wrote):
        return refused(visit, Refused("failed"))
    reply.after = visit.after
    visit.note(name, "ok")
    return reply


def _door(visit: Visit) -> Reply | None:
    """Return the refusal of whoever may not come in; else None, and the visit knows who it is."""
    device, asked = visit.device, visit.incoming
    if crowded(device):
        return Reply(status=401, body=b"", content_type="text/html")
    header = asked.headers.get("authorization", "")
    if rule_of(visit).basic and header.lower().startswith("basic "):
        known = auth.http_basic(device, header, asked.source)
    else:
        known = auth.http_digest(device, header, asked.method, asked.target, asked.source)
    if known.user:
        visit.user, visit.level = known.user, known.level
        return None
    return _turned_away(visit, known)


def _turned_away(visit: Visit, known: Login) -> Reply:
    device = visit.device
    if known.locked:
        seconds = round(access.locked_for_s(device, known.tried, visit.incoming.source))
        body = json.dumps({"ErrorCode": _LOCKED, "RmLock": seconds, "RmLogin": 0, "result": False}).encode()
        return Reply(status=403, body=body, content_type="application/json")
    realm, nonce = f"Login to {device.serial_number}", auth.fresh_nonce(device)
    stale = ", stale=TRUE" if known.stale else ""
    told = f'Digest realm="{realm}", qop="auth", nonce="{nonce}", opaque="{os.urandom(20).hex()}"{stale}'
    return Reply(
        status=401,
        body=b"Error\r\nInvalid Authority!\r\n",
        content_type=text.TYPE,
        headers=(("WWW-Authenticate", told),),
    )


def refused(visit: Visit, error: Refused) -> Reply:
    """Say no as this firmware does: a missing page and a bad argument look alike, no right and no such table too."""
    rule = rule_of(visit)
    if error.kind in ("right", "unknown"):
        if error.kind == "unknown" and rule.error_in_200:
            body = f"Error: Error -1 getting param in name={error.words}\r\n".encode()
            return Reply(status=200, body=body, content_type=text.TYPE)
        told = {"error": {"code": 403, "message": "Authority:check failure."}, "result": False}
        return Reply(status=403, body=json.dumps(told).encode(), content_type="application/json")
    if error.kind == "failed":
        return Reply(status=400, body=b"Error\r\nBad Request!\r\n", content_type=text.TYPE)
    words = {"400": b"Error\r\nBad Request!\r\n", "501": b"Error\r\nNot Implemented!\r\n"}[rule.missing]
    return Reply(status=int(rule.missing), body=words, content_type=text.TYPE)
