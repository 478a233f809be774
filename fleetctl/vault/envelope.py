"""Envelopes for an emergency: encrypted to people's public keys in the format of age, which opens them anywhere.

Source: age-encryption.org/v1; recipients are written age1... or as public keys of SSH (ssh-ed25519, ssh-rsa).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import IO, Any, Final, Protocol

from fleetctl.errors import UsageError


class SupportsRead(Protocol):
    """What is read of, as a file is."""

    def read(self, size: int = ..., /) -> bytes:
        """Return up to so many bytes."""


_KEYS: Final = ("age1", "ssh-ed25519 ", "ssh-rsa ")


def recipients_of(told: Iterable[str]) -> tuple[str, ...]:
    """Return the public keys of what was given: keys, or files with one on each line.

    Raises UsageError for what is neither, and for none at all.
    """
    found: list[str] = []
    for each in told:
        if each.startswith(_KEYS):
            found.append(each.strip())
            continue
        try:
            lines = Path(each).expanduser().read_text("utf-8").splitlines()
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "it is not text"
            raise UsageError(
                f"--recipient {each}: neither a public key (age1..., ssh-ed25519 ...) nor a file of some: {why}"
            ) from None
        keys = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
        if any("SECRET-KEY" in key or "PRIVATE KEY" in key for key in keys):
            raise UsageError(f"--recipient {each}: that is a private key. Name its public key, and keep this one away")
        found += keys
    if not found:
        raise UsageError("--recipient names no public key. Make a pair: age-keygen -o key.txt")
    return tuple(dict.fromkeys(found))


def sealed(content: bytes, recipients: Sequence[str]) -> bytes:
    """Return the content so that only the private key of any one of the recipients opens it. Raises UsageError."""
    import pyrage

    return bytes(pyrage.encrypt(content, [_recipient(each) for each in recipients]))


def seal(content: IO[bytes], into: IO[bytes], recipients: Sequence[str]) -> None:
    """Seal what is read of a file into another one, as `sealed`; nothing of it is held in memory."""
    import pyrage

    pyrage.encrypt_io(content, into, [_recipient(each) for each in recipients])


def unseal(content: SupportsRead, into: IO[bytes], identity: str) -> None:
    """Open what is read of a file into another one with a private key of age. Raises UsageError."""
    import pyrage

    try:
        pyrage.decrypt_io(content, into, [pyrage.x25519.Identity.from_str(identity)])
    except pyrage.DecryptError as error:
        raise UsageError(f"it does not open with this key ({error})") from None


def _recipient(told: str) -> Any:
    import pyrage

    kind = pyrage.x25519 if told.startswith("age1") else pyrage.ssh
    try:
        return kind.Recipient.from_str(told)
    except (pyrage.RecipientError, ValueError) as error:
        raise UsageError(f"--recipient {told[:40]}: this is no public key of age or SSH ({error})") from None
