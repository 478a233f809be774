"""What a run leaves behind when nobody could tidy up: processes that bear its mark, and its folder."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

from fleetctl.machine import Process, this_process

MARK: Final = "FLEETCTL_ANSIBLE"  # in the environment of every process of a run: its folder
_NAME: Final = re.compile(r"fleetctl-ansible-(\d+)-(\d+)-.+")
_ROUNDS: Final = 20


def base() -> Path:
    """Return where the folders of runs are made: in memory where the user has a place there."""
    for told in (os.environ.get("XDG_RUNTIME_DIR", ""), tempfile.gettempdir(), "/tmp"):  # noqa: S108 mkdtemp below
        if told and len(told) <= 32 and os.access(told, os.W_OK | os.X_OK):
            return Path(told)
    return Path(tempfile.gettempdir())


def made() -> Path:
    """Return a fresh folder (0700) that tells whose it is; short, since sockets are made in it."""
    me = this_process()
    return Path(tempfile.mkdtemp(prefix=f"fleetctl-ansible-{me.pid}-{me.began}-", dir=base()))


def marked(folder: Path) -> Iterator[int]:
    """Yield the processes that bear the mark of a run, and SSH's shared connections: those write over their mark."""
    mark, shared = f"{MARK}={folder}".encode(), f"ssh: {folder}/".encode()
    for told in Path("/proc").iterdir():
        if told.name.isdecimal() and int(told.name) != os.getpid():
            with contextlib.suppress(OSError):
                if mark in (told / "environ").read_bytes().split(b"\0") or (
                    (told / "cmdline").read_bytes().startswith(shared)
                ):
                    yield int(told.name)


def end(folder: Path) -> int:
    """Kill every process of a run and remove its folder; returns how many there were."""
    count = 0
    for _ in range(_ROUNDS):  # whoever is being killed may have made another one
        found = list(marked(folder))
        if not found:
            break
        count += len(found)
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.01)
    shutil.rmtree(folder, ignore_errors=True)
    return count


def sweep() -> int:
    """Tidy up after runs whose fleetctl was killed; returns how many there were."""
    count = 0
    for folder in base().glob("fleetctl-ansible-*"):
        found = _NAME.fullmatch(folder.name)
        if found is None or folder.is_symlink() or folder.stat().st_uid != os.getuid():
            continue
        if not _whose(int(found[1]), int(found[2])).lives():
            end(folder)
            count += 1
    return count


def _whose(pid: int, began: int) -> Process:
    return replace(this_process(), pid=pid, began=began)
