"""log.cgi: a search in the device's log is begun, asked and ended.

Source: the maker's CGI manual, which is that of its cameras (RecNo, Time, Type, User); public code for recorders
(Detail as one text of several lines, LogAddress, types with blanks in them); synthetic.
"""

from __future__ import annotations

from typing import Any, Final

from fleetctl.lab import access
from fleetctl.lab.cgi.pages import Arguments, Page, argument, listing, plain
from fleetctl.lab.cgi.system import moment_of, written
from fleetctl.lab.cgi.text import Refused
from fleetctl.lab.device import Entry
from fleetctl.lab.vendor import Reply, Visit

_MOST: Final = 8  # searches at once


def start(visit: Visit, arguments: Arguments) -> Reply:
    """log.cgi?action=startFind: an implausible window is refused like a missing page."""
    begin, end = (moment_of(argument(arguments, f"condition.{name}Time")) for name in ("Start", "End"))
    held = visit.device.log_searches
    if not begin < end or len(held) >= _MOST:
        raise Refused("argument", "condition")
    token = max(held, default=0) + 1
    held[token] = [each for each in visit.device.diary or () if begin <= each.time <= end]
    return plain(f"token={token}\r\ncount={len(held[token])}\r\n")


def _token(visit: Visit, arguments: Arguments) -> int:
    told = argument(arguments, "token")
    if not told.isdigit() or int(told) not in visit.device.log_searches:
        raise Refused("argument", "token")
    return int(told)


def more(visit: Visit, arguments: Arguments) -> Reply:
    """log.cgi?action=doFind&token=&count=: the next entries."""
    token = _token(visit, arguments)
    told = argument(arguments, "count", "100")
    count = min(100, int(told) if told.isdigit() else 0)
    left = visit.device.log_searches[token]
    shown, visit.device.log_searches[token] = left[:count], left[count:]
    items = [_item(visit, number, each) for number, each in enumerate(shown, 1)]
    return listing({"found": len(items), "items": items} if items else {"found": 0})


def _item(visit: Visit, number: int, entry: Entry) -> dict[str, Any]:
    """An entry as a camera tells it, or a recorder: that one says from where, and more in a text of several lines."""
    told = {"RecNo": number, "Time": written(entry.time), "Type": "SaveConfig", "User": entry.account}
    if visit.device.personality.recorder is None:
        return told
    detail = f"Config Name:{entry.what}\r\nChannel:1"
    return told | {"Type": "Save Config", "Detail": detail, "LogAddress": entry.address}


def stop(visit: Visit, arguments: Arguments) -> Reply:
    """log.cgi?action=stopFind&token=."""
    del visit.device.log_searches[_token(visit, arguments)]
    return plain("OK\r\n")


_A: Final = access.ADMINISTRATOR
PAGES: dict[str, Page] = {
    "log.cgi?startFind": Page(work=start, level=_A),
    "log.cgi?doFind": Page(work=more, level=_A),
    "log.cgi?stopFind": Page(work=stop, level=_A),
}
