"""ISAPI: a recorder's disks, and the search of what is on them. Source: field facts on vendor protocols 1.5."""

from __future__ import annotations

import calendar
import json
import re
import time
import uuid
from typing import Any, Final

from fleetctl.lab import access
from fleetctl.lab.isapi import xml
from fleetctl.lab.isapi.pages import Page, done, reads, rule_of, told, writes
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.recorder import keeping
from fleetctl.lab.recorder.footage import Recording
from fleetctl.lab.vendor import Reply, Visit

PAGE_MAX: Final = 40
WIDEST_S: Final = 400 * 86400  # a wider window makes the search break with 500
_MOMENT: Final = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(Z|[+-]\d\d:\d\d)?")
_KINDS: Final = {"timed": "timing", "motion": "motion"}


def _disk(visit: Visit, number: str, kept: dict[str, Any]) -> dict[str, Any]:
    rule = rule_of(visit)
    used = keeping.used_mb(visit.world, visit.device) if kept["state"] == "ok" else 0.0
    share = kept["mb"] / keeping.room_mb(visit.device) if kept["state"] == "ok" else 0.0
    free = 0 if kept["state"] != "ok" else max(0, round(kept["mb"] - used * share))
    return {
        "id": int(number),
        "hddName": f"hd{chr(96 + int(number))}",
        "hddPath": "",
        "hddType": "SATA",
        "status": kept["state"],
        "capacity": kept["mb"],
        "freeSpace": free,
        "property": "RW",
        "group": 1 if rule.disk_group else None,
        "hddModel": kept.get("model", "WDC WD10PURX-64E5EY0") if rule.disk_identity else None,
        "hddSerialNumber": kept.get("serial", f"WD-WCC{visit.device.serial_number[-6:]}{number}")
        if rule.disk_identity
        else None,
    }


def storage(visit: Visit) -> Reply:
    """GET ContentMgmt/Storage: sizes in MB; nothing free is normal where the oldest is overwritten."""
    disks = keeping.disks(visit.device)
    content: dict[str, Any] = {
        "hddList": {"@size": len(disks), "hdd": [_disk(visit, number, kept) for number, kept in disks.items()]},
        "nasList": {"@size": 8},
        "ssdList": {} if rule_of(visit).disk_group else None,
        "workMode": "group" if rule_of(visit).disk_group else "quota",
    }
    return told(visit, "storage", content)


def one_disk(visit: Visit, number: str) -> Reply:
    """GET ContentMgmt/Storage/hdd/ID."""
    disks = keeping.disks(visit.device)
    if number not in disks:
        raise Refused("invalidOperation")
    return told(visit, "hdd", _disk(visit, number, disks[number]))


def working(visit: Visit) -> Reply:
    """GET System/workingstatus/hdStatus?format=json: numbers instead of words."""
    codes = {"ok": 0, "unformatted": 1, "error": 2}
    disks = keeping.disks(visit.device)
    told_ = [
        {"hdNo": int(number), "status": codes[kept["state"]], "volume": kept["mb"], "freeSpace": 0}
        for number, kept in disks.items()
    ]
    return Reply(status=200, body=json.dumps({"HDStatus": told_}).encode(), content_type="application/json")


def format_disk(visit: Visit, number: str) -> Reply:
    """PUT ContentMgmt/Storage/hdd/ID/format: what was on the disk is gone."""
    disks = visit.device.change("disks")
    if number not in disks:
        raise Refused("invalidOperation")
    if keeping.disks(visit.device)[number]["state"] == "error":
        raise Refused("diskError")
    disks[number] = {**disks[number], "state": "ok"}
    visit.world.footage.forget(visit.device.name)
    for fault in ("disk-unformatted", "disk-full"):
        (visit.device.faults or {}).pop(fault, None)
    return done(visit)


def format_status(visit: Visit, number: str) -> Reply:
    """GET ContentMgmt/Storage/hdd/ID/formatStatus."""
    if number not in visit.device.read("disks"):
        raise Refused("invalidOperation")
    return told(visit, "formatStatus", {"formating": False, "percent": 100})


def extension(visit: Visit) -> Reply:
    """GET ContentMgmt/Storage/extension."""
    return told(visit, "extension", {"overWrite": bool(visit.device.read("storage").get("overwrite", True))})


def set_extension(visit: Visit) -> Reply:
    """PUT ContentMgmt/Storage/extension."""
    sent = xml.parsed(visit.incoming.body, "extension")
    visit.device.change("storage")["overwrite"] = xml.true(sent, "overWrite", default=True)
    return done(visit)


# --- search ------------------------------------------------------------------------------------------


