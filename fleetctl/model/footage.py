"""Pieces of footage, and what is asked of them whatever a recorder's maker: the newest and the oldest."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

BACK_DAYS: Final = 366  # looked back so far; wider searches are refused by many recorders
RECENT_S: Final = 120.0  # footage so young means that the channel is being recorded
_AHEAD: Final = datetime.timedelta(minutes=10)  # footage of a clock that was put back since


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of footage of a channel, in the recorder's own wall clock."""

    channel: str
    begin: datetime.datetime
    end: datetime.datetime


# How a recorder is searched: (channel, begin, end, most) -> its footage in that span, oldest first; 0 is all of it.
Search: TypeAlias = Callable[[str, datetime.datetime, datetime.datetime, int], Iterable[Segment]]


def newest(
    search: Search, channels: Sequence[str], now: datetime.datetime, minutes: int
) -> dict[str, datetime.datetime]:
    """Return by channel the end of its newest footage of the last minutes; `now` is the recorder's own clock."""
    begin, end = now - datetime.timedelta(minutes=minutes), now + _AHEAD
    found: dict[str, datetime.datetime] = {}
    for channel in channels:
        for segment in search(channel, begin, end, 0):
            found[channel] = max(segment.end, found.get(channel, segment.end))
    return found


def oldest(search: Search, channels: Sequence[str], now: datetime.datetime) -> datetime.datetime | None:
    """Return the begin of the oldest footage of any of the channels, None where there is none."""
    begin = now - datetime.timedelta(days=BACK_DAYS)
    return min((s.begin for channel in channels for s in search(channel, begin, now, 1)), default=None)
