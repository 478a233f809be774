"""A file on its way to a device: sent piece by piece, its checksum proven before the last piece goes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Final

from fleetctl.errors import UsageError

PIECE: Final = 64 * 1024
SIZE: Final = "size"  # instead of a checksum, where a device has none: how many bytes it has of a file


class Upload:
    """The body of one request: `before`, the file, `after` (the parts of a multipart body around it).

    `progress(percent)` is told how much of it has gone, at each full percent. May be sent again from its beginning.
    """

    def __init__(
        self,
        path: Path,
        size: int,
        sha256: str,
        *,
        before: bytes = b"",
        after: bytes = b"",
        progress: Callable[[int], None] | None = None,
    ) -> None:
        self.path, self.size, self.sha256 = path, size, sha256
        self._before, self._after = before, after
        self._progress = progress or (lambda _percent: None)
        self.gone = 0  # bytes of the file that were handed to the network

    def digest(self, algorithm: str) -> str:
        """Return the checksum of the file by another algorithm (md5, sha256; size), to be held against a device's own.

        Raises UsageError where it cannot be read.
        """
        if algorithm == SIZE:
            return str(self.size)
        made = hashlib.new(algorithm, usedforsecurity=False)
        try:
            with self.path.open("rb") as file:
                while piece := file.read(PIECE):
                    made.update(piece)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error.strerror}") from error
        return made.hexdigest()

    def __len__(self) -> int:
        return len(self._before) + self.size + len(self._after)

    def pieces(self) -> Generator[bytes, None, None]:
        """Yield the body. Raises UsageError before its last piece where the file is not what it was taken in as.

        The last piece is held back until then, so that a device never has the whole of an altered file.
        """
        sha256, gone, told, held = hashlib.sha256(), 0, -1, b""
        self.gone = 0
        if self._before:
            yield self._before
        try:
            with self.path.open("rb") as file:
                while piece := file.read(PIECE):
                    if held:
                        yield held
                        self.gone = gone
                    sha256.update(piece)
                    gone, held = gone + len(piece), piece
                    if gone > self.size:
                        break
                    if (percent := min(99, gone * 100 // self.size)) != told:
                        told = percent
                        self._progress(percent)
        except OSError as error:
            raise UsageError(f"{self.path} cannot be read: {error.strerror}") from error
        if gone != self.size or sha256.hexdigest() != self.sha256:
            raise UsageError(
                f"{self.path} is not the image that was taken in (cut off or altered); its end was not sent. "
                "Mend: fleetctl firmware add again"
            )
        yield held + self._after
        self.gone = gone
        self._progress(100)
