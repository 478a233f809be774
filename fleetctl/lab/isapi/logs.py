"""ISAPI: the log of operations, by search. Source: field facts 1.5; fields of an entry by public code; synthetic."""

from __future__ import annotations

import time
import uuid

from fleetctl.lab import access
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
    held = [each for each in visit.device.diary or () if start <= each.time <= end] if kind == _FAMILY else []
    shown = held[skip : skip + most]
    items = [
        {
            "logDescriptor": {
                "metaId": f"{_FAMILY}/remoteCfgParam",
                "StartDateTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(each.time)),
                "userName": each.account,
                "ipAddress": each.address,
            }
        }
        for each in shown
    ]
    content = {
        "searchID": xml.text(sent, "searchID") or "{" + str(uuid.uuid4()) + "}",
        "responseStatus": True,
        "responseStatusStrg": "NO MATCHES" if not shown else "MORE" if len(held) > skip + most else "OK",
        "numOfMatches": len(shown),
        "matchList": {"searchMatchItem": items} if items else {},
    }
    return told(visit, "CMSearchResult", content)


PAGES: dict[tuple[str, str], Page] = {
    ("POST", "ContentMgmt/logSearch"): reads(search, level=access.ADMINISTRATOR),
}
