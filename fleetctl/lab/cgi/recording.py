"""Dahua's recorders: schedules, modes, retention, disks, and the search of files. Source: field facts 2.3, 2.6.

Captures: dahua/aiodahua (storage, media). The answer of recordManager/getStateAll is synthetic.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from fleetctl.lab import access
from fleetctl.lab.cgi.channels import body_of, link_of, recorder_of, told_json
from fleetctl.lab.cgi.pages import Arguments, Page, argument, done, listing, plain, recorders, rule_of
from fleetctl.lab.cgi.system import moment_of, written
from fleetctl.lab.cgi.table import Table
from fleetctl.lab.cgi.text import Refused
from fleetctl.lab.recorder import keeping
from fleetctl.lab.recorder.footage import Recording
from fleetctl.lab.recorder.keeping import DAY_S
from fleetctl.lab.vendor import Reply, Visit

_BITS: Final = {"timed": 1, "motion": 2, "alarm": 4, "card": 8, "smart": 16, "pos": 64}
_MODES: Final = ("schedule", "always", "off")
_SECTION: Final = re.compile(r"(\d+) (\d\d):(\d\d):(\d\d)-(\d\d):(\d\d):(\d\d)")
_NO_SECTION: Final = "0 00:00:00-24:00:00"
WIDEST_S: Final = 400 * DAY_S


def _day(table_day: int) -> str:
    """Sunday is 0 in the table and 6 in the week."""
    return str((table_day + 6) % 7)


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}:{second % 60:02d}"


def _sections(visit: Visit, blocks: list[Any]) -> list[str]:
    most = rule_of(visit).sections
    told = [f"{sum(_BITS[k] for k in kinds if k in _BITS)} {_clock(a)}-{_clock(b)}" for a, b, kinds in blocks]
    return [*told, *[_NO_SECTION] * most][:most]


def _record(visit: Visit) -> Any:
    found = []
    for number in range(1, recorder_of(visit).channels + 1):
        kept = keeping.settings(visit.device, str(number))
        found.append(
            {
                "Enable": False,  # means nothing
                "Format": "dav",
                "HolidayEnable": False,
                "PreRecord": kept["pre_s"],
                "Redundancy": False,
                "Stream": 0,
                "TimeSection": [
                    *(_sections(visit, kept["week"].get(_day(day), [])) for day in range(7)),
                    _sections(visit, []),
                ],
            }
        )
    return found


def _blocks(sections: list[str]) -> list[Any]:
    blocks = []
    for told in sections:
        found = _SECTION.fullmatch(told)
        if found is None:
            raise Refused("argument", told)
        mask, *clock = (int(part) for part in found.groups())
        start, end = (clock[i] * 3600 + clock[i + 1] * 60 + clock[i + 2] for i in (0, 3))
        if not start <= end <= DAY_S:
            raise Refused("argument", told)
        if mask:
            blocks.append([start, end, [kind for kind, bit in _BITS.items() if mask & bit]])
    return sorted(blocks)


def _keep_record(visit: Visit, tree: Any) -> None:
    kept = visit.device.change("recording")
    before = _record(visit)
    for number, (old, row) in enumerate(zip(before, tree, strict=True), start=1):
        if row != old:
            if not 0 <= row["PreRecord"] <= 300:
                raise Refused("argument", "PreRecord")
            week = {_day(day): _blocks(row["TimeSection"][day]) for day in range(7)}
            kept[str(number)] = {**kept.get(str(number), {}), "week": week, "pre_s": row["PreRecord"]}


def _modes(visit: Visit) -> Any:
    count = recorder_of(visit).channels
    told = [keeping.settings(visit.device, str(n)) for n in range(1, count + 1)]
    return [{"Mode": _MODES.index(kept["mode"]), "ModeExtra1": 2, "ModeExtra2": 2} for kept in told]


def _keep_modes(visit: Visit, tree: Any) -> None:
    kept = visit.device.change("recording")
    for number, row in enumerate(tree, start=1):
        if not 0 <= row["Mode"] <= 2:
            raise Refused("argument", "Mode")
        if _MODES[row["Mode"]] != keeping.settings(visit.device, str(number))["mode"]:
            kept[str(number)] = {**kept.get(str(number), {}), "mode": _MODES[row["Mode"]]}


def _storage(visit: Visit) -> Any:
    return {
        "FileHoldTime": keeping.settings(visit.device, "1")["days"],
        "OverWrite": bool(visit.device.read("storage").get("overwrite", True)),
    }


def _keep_storage(visit: Visit, tree: Any) -> None:
    if not 0 <= tree["FileHoldTime"] <= 365:
        raise Refused("argument", "FileHoldTime")
    visit.device.change("storage")["overwrite"] = tree["OverWrite"]
    kept = visit.device.change("recording")
    for number in range(1, recorder_of(visit).channels + 1):
        kept[str(number)] = {**kept.get(str(number), {}), "days": tree["FileHoldTime"]}


TABLES: Final[Mapping[str, Table]] = {
    "Record": Table(read=_record, keep=_keep_record),
    "RecordMode": Table(read=_modes, keep=_keep_modes),
    "StorageGlobal": Table(read=_storage, keep=_keep_storage),
}


# --- disks -----------------------------------------------------------------------------------------------


def disks(visit: Visit, _: Arguments) -> Reply:
    """storageDevice.cgi?action=getDeviceAllInfo: used is total on a fresh and on a full disk alike."""
    found = []
    for number, kept in keeping.disks(visit.device).items():
        name = f"/dev/sd{chr(96 + int(number))}"
        total = float(kept["mb"]) * 1_000_000
        bad = kept["state"] != "ok"
        details = [] if kept["state"] == "unformatted" else [("0", total), ("1", total * 0.96)]
        found.append(
            {
                "Detail": [
                    {
                        "TotalBytes": size,
                        "UsedBytes": size,
                        "IsError": bad,
                        "Path": f"{name}{part}",
                        "Type": "ReadWrite",
                    }
                    for part, size in details
                ],
                "HealthDataFlag": 1 if bad else 0,
                "Name": name,
                "State": {"ok": "Success", "unformatted": "Initializing", "error": "Error"}[kept["state"]],
            }
        )
    return listing(found, "list.info")


def format_disk(visit: Visit, arguments: Arguments) -> Reply:
    """storageDevice.cgi?action=setDevice&type=FormatPatition&path=/dev/sda0: what was there is gone."""
    if argument(arguments, "type") != "FormatPatition":
        raise Refused("argument", "type")
    path = argument(arguments, "path")
    kept = visit.device.change("disks")
    number = next((n for n in kept if path.startswith(f"/dev/sd{chr(96 + int(n))}")), "")
    if not number or keeping.disks(visit.device)[number]["state"] == "error":
        raise Refused("failed")
    kept[number] = {**kept[number], "state": "ok"}
    visit.world.footage.forget(visit.device.name)
    for fault in ("disk-unformatted", "disk-full"):
        (visit.device.faults or {}).pop(fault, None)
    return done()


def recording_now(visit: Visit, _: Arguments) -> Reply:
    """recordManager/getStateAll: what each channel records at this moment."""
    body_of(visit)
    channels = visit.device.read("channels")
    found = []
    for number in range(1, recorder_of(visit).channels + 1):
        now = str(number) in channels and link_of(visit, str(number)).recording
        found.append({"channel": number - 1, "Main": {"State": int(now)}, "Extra1": {"State": 0}})
    return told_json({"state": found})


# --- files -----------------------------------------------------------------------------------------------


def create(visit: Visit, _: Arguments) -> Reply:
    """mediaFileFind.cgi?action=factory.create."""
    held = visit.device.searches
    if len(held) >= 8:
        raise Refused("failed")
    number = max(held, default=1000) + 1
    held[number] = []
    return plain(f"result={number}\r\n")


def _search(visit: Visit, arguments: Arguments) -> tuple[int, list[Recording]]:
    told = argument(arguments, "object")
    number = int(told) if told.isdigit() else 0
    if number not in visit.device.searches:
        raise Refused("argument", "object")
    return number, visit.device.searches[number]


def find(visit: Visit, arguments: Arguments) -> Reply:
    """mediaFileFind.cgi?action=findFile: an implausible window is refused like a missing page."""
    number, _ = _search(visit, arguments)
    channel = argument(arguments, "condition.Channel")  # 1-based here, unlike the tables
    start, end = (moment_of(argument(arguments, f"condition.{name}Time")) for name in ("Start", "End"))
    if not channel.isdigit() or not start < end <= start + WIDEST_S:
        raise Refused("argument", "condition")
    zone = visit.device.zone_offset_s()
    name = visit.device.name
    found = visit.world.footage.between(name, channel, start - zone, end - zone, most=2000)
    if not found:
        raise Refused("failed")
    visit.device.searches[number] = found
    return plain("OK\r\n")


def find_next(visit: Visit, arguments: Arguments) -> Reply:
    """mediaFileFind.cgi?action=findNextFile&object=&count=: 100 at most."""
    number, left = _search(visit, arguments)
    told = argument(arguments, "count", "100")
    count = min(100, int(told) if told.isdigit() else 0)
    shown, visit.device.searches[number] = left[:count], left[count:]
    zone = visit.device.zone_offset_s()
    items = [_item(one, one.start + zone, one.end + zone) for one in shown]
    return listing({"found": len(items), "items": items} if items else {"found": 0})


def _item(one: Recording, start: float, end: float) -> dict[str, Any]:
    day, clock = written(start).split(" ")
    dots = f"{clock.replace(':', '.')}-{written(end).split(' ')[1].replace(':', '.')}"
    channel = int(one.channel) - 1
    letter = "M" if one.kind == "motion" else "R"
    return {
        "Channel": channel,
        "Cluster": one.number,
        "Disk": 0,
        "EndTime": written(end),
        "FilePath": f"/mnt/dvr/{day}/{channel:03d}/dav/{clock[:2]}/{dots}[{letter}][0@0][0].dav",
        "Length": round(one.kb * 1000),
        "Partition": 1,
        "StartTime": written(start),
        "Type": "dav",
        "VideoStream": "Main",
    }


def close(visit: Visit, arguments: Arguments) -> Reply:
    """mediaFileFind.cgi?action=close&object=..."""
    number, _ = _search(visit, arguments)
    visit.device.searches[number] = []
    return plain("OK\r\n")


def destroy(visit: Visit, arguments: Arguments) -> Reply:
    """mediaFileFind.cgi?action=destroy&object=..."""
    number, _ = _search(visit, arguments)
    del visit.device.searches[number]
    return plain("OK\r\n")


_A: Final = access.ADMINISTRATOR
PAGES: dict[str, Page] = {
    "storageDevice.cgi?getDeviceAllInfo": Page(work=disks, offered=recorders),
    "storageDevice.cgi?setDevice": Page(work=format_disk, level=_A, offered=recorders),
    "mediaFileFind.cgi?factory.create": Page(work=create, offered=recorders),
    "mediaFileFind.cgi?findFile": Page(work=find, offered=recorders),
    "mediaFileFind.cgi?findNextFile": Page(work=find_next, offered=recorders),
    "mediaFileFind.cgi?close": Page(work=close, offered=recorders),
    "mediaFileFind.cgi?destroy": Page(work=destroy, offered=recorders),
    "api/recordManager/getStateAll": Page(
        work=recording_now, offered=lambda rule: recorders(rule) and rule.cgi is not None and rule.cgi.json_channels
    ),
}
