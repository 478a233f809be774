"""What time a device thinks it is; needed to sign requests, and measured for the time aspect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from time import time

from fleetctl.errors import BadAnswer
from fleetctl.protocols.xml import Element, child, whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The device's clock minus ours; `told` is False where it was only guessed (Date header, or nothing at all)."""

    offset_s: float = 0.0
    told: bool = False

    def now(self) -> datetime:
        """Return the present time by the device's clock, in UTC; ours where the sum is no time at all."""
        try:
            return datetime.fromtimestamp(time() + self.offset_s, UTC)
        except (OverflowError, ValueError, OSError):
            return datetime.now(UTC)


def device_time(answer: Element | None) -> datetime | None:
    """Return the UTC time in a GetSystemDateAndTimeResponse, None where there is none that can be.

    Devices tell month 0, year 126 and 2485-13-13 (field facts, quirk 20).
    """
    told = child(answer, "SystemDateAndTime/UTCDateTime") if answer is not None else None
    try:
        parts = [whole(told, path) for path in
                 ("Date/Year", "Date/Month", "Date/Day", "Time/Hour", "Time/Minute", "Time/Second")]  # fmt: skip
        year, month, day, hour, minute, second = (-1 if part is None else part for part in parts)
        leap = timedelta(seconds=second - min(second, 59))
        if not 0 <= second <= 60:
            return None
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC) + leap
    except (BadAnswer, ValueError, OverflowError):
        return None


def measured(answer: Element | None, date_header: str, asked_at: float, answered_at: float) -> Clock:
    """Return the clock from an answer, by the middle of the round trip; times are time.time().

    A device tells whole seconds, cut off, so half a second is added on average.
    """
    middle = (asked_at + answered_at) / 2
    if (at := device_time(answer)) is not None:
        return Clock(offset_s=at.timestamp() + 0.5 - middle, told=True)
    try:
        return Clock(offset_s=parsedate_to_datetime(date_header).timestamp() + 0.5 - middle)
    except (TypeError, ValueError, OverflowError, IndexError):
        return Clock()
