"""Who changed settings, by the log of operations.

Source: field facts, NVR and vendor protocols, 1.5 (log: POST logSearch, metaId); public code: the fields of an entry, a
second family of metaIds (which answers bear even where the first was asked for), a channel behind an operation's name,
totalMatches. No capture has the names of operations, so that they are judged by their words.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from typing import Final

from lxml import etree

from fleetctl.drivers.hikvision.footage import now
from fleetctl.model import Written
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.xml import Element, child, children, tag, text, whole

_PAGE: Final = 40
_MOST_PAGES: Final = 5
_AHEAD: Final = datetime.timedelta(minutes=1)
_KINDS: Final = ("log.std-cgi.com/Operation", "log.hikvision.com/Operation")
_CHANGING: Final = ("cfg", "config", "set", "modif", "add", "del", "format", "upgrade", "restore", "activ")
_READING: Final = ("get", "login", "logout", "playback", "preview", "search")


def writers(session: Session, ago: datetime.timedelta) -> tuple[Written, ...]:
    """Return the changes of settings since so long ago, the newest first; of a long log the last 200 entries are read.

    Raises Unsupported, Refused, Rejected, BadAnswer, Unreachable.
    """
    at = now(session)
    for kind in _KINDS:
        if found := list(_entries(session, kind, at - ago, at + _AHEAD)):
            return tuple(sorted((each for each in found if _changes(each.what)), key=lambda e: e.time, reverse=True))
    return ()


def _changes(what: str) -> bool:
    word = what.lower()
    return any(part in word for part in _CHANGING) and not any(part in word for part in _READING)


def _entries(session: Session, kind: str, begin: datetime.datetime, end: datetime.datetime) -> Iterator[Written]:
    """Yield what stands there, oldest first; where the device says how much that is, the end of it."""
    search, position, before = str(uuid.uuid4()).upper(), 0, b""
    for page in range(_MOST_PAGES + 1):
        told = session.ask(_SEARCH, _question(search, kind, begin, end, position))
        total = whole(told, "totalMatches") or 0
        if page == 0 and total > _PAGE * _MOST_PAGES:
            position = total - _PAGE * _MOST_PAGES
            continue
        matches = child(told, "matchList")
        now_told = b"" if matches is None else etree.tostring(matches)
        found = list(children(matches, "searchMatchItem"))
        if not found or now_told == before:  # the position means nothing to it
            return
        before = now_told
        for item in found:
            if (entry := _entry(child(item, "logDescriptor"))) is not None:
                yield entry
        position += len(found)
        if text(told, "responseStatusStrg").upper() != "MORE":
            return


_SEARCH: Final = "/ISAPI/ContentMgmt/logSearch"


def _question(search: str, kind: str, begin: datetime.datetime, end: datetime.datetime, position: int) -> str:
    span = tag("timeSpan", tag("startTime", f"{begin:%Y-%m-%dT%H:%M:%SZ}"), tag("endTime", f"{end:%Y-%m-%dT%H:%M:%SZ}"))
    return '<?xml version="1.0" encoding="UTF-8"?>' + tag(
        "CMSearchDescription",
        tag("searchID", search),
        tag("metaId", kind),
        tag("timeSpanList", span),
        tag("maxResults", str(_PAGE)),
        tag("searchResultPostion", str(position)),
    )


def _entry(told: Element | None) -> Written | None:
    try:
        at = datetime.datetime.fromisoformat(text(told, "StartDateTime")[:19]).replace(tzinfo=datetime.UTC)
    except ValueError:
        return None
    what = next((part for part in reversed(text(told, "metaId").split("/")) if not part.isdecimal()), "")[:60]
    return Written(time=at, account=text(told, "userName")[:60], address=text(told, "ipAddress")[:60], what=what)
