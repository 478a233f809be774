"""ISAPI: what a recorder records and when (record/tracks). Source: field facts on vendor protocols 1.5, recording."""

from __future__ import annotations

import itertools
import re
import uuid
from typing import Any, Final

from fleetctl.lab.isapi import xml
from fleetctl.lab.isapi.channels import recorder_of
from fleetctl.lab.isapi.pages import Page, done, reads, told, writes
from fleetctl.lab.isapi.status import Refused
from fleetctl.lab.recorder import keeping
from fleetctl.lab.recorder.keeping import DAY_S
from fleetctl.lab.soap import Element
from fleetctl.lab.vendor import Reply, Visit

DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_KINDS: Final = {  # ActionRecordingMode -> kinds
    "CMR": ["timed"],
    "MOTION": ["motion"],
    "ALARM": ["alarm"],
    "EDR": ["motion", "alarm"],
    "ALARMANDMOTION": ["alarm and motion"],
    "AllEvent": ["event"],
    "Command": ["command"],
}
_CLOCK: Final = re.compile(r"(\d\d):(\d\d):(\d\d)")
_DURATION: Final = re.compile(r"P(\d{1,3})DT(\d{1,2})H")
BLOCKS_MAX: Final = 8


def _guid(visit: Visit, number: str) -> str:
    return "{" + str(uuid.uuid5(uuid.NAMESPACE_OID, f"{visit.device.serial_number}/{number}")) + "}"


def _action(number: int, day: int, start: int, end: int, kinds: list[str]) -> dict[str, Any]:
    mode = next((mode for mode, told in _KINDS.items() if told == kinds), "CMR")
    ends = (DAYS[(day + 1) % 7], 0) if end >= DAY_S else (DAYS[day], end)  # a recorder ends a day in the next
    return {
        "id": number,
        "ScheduleActionStartTime": {"DayOfWeek": DAYS[day], "TimeOfDay": _clock(start)},
        "ScheduleActionEndTime": {"DayOfWeek": ends[0], "TimeOfDay": _clock(ends[1])},
        "ScheduleDSTEnable": False,
        "Description": "nothing",
        "Actions": {"Record": True, "Log": False, "SaveImg": False, "ActionRecordingMode": mode},
    }


def _clock(second: int) -> str:
    return f"{second // 3600:02d}:{second % 3600 // 60:02d}:{second % 60:02d}"


def _track(visit: Visit, channel: str) -> dict[str, Any]:
    kept = keeping.settings(visit.device, channel)
    blocks = [(day, *block) for day in range(7) for block in kept["week"].get(str(day), ())]
    guid = _guid(visit, channel)
    return {
        "id": int(f"{channel}01"),
        "Channel": int(f"{channel}01"),
        "Enable": bool(kept.get("enable", True)),
        "Description": "trackType=standard",
        "TrackGUID": guid,
        "Size": 0,
        "Duration": f"P{kept['days']}DT0H",
        "durationEnabled": kept["days"] > 0,
        "DefaultRecordingMode": "CMR",
        "LoopEnable": bool(visit.device.read("storage").get("overwrite", True)),
        "SrcDescriptor": {
            "SrcGUID": guid,
            "SrcChannel": int(channel),
            "StreamHint": "video",
            "SrcDriver": "RTSP",
            "SrcType": "IP Media",
            "SrcUrl": f"rtsp://localhost/PSIA/Streaming/channels/{channel}01",
            "SrcUrlMethods": "OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN",
            "SrcLogin": "",
        },
        "TrackSchedule": {
            "ScheduleBlockList": {
                "ScheduleBlock": [
                    {
                        "ScheduleBlockGUID": guid,
                        "ScheduleBlockType": "www.std-cgi.com/racm/schedule/ver10",
                        "ScheduleAction": [_action(n, *block) for n, block in enumerate(blocks, start=1)],
                    }
                ]
            }
        },
        "CustomExtensionList": {
            "CustomExtension": [
                {
                    "CustomExtensionName": "www.hikvision.com/RaCM/trackExt/ver10",
                    "enableSchedule": bool(kept["on"]),
                    "SaveAudio": bool(kept["audio"]),
                    "PreRecordTimeSeconds": kept["pre_s"],
                    "PostRecordTimeSeconds": kept["post_s"],
                    "HolidaySchedule": {},
                }
            ]
        },
    }


