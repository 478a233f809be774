"""Host keys of consoles: taken in when a device is adopted, checked ever after. By the device's name, as an alias.

A site's private addresses are not unique in a fleet, and a device may move: its name in the inventory is what stays.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import paramiko

from fleetctl.protocols.tunnel import fingerprint

__all__ = ["fingerprint", "forget", "known", "pin"]


def known(path: str, name: str) -> str:
    """Return the fingerprint on record for a device, "" where there is none."""
    keys = paramiko.HostKeys()
    try:
        keys.load(path)
    except FileNotFoundError:
        return ""
    found = keys.lookup(name)
    return "" if not found else fingerprint(next(iter(found.values())))


def pin(path: str, name: str, key: paramiko.PKey) -> None:
    """Put the key that a device shows on record (0600); what is there of it is replaced."""
    with _held(path):
        lines = [line for line in _lines(path) if line.split(" ", 1)[0] != name]
        _write(path, [*lines, f"{name} {key.get_name()} {key.get_base64()}"])


def forget(path: str, name: str) -> None:
    """Take a device's key off the record."""
    with _held(path):
        _write(path, [line for line in _lines(path) if line.split(" ", 1)[0] != name])


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []


def _write(path: str, lines: list[str]) -> None:
    fresh = Path(f"{path}.{os.getpid()}.new")
    fresh.touch(mode=0o600)
    fresh.write_text("".join(f"{line}\n" for line in lines), "utf-8")
    fresh.replace(path)


@contextmanager
def _held(path: str) -> Iterator[None]:
    """Hold the file against the other threads and processes of a run."""
    lock = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
