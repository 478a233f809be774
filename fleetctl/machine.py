"""Which machine and process this is, and whether another one still lives. Linux only (/proc)."""

from __future__ import annotations

import getpass
import os
import socket
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """A process that cannot be mistaken for a later one with the same number, nor for one of another machine."""

    machine: str  # /etc/machine-id, or the host name where there is none
    host: str
    boot: str  # changes with every start of the machine
    pid: int
    began: int  # clock ticks after the boot

    def lives(self) -> bool:
        """Tell whether it is still running on this machine; False when the machine is another or was restarted."""
        here = this_process()
        return (self.machine, self.boot) == (here.machine, here.boot) and self.began == _began(self.pid)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _began(pid: int) -> int:
    """Return the start time of a process (field 22 of /proc/PID/stat), -1 when there is none or it is a zombie."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except OSError:
        return -1
    return -1 if fields[0] in (b"Z", b"X") else int(fields[19])


@lru_cache(maxsize=1)
def _machine() -> tuple[str, str, str]:
    host = socket.gethostname()
    return next(filter(None, map(_text, _MACHINE_IDS)), host), host, _text(_BOOT_ID)


def this_process() -> Process:
    """Return the process this is."""
    machine, host, boot = _machine()
    pid = os.getpid()
    return Process(machine=machine, host=host, boot=boot, pid=pid, began=_began(pid))


def operator() -> str:
    """Return who is at work: the login name, also behind sudo."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
