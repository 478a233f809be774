"""Passwords that every vendor takes, keyed fingerprints of them, and the vault's own password."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import string
from functools import cached_property
from pathlib import Path
from typing import Final

from fleetctl import files
from fleetctl.errors import VaultError

# Source: vendor limits as published: Hikvision takes 16 characters at most, Hanwha 15; Dahua cannot transport &,
# forbids the user name forwards and backwards, and runs such as 123 or aaa.
LENGTH: Final = 15
_CLASSES: Final = (string.ascii_uppercase, string.ascii_lowercase, string.digits, "-_.")
_ALPHABET: Final = "".join(_CLASSES)
_RUN: Final = 3
_KEY_BYTES: Final = 32


def generate_password(user: str = "", length: int = LENGTH) -> str:
    """Return a random password of A-Z a-z 0-9 - _ . that begins and ends with a letter or digit.

    At least three of the four classes, no run of three (aaa, abc, 321), and no user name in it, forwards or
    backwards. `length` is 8 to 32 characters; raises ValueError for another.
    """
    if not 8 <= length <= 32:
        raise ValueError(f"a password has 8 to 32 characters, not {length}")
    while True:
        told = "".join(secrets.choice(_ALPHABET) for _ in range(length))
        if is_good(told, user):
            return told


def is_good(password: str, user: str = "") -> bool:
    """Tell whether a password is as `generate_password` makes them (of whatever length)."""
    low, name = password.lower(), user.lower()
    return (
        set(password) <= set(_ALPHABET)
        and password[:1].isalnum()
        and password[-1:].isalnum()
        and sum(any(letter in kind for letter in password) for kind in _CLASSES) >= 3
        and not (name and (name in low or name[::-1] in low))
        and not _has_run(low)
    )


def _has_run(word: str) -> bool:
    """Tell whether three neighbours are the same or follow one another up or down."""
    for at in range(len(word) - _RUN + 1):
        first, second, third = (ord(letter) for letter in word[at : at + _RUN])
        if second - first == third - second and abs(second - first) <= 1:
            return True
    return False


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
