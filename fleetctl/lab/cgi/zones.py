"""Dahua's zones: an index into a list, not hours. Source: field facts on vendor protocols 2.3 (12 and 25 are sure)."""

from __future__ import annotations

from typing import Final

# index -> minutes ahead of UTC
AHEAD: Final = (
    0, 60, 120, 180, 210, 240, 270, 300, 330, 345, 360, 390, 420, 480, 540, 570, 600, 660, 720, 780,
    -60, -120, -180, -210, -240, -300, -360, -420, -480, -540, -600, -660, -720,
)  # fmt: skip
_NAMES: Final = {12: "Bangkok", 13: "Beijing", 25: "Easterntime", 0: "London"}


def index_of(ahead_s: int) -> int:
    """Return the index of an offset, 0 where the list has none."""
    minutes = ahead_s // 60
    return AHEAD.index(minutes) if minutes in AHEAD else 0


def name_of(index: int) -> str:
    """Return the description that goes with an index."""
    minutes = AHEAD[index]
    sign = "-" if minutes < 0 else "+"
    return _NAMES.get(index, f"GMT{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}")


def posix_of(index: int) -> str:
    """Return the zone as ONVIF tells it on the same device."""
    minutes = AHEAD[index]
    sign = "-" if minutes >= 0 else "+"
    hours, rest = divmod(abs(minutes), 60)
    return f"CST{sign}{hours}:{rest:02d}:00"
