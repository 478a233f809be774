"""SSH host keys that a workspace has accepted: one line each in its known_hosts, by the name a device has there.

A device is known by its name, not by its address: the same private address may stand at two sites.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import logging
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import paramiko

from fleetctl.errors import Unreachable
from fleetctl.files import make_folder, replace

# What goes wrong on a line is raised and told; the library also writes its tracebacks, to stderr where nobody asked.
logging.getLogger("paramiko").addHandler(logging.NullHandler())

CONNECT_S: Final = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HostKey:
    """What an SSH server shows before anything is trusted; `known_as` is its name in a known_hosts file."""

    known_as: str
    kind: str
    key: str  # base64
    fingerprint: str  # as ssh-keygen prints it


def fingerprint(key: paramiko.PKey) -> str:
    """Return a key's fingerprint as ssh-keygen prints it."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.asbytes()).digest()).decode().rstrip("=")


def shown(known_as: str, connect: Callable[[], socket.socket], timeout_s: float = CONNECT_S) -> HostKey:
    """Ask the server at the other end of `connect()` for its host key, without logging in; raises Unreachable."""
    try:
        with connect() as sock:
            transport = paramiko.Transport(sock)
            try:
                transport.start_client(timeout=timeout_s)
                key = transport.get_remote_server_key()
            finally:
                transport.close()
    except (paramiko.SSHException, EOFError, OSError) as error:
        raise Unreachable(f"{known_as} shows no SSH host key: {str(error) or type(error).__name__}") from error
    return HostKey(known_as=known_as, kind=key.get_name(), key=key.get_base64(), fingerprint=fingerprint(key))


def on_record(known_hosts: str) -> frozenset[str]:
    """Return the names whose keys are on record."""
    return frozenset(line.split(" ", 1)[0] for line in _lines(known_hosts))


def known(known_hosts: str, known_as: str) -> str:
    """Return the fingerprint on record for a name, "" where there is none."""
    keys = paramiko.HostKeys()
    try:
        keys.load(known_hosts)
    except FileNotFoundError:
        return ""
    found = keys.lookup(known_as)
    return "" if not found else fingerprint(next(iter(found.values())))


def record(key: HostKey, known_hosts: str) -> None:
    """Put a host key on record (0600), in place of what stood under its name."""
    _put(known_hosts, key.known_as, f"{key.known_as} {key.kind} {key.key}")


def pin(known_hosts: str, known_as: str, key: paramiko.PKey) -> None:
    """Put the key that a device shows on record, as `record` does."""
    _put(known_hosts, known_as, f"{known_as} {key.get_name()} {key.get_base64()}")


def _lines(known_hosts: str) -> list[str]:
    path = Path(known_hosts)
    return path.read_text("utf-8").splitlines() if path.exists() else []


def _put(known_hosts: str, known_as: str, line: str) -> None:
    """Write the file anew, held against the other threads and processes of a run."""
    path = Path(known_hosts)
    make_folder(path.parent, mode=0o700)
    with _held(path):
        kept = [old for old in _lines(known_hosts) if old.split(" ", 1)[0] != known_as]
        replace(path, "".join(f"{each}\n" for each in [*kept, line]).encode("utf-8"), mode=0o600)


@contextmanager
def _held(path: Path) -> Iterator[None]:
    lock = os.open(f"{path}.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
