"""What was recorded, found by mediaFileFind: a finder is made, asked and put away.

Source: field facts, NVR and vendor protocols, 2.1 (channels counted from 1 here), 2.6 (an implausible window is refused
like a missing page, so that the recorder's own clock gives it).
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.protocols.dahua import Session, keyvalue

_PAGE: Final = 100
_MOST_PAGES: Final = 100
_BACK_DAYS: Final = 366  # looked back so far; wider searches are refused
_FORM: Final = "%Y-%m-%d %H:%M:%S"
_AHEAD: Final = datetime.timedelta(minutes=10)  # footage of a clock that was put back since
RECENT_S: Final = 120.0  # footage so young means that the channel is being recorded


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A piece of footage of a channel, in the recorder's own wall clock."""

    channel: str
    begin: datetime.datetime
    end: datetime.datetime


def now(session: Session) -> datetime.datetime:
    """Return the recorder's wall clock, as if it were UTC; raises BadAnswer where it tells none."""
    told = session.read("global", "getCurrentTime", fresh=True).get("result", "")
    moment = _moment(told)
    if moment is None:
        raise BadAnswer(f"getCurrentTime: {told[:40]!r} is no time")
    return moment


def _moment(told: str) -> datetime.datetime | None:
    try:
        return datetime.datetime.strptime(told.strip(), _FORM).replace(tzinfo=datetime.UTC)
    except ValueError:
        return None


def segments(
    session: Session, channel: str, begin: datetime.datetime, end: datetime.datetime, *, most: int = 0
) -> Iterator[Segment]:
    """Yield the footage of a channel within a span; `most` 0 is all of it."""
    made = session.read("mediaFileFind", "factory.create", fresh=True).get("result", "")
    if not made.isdecimal():
        raise BadAnswer(f"mediaFileFind: {made[:40]!r} is no finder")
    finder = f"&object={made}"
    try:
        span = "".join(
            f"&condition.{name}={keyvalue.escaped(f'{at:{_FORM}}')}"
            for name, at in (("StartTime", begin), ("EndTime", end))
        )
        try:
            session.read("mediaFileFind", "findFile", f"{finder}&condition.Channel={channel}{span}", fresh=True)
        except (Unsupported, Rejected):
            return  # how the device says that it has nothing there
        yield from _pages(session, finder, channel, most)
    finally:
        for action in ("close", "destroy"):
            with contextlib.suppress(Unsupported, Rejected, BadAnswer):
                session.read("mediaFileFind", action, finder, fresh=True)


def _pages(session: Session, finder: str, channel: str, most: int) -> Iterator[Segment]:
    for _ in range(_MOST_PAGES):
        count = most or _PAGE
        told = session.read("mediaFileFind", "findNextFile", f"{finder}&count={count}", fresh=True)
        found = int(keyvalue.number(told.get("found")) or 0)
        for number in keyvalue.indexes(told, "items"):
            begin = _moment(told.get(f"items[{number}].StartTime", ""))
            end = _moment(told.get(f"items[{number}].EndTime", "")) or begin
            if begin is not None and end is not None:
                yield Segment(channel=channel, begin=begin, end=end)
        if most or found < count:
            return


def newest(session: Session, channels: Sequence[str], minutes: int = 10) -> dict[str, datetime.datetime]:
    """Return by channel the end of its newest footage of the last minutes."""
    at = now(session)
    begin, end = at - datetime.timedelta(minutes=minutes), at + _AHEAD
    found: dict[str, datetime.datetime] = {}
    for channel in channels:
        for segment in segments(session, channel, begin, end):
            found[channel] = max(segment.end, found.get(channel, segment.end))
    return found


def oldest(session: Session, channels: Sequence[str]) -> datetime.datetime | None:
    """Return the begin of the oldest footage of any of the channels, None where there is none."""
    at = now(session)
    begin = at - datetime.timedelta(days=_BACK_DAYS)
    first = [s.begin for channel in channels for s in segments(session, channel, begin, at, most=1)]
    return min(first, default=None)
