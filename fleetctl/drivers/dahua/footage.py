"""What was recorded, found by mediaFileFind: a finder is made, asked and put away.

Source: field facts, NVR and vendor protocols, 2.1 (channels counted from 1 here), 2.6 (an implausible window is refused
like a missing page, so that the recorder's own clock gives it).
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.model import footage
from fleetctl.model.footage import Segment
from fleetctl.protocols.dahua import Session, keyvalue

_PAGE: Final = 100
_MOST_PAGES: Final = 100
FORM: Final = "%Y-%m-%d %H:%M:%S"


def now(session: Session) -> datetime.datetime:
    """Return the recorder's wall clock, as if it were UTC; raises BadAnswer where it tells none."""
    told = session.read("global", "getCurrentTime", fresh=True).get("result", "")
    at = moment(told)
    if at is None:
        raise BadAnswer(f"getCurrentTime: {told[:40]!r} is no time")
    return at


def moment(told: str) -> datetime.datetime | None:
    """Return a moment of the device's wall clock, as if it were UTC; None for what is none."""
    try:
        return datetime.datetime.strptime(told.strip(), FORM).replace(tzinfo=datetime.UTC)
    except ValueError:
        return None


def segments(
    session: Session, channel: str, begin: datetime.datetime, end: datetime.datetime, most: int = 0
) -> Iterator[Segment]:
    """Yield the footage of a channel within a span; `most` 0 is all of it."""
    made = session.read("mediaFileFind", "factory.create", fresh=True).get("result", "")
    if not made.isdecimal():
        raise BadAnswer(f"mediaFileFind: {made[:40]!r} is no finder")
    finder = f"&object={made}"
    try:
        span = "".join(
            f"&condition.{name}={keyvalue.escaped(f'{at:{FORM}}')}"
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
            begin = moment(told.get(f"items[{number}].StartTime", ""))
            end = moment(told.get(f"items[{number}].EndTime", "")) or begin
            if begin is not None and end is not None:
                yield Segment(channel=channel, begin=begin, end=end)
        if most or found < count:
            return


def newest(session: Session, channels: Sequence[str], minutes: int = 10) -> dict[str, datetime.datetime]:
    """Return by channel the end of its newest footage of the last minutes."""
    return footage.newest(partial(segments, session), channels, now(session), minutes)


def oldest(session: Session, channels: Sequence[str]) -> datetime.datetime | None:
    """Return the begin of the oldest footage of any of the channels, None where there is none."""
    return footage.oldest(partial(segments, session), channels, now(session))