def listed(visit: Visit) -> Reply:
    """GET ContentMgmt/record/tracks: one per channel, bound or not."""
    count = recorder_of(visit).channels
    tracks = [_track(visit, str(n)) for n in range(1, count + 1)]
    return told(visit, "TrackList", {"Track": tracks})


def _channel(visit: Visit, number: str) -> str:
    channel = number.removesuffix("01")
    if not number.endswith("01") or not channel.isdigit() or not 1 <= int(channel) <= recorder_of(visit).channels:
        raise Refused("invalidOperation")
    return str(int(channel))


def one(visit: Visit, number: str) -> Reply:
    """GET ContentMgmt/record/tracks/ID."""
    return told(visit, "Track", _track(visit, _channel(visit, number)))


def put(visit: Visit, number: str) -> Reply:
    """PUT ContentMgmt/record/tracks/ID: `enableSchedule` switches, `Enable` does nothing."""
    channel = _channel(visit, number)
    sent = xml.parsed(visit.incoming.body, "Track")
    kept = visit.device.change("recording")
    new = dict(kept.get(channel, {}))
    if duration := xml.text(sent, "Duration"):
        found = _DURATION.fullmatch(duration)
        if found is None or int(found[1]) > 750:
            raise Refused("badParameters", words="Duration is not possible")
        new["days"] = int(found[1]) if xml.true(sent, "durationEnabled", default=True) else 0
    new["enable"] = xml.true(sent, "Enable", default=True)
    blocks = xml.find(sent, "TrackSchedule", "ScheduleBlockList")
    if blocks is not None:
        actions = [
            action for block in xml.each(blocks, "ScheduleBlock") for action in xml.each(block, "ScheduleAction")
        ]
        new["week"] = _week(actions)
    extension = next(iter(xml.each(xml.find(sent, "CustomExtensionList"), "CustomExtension")), None)
    if extension is not None:
        new["on"] = xml.true(extension, "enableSchedule")
        new["audio"] = xml.true(extension, "SaveAudio")
        new["pre_s"] = xml.number(extension, "PreRecordTimeSeconds", least=0, most=600, default=5)
        new["post_s"] = xml.number(extension, "PostRecordTimeSeconds", least=0, most=600, default=5)
    kept[channel] = new
    return done(visit)


def _week(actions: list[Element]) -> dict[str, Any]:
    week: dict[str, Any] = {str(day): [] for day in range(7)}
    for action in actions:
        day, start = _moment(xml.find(action, "ScheduleActionStartTime"))
        end_day, end = _moment(xml.find(action, "ScheduleActionEndTime"))
        if end_day == (day + 1) % 7 and end == 0:
            end = DAY_S
        elif end_day != day:
            raise Refused("badParameters", words="a block ends on its own day")
        kinds = _KINDS.get(xml.text(action, "Actions", "ActionRecordingMode"))
        if kinds is None or end <= start:
            raise Refused("badParameters", words="the block is not possible")
        week[str(day)].append([start, end, kinds])
    for blocks in week.values():
        blocks.sort()
        apart = all(one[1] <= other[0] for one, other in itertools.pairwise(blocks))
        if len(blocks) > BLOCKS_MAX or not apart:
            raise Refused("badParameters", words="up to 8 blocks a day, none over another")
    return week


def _moment(told_: Element | None) -> tuple[int, int]:
    day, clock = xml.text(told_, "DayOfWeek"), _CLOCK.fullmatch(xml.text(told_, "TimeOfDay"))
    if day not in DAYS or clock is None:
        raise Refused("badParameters", words="the time is not possible")
    hour, minute, second = (int(part) for part in clock.groups())
    if hour > 24 or minute > 59 or second > 59:
        raise Refused("badParameters", words="the time is not possible")
    return DAYS.index(day), min(hour * 3600 + minute * 60 + second, DAY_S)


_BASE: Final = "ContentMgmt/record/tracks"
PAGES: dict[tuple[str, str], Page] = {
    ("GET", _BASE): reads(listed, on="recorder"),
    ("GET", f"{_BASE}/#"): reads(one, on="recorder"),
    ("PUT", f"{_BASE}/#"): writes(put, on="recorder"),
}
