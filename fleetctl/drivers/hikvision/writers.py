"""Who changed settings, by the log of operations.

Source: field facts, NVR and vendor protocols, 1.5 (log: POST logSearch, metaId); the fields of an entry, and a
second family of metaIds, are those of public code. No capture has the names of operations, so that they are judged by
their words.
"""

from __future__ import annotations

import datetime
import uuid
from collections.abc import Iterator
from typing import Final

from fleetctl.drivers.hikvision.footage import now
from fleetctl.model import Written
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.xml import Element, child, children, tag, text

_PAGE: Final = 40
_MOST_PAGES: Final = 5
_AHEAD: Final = datetime.timedelta(minutes=1)
_KINDS: Final = ("log.std-cgi.com/Operation", "log.hikvision.com/Operation")
_CHANGING: Final = ("cfg", "config", "set", "modif", "add", "del", "format", "upgrade", "restore", "activ")
_READING: Final = ("get", "login", "logout", "playback", "preview", "search")


def writers(session: Session, ago: datetime.timedelta) -> tuple[Written, ...]:
    """Return the changes of settings since so long ago, the newest first; 200 entries of the log are read at most.

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
    search, position = str(uuid.uuid4()).upper(), 0
    for _ in range(_MOST_PAGES):
        told = session.ask(_SEARCH, _question(search, kind, begin, end, position))
        found = list(children(child(told, "matchList"), "searchMatchItem"))
        for item in found:
            if (entry := _entry(child(item, "logDescriptor"))) is not None:
                yield entry
        position += len(found)
        if not found or text(told, "responseStatusStrg").upper() != "MORE":
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
    what = text(told, "metaId").rpartition("/")[2][:60]
    return Written(time=at, account=text(told, "userName")[:60], address=text(told, "ipAddress")[:60], what=what)
