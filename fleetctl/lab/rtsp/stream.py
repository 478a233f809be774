"""What a stream is: the picture and how it is encoded, as the device's profile has it at this moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from fleetctl.lab.picture import View

VIDEO_CLOCK_HZ: Final = 90_000
JPEG_SIDE_MAX_PX: Final = 2040  # RFC 2435 section 3.1.5: sizes are told in blocks of 8, in one byte


@dataclass(frozen=True, slots=True, kw_only=True)
class AudioView:
    """The sound of a stream; G711 is always at 8,000 Hz."""

    encoding: Literal["G711", "AAC"] = "G711"
    bitrate_kbps: int = 64
    sample_rate_hz: int = 8000

    @property
    def rate_hz(self) -> int:
        """The rate at which samples are made."""
        return 8000 if self.encoding == "G711" else self.sample_rate_hz


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamView:
    """One stream. `gop` counts frames, `quality` (1..95) is for JPEG, `profile` (Baseline, Main, High) for H264."""

    view: View
    encoding: Literal["H264", "H265", "JPEG"]
    fps: float = 15.0
    bitrate_kbps: int = 2048
    gop: int = 30
    profile: str = "Main"
    quality: int = 80
    audio: AudioView | None = None

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as sent: even, and for JPEG no more than RTP can tell."""
        width, height = self.view.width, self.view.height
        if self.encoding == "JPEG":
            shrink = min(1.0, JPEG_SIDE_MAX_PX / max(width, height))
            return max(8, int(width * shrink) // 8 * 8), max(8, int(height * shrink) // 8 * 8)
        return max(2, width // 2 * 2), max(2, height // 2 * 2)

    def form(self) -> StreamView:
        """Return what a viewer was promised by DESCRIBE: the stream without its changing picture."""
        width, height = self.size
        return replace(self, view=View(width=width, height=height, seed=""))
