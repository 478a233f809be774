"""The files of a simulated switch: what is copied there over SCP, and which of them it starts from.

The content is not kept: its size, its checksum and what it says of itself are (see `lab.firmware`).
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from fleetctl.lab import firmware

if TYPE_CHECKING:
    from fleetctl.lab.switch.unit import SimSwitch

ROOM: Final = 122_185_728  # bytes of a 2960-X
OWN: Final = 25_000_000  # bytes of the image that it came with
_HEAD: Final = 16 * 1024


@dataclass(kw_only=True)
class Arriving:
    """A file that comes in pieces."""

    size: int = 0
    md5: Any = field(default_factory=lambda: hashlib.md5(usedforsecurity=False))
    head: bytes = b""
    body: Any = field(default_factory=hashlib.sha256)
    _begun: bool = False

    def take(self, piece: bytes) -> None:
        """Take the next piece."""
        self.size += len(piece)
        self.md5.update(piece)
        if self._begun:
            self.body.update(piece)
            return
        self.head += piece
        line, end, rest = self.head.partition(b"\n")
        if end or len(self.head) > _HEAD:
            self._begun, self.head = True, line + end
            self.body.update(rest)

    def told(self) -> dict[str, Any]:
        """Return what is kept of it."""
        said = firmware.said(io.BytesIO(self.head))
        whole = said is not None and said.get("sha256") == self.body.hexdigest()
        return {"size": self.size, "md5": self.md5.hexdigest(), "image": said if whole else None}


def free(switch: SimSwitch) -> int:
    """Return how many bytes are free."""
    used = OWN + sum(int(told["size"]) for told in switch.files.values())
    return 1024 if "disk-full" in switch.faults else max(0, ROOM - used)


def started_with(switch: SimSwitch, file: str, model: str) -> bool:
    """Start from a file, where it is a whole image for this model; False: it starts from what it came with."""
    told = switch.files.get(file, {}).get("image")
    if told is None or model not in told["models"]:
        return False
    image = firmware.Image(models=tuple(told["models"]), version=told["version"], effects=dict(told["effects"]))
    if image.happens("brick", switch):
        switch.bricked = True
    switch.version = "" if image.happens("ignored", switch) else image.version
    return True
