"""ISAPI: who asks, and how the web server turns him away.

Source: capture hikvision/hikvisionapi-cassettes (challenge, 401 page); field facts on vendor protocols 1.2.
"""

from __future__ import annotations

from typing import Any, Final

from fleetctl.lab import access, auth
from fleetctl.lab.auth import Login
from fleetctl.lab.device import SimDevice
from fleetctl.lab.isapi import xml
from fleetctl.lab.isapi.pages import rule_of
from fleetctl.lab.vendor import Reply, Visit

PAGE_401: Final = (
    b"<!DOCTYPE html>\r\n<html><head><title>Document Error: Unauthorized</title></head>\r\n"
    b"<body><h2>Access Error: 401 -- Unauthorized</h2>\r\n<p>Authentication Error</p>\r\n</body>\r\n</html>\r\n"
)


def known(visit: Visit) -> Login:
    """Judge the request's credential."""
    header = visit.incoming.headers.get("authorization", "")
    if rule_of(visit).basic and header.lower().startswith("basic "):
        return auth.http_basic(visit.device, header, visit.incoming.source)
    asked = visit.incoming
    return auth.http_digest(visit.device, header, asked.method, asked.target, asked.source)


def _challenges(device: SimDevice, login: Login, *, basic: bool) -> tuple[tuple[str, str], ...]:
    """As Hikvision writes them: no algorithm where there is only MD5, no opaque, `stale` quoted."""
    nonce = auth.fresh_nonce(device)
    stale = "TRUE" if login.stale else "FALSE"
    algorithms = device.personality.algorithms
    told = [
        f'Digest qop="auth", realm="{device.personality.realm}", nonce="{nonce}", stale="{stale}"'
        + ("" if algorithms == ("MD5",) else f", algorithm={algorithm}")
        for algorithm in algorithms
    ]
    if basic:
        told.append(f'Basic realm="{device.personality.realm}"')
    return tuple(("WWW-Authenticate", value) for value in told)


def refused(visit: Visit, login: Login) -> Reply:
    """A 401: the HTML page, or at Security/userCheck how many tries are left."""
    device, rule = visit.device, rule_of(visit)
    headers = _challenges(device, login, basic=rule.basic)
    if not visit.incoming.path.endswith("/Security/userCheck"):
        return Reply(status=401, body=PAGE_401, content_type="text/html", headers=headers)
    body = xml.document(rule, "Security/userCheck", "userCheck", standing(visit, login))
    return Reply(status=401, body=body, content_type=xml.TYPE, headers=headers)


def standing(visit: Visit, login: Login) -> dict[str, Any]:
    """Return what a 401 at Security/userCheck says of the lock-out."""
    device, source = visit.device, visit.incoming.source
    known = login.tried  # without a login it says whether the asking address is locked out
    seconds = access.locked_for_s(device, known, source) if known else access.source_locked_for_s(device, source)
    return {
        "statusValue": 401,
        "statusString": "Unauthorized",
        "isActivated": bool(device.read("users")),
        "lockStatus": "lock" if seconds else "unlock",
        "unlockTime": round(seconds) if seconds else None,
        "retryLoginTime": None if seconds else access.tries_left(device, login.tried, source),
    }
