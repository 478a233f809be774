"""Dahua's sealed parameters: `{salt, cipher, content}`, a key for each request under the device's RSA key.

Source: field facts on vendor protocols 2.4 (encrypted form). A unit was seen (Intelbras VIP-5460-Z-IA, 3.120, public
notes of a live test) to announce the ciphers as AES and RPAC, and to take them as RPAC-256.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


@lru_cache(maxsize=1)
def _key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def encrypt_info() -> dict[str, Any]:
    """Return what Security.getEncryptInfo tells anybody."""
    numbers = _key().public_key().public_numbers()
    told = {"asymmetric": "RSA", "cipher": ["AES-128", "RPAC-256"], "AESPadding": ["ZERO"]}
    return {**told, "pub": f"N:{numbers.n:X},E:{numbers.e:06x}"}


def _cipher(name: str, key: bytes) -> Cipher[Any]:
    if name == "RPAC-256" and len(key) == 32 and key.isdigit():
        return Cipher(algorithms.AES(key), modes.CBC(b"0" * 16))
    if name == "AES-128" and len(key) == 16 and key.isdigit():
        return Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 -- the vendor's way
    raise ValueError(name)


def unsealed(params: Mapping[str, Any]) -> tuple[Any, Cipher[Any]]:
    """Return what a sealed request holds, and what seals the answer; raises KeyError, ValueError."""
    key = _key().decrypt(bytes.fromhex(params["salt"]), padding.PKCS1v15())
    cipher = _cipher(str(params["cipher"]), key)
    opening = cipher.decryptor()
    plain = opening.update(base64.b64decode(params["content"], validate=True)) + opening.finalize()
    return json.loads(plain.rstrip(b"\0")), cipher


def sealed(cipher: Cipher[Any], told: Any) -> dict[str, str]:
    """Seal an answer with the key of its request."""
    plain = json.dumps(told, ensure_ascii=False).encode()
    closing = cipher.encryptor()
    held = closing.update(plain + b"\0" * (-len(plain) % 16)) + closing.finalize()
    return {"content": base64.b64encode(held).decode()}
