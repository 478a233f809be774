"""The folder of a bundle as an archive: always the same bytes for the same files."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zlib
from pathlib import Path
from typing import Final

from fleetctl.errors import UsageError

STATE: Final = ".fleetctl"
IMAGES: Final = f"{STATE}/firmware"
_PASSING: Final = (
    f"{STATE}/cache",
    f"{STATE}/lab",
    IMAGES,
    "bundle.json",
    f"{STATE}/store.db-wal",
    f"{STATE}/store.db-shm",
)
_MOST: Final = 1024 * 1024 * 1024  # bytes that are unpacked, at most


def packed(root: Path) -> bytes:
    """Return all files below a folder that are worth keeping, packed."""
    told = io.BytesIO()
    with tarfile.open(fileobj=told, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(root.rglob("*")):
            name = path.relative_to(root).as_posix()
            if (
                path.is_file()
                and not path.is_symlink()
                and not name.startswith(_PASSING)
                and not name.endswith(".lock")
            ):
                content = path.read_bytes()
                entry = tarfile.TarInfo(name)
                entry.size, entry.mode = len(content), 0o600
                archive.addfile(entry, io.BytesIO(content))
    return told.getvalue()


def digest(archive: bytes) -> str:
    """Return what tells two archives apart."""
    return hashlib.sha256(archive).hexdigest()


def squeezed(archive: bytes) -> bytes:
    """Return an archive made smaller."""
    return zlib.compress(archive, 6)


def swollen(content: bytes) -> bytes:
    """Return the archive again; raises UsageError for what is none, or is larger than any site."""
    inflater = zlib.decompressobj()
    try:
        told = inflater.decompress(content, _MOST)
    except zlib.error as error:
        raise UsageError(f"the bundle holds no archive ({error})") from None
    if inflater.unconsumed_tail or not inflater.eof:
        raise UsageError("the bundle holds an archive that is larger than any site, or cut off")
    return told


def unpacked(archive: bytes, root: Path) -> None:
    """Write the files of an archive below a folder (0700, files 0600). Raises UsageError for what is no plain file."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as told:
        for entry in told:
            target = root / entry.name
            if not entry.isreg() or ".." in Path(entry.name).parts or Path(entry.name).is_absolute():
                raise UsageError(f"the bundle holds something that is no file of a site: {entry.name!r}")
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            source = told.extractfile(entry)
            target.write_bytes(source.read() if source is not None else b"")
            target.chmod(0o600)
