"""A message posted to a web address: signed, and the same number each time it is tried."""

from __future__ import annotations

import hashlib
import hmac
from typing import Final
from urllib.parse import urlsplit

from fleetctl.errors import Rejected, Unreachable
from fleetctl.protocols.http import HttpClient

TIMEOUT_S: Final = 30.0
_LATER: Final = frozenset({408, 409, 425, 429})


def signature(key: str, time: int, body: bytes) -> str:
    """Return `sha256=` and the HMAC-SHA256, in hex, of the seconds, a full stop and the body."""
    return "sha256=" + hmac.new(key.encode(), b"%d." % time + body, hashlib.sha256).hexdigest()


def host_of(url: str) -> str:
    """Return what may be told of an address: its path may be a secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"


def post(url: str, body: bytes, *, key: str = "", number: str = "", time: int = 0, ca_file: str = "") -> None:
    """Post JSON; on return it was taken (2xx). With a key it is signed with `time`, in seconds since 1970.

    Raises Unreachable (try later: no route, time, 5xx and such), Refused (the certificate), Rejected (any other
    answer; redirects are not followed), BadAnswer.
    """
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    client = HttpClient(
        parts.hostname or "", port, scheme=parts.scheme, timeout_s=TIMEOUT_S, ca_file=ca_file, keep_alive=False
    )
    headers = {"Content-Type": "application/json"}
    if key:
        headers |= {"Idempotency-Key": number, "X-Fleetctl-Timestamp": str(time)}
        headers["X-Fleetctl-Signature"] = signature(key, time, body)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        status = client.request("POST", path, body, headers).status
    finally:
        client.close()
    if 200 <= status < 300:
        return
    told = f"{host_of(url)} answered {status}"
    raise Unreachable(told) if status >= 500 or status in _LATER else Rejected(told, code=str(status))
