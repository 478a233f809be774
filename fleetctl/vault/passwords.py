"""Passwords that every vendor takes, keyed fingerprints of them, and the vault's own password."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import string
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Final

from fleetctl import files
from fleetctl.errors import VaultError
from fleetctl.model import PasswordPolicy

# Source: field facts, NVR and vendor protocols, 0.9: Hikvision takes 16 characters at most, Hanwha 15; Dahua cannot
# send &, forbids the user name forwards and backwards, and runs such as 123 or aaa. Decision 724/QD-BTTTT of 2024: 8
# characters at least, of all four classes.
LENGTH: Final = 15
OWN: Final = PasswordPolicy(least=8, most=32, classes=4, run=3, user_in_it=False, user_backwards=False)
"""What every password that fleetctl makes keeps, besides beginning and ending with a letter or digit."""

_ALPHABET: Final = string.ascii_letters + string.digits + "-_."
_KEY_BYTES: Final = 32
_MARK: Final = 12  # hexadecimal digits that are shown of a fingerprint


def generate_password(user: str = "", length: int = LENGTH) -> str:
    """Return a random password of A-Z a-z 0-9 - _ . that begins and ends with a letter or digit.

    All four classes are in it, no run of three (aaa, abc, 321), and no user name, forwards or backwards. `length` is 8
    to 32 characters; raises ValueError for another.
    """
    if not OWN.least <= length <= OWN.most:
        raise ValueError(f"a password has {OWN.least} to {OWN.most} characters, not {length}")
    while True:
        told = "".join(secrets.choice(_ALPHABET) for _ in range(length))
        if is_good(told, user):
            return told


def is_good(password: str, user: str = "") -> bool:
    """Tell whether a password is as `generate_password` makes them (of whatever length)."""
    ends = password[:1].isalnum() and password[-1:].isalnum()
    return ends and set(password) <= set(_ALPHABET) and not OWN.breaches(password, user)


def weaknesses(password: str, user: str = "") -> tuple[str, ...]:
    """Return why a password is weak, in words that do not show it; () for one that is not."""
    return replace(OWN, most=len(password)).breaches(password, user)


def fingerprint(password: str, key: bytes) -> str:
    """Return what tells two passwords apart and nothing else without the key: HMAC-SHA256, hex."""
    return hmac.new(key, password.encode("utf-8"), hashlib.sha256).hexdigest()


class Fingerprints:
    """Fingerprints with a workspace's own key, which is made when it is first needed (a file of mode 0600)."""

    def __init__(self, key_file: Path) -> None:
        self.key_file = key_file

    @cached_property
    def _key(self) -> bytes:
        try:
            key = self.key_file.read_bytes()
        except FileNotFoundError:
            key = self._made()
        if len(key) != _KEY_BYTES:
            raise VaultError(f"{self.key_file} is damaged. Remove it: every login then counts as not tried yet")
        return key

    def _made(self) -> bytes:
        files.make_folder(self.key_file.parent, mode=0o700)
        with files.locked(self.key_file.parent):
            if self.key_file.exists():
                return self.key_file.read_bytes()
            key = os.urandom(_KEY_BYTES)
            files.replace(self.key_file, key, mode=0o600)
            return key

    def of(self, device: str, account: str, password: str) -> str:
        """Return the fingerprint of a login: the same password elsewhere has another one."""
        return fingerprint("\0".join((device, account, password)), self._key)

    def mark(self, password: str) -> str:
        """Return a short fingerprint of a password alone: the same wherever it is used in this workspace."""
        return fingerprint(f"mark\0{password}", self._key)[:_MARK]


def write_password_file(path: Path) -> None:
    """Make a new vault password in a file of mode 0600. Raises VaultError when the file exists: it would be lost."""
    files.make_folder(path.parent, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise VaultError(f"{path} exists already and is not replaced") from None
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(_KEY_BYTES) + "\n")
        file.flush()
        os.fsync(file.fileno())
    files.sync_folder(path.parent)
