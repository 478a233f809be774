"""Give a factory-new device its first password; nobody can log in before.

Source: field facts, NVR and vendor protocols, 1.2 (activation of an inactive device, steps 1 to 5). The password
travels encrypted under a key that only this exchange knows; AES-ECB and RSA-1024 are what the device speaks.
"""

from __future__ import annotations

import base64
import binascii

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.protocols import xml
from fleetctl.protocols.http import Response
from fleetctl.protocols.isapi import status
from fleetctl.protocols.isapi.session import Session
from fleetctl.protocols.xml import local, tag, text, words

_XMLNS = "http://www.hikvision.com/ver20/XMLSchema"


def activated(session: Session) -> bool:
    """Ask the device without a login whether it has a password."""
    response = session.anonymous("GET", "/SDK/activateStatus")
    if b"Activated" not in response.body:
        return not session.inactive
    return text(xml.parse(response.body), "Activated").lower() != "false"


def activate(session: Session, password: str) -> None:
    """Set the first password of the account `admin`.

    Raises Unsupported where the device offers its maker's newer way only, Rejected when it refuses the password.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505  # what the device speaks
    modulus = f"{key.public_key().public_numbers().n:0256x}"
    told = session.anonymous(
        "POST",
        "/ISAPI/Security/challenge",
        tag("PublicKey", tag("key", base64.b64encode(modulus.encode()).decode()), version="1.0", xmlns=_XMLNS),
    )
    random = _random(key, told)
    sent = session.anonymous(
        "PUT",
        "/ISAPI/System/activate",
        tag("ActivateInfo", tag("password", words(_sealed(random, password))), version="1.0", xmlns=_XMLNS),
    )
    said = status.status_of(sent)
    if said is not None and not said.done:
        raise status.error_of(said, "System/activate")
    if (error := status.error_of_page(sent, "System/activate")) is not None:
        raise error
    session.inactive = False
    session.forget()


def _random(key: rsa.RSAPrivateKey, response: Response) -> str:
    """Return the 32 hexadecimal digits that the device answers a challenge with."""
    said = status.status_of(response)
    if (said is not None and not said.done) or response.status in (400, 403, 404, 405, 501):
        raise Unsupported(
            "the device does not take its first password over the network in this way",
            nearest="activate it with its maker's SADP tool or at its own screen, name that login in the inventory "
            "(factory_user, factory_password), then adopt again",
        )
    root = xml.parse(response.body)
    told = text(root) if local(root) == "key" else text(root, "key")
    try:
        cipher = bytes.fromhex(base64.b64decode(told).decode("ascii"))
        random = key.decrypt(cipher, padding.PKCS1v15()).decode("ascii")
        bytes.fromhex(random)
    except (ValueError, binascii.Error, UnicodeDecodeError) as error:
        raise BadAnswer("Security/challenge: the answer is no key", raw=response.body) from error
    if len(random) < 32:
        raise BadAnswer("Security/challenge: the answer is too short a key")
    return random


def _sealed(random: str, password: str) -> str:
    plain = (random[:16] + password).encode()
    if len(password.encode()) > 16:
        raise Rejected("the device takes passwords of 16 characters at most")
    plain += b"\0" * (-len(plain) % 16)
    encryptor = Cipher(algorithms.AES(bytes.fromhex(random[:32])), modes.ECB()).encryptor()  # noqa: S305
    sealed = encryptor.update(plain) + encryptor.finalize()
    return base64.b64encode(sealed.hex().encode()).decode()
