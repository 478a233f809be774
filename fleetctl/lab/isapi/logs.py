"""ISAPI: the log of operations, by search.

Source: field facts 1.5; public code: fields of an entry, that answers bear the second family whichever was asked for,
that a channel may follow an operation's name; synthetic.
"""

from __future__ import annotations

import time
import uuid

from fleetctl.lab import access
from fleetctl.lab.device import Entry
from fleetctl.lab.isapi import xml
from fleetctl.lab.isapi.pages import Page, reads, told
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.isapi.storage import parsed
from fleetctl.lab.vendor import Reply, Visit

_FAMILY = "log.std-cgi.com/Operation"
_MOST = 40


def search(visit: Visit) -> Reply:
    """POST ContentMgmt/logSearch: what was done within a span, oldest first, forty at most."""
    sent = xml.parsed(visit.incoming.body, "CMSearchDescription")
    if not (kind := xml.text(sent, "metaId")).startswith("log."):
        raise Refused("badParameters", words="metaId")
    span = xml.find(sent, "timeSpanList", "timeSpan")
    start, end = parsed(xml.text(span, "startTime")), parsed(xml.text(span, "endTime"))
    most = min(_MOST, xml.number(sent, "maxResults", least=1, most=1000, default=_MOST))
    skip = xml.number(sent, "searchResultPostion", default=0)
    held = [each for each in _operations(visit) if start <= each[0] <= end] if kind == _FAMILY else []
    shown = held[skip : skip + most]
    items = [{"logDescriptor": _descriptor(*each)} for each in shown]
    content = {
        "searchID": xml.text(sent, "searchID") or "{" + str(uuid.uuid4()) + "}",
        "responseStatus": True,
        "responseStatusStrg": "NO MATCHES" if not shown else "MORE" if len(held) > skip + most else "OK",
        "numOfMatches": len(shown),
        "totalMatches": len(held) if visit.device.personality.kind == "recorder" else None,
        "matchList": {"searchMatchItem": items} if items else {},
    }
    return told(visit, "CMSearchResult", content)


def _operations(visit: Visit) -> list[tuple[float, str, Entry]]:
    """What was done: whoever changes settings logs in first, and looks at them."""
    names = ("remoteLogin", "remoteGetParam", "remoteCfgParam")
    return [(each.time, name, each) for each in visit.device.diary or () for name in names]


def _descriptor(moment: float, name: str, entry: Entry) -> dict[str, str]:
    """An entry; its time is the wall clock's digits, whatever the letter behind them says."""
    return {
        "metaId": f"log.hikvision.com/Operation/{name}/1",
        "StartDateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)),
        "userName": entry.account,
        "ipAddress": entry.address,
    }


PAGES: dict[tuple[str, str], Page] = {
    ("POST", "ContentMgmt/logSearch"): reads(search, level=access.ADMINISTRATOR),
}
