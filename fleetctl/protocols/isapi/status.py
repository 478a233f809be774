"""ResponseStatus: what a device says of a request, decided by its sub-code and not by the HTTP status.

Source: field facts, NVR and vendor protocols, 1.3 (the vendor's table of 2271 codes) and 0.2.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Final

from fleetctl.errors import BadAnswer, FleetctlError, Refused, Rejected, Unsupported
from fleetctl.protocols import xml
from fleetctl.protocols.http import Response
from fleetctl.protocols.xml import Element, local, text

# Sub-codes by what the caller may do, compared in lower case: firmware spells one token in several ways.
DONE: Final = frozenset({"", "ok", "riskpassword", "rebootrequired", "autoreboot"})
BUSY: Final = frozenset(
    {"devicebusy", "upgrading", "reconnectipc", "formatting", "channelisconnecting", "servicebusy", "devbusy"}
)
ABSENT: Final = frozenset({"notsupport", "methodnotallowed", "invalidoperation", "notfound"})

# In the vendor's word and ours (what the technician does about it).
SAYS: Final = {
    "lowprivilege": "this login may not do it",
    "notactivated": "the device was never activated; take it in: fleetctl adopt",
    "hasactivated": "the device is activated already",
    "riskpassword": "the device calls the password weak",
    "loginpassworderror": "the password of the login is not accepted",
    "incorrentusernameorpassword": "the user name or password is not accepted",
    "passworddecodeerror": "the device cannot read the password as it was sent: it takes it encrypted in another way",
    "ipcnumreacheslimit": "the recorder has no channel left",
    "ipcnetworkabnormal": "the recorder does not reach the camera",
    "ipcpassworderror": "the camera refuses the password that the recorder has",
    "ipcislocking": "the camera has locked the recorder out; wait half an hour and do not try again before",
    "ipcnotactivated": "the camera was never activated",
    "channeloffline": "the channel is offline",
    "nvrnotsupportresetpassword": "the recorder cannot reset the camera's password",
    "ipcipnotunique": "another channel has this address already",
    "channeldeviceexist": "the camera is on another channel of this recorder already",
    "channelipaddrconflictwithdev": "the camera's address is the recorder's own",
    "channelusernamenotexist": "the camera has no such account",
    "channelriskpassword": "the recorder calls the camera's password weak",
    "diskerror": "a disk is faulty",
    "frequentformatdisk": "a disk was formatted a moment ago",
    "toosmallquota": "the space set aside is too small",
    "usernamerepetitive": "there is an account of this name already",
    "passwordmustcontainmorethan8characters": "a password has 8 characters at least",
    "passwordlennomorethan16": "a password has 16 characters at most",
    "illegalpassword": "a password needs two classes of characters and may not hold the user's name",
    "badxmlformat": "the request is not the document the device expects",
    "badxmlcontent": "a value in the request is not one the device takes",
    "badparameters": "a value in the request is not one the device takes",
    "ntpunconnect": "the time server does not answer the device",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A ResponseStatus document; `created` is the id of what a POST made."""

    code: int
    sub_code: str
    text: str = ""
    created: str = ""

    @property
    def token(self) -> str:
        """Return the sub-code in small letters; where there is none, what the status code stands for."""
        if self.sub_code:
            return self.sub_code.lower()
        return {0: "ok", 1: "ok", 2: "devicebusy", 4: "invalidoperation", 7: "rebootrequired"}.get(self.code, "unknown")

    @property
    def done(self) -> bool:
        """Tell whether the device says that it did what was asked."""
        return self.token in DONE

    @property
    def busy(self) -> bool:
        """Tell whether the same request may do later."""
        return self.token in BUSY


def status_of(response: Response) -> Status | None:
    """Return the ResponseStatus in a reply, XML or JSON, None where it is another document or page."""
    body = response.body.strip()
    if body.startswith(b"{"):
        return _json(body)
    if not body.startswith(b"<") or b"ResponseStatus" not in body:
        return None
    try:
        root = xml.parse(body)
    except BadAnswer:
        return None
    return _xml(root) if local(root) == "ResponseStatus" else _worst(root)


def _worst(root: Element) -> Status | None:
    """Return the first of a ResponseStatusList that is not done, else its last."""
    if local(root) != "ResponseStatusList":
        return None
    told = [_xml(one) for one in xml.children(root, "ResponseStatus")]
    return next((one for one in told if not one.done), told[-1] if told else None)


def _xml(root: Element) -> Status:
    return Status(
        code=_number(text(root, "statusCode")),
        sub_code=text(root, "subStatusCode"),
        text=text(root, "statusString"),
        created=text(root, "id") or text(root, "ID"),
    )


def _json(body: bytes) -> Status | None:
    try:
        told: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(told, dict) or "statusCode" not in told:
        return None
    return Status(
        code=_number(str(told.get("statusCode", ""))),
        sub_code=str(told.get("subStatusCode", "")),
        text=str(told.get("statusString", "")),
        created=str(told.get("id", "")),
    )


def _number(told: str) -> int:
    return int(told) if told.isdecimal() and len(told) < 6 else -1


def error_of(status: Status, what: str) -> FleetctlError:
    """Return what a status that is not done means to the caller."""
    token, named = status.token, status.sub_code or status.text or str(status.code)
    if token in ABSENT:
        return Unsupported(f"{what}: not offered ({named})")
    message = f"{what}: {SAYS.get(token, 'the device says no')} ({named[:80]})"
    if token in ("lowprivilege", "notactivated"):
        return Refused(message)
    return Rejected(message, code=status.sub_code)


def error_of_page(response: Response, what: str) -> FleetctlError | None:
    """Return what an HTTP status without a ResponseStatus means, None for success.

    Missing pages are 403, 404, 400 and, for a stream that does not exist, 500 (field facts, 1.1).
    """
    if 200 <= response.status < 300:
        return None
    if response.status in (400, 403, 404, 405, 410, 501):
        return Unsupported(f"{what}: not offered (HTTP {response.status})")
    if 300 <= response.status < 400:
        return BadAnswer(f"{what}: the device leads elsewhere (HTTP {response.status}), which is not followed")
    return Rejected(f"{what}: the device fails at it (HTTP {response.status})", code=str(response.status))
