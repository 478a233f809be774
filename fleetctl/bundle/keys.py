"""Keys: the fleet's own, which stay at home; and each bundle's, which its passphrase or its holder's key opens."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fleetctl import files
from fleetctl.errors import UsageError
from fleetctl.vault import envelope

LEAST: Final = 12  # characters of a passphrase
_BYTES: Final = 32


@dataclass(frozen=True, slots=True, repr=False)
class HomeKeys:
    """What only home has: the key that signs what is issued, and the one that opens what comes back."""

    signing: Ed25519PrivateKey
    identity: str

    @property
    def fleet(self) -> str:
        """The public key by which the fleet is known, hexadecimal."""
        return public(self.signing)

    @property
    def recipient(self) -> str:
        """The public key to which every bundle is sealed as well."""
        return recipient(self.identity)

    @classmethod
    def of(cls, path: Path) -> HomeKeys:
        """Return the keys in a file of mode 0600, made when they are first asked for. Raises UsageError."""
        files.make_folder(path.parent, mode=0o700)
        with files.locked(path.parent):
            if not path.exists():
                told = json.dumps({"signing": os.urandom(_BYTES).hex(), "identity": new_identity()})
                files.replace(path, told.encode("ascii"), mode=0o600)
        try:
            kept: dict[str, str] = json.loads(path.read_bytes())
            return cls(private(kept["signing"]), kept["identity"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path}, the key of this fleet's bundles, is damaged. Mend: its backup") from error


@dataclass(frozen=True, slots=True, repr=False)
class Lock:
    """What opens a bundle, once it is unlocked: its identity (age), its signing key, its own vault password."""

    identity: str
    signing: Ed25519PrivateKey
    vault_password: str

    @classmethod
    def new(cls) -> Lock:
        """Return new keys."""
        return cls(new_identity(), private(os.urandom(_BYTES).hex()), secrets.token_urlsafe(_BYTES))

    def packed(self) -> bytes:
        """Return it as `locked_to` seals it."""
        told = {
            "identity": self.identity,
            "signing": self.signing.private_bytes_raw().hex(),
            "vault": self.vault_password,
        }
        return json.dumps(told).encode("ascii")

    @classmethod
    def unpacked(cls, content: bytes) -> Lock:
        """Return what was packed; raises UsageError for what was not."""
        try:
            told: dict[str, str] = json.loads(content)
            return cls(told["identity"], private(told["signing"]), told["vault"])
        except (ValueError, KeyError, TypeError):
            raise UsageError(
                "the keys in this bundle cannot be understood: another version of fleetctl made it"
            ) from None


def locked_to(lock: Lock, home: str, *, passphrase: str = "", recipients: Sequence[str] = ()) -> bytes:
    """Seal the keys of a bundle twice: to a passphrase or to public keys, and to home's own public key.

    Raises UsageError for a passphrase that is too short.
    """
    taker = _for_taker(lock, passphrase, recipients)
    both = {"taker": taker, "home": envelope.sealed(lock.packed(), (home,))}
    return json.dumps({name: base64.b64encode(each).decode("ascii") for name, each in both.items()}).encode("ascii")


def _for_taker(lock: Lock, passphrase: str, recipients: Sequence[str]) -> bytes:
    if recipients:
        return envelope.sealed(lock.packed(), recipients)
    if len(passphrase) < LEAST:
        raise UsageError(f"a passphrase of a bundle has {LEAST} characters at least: four words that nobody guesses")
    import pyrage

    return bytes(pyrage.passphrase.encrypt(lock.packed(), passphrase))


def _sealed(part: bytes, whom: str) -> bytes:
    try:
        return base64.b64decode(json.loads(part)[whom], validate=True)
    except (ValueError, KeyError, TypeError):
        raise UsageError("the keys in this bundle cannot be understood: another version of fleetctl made it") from None


def is_passphrase(part: bytes) -> bool:
    """Tell whether a passphrase opens a bundle, and not a key."""
    return b"\n-> scrypt " in _sealed(part, "taker")[:200]


def home_lock(part: bytes, identity: str) -> Lock:
    """Open the keys of a bundle at home. Raises UsageError."""
    return Lock.unpacked(opened(_sealed(part, "home"), identity))


def unlocked(part: bytes, key: str) -> Lock:
    """Open the keys of a bundle with a passphrase, or with a private key as its file has it. Raises UsageError."""
    import pyrage

    sealed, by_passphrase = _sealed(part, "taker"), is_passphrase(part)
    try:
        if by_passphrase:
            told = pyrage.passphrase.decrypt(sealed, key.strip())
        else:
            told = pyrage.decrypt(sealed, [_identity(key)])
    except pyrage.DecryptError:
        what = "passphrase" if by_passphrase else "private key"
        raise UsageError(f"this {what} does not open the bundle. Nothing was opened") from None
    return Lock.unpacked(bytes(told))


def _identity(told: str) -> Any:
    import pyrage

    try:
        if "PRIVATE KEY-----" in told:
            return pyrage.ssh.Identity.from_buffer(told.encode("utf-8"))
        lines = [line.strip() for line in told.splitlines() if line.strip() and not line.startswith("#")]
        return pyrage.x25519.Identity.from_str(lines[0] if lines else "")
    except (pyrage.IdentityError, ValueError) as error:
        raise UsageError(
            f"the bundle is sealed to a key; what was given is no private key of age or SSH ({error})"
        ) from None


def new_identity() -> str:
    """Return a new private key of age."""
    import pyrage

    return str(pyrage.x25519.Identity.generate())


def recipient(identity: str) -> str:
    """Return the public key of a private key of age."""
    import pyrage

    return str(pyrage.x25519.Identity.from_str(identity).to_public())


def private(told: str) -> Ed25519PrivateKey:
    """Return a signing key; raises ValueError."""
    return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(told))


def public(key: Ed25519PrivateKey) -> str:
    """Return the public key of a signing key, hexadecimal."""
    return key.public_key().public_bytes_raw().hex()


def opened(sealed: bytes, identity: str) -> bytes:
    """Open a part with a private key of age. Raises UsageError."""
    import pyrage

    try:
        return bytes(pyrage.decrypt(sealed, [pyrage.x25519.Identity.from_str(identity)]))
    except pyrage.DecryptError:
        raise UsageError("this bundle is not sealed to this fleet's key. Use it where it was made") from None
