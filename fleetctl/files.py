"""Files that are replaced whole or not at all, by one writer at a time."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Final

from fleetctl.errors import Busy

LOCK_WAIT_S: Final = 10.0
_LOCK_STEP_S: Final = 0.02


@contextmanager
def locked(folder: Path, wait_s: float | None = None) -> Iterator[None]:
    """Hold the only writer's lock on a folder; it needs no file and ends with the process.

    Raises Busy when another fleetctl holds it longer than `wait_s` (10 s), OSError when there is no such folder.
    """
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        _lock(descriptor, folder, time.monotonic() + (LOCK_WAIT_S if wait_s is None else wait_s))
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, folder: Path, until: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise Busy(f"{folder}: another fleetctl is writing here. Try again when it is done") from None
            time.sleep(_LOCK_STEP_S)
        else:
            return


@contextmanager
def replacing(path: Path, *, mode: int | None = None) -> Iterator[IO[bytes]]:
    """Yield a file that takes another's place whole: at every instant, and after a power cut, it is the old or the new.

    `mode` sets the permissions; None keeps the file's own (0644 for a new one). A symbolic link stays one: the
    file it leads to is replaced. With an error inside the old one stays. Raises OSError.
    """
    path = path.resolve()
    if mode is None:
        mode = stat.S_IMODE(path.stat().st_mode) if path.exists() else 0o644
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".new")
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fchmod(file.fileno(), mode)
            _keep_owner(file.fileno(), path)
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    sync_folder(path.parent)


def replace(path: Path, content: bytes, *, mode: int | None = None) -> None:
    """Write a file whole or not at all, as `replacing` does. Raises OSError."""
    with replacing(path, mode=mode) as file:
        file.write(content)


def _keep_owner(descriptor: int, path: Path) -> None:
    """Give the new file the owner of the old one where we may (as root we would else take it away from its user)."""
    with suppress(FileNotFoundError, PermissionError):
        told = path.stat()
        os.fchown(descriptor, told.st_uid, told.st_gid)


def make_folder(folder: Path, *, mode: int = 0o755) -> None:
    """Make a folder and those above it, so that it is still there after a power cut. Raises OSError."""
    if folder.is_dir():
        return
    make_folder(folder.parent, mode=mode)
    with suppress(FileExistsError):
        folder.mkdir(mode=mode)
        sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
