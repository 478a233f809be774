"""Who changed settings, by the device's log: a search is begun, asked and ended.

Source: field facts, NVR and vendor protocols, 2.1 (escaping), 2.6 (an implausible window is refused like a missing
page); the maker's CGI manual, which is that of its cameras, for log.cgi (startFind, doFind, stopFind; Type, User, Time
of an entry); public code: Detail as one text of several lines, LogAddress, names of types with blanks in them.
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator, Mapping
from typing import Final

from fleetctl.drivers.dahua.footage import FORM, moment, now
from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.model import Written
from fleetctl.protocols.dahua import Session, keyvalue

_PAGE: Final = 100
_MOST_PAGES: Final = 5
_HALVINGS: Final = 8
_AHEAD: Final = datetime.timedelta(minutes=1)
_CHANGING: Final = ("config", "user", "group", "default", "upgrade", "format", "clear", "modif")


def writers(session: Session, ago: datetime.timedelta) -> tuple[Written, ...]:
    """Return the changes of settings since so long ago, the newest first; of a long log the newest 500 entries or less.

    Raises Unsupported, Refused, Rejected, BadAnswer, Unreachable.
    """
    at = now(session)
    for _ in range(_HALVINGS):
        with _search(session, at - ago, at + _AHEAD) as (token, count):
            if count <= _PAGE * _MOST_PAGES:
                return tuple(sorted(_entries(session, token), key=lambda each: each.time, reverse=True))
        ago /= 2  # it tells the oldest first, and what is wanted is at the end
    return ()


@contextlib.contextmanager
def _search(session: Session, begin: datetime.datetime, end: datetime.datetime) -> Iterator[tuple[str, float]]:
    """Yield a search's number and how many entries it has; 0.0 where the device does not say."""
    span = "".join(
        f"&condition.{name}={keyvalue.escaped(f'{when:{FORM}}')}"
        for name, when in (("StartTime", begin), ("EndTime", end))
    )
    told = session.read("log", "startFind", span, fresh=True)
    if not (token := told.get("token", "")).isdecimal():
        raise BadAnswer(f"log: {token[:40]!r} is no search")
    try:
        yield token, keyvalue.number(told.get("count")) or 0.0
    finally:
        with contextlib.suppress(Unsupported, Rejected, BadAnswer):
            session.read("log", "stopFind", f"&token={token}", fresh=True)


def _entries(session: Session, token: str) -> Iterator[Written]:
    for _ in range(_MOST_PAGES):
        told = session.read("log", "doFind", f"&token={token}&count={_PAGE}", fresh=True)
        for number in keyvalue.indexes(told, "items"):
            if (entry := _entry(keyvalue.under(told, f"items[{number}]"))) is not None:
                yield entry
        if (keyvalue.number(told.get("found")) or 0.0) < _PAGE:
            return


def _entry(told: Mapping[str, str]) -> Written | None:
    """Return a change of settings; None for anything else, and for one without a time."""
    kind, when = told.get("Type", ""), moment(told.get("Time", ""))
    if when is None or not any(part in kind.lower() for part in _CHANGING):
        return None
    detail = told.get("Detail.Data", "") or ", ".join(told.get("Detail", "").splitlines())
    address = told.get("LogAddress") or told.get("Address") or told.get("Detail.Address", "")
    account = told.get("User") or told.get("UserName", "")
    return Written(time=when, account=account[:60], address=address[:60], what=f"{kind} {detail}".strip()[:60])
