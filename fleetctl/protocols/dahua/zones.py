"""Dahua's list of time zones: a place in a list, not hours.

Source: field facts, NVR and vendor protocols, 2.3 (0 to 25 and 32; those between are not known and not guessed).
"""

from __future__ import annotations

from typing import Final

_HOURS: Final = {
    0: 0.0, 1: 1.0, 2: 2.0, 3: 3.0, 4: 3.5, 5: 4.0, 6: 4.5, 7: 5.0, 8: 5.5, 9: 5.75, 10: 6.0, 11: 6.5, 12: 7.0,
    13: 8.0, 14: 9.0, 15: 9.5, 16: 10.0, 17: 11.0, 18: 12.0, 19: 13.0, 20: -1.0, 21: -2.0, 22: -3.0, 23: -3.5,
    24: -4.0, 25: -5.0, 32: -12.0,
}  # fmt: skip


def offset_s(index: str) -> int | None:
    """Return the offset of a place in the list in seconds east, None where it is not known."""
    told = index.strip()
    hours = _HOURS.get(int(told)) if told.isdecimal() and len(told) < 4 else None
    return None if hours is None else round(hours * 3600)


def index_of(east_s: int) -> int | None:
    """Return the place in the list of an offset in seconds east, None where the list has none that is known."""
    return next((index for index, hours in _HOURS.items() if round(hours * 3600) == east_s), None)
