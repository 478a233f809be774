"""Logins: WS-UsernameToken digest judged by the device's own clock, and HTTP digest.

Source: WS-Security UsernameToken Profile 1.0; RFC 7616; ONVIF Core 26.06 section 5.9; field facts, quirks 1 to 7.
"""

from __future__ import annotations

import base64
import binascii
import calendar
import hashlib
import hmac
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from fleetctl.lab import access
from fleetctl.lab.device import SimDevice
from fleetctl.lab.soap import WSSE, WSU, Element
from fleetctl.lab.spec import LabSpec

_DIGEST_TYPE: Final = "#PasswordDigest"
_CREATED: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|[+-]\d\d:\d\d)?")
_PAIR: Final = re.compile(r'(\w+)=(?:"([^"]*)"|([^\s,]+))')
_KEY: Final = os.urandom(16)
_NONCE_LIFE_S: Final = 300
_HASHES: Final[dict[str, Callable[[bytes], str]]] = {
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Login:
    """What came of a request's credentials. `user` "" is nobody; `presented`: there was one, and it was rejected."""

    user: str = ""
    tried: str = ""  # whose credential it was, right or wrong
    level: int = access.ANYONE
    presented: bool = False
    digest: bool = False  # it came by HTTP digest
    locked: bool = False
    stale: bool = False


NOBODY: Final = Login()


def onvif_accounts(device: SimDevice) -> str:
    """Return the section that holds the accounts ONVIF knows: on newer Hikvision firmware they are apart."""
    rule = device.personality.isapi
    return "onvif_users" if rule is not None and rule.onvif_accounts else "users"


def password_of(device: SimDevice, user: str, section: str = "users") -> str | None:
    """Return an account's password, None if there is no such account."""
    account = device.read(section).get(user)
    return None if account is None else str(account["password"])


def settle(device: SimDevice, user: str, right: bool, source: str = "", section: str = "users") -> Login:
    """Count the presented credential and return what it gives; a locked login is refused whatever is right."""
    if access.locked(device, user, source):
        return Login(tried=user, presented=True, locked=True)
    if not right:
        access.missed(device, user, source)
        return Login(tried=user, presented=True)
    access.proven(device, user, source)
    return Login(user=user, tried=user, level=access.LEVELS.get(device.read(section)[user]["level"], access.USER))


def username_token(device: SimDevice, security: Element, lab: LabSpec, source: str = "") -> Login:
    """Judge a WS-UsernameToken. A clock too far off or a replayed nonce costs a try like a wrong password."""
    token = security.find(f"{{{WSSE}}}UsernameToken")
    if token is None or "wsse" not in device.personality.schemes:
        return NOBODY
    user = (token.findtext(f"{{{WSSE}}}Username") or "").strip()
    told = token.find(f"{{{WSSE}}}Password")
    nonce = (token.findtext(f"{{{WSSE}}}Nonce") or "").strip()
    created = (token.findtext(f"{{{WSU}}}Created") or "").strip()
    section = onvif_accounts(device)
    password = password_of(device, user, section)
    if told is None or password is None or not (told.get("Type") or "").endswith(_DIGEST_TYPE):
        return settle(device, user, False, source)
    rule = device.personality
    if len(nonce) > rule.nonce_max or len(created) > rule.created_max:
        return settle(device, user, False, source)
    try:
        raw = base64.b64decode(nonce, validate=True)
    except binascii.Error:
        return settle(device, user, False, source)
    wanted = base64.b64encode(
        hashlib.sha1(raw + created.encode() + password.encode(), usedforsecurity=False).digest()
    ).decode()
    right = hmac.compare_digest(wanted, (told.text or "").strip()) and _timely(device, created, nonce, lab)
    return settle(device, user, right, source, section)


def _timely(device: SimDevice, created: str, nonce: str, lab: LabSpec) -> bool:
    """Check Created against the device's clock, and that the nonce is new."""
    found = _CREATED.fullmatch(created)
    rule = device.personality
    if found is None or (rule.created_needs_z and found.group(8) != "Z"):
        return False
    year, month, day, hour, minute, second = (int(found.group(i)) for i in range(1, 7))
    told = float(calendar.timegm((year, month, day, hour, minute, second, 0, 0, 0)))
    zone = found.group(8) or "Z"
    if zone != "Z":
        told -= (int(zone[1:3]) * 3600 + int(zone[4:6]) * 60) * (1 if zone[0] == "+" else -1)
    if abs(told - device.now(lab)) > rule.clock_window_s:
        return False
    return _new(device, f"w{nonce}{created}")


def _new(device: SimDevice, nonce: str) -> bool:
    """Remember a nonce; False if it was seen before."""
    now = time.time()
    if device.nonces is None:
        device.nonces = {}
    if nonce in device.nonces:
        return False
    if len(device.nonces) >= 64:
        for old in list(device.nonces)[:32]:
            del device.nonces[old]
    device.nonces[nonce] = now
    return True


def fresh_nonce(device: SimDevice) -> str:
    """Return a nonce that the device knows again: when it was made, and its signature."""
    stamp = f"{int(time.time()):08x}{os.urandom(4).hex()}"
    return stamp + _signed(stamp, device)


def challenges(device: SimDevice, *, stale: bool = False, always: bool = False) -> list[str]:
    """Return the WWW-Authenticate values of a 401, one for each algorithm; `always`: not ONVIF, but the web server."""
    if "digest" not in device.personality.schemes and not always:
        return []
    nonce = fresh_nonce(device)
    tail = ", stale=true" if stale else ""
    return [
        f'Digest realm="{device.personality.realm}", qop="auth", nonce="{nonce}", algorithm={algorithm}{tail}'
        if algorithm != "MD5" or len(device.personality.algorithms) > 1
        else f'Digest realm="{device.personality.realm}", qop="auth", nonce="{nonce}"{tail}'
        for algorithm in device.personality.algorithms
    ]


def _signed(stamp: str, device: SimDevice) -> str:
    return hmac.digest(_KEY, f"{stamp}{device.name}".encode(), "sha256").hex()[:16]


def http_digest(
    device: SimDevice, header: str, method: str, target: str, source: str = "", section: str = "users"
) -> Login:
    """Judge an Authorization header; an old nonce or a count that does not rise is stale, which costs no try."""
    if not header.lower().startswith("digest "):
        return NOBODY
    told = {name.lower(): quoted or plain for name, quoted, plain in _PAIR.findall(header[7:])}
    user, nonce = told.get("username", ""), told.get("nonce", "")
    algorithm = told.get("algorithm", "MD5").upper()
    password = password_of(device, user, section)
    if password is None or algorithm not in device.personality.algorithms or told.get("uri") != target:
        return replace(settle(device, user, False, source), digest=True)
    if not hmac.compare_digest(nonce[16:], _signed(nonce[:16], device)):
        return Login(stale=True)
    hashed = _HASHES[algorithm]
    first = hashed(f"{user}:{told.get('realm', '')}:{password}".encode())
    second = hashed(f"{method}:{target}".encode())
    middle = f"{nonce}:{told.get('nc', '')}:{told.get('cnonce', '')}:{told.get('qop', '')}"
    if told.get("qop") != "auth":
        middle = nonce
    right = hmac.compare_digest(hashed(f"{first}:{middle}:{second}".encode()), told.get("response", ""))
    if right and (time.time() - int(nonce[:8], 16) > _NONCE_LIFE_S or not _new(device, nonce + told.get("nc", ""))):
        return Login(stale=True)
    return replace(settle(device, user, right, source, section), digest=True)


def http_basic(device: SimDevice, header: str, source: str = "") -> Login:
    """Judge an Authorization header of HTTP Basic."""
    if not header.lower().startswith("basic "):
        return NOBODY
    try:
        user, _, password = base64.b64decode(header[6:].strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return Login(presented=True)
    known = password_of(device, user)
    right = known is not None and hmac.compare_digest(known.encode(), password.encode())
    return settle(device, user, right, source)
