"""Files sent to an ONVIF device: by HTTP POST to an address it gave, or as the attachment of an operation (MTOM).

Source: ONVIF Core 26.06, StartFirmwareUpgrade, UpgradeSystemFirmware; W3C XOP and MTOM.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Final

from fleetctl.errors import Refused, Rejected, Unreachable, Unsupported
from fleetctl.protocols.digest import DigestAuth
from fleetctl.protocols.http import Response
from fleetctl.protocols.onvif import soap
from fleetctl.protocols.onvif.operations import is_reading
from fleetctl.protocols.onvif.services import path_of
from fleetctl.protocols.onvif.wire import Wire
from fleetctl.protocols.upload import Upload
from fleetctl.protocols.xml import Element

Body = Callable[[bytes, bytes], Upload]
_XOP: Final = "http://www.w3.org/2004/08/xop/include"
OCTETS: Final = "application/octet-stream"


def post(wire: Wire, uri: str, content: Upload, timeout_s: float) -> None:
    """Send a file to the path of an address that the device gave; returns once it says that it has it.

    The login's challenge is asked for first, so that a long file goes once. Raises Refused (the login), Rejected (415:
    no file for this device; 5xx: the device fails at it), Unsupported (nothing there), Unreachable.
    """
    path = path_of(uri)
    if not path:
        raise Rejected("the device gives no address to send the file to")
    auth = None
    if wire.login is not None:
        wire.login.ready()
        auth = wire.login.pictures
        challenge(wire, path, auth)
    wire.client.close()
    response = wire.client.request(
        "POST", path, content, {"Content-Type": OCTETS}, auth=auth, repeatable=False, timeout_s=timeout_s
    )
    if response.status == 401 and wire.login is not None and auth is not None and auth.rejected:
        wrong = not wire.login.proven
        error = Refused("the upload is refused to this login", credential=wrong)
        raise wire.login.end(error) if wrong else error
    judged(response, "the upload")


def challenge(wire: Wire, path: str, auth: DigestAuth) -> None:
    """Learn without a login, and without the file, how the device wants it: a GET there changes nothing."""
    response = wire.client.request("GET", path, repeatable=True)
    if response.status == 401:
        auth.challenged(response.all("WWW-Authenticate"))


def judged(response: Response, what: str) -> None:
    """Raise what an answer to a file means, where it is not that the device has it."""
    status = response.status
    if 200 <= status < 300:
        return
    if status == 415:
        raise Rejected(f"{what}: the device says that this is no image for it (HTTP 415)", code="415")
    if status in (401, 403):
        raise Refused(f"{what} is refused to this login (HTTP {status})")
    if status in (404, 405, 501):
        raise Unsupported(f"{what}: the device takes no file there (HTTP {status})")
    if status in (429, 503):
        raise Unreachable(f"{what}: the device is busy (HTTP {status})")
    raise Rejected(f"{what}: the device fails at it (HTTP {status})", code=str(status))


def attached(wire: Wire, path: str, operation: tuple[str, str], body: str, make: Body, timeout_s: float) -> Element:
    """Send an operation of which a file is part; `body` holds `xop:Include href="cid:image"`. Raises as `Wire.call`."""
    service, name = operation
    login = wire.login
    if login is not None:
        login.ready()
        if login.scheme == "digest":
            challenge(wire, path, login.digest)
    wsse = login if login is not None and login.scheme == "wsse" else None
    boundary = f"fleetctl-{secrets.token_hex(12)}"
    kind = 'application/xop+xml; charset=utf-8; type="application/soap+xml"'
    security = soap.username_token(wsse.user, wsse.password, wire.clock.now()) if wsse is not None else ""
    envelope = soap.envelope(service, name, body, security=security, content_type="plain")
    before = _part(boundary, kind, "root") + envelope + b"\r\n" + _part(boundary, OCTETS, "image")
    content = make(before, f"\r\n--{boundary}--\r\n".encode())
    told = (
        f'multipart/related; type="application/xop+xml"; boundary="{boundary}"; start="<root>"; '
        'start-info="application/soap+xml"'
    )
    assert not is_reading(service, name)  # noqa: S101  # a file changes the device
    wire.client.close()
    answer = soap.reply(
        wire.client.request(
            "POST",
            path,
            content,
            {"Content-Type": told},
            auth=login.digest if login is not None and login.scheme == "digest" else None,
            timeout_s=timeout_s,
        )
    )
    if answer.http.status == 415:
        judged(answer.http, name)
    return soap.element_of(answer, f"{service}:{name}", name)


def _part(boundary: str, kind: str, name: str) -> bytes:
    return (
        f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <{name}>\r\n\r\n"
    ).encode()


def include() -> str:
    """Return the element that stands for the file in the operation's body."""
    return f'<xop:Include xmlns:xop="{_XOP}" href="cid:image"/>'
