"""Parameters that only the device can read: a key for each request, under the device's own RSA key.

Source: field facts, NVR and vendor protocols, 2.4 (encrypted form). Units announce the cipher as RPAC-256 or RPAC and
take it as RPAC-256; PKCS#1 v1.5 and zero padding are what they speak.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fleetctl.errors import BadAnswer, Unsupported

_PUBLIC: Final = re.compile(r"N:([0-9a-fA-F]{128,2048}),E:([0-9a-fA-F]{1,8})")


def sealed(info: Mapping[str, Any], content: Any) -> dict[str, str]:
    """Return the parameters `{salt, cipher, content}` for a device that told this of its way (getEncryptInfo).

    Raises Unsupported for a way that is not known, BadAnswer where the device's key is none.
    """
    offered = info.get("cipher")
    names = [str(name) for name in offered] if isinstance(offered, list) else []
    if info.get("asymmetric") != "RSA" or not any(name.startswith("RPAC") for name in names):
        raise Unsupported(
            f"the device encrypts in a way that is not known ({', '.join(names)[:60] or 'it tells none'})",
            nearest="do this at the device's own page",
        )
    public = _public(str(info.get("pub", "")))
    key = str(1 + secrets.randbelow(9)) + "".join(str(secrets.randbelow(10)) for _ in range(31))
    encryptor = Cipher(algorithms.AES(key.encode()), modes.CBC(b"0" * 16)).encryptor()
    plain = json.dumps(content, ensure_ascii=False).encode()
    held = encryptor.update(plain + b"\0" * (-len(plain) % 16)) + encryptor.finalize()
    return {
        "salt": public.encrypt(key.encode(), padding.PKCS1v15()).hex(),
        "cipher": "RPAC-256",
        "content": base64.b64encode(held).decode(),
    }


def _public(told: str) -> rsa.RSAPublicKey:
    found = _PUBLIC.fullmatch(told.strip())
    try:
        if found is None:
            raise ValueError(told)
        return rsa.RSAPublicNumbers(int(found[2], 16), int(found[1], 16)).public_key()
    except ValueError:
        raise BadAnswer("Security.getEncryptInfo: the device's key is none") from None
