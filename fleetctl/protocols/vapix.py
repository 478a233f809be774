"""VAPIX, as far as firmware needs it: JSON orders to `firmwaremanagement.cgi` of an Axis device.

Source: field facts, NVR and vendor protocols, 4.1 and 5.3 (developer.axis.com, firmware-management-api).
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from typing import Any, Final

from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.protocols.digest import challenge_in
from fleetctl.protocols.http import Response
from fleetctl.protocols.identities import Identity
from fleetctl.protocols.upload import Upload
from fleetctl.protocols.web import WebSession

PAGE: Final = "/axis-cgi/firmwaremanagement.cgi"
READING: Final = frozenset({"status", "getSupportedVersions"})
Body = Callable[[bytes, bytes], Upload]


class Session(WebSession[str, dict[str, Any]]):
    """One device, one login, one thread. Made by `connect`; a context manager."""

    PROTOCOL = "vapix"
    KEEP_ALIVE = "vapix_keep_alive"
    NEVER_OPENED = "the device has no account yet"

    def meet(self) -> None:
        """Ask without a login; `connect` does it. Raises Unsupported where the page is not there."""
        response = self._first(login=False)
        challenged = response.status == 401 and challenge_in(response.all("WWW-Authenticate")) is not None
        if not challenged and response.status not in (200, 405):
            raise Unsupported(f"the device does not speak VAPIX (HTTP {response.status})")
        self.met = True

    def _first(self, *, login: bool) -> Response:
        return self._web.request("GET", PAGE, reading=True, what="firmwaremanagement", login=login)

    def _prove(self) -> None:
        self.ask("status")

    def identity(self) -> Identity:
        """Firmware only: who the device is, is asked over ONVIF."""
        raise Unsupported("VAPIX is spoken for firmware only")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send an order and return its data; raises PermissionError for one that writes, in a READ session.

        Raises Rejected (the device says no), Unsupported, Refused, BadAnswer, Unreachable.
        """
        reading = method in READING
        self._may(f"firmwaremanagement {method}", reading=reading)
        with self._anew():
            response = self._web.request(
                "POST", PAGE, _order(method, parameters), "application/json", reading=reading, what=method
            )
        return _data(response, method)

    def send_file(self, method: str, make: Body, **parameters: Any) -> dict[str, Any]:
        """Send an order with a file behind it, once, and return its data; raises as `ask`."""
        boundary = f"fleetctl-{secrets.token_hex(12)}"
        before = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="json"\r\nContent-Type: application/json\r\n\r\n'
        ).encode() + _order(method, parameters)
        before += (
            f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="fileData"; filename="firmware.bin"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        content = make(before, f"\r\n--{boundary}--\r\n".encode())
        kind = f"multipart/form-data; boundary={boundary}"
        return _data(self._file_sent("POST", PAGE, content, kind, method), method)


connect = Session.connect


def _order(method: str, parameters: dict[str, Any]) -> bytes:
    told: dict[str, Any] = {"apiVersion": "1.0", "method": method}
    return json.dumps(told | ({"params": parameters} if parameters else {})).encode()


def _data(response: Response, method: str) -> dict[str, Any]:
    """Return what an order answers; an error stands in a 200 as well (field facts, 0.2)."""
    if response.status in (404, 405, 501):
        raise Unsupported(f"{method}: the device has no firmware management (HTTP {response.status})")
    try:
        told = json.loads(response.body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise BadAnswer(f"{method}: the answer is no JSON object (HTTP {response.status})", raw=response.body)
    error = told.get("error")
    if isinstance(error, dict):
        said = f"{error.get('code', '')} {error.get('message', '')}".strip()[:120]
        raise Rejected(f"{method}: the device says no ({said})", code=str(error.get("code", "")))
    data = told.get("data")
    return data if isinstance(data, dict) else {}
