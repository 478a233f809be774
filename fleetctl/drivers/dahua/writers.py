"""Who changed settings, by the device's log: a search is begun, asked and ended.

Source: field facts, NVR and vendor protocols, 2.1 (escaping), 2.6 (an implausible window is refused like a missing
page); the maker's CGI manual for log.cgi (startFind, doFind, stopFind; Type, User, Time of an entry).
"""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterator
from typing import Final

from fleetctl.drivers.dahua.footage import FORM, moment, now
from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.model import Written
from fleetctl.protocols.dahua import Session, keyvalue

_PAGE: Final = 100
_MOST_PAGES: Final = 5
_AHEAD: Final = datetime.timedelta(minutes=1)
_CHANGING: Final = ("config", "user", "group", "default", "upgrade", "format", "clear", "modif")


def writers(session: Session, ago: datetime.timedelta) -> tuple[Written, ...]:
    """Return the changes of settings since so long ago, the newest first; 500 entries of the log are read at most.

    Raises Unsupported, Refused, Rejected, BadAnswer, Unreachable.
    """
    at = now(session)
    span = "".join(
        f"&condition.{name}={keyvalue.escaped(f'{when:{FORM}}')}"
        for name, when in (("StartTime", at - ago), ("EndTime", at + _AHEAD))
    )
    token = session.read("log", "startFind", span, fresh=True).get("token", "")
    if not token.isdecimal():
        raise BadAnswer(f"log: {token[:40]!r} is no search")
    try:
        found = [each for each in _entries(session, token) if any(part in each.what.lower() for part in _CHANGING)]
    finally:
        with contextlib.suppress(Unsupported, Rejected, BadAnswer):
            session.read("log", "stopFind", f"&token={token}", fresh=True)
    return tuple(sorted(found, key=lambda each: each.time, reverse=True))


def _entries(session: Session, token: str) -> Iterator[Written]:
    for _ in range(_MOST_PAGES):
        told = session.read("log", "doFind", f"&token={token}&count={_PAGE}", fresh=True)
        found = int(keyvalue.number(told.get("found")) or 0)
        for number in keyvalue.indexes(told, "items"):
            at = f"items[{number}]"
            if (when := moment(told.get(f"{at}.Time", ""))) is not None:
                detail = told.get(f"{at}.Detail.Data", "")
                what = " ".join(part for part in (told.get(f"{at}.Type", ""), detail) if part)[:60]
                address = told.get(f"{at}.Address", told.get(f"{at}.Detail.Address", ""))[:60]
                yield Written(time=when, account=told.get(f"{at}.User", "")[:60], address=address, what=what)
        if found < _PAGE:
            return
