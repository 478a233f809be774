"""SSH host keys that a workspace has accepted: one line each in its known_hosts, by the name a device has there.

A device is known by its name, not by its address: the same private address may stand at two sites.
"""

from __future__ import annotations

import base64
import hashlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import paramiko

from fleetctl.errors import Unreachable
from fleetctl.files import make_folder, replace

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


def record(key: HostKey, known_hosts: str) -> None:
    """Put a host key on record (0600), in place of one of the same kind that stood under its name."""
    line = f"{key.known_as} {key.kind} {key.key}"
    kept = [old for old in _lines(known_hosts) if old.split(" ")[:2] != [key.known_as, key.kind]]
    _write(known_hosts, [*kept, line])


def forget(known_as: str, known_hosts: str) -> None:
    """Take every key of a name off the record: another machine stands there on purpose."""
    _write(known_hosts, [old for old in _lines(known_hosts) if old.split(" ", 1)[0] != known_as])


def _lines(known_hosts: str) -> list[str]:
    path = Path(known_hosts)
    return path.read_text("utf-8").splitlines() if path.exists() else []


def _write(known_hosts: str, lines: list[str]) -> None:
    path = Path(known_hosts)
    make_folder(path.parent, mode=0o700)
    replace(path, "".join(f"{line}\n" for line in lines).encode("utf-8"), mode=0o600)
