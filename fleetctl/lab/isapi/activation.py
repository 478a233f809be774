"""ISAPI: a factory-new device gets its first password, by a challenge. Source: field facts 1.2, activation."""

from __future__ import annotations

import base64
import binascii
import os
from typing import Final

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fleetctl.lab import access
from fleetctl.lab.isapi import xml
from fleetctl.lab.isapi.pages import Page, done, rule_of, told
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.isapi.users import check_password
from fleetctl.lab.vendor import Reply, Visit

_EXPONENT: Final = 65537


def activate_status(visit: Visit) -> Reply:
    """GET /SDK/activateStatus: told to anybody."""
    return told(visit, "ActivateStatus", {"Activated": bool(visit.device.read("users"))})


def challenge(visit: Visit) -> Reply:
    """POST Security/challenge: a secret for whoever holds the key that was sent."""
    if visit.device.read("users"):
        raise Refused("hasActivated")
    if rule_of(visit).challenge_v3:
        raise Refused("notSupport")
    sent = xml.text(xml.parsed(visit.incoming.body, "PublicKey"), "key")
    try:
        modulus = int(base64.b64decode(sent, validate=True).decode("ascii"), 16)
        public = rsa.RSAPublicNumbers(_EXPONENT, modulus).public_key()
    except (binascii.Error, ValueError, UnicodeDecodeError):
        raise Refused("badParameters", words="key is not possible") from None
    if public.key_size != 1024:
        raise Refused("badParameters", words="a key of 1024 bits is expected")
    secret = os.urandom(16).hex()
    visit.device.challenge = secret
    sealed = public.encrypt(secret.encode(), padding.PKCS1v15()).hex()
    return told(visit, "Challenge", {"key": base64.b64encode(sealed.encode()).decode()})


def _opened(secret: str, sent: str) -> str:
    """Return the password out of its envelope; raises Refused."""
    try:
        sealed = bytes.fromhex(base64.b64decode(sent, validate=True).decode("ascii"))
        decryptor = Cipher(algorithms.AES(bytes.fromhex(secret)), modes.ECB()).decryptor()  # noqa: S305 -- the vendor's way
        plain = (decryptor.update(sealed) + decryptor.finalize()).rstrip(b"\0").decode("utf-8")
    except (binascii.Error, ValueError, UnicodeDecodeError):
        raise Refused("passwordDecodeError") from None
    if not plain.startswith(secret[:16]):
        raise Refused("passwordDecodeError")
    return plain[16:]


def activate(visit: Visit) -> Reply:
    """PUT System/activate: works once; the only account is admin."""
    device = visit.device
    if device.read("users"):
        raise Refused("hasActivated")
    sent = xml.text(xml.parsed(visit.incoming.body, "ActivateInfo"), "password")
    if not device.challenge:
        raise Refused("invalidOperation")
    password = _opened(device.challenge, sent)
    code = check_password(visit, "admin", password)
    device.challenge = ""
    device.change("users")["admin"] = {"level": "Administrator", "password": password, "fixed": True, "id": 1}
    return done(visit, code)


def _anybody(work: object) -> Page:
    return Page(work=work, level=access.ANYONE)  # type: ignore[arg-type]


PAGES: dict[tuple[str, str], Page] = {
    ("GET", "SDK/activateStatus"): _anybody(activate_status),
    ("POST", "Security/challenge"): _anybody(challenge),
    ("PUT", "System/activate"): _anybody(activate),
}