def parsed(told_: str) -> float:
    """Return a moment of the wall clock, in seconds as if it were UTC; raises Refused for what is none."""
    found = _MOMENT.fullmatch(told_)
    if found is None:
        raise Refused("badParameters", words="the time is not possible")
    year, month, day, hour, minute, second = (int(part) for part in found.groups()[:6])
    return float(calendar.timegm((year, month, day, hour, minute, second, 0, 0, 0)))


def written(second: float) -> str:
    """Wall-clock digits with a Z that is none: searches speak local time."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(second))


def search(visit: Visit) -> Reply:
    """POST ContentMgmt/search: recordings of one track that touch a span, oldest first, forty at most."""
    sent = xml.parsed(visit.incoming.body, "CMSearchDescription")
    listed = xml.find(sent, "trackIDList")
    track = xml.text(listed if listed is not None else xml.find(sent, "trackList"), "trackID")
    span = xml.find(sent, "timeSpanList", "timeSpan")
    start, end = parsed(xml.text(span, "startTime")), parsed(xml.text(span, "endTime"))
    if end - start > WIDEST_S:
        raise Refused("badParameters", 500)
    most = min(PAGE_MAX, xml.number(sent, "maxResults", least=1, most=1000, default=PAGE_MAX))
    skip = xml.number(sent, "searchResultPostion", default=0)
    zone = visit.device.zone_offset_s()
    found = visit.world.footage.between(
        visit.device.name, track.removesuffix("01"), start - zone, end - zone, skip=skip, most=most + 1
    )
    shown = found[:most] if track.endswith("01") else []
    words = "NO MATCHES" if not shown else "MORE" if len(found) > most else "OK"
    content = {
        "searchID": xml.text(sent, "searchID") or "{" + str(uuid.uuid4()) + "}",
        "responseStatus": True,
        "responseStatusStrg": words,
        "numOfMatches": len(shown),
        "matchList": {"searchMatchItem": [_match(visit, track, one) for one in shown]} if shown else {},
    }
    return told(visit, "CMSearchResult", content)


def _match(visit: Visit, track: str, one: Recording) -> dict[str, Any]:
    zone = visit.device.zone_offset_s()
    start, end = one.start + zone, one.end + zone
    compact = [written(moment).replace("-", "").replace(":", "") for moment in (start, end)]
    address = visit.device.read("network")["address"]
    return {
        "sourceID": "{0000000000-0000-0000-0000-000000000000}",
        "trackID": track,
        "timeSpan": {"startTime": written(start), "endTime": written(end)},
        "mediaSegmentDescriptor": {
            "contentType": "video",
            "codecType": "H.264-BP",
            "playbackURI": f"rtsp://{address}/Streaming/tracks/{track}/?starttime={compact[0]}&endtime={compact[1]}"
            f"&name=ch{int(one.channel):02d}_{one.number:017d}&size={round(one.kb * 1000)}",
        },
        "metadataMatches": {
            "metadataDescriptor": f"recordType.meta.hikvision.com/{_KINDS.get(one.kind, 'timing')}",
        },
    }


def days(visit: Visit, number: str) -> Reply:
    """POST ContentMgmt/record/tracks/ID/dailyDistribution: which days of a month hold something."""
    sent = xml.parsed(visit.incoming.body, "trackDailyParam")
    year, month = xml.number(sent, "year", least=1970, most=2037), xml.number(sent, "monthOfYear", least=1, most=12)
    zone, name = visit.device.zone_offset_s(), visit.device.name
    items = []
    for day in range(1, calendar.monthrange(year, month)[1] + 1):
        start = calendar.timegm((year, month, day, 0, 0, 0, 0, 0, 0)) - zone
        held = visit.world.footage.between(name, number.removesuffix("01"), start, start + 86400, most=1)
        items.append({"id": day, "dayOfMonth": day, "record": bool(held), "recordType": "time" if held else None})
    return told(visit, "trackDailyDistribution", {"dayList": {"day": items}})


_A: Final = access.ADMINISTRATOR
PAGES: dict[tuple[str, str], Page] = {
    ("GET", "ContentMgmt/Storage"): reads(storage, on="recorder"),
    ("GET", "ContentMgmt/Storage/hdd/#"): reads(one_disk, on="recorder"),
    ("GET", "System/workingstatus/hdStatus"): reads(working, on="recorder"),
    ("PUT", "ContentMgmt/Storage/hdd/#/format"): writes(format_disk, on="recorder"),
    ("GET", "ContentMgmt/Storage/hdd/#/formatStatus"): reads(format_status, on="recorder"),
    ("GET", "ContentMgmt/Storage/extension"): reads(extension, on="recorder", level=_A),
    ("PUT", "ContentMgmt/Storage/extension"): writes(set_extension, on="recorder"),
    ("POST", "ContentMgmt/search"): reads(search, on="recorder"),
    ("POST", "ContentMgmt/record/tracks/#/dailyDistribution"): reads(days, on="recorder"),
}
