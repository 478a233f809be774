"""What was recorded, found by search: the oldest and the newest footage, and all of a span.

Source: field facts, NVR and vendor protocols, 1.5 (search: pages of about 40, ascending; 500 on very wide windows).
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.model import footage
from fleetctl.model.footage import Segment
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.xml import child, children, tag, text, whole, words

_SEARCH: Final = "/ISAPI/ContentMgmt/search"
_PAGE: Final = 40
_MOST_PAGES: Final = 250


def now(session: Session) -> datetime.datetime:
    """Return the recorder's wall clock, as if it were UTC; raises BadAnswer where it tells none."""
    told = text(session.read("/ISAPI/System/time", fresh=True), "localTime")
    try:
        return datetime.datetime.fromisoformat(told[:19]).replace(tzinfo=datetime.UTC)
    except ValueError:
        raise BadAnswer(f"System/time: {told[:40]!r} is no time") from None


def track_of(channel: str, *, sub: bool = False) -> str:
    """Return the track of a channel's main or sub stream."""
    return f"{channel}0{2 if sub else 1}"


def segments(
    session: Session, channel: str, begin: datetime.datetime, end: datetime.datetime, most: int = 0
) -> Iterator[Segment]:
    """Yield the footage of a channel's main stream within a span, oldest first; `most` 0 is all of it."""
    track = track_of(channel)
    search, position = str(uuid.uuid4()).upper(), 0
    for _ in range(_MOST_PAGES):
        told = session.ask(_SEARCH, _question(search, track, begin, end, position, most or _PAGE))
        found = list(children(child(told, "matchList"), "searchMatchItem"))
        for item in found:
            span = child(item, "timeSpan")
            segment = _segment(channel, text(span, "startTime"), text(span, "endTime"))
            if segment is not None:
                yield segment
        position += len(found)
        if not found or most or text(told, "responseStatusStrg").upper() != "MORE":
            return


def _question(
    search: str,
    track: str,
    begin: datetime.datetime,
    end: datetime.datetime,
    position: int,
    most: int,
) -> str:
    span = tag("timeSpan", tag("startTime", f"{begin:%Y-%m-%dT%H:%M:%SZ}"), tag("endTime", f"{end:%Y-%m-%dT%H:%M:%SZ}"))
    return '<?xml version="1.0" encoding="UTF-8"?>' + tag(
        "CMSearchDescription",
        tag("searchID", search),
        tag("trackIDList", tag("trackID", words(track))),
        tag("timeSpanList", span),
        tag("maxResults", str(most)),
        tag("searchResultPostion", str(position)),
        tag("metadataList", tag("metadataDescriptor", "//recordType.meta.std-cgi.com")),
    )


def _segment(channel: str, begin: str, end: str) -> Segment | None:
    try:
        first, last = (datetime.datetime.fromisoformat(told[:19]).replace(tzinfo=datetime.UTC) for told in (begin, end))
    except ValueError:
        return None
    return Segment(channel=channel, begin=first, end=last)


def newest(session: Session, channels: Sequence[str], minutes: int = 10) -> dict[str, datetime.datetime]:
    """Return by channel the end of its newest footage of the last minutes, of its main stream."""
    return footage.newest(partial(segments, session), channels, now(session), minutes) if channels else {}


def oldest(session: Session, channels: Sequence[str]) -> datetime.datetime | None:
    """Return the begin of the oldest footage of any of the channels, None where there is none.

    Where the recorder refuses a search so wide, the days of the first channel are asked for, month by month.
    """
    if not channels:
        return None
    at = now(session)
    try:
        return footage.oldest(partial(segments, session), channels, at)
    except (Rejected, Unsupported):
        return _oldest_day(session, track_of(channels[0]), at)


def _oldest_day(session: Session, track: str, at: datetime.datetime) -> datetime.datetime | None:
    """Return the oldest day with footage, month by month backwards until one is empty."""
    found: datetime.datetime | None = None
    year, month = at.year, at.month
    for _ in range(footage.BACK_DAYS // 30):
        asked = tag("trackDailyParam", tag("year", str(year)), tag("monthOfYear", str(month)))
        told = session.ask(f"/ISAPI/ContentMgmt/record/tracks/{track}/dailyDistribution", asked)
        days = [
            whole(day, "dayOfMonth")
            for day in children(child(told, "dayList"), "day")
            if text(day, "record").lower() == "true"
        ]
        known = [day for day in days if day]
        if not known:
            break
        found = datetime.datetime(year, month, min(known), tzinfo=datetime.UTC)
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    return found
