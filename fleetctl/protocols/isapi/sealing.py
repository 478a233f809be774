"""Names and passwords in a document, encrypted with what only the device and this login know (`?security=1&iv=...`).

Hardened firmware takes them in no other way (`passwordDecodeError`); older one takes them readable only, so that it
is done where a device asks for it.
Source: field facts, NVR and vendor protocols, 1.2 (sensitive-field encryption; from the maker's own web client).
"""

from __future__ import annotations

import base64
import copy
import hashlib
import os
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fleetctl.errors import BadAnswer, Unsupported
from fleetctl.protocols.xml import Element, boolean, child, local, text, whole

FIELDS: Final = frozenset({"userName", "password", "loginPassword"})
WANTED: Final = "passworddecodeerror"  # the sub-code of a device that takes them encrypted only
_TAIL: Final = "AaBbCcDd1234!@#$"
_ROUNDS: Final = 100  # where the device does not say how many
_MOST_ROUNDS: Final = 100_000


def holds_secret(root: Element) -> bool:
    """Tell whether a document has a password in it."""
    return any(isinstance(e.tag, str) and local(e) in FIELDS - {"userName"} and e.text for e in root.iter())


@dataclass(frozen=True, slots=True)
class Seal:
    """The key of one login at one device: 16 bytes."""

    key: bytes = field(repr=False)

    def sealed(self, root: Element, path: str) -> tuple[Element, str]:
        """Return the document with its names and passwords encrypted, and the path that says so."""
        made, iv = copy.deepcopy(root), os.urandom(16)
        for element in made.iter():
            if isinstance(element.tag, str) and local(element) in FIELDS and element.text:
                element.text = self._cipher_of(element.text, iv)
        return made, f"{path}{'&' if '?' in path else '?'}security=1&iv={iv.hex()}"

    def _cipher_of(self, plain: str, iv: bytes) -> str:
        padder, encryptor = padding.PKCS7(128).padder(), Cipher(algorithms.AES(self.key), modes.CBC(iv)).encryptor()
        padded = padder.update(base64.b64encode(plain.encode())) + padder.finalize()
        return (encryptor.update(padded) + encryptor.finalize()).hex()


def seal_of(capabilities: Element, user: str, password: str) -> Seal:
    """Return the seal of a login by what the device tells of its way (SecurityCap, alone or within another document).

    Raises Unsupported where that is another way than the known one, BadAnswer for a number of rounds that is none.
    """
    told = capabilities if local(capabilities) == "SecurityCap" else child(capabilities, "SecurityCap")
    version = child(told, "securityVersion")
    ways = f"{text(version)},{version.get('opt', '') if version is not None else ''}".split(",")
    if "1" not in (way.strip() for way in ways):
        raise Unsupported(
            "the device wants passwords encrypted, in a way it does not tell or that is not known",
            nearest="set this password at the device's own page",
        )
    rounds = whole(told, "keyIterateNum") or _ROUNDS
    if not 0 < rounds <= _MOST_ROUNDS:
        raise BadAnswer(f"Security/capabilities: {rounds} rounds for a key")
    base = password
    if boolean(told, "isIrreversible") and (salt := text(told, "salt")):
        base = _hashed(f"{user}{salt}{password}")
    key = _hashed(f"{base}{_TAIL}")
    for _ in range(rounds - 1):
        key = _hashed(key)
    return Seal(bytes.fromhex(key[:32]))


def _hashed(told: str) -> str:
    return hashlib.sha256(told.encode()).hexdigest()
