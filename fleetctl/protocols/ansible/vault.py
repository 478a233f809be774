"""Hands the vault password to Ansible's vault client over a socket: never in a file, an argument or the environment."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_ASK: Final = """\
import socket, sys
wire = socket.socket(socket.AF_UNIX)
wire.connect({path!r})
sys.stdout.write(wire.makefile(encoding="utf-8", errors="surrogateescape").read())
"""


@contextlib.contextmanager
def handing_out(folder: Path, password: str) -> Iterator[None]:
    """While inside, this user's processes that connect to the folder's socket are told the password ("": none is)."""
    if not password:
        yield
        return
    path = folder / "vault"
    (folder / "ask.py").write_text(_ASK.format(path=str(path)), "utf-8")
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen(8)
        threading.Thread(target=_serve, args=(door, password.encode("utf-8", "surrogateescape")), daemon=True).start()
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)  # ends the thread


def _serve(door: socket.socket, password: bytes) -> None:
    while True:
        try:
            wire, _ = door.accept()
        except OSError:
            return
        with wire, contextlib.suppress(OSError):
            wire.settimeout(5.0)
            _, user, _ = struct.unpack("3i", wire.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
            if user == os.getuid():
                wire.sendall(password + b"\n")
