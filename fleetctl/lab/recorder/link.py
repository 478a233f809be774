"""One channel's connection to its camera, as it is now; lives in memory only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

State = Literal[
    "connecting", "online", "password", "locked", "inactive", "unreachable", "protocol", "stream", "disabled"
]


@dataclass(slots=True, kw_only=True)
class Link:
    """`due`: when it is looked after next (monotonic); `tries`: logins since it was last online."""

    state: State = "connecting"
    due: float = 0.0
    since: float = 0.0  # since when it stands so (seconds since 1970)
    tries: int = 0
    recording: bool = False
    why_not: str = ""  # why it does not record: schedule, disk, off, offline
    camera: dict[str, str] = field(default_factory=dict)  # model, serial, firmware, mac as the camera told
    streams: tuple[str, str] = ("", "")  # where the camera's streams are: main, sub
    timed: float = 0.0  # when the camera's clock was last set
    span: tuple[float, float] | None = None  # the recording under way, in the recorder's clock
    waits: bool = False  # for a picture, since others had theirs when it was looked after
    kept_at: float = 0.0  # when its last picture was kept (monotonic)
    number: int = 0  # of that recording in the index

    @property
    def online(self) -> bool:
        """Whether the recorder is logged in and gets pictures."""
        return self.state == "online"
