"""The catalogue of firmware images: files by the checksum of their bytes, and beside each what is known of it.

`<folder>/<sha256>.bin` is the image, `<sha256>.json` its record. What is not whole never bears such a name.
"""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from fleetctl.errors import UsageError
from fleetctl.files import make_folder, replace, sync_folder
from fleetctl.model import Image

_PIECE: Final = 1024 * 1024
_TUPLES: Final = ("models", "hardware")


class Catalogue:
    """The images of one workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, source: Path, told: dict[str, Any], *, expected_sha256: str = "") -> Image:
        """Copy an image into the catalogue and return its record; one that is there is described anew.

        `told` are the fields of `Image` but for size and checksum. `expected_sha256` is the maker's own, where it
        publishes one. Raises UsageError (no such file, empty, another checksum, no room on the disk).
        """
        try:
            make_folder(self.folder, mode=0o700)
            size, sha256, part = self._copied(source)
        except OSError as error:
            raise UsageError(_trouble(source, self.folder, error)) from error
        try:
            if not size:
                raise UsageError(f"{source} is empty: no firmware image")
            if expected_sha256 and sha256 != expected_sha256.strip().lower():
                raise UsageError(
                    f"{source} has the SHA-256 {sha256}, expected {expected_sha256}: cut off or altered. "
                    "Not taken in. Download it again from its maker"
                )
            image = Image(sha256=sha256, size=size, file_name=source.name, **told)
            part.chmod(0o600)
            part.replace(self.path(image))
            sync_folder(self.folder)
            record = json.dumps(dataclasses.asdict(image), ensure_ascii=False, indent=1, sort_keys=True)
            replace(self._record(sha256), f"{record}\n".encode(), mode=0o600)
        except OSError as error:
            raise UsageError(_trouble(source, self.folder, error)) from error
        finally:
            part.unlink(missing_ok=True)
        return image

    def _copied(self, source: Path) -> tuple[int, str, Path]:
        """Copy a file beside the images, on disk when this returns; what was begun is taken away when it fails."""
        size, sha256 = 0, hashlib.sha256()
        with source.open("rb") as file:
            descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".new.")
            try:
                with os.fdopen(descriptor, "wb") as copy:
                    while piece := file.read(_PIECE):
                        copy.write(piece)
                        sha256.update(piece)
                        size += len(piece)
                    copy.flush()
                    os.fsync(copy.fileno())
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(name).unlink()
                raise
        return size, sha256.hexdigest(), Path(name)

    def path(self, image: Image) -> Path:
        """Return where the bytes of an image are."""
        return self.folder / f"{image.sha256}.bin"

    def _record(self, sha256: str) -> Path:
        return self.folder / f"{sha256}.json"

    def images(self) -> tuple[Image, ...]:
        """Return every image, by vendor, version and checksum; raises UsageError for a record that is none."""
        found = [self._read(path) for path in self.folder.glob("*.json")] if self.folder.is_dir() else []
        return tuple(sorted(found, key=lambda image: (image.vendor, image.version, image.sha256)))

    def image(self, key: str) -> Image:
        """Return the image whose checksum begins so; raises UsageError where none or several do."""
        found = [image for image in self.images() if key and image.sha256.startswith(key.lower())]
        if len(found) != 1:
            how = "no image begins" if not found else f"{len(found)} images begin"
            raise UsageError(f"{key}: {how} with that. See: fleetctl firmware list")
        return found[0]

    @staticmethod
    def _read(path: Path) -> Image:
        try:
            told: dict[str, Any] = json.loads(path.read_text("utf-8"))
            return Image(**told | {name: tuple(told[name]) for name in _TUPLES})
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path} is no record of an image ({error}). Mend: fleetctl firmware add again") from error

    def check(self, image: Image) -> None:
        """Raise UsageError unless the bytes of an image are there, whole and as they were taken in."""
        path, sha256 = self.path(image), hashlib.sha256()
        try:
            with path.open("rb") as file:
                while piece := file.read(_PIECE):
                    sha256.update(piece)
        except OSError as error:
            raise UsageError(f"{path} cannot be read ({error.strerror}). Mend: fleetctl firmware add again") from error
        if sha256.hexdigest() != image.sha256:
            raise UsageError(
                f"{path} is not the image that was taken in: its SHA-256 is {sha256.hexdigest()}. Nothing was sent. "
                "Mend: fleetctl firmware add again"
            )


def _trouble(source: Path, folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{source}: no room for it in {folder}. Nothing was taken in. Make room on that disk, then add it again"
    return f"{source} cannot be taken in: {error.strerror or error}"
