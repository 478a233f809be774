"""Ansible Vault's format 1.1 and 1.2 (AES256): PBKDF2-SHA256, AES-CTR, HMAC-SHA256.

Source: ansible-core 2.19, docs "Ansible Vault: format of files encrypted with Ansible Vault".
"""

from __future__ import annotations

import binascii
import os
from dataclasses import dataclass
from functools import lru_cache
from hmac import compare_digest, digest
from typing import Final

from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from fleetctl.errors import VaultError

HEADER: Final = "$ANSIBLE_VAULT"
_ITERATIONS: Final = 10_000
_KEY: Final = 32
_BLOCK: Final = 16
_SALT: Final = 32
_WIDTH: Final = 80


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    cipher: bytes
    hmac: bytes
    counter: bytes


@lru_cache(maxsize=8)  # what was just written is read back
def _keys(password: bytes, salt: bytes) -> _Keys:
    """Derive the keys: 5 ms of CPU; the same from hashlib takes twice as long."""
    derive = PBKDF2HMAC(algorithm=hashes.SHA256(), length=2 * _KEY + _BLOCK, salt=salt, iterations=_ITERATIONS).derive
    told = derive(password)
    return _Keys(told[:_KEY], told[_KEY : 2 * _KEY], told[2 * _KEY :])


def encrypt(plaintext: str, password: bytes, label: str = "") -> str:
    """Return vault text of 80 columns that ends in a line break; a label makes it format 1.2."""
    salt = os.urandom(_SALT)
    keys = _keys(password, salt)
    padder = padding.PKCS7(_BLOCK * 8).padder()
    padded = padder.update(plaintext.encode("utf-8")) + padder.finalize()
    encryptor = Cipher(algorithms.AES(keys.cipher), modes.CTR(keys.counter)).encryptor()
    ciphertext = encryptor.update(padded) + encryptor.finalize()
    proof = digest(keys.hmac, ciphertext, "sha256")
    inner = b"\n".join(binascii.hexlify(part) for part in (salt, proof, ciphertext))
    told = binascii.hexlify(inner).decode("ascii")
    header = f"{HEADER};1.2;AES256;{label}" if label and label != "default" else f"{HEADER};1.1;AES256"
    return "\n".join([header, *(told[at : at + _WIDTH] for at in range(0, len(told), _WIDTH)), ""])


def decrypt(text: str, password: bytes) -> str:
    """Return the plaintext. Raises VaultError for a wrong password, and for what is not vault text."""
    header, *lines = (line.strip() for line in text.strip().splitlines() or [""])
    fields = header.split(";")
    if len(fields) < 3 or fields[0] != HEADER or fields[1] not in ("1.1", "1.2") or fields[2] != "AES256":
        raise VaultError(f"this is not vault text of format 1.1 or 1.2 with AES256: {header[:40]!r}")
    try:
        salt, proof, ciphertext = (binascii.unhexlify(part) for part in binascii.unhexlify("".join(lines)).split(b"\n"))
    except ValueError:
        raise VaultError("the vault text is damaged: take it from a backup") from None
    keys = _keys(password, salt)
    if not compare_digest(proof, digest(keys.hmac, ciphertext, "sha256")):
        raise VaultError("the vault password is wrong, or the vault text was damaged")
    decryptor = Cipher(algorithms.AES(keys.cipher), modes.CTR(keys.counter)).decryptor()
    unpadder = padding.PKCS7(_BLOCK * 8).unpadder()
    try:
        plain = unpadder.update(decryptor.update(ciphertext) + decryptor.finalize()) + unpadder.finalize()
        return plain.decode("utf-8")
    except ValueError:
        raise VaultError("the vault holds something that is not text") from None
