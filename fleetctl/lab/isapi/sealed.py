"""ISAPI: fields of a document that are sealed with the login's own secret (`?security=1&iv=...`). Source: facts 1.2."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fleetctl.lab import auth
from fleetctl.lab.isapi import xml
from fleetctl.lab.isapi.pages import rule_of
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.soap import Element
from fleetctl.lab.vendor import Visit

ROUNDS: Final = 100  # keyIterateNum
FIELDS: Final = frozenset(("userName", "password", "loginPassword"))
_SECRET: Final = FIELDS - {"userName"}
_TAIL: Final = "AaBbCcDd1234!@#$"


def salt_of(visit: Visit) -> str:
    """Return the device's salt, as SecurityCap tells it."""
    return hashlib.sha256(visit.device.serial_number.encode()).hexdigest()


def _key(visit: Visit) -> bytes:
    password = auth.password_of(visit.device, visit.user) or ""
    base = password
    if rule_of(visit).salt:
        base = hashlib.sha256(f"{visit.user}{salt_of(visit)}{password}".encode()).hexdigest()
    told = hashlib.sha256(f"{base}{_TAIL}".encode()).hexdigest()
    for _ in range(ROUNDS - 1):
        told = hashlib.sha256(told.encode()).hexdigest()
    return bytes.fromhex(told[:32])


def _cipher(visit: Visit) -> Cipher[modes.CBC]:
    try:
        iv = bytes.fromhex(visit.query.get("iv", ""))
        return Cipher(algorithms.AES(_key(visit)), modes.CBC(iv))
    except ValueError:
        raise Refused("passwordDecodeError") from None


def asked(visit: Visit) -> bool:
    """Tell whether the request's fields are sealed; raises Refused for a way the device does not know."""
    told = visit.query.get("security", "0")
    if told not in ("0", "1"):
        raise Refused("badParameters", words="security is not possible")
    return told == "1"


def _is_secret(element: Element) -> bool:
    return isinstance(element.tag, str) and xml.local(element) in _SECRET and bool(element.text)


def opened(visit: Visit, root: Element) -> Element:
    """Open the sealed fields of a document in place; raises Refused where one is not sealed with this login."""
    if not asked(visit):
        if rule_of(visit).sealed_only and any(_is_secret(element) for element in root.iter()):
            raise Refused("passwordDecodeError")
        return root
    cipher = _cipher(visit)
    for element in root.iter():
        if isinstance(element.tag, str) and xml.local(element) in FIELDS and element.text:
            try:
                opening, unpadding = cipher.decryptor(), padding.PKCS7(128).unpadder()
                plain = opening.update(bytes.fromhex(element.text.strip())) + opening.finalize()
                inside = unpadding.update(plain) + unpadding.finalize()
                element.text = base64.b64decode(inside, validate=True).decode("utf-8")
            except (ValueError, binascii.Error):
                raise Refused("passwordDecodeError") from None
    return root


def closed(visit: Visit, text: str) -> str:
    """Seal a field of an answer, where the request asked for it."""
    if not asked(visit):
        return text
    pad = padding.PKCS7(128).padder()
    plain = pad.update(base64.b64encode(text.encode())) + pad.finalize()
    closing = _cipher(visit).encryptor()
    return (closing.update(plain) + closing.finalize()).hex()
