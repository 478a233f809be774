"""Hands passwords out over a socket, the vault's to Ansible's vault client and each host's to SSH.

They are never in a file, an argument, the environment or shared memory (Ansible's own ways of giving SSH a password:
sshpass, or a segment in /dev/shm that stays when its process is killed).
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

ASK: Final = "ask.py"  # in the folder; its arguments are what is asked for
VAULT: Final = "vault"

_CLIENT: Final = """\
import socket, sys
wire = socket.socket(socket.AF_UNIX)
wire.connect({path!r})
wire.sendall(" ".join(sys.argv[1:]).encode("utf-8", "surrogateescape") + b"\\0")
told = wire.makefile("rb").read()
sys.stdout.buffer.write(told)
sys.exit(not told)
"""
# What ssh asks (`userauth_passwd` of OpenSSH); it names the host by its HostKeyAlias. A jump host is not one of ours.
_PROMPT: Final = re.compile(r"[^@]+@(?P<host>[^@]+)'s password: ?")
_LONGEST: Final = 1024
_PATIENCE_S: Final = 60.0


@contextlib.contextmanager
def handing_out(folder: Path, vault: str, logins: Mapping[str, str]) -> Iterator[None]:
    """While inside, this user's processes that ask at the folder's socket are told a password.

    `vault`: that of the vault ("": none is told). `logins`: those of hosts, by the names they have in SSH's prompts.
    """
    if not vault and not logins:
        yield
        return
    path = folder / "passwords"
    (folder / ASK).write_text(_CLIENT.format(path=str(path)), "utf-8")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen(64)
        threading.Thread(target=_serve, args=(door, vault, dict(logins)), daemon=True).start()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)  # ends the thread


def answer(asked: str, vault: str, logins: Mapping[str, str]) -> str:
    """Return the password that is asked for, "" where it is none of those at hand."""
    if asked == VAULT:
        return vault
    prompt = _PROMPT.fullmatch(asked)
    return logins.get(prompt["host"], "") if prompt else ""


def _serve(door: socket.socket, vault: str, logins: Mapping[str, str]) -> None:
    while True:
        try:
            wire, _ = door.accept()
        except OSError:
            return
        # Each for itself: one process that is slow to ask on a busy machine must not keep the others waiting.
        threading.Thread(target=_tell, args=(wire, vault, logins), daemon=True).start()


def _tell(wire: socket.socket, vault: str, logins: Mapping[str, str]) -> None:
    with wire, contextlib.suppress(OSError):
        wire.settimeout(_PATIENCE_S)
        _, user, _ = struct.unpack("3i", wire.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
        if user == os.getuid() and (told := answer(_asked(wire), vault, logins)):
            wire.sendall(told.encode("utf-8", "surrogateescape") + b"\n")


def _asked(wire: socket.socket) -> str:
    told = b""
    while not told.endswith(b"\0") and len(told) < _LONGEST and (more := wire.recv(_LONGEST)):
        told += more
    return told.rstrip(b"\0").decode("utf-8", "replace")
