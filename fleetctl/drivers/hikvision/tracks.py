"""Recording and retention of a recorder over ISAPI: the tracks.

Source: field facts, NVR and vendor protocols, 1.5 (recording): `enableSchedule` switches, `Enable` means nothing.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from lxml import etree

from fleetctl.aspects.recording import Recording, Schedule, Stream, Track, judge
from fleetctl.aspects.retention import Kept, Retention, measured
from fleetctl.aspects.retention import judge as judge_retention
from fleetctl.drivers.hikvision import footage
from fleetctl.drivers.hikvision.channels import bound, credential
from fleetctl.drivers.hikvision.documents import by_id, changed, items
from fleetctl.drivers.hikvision.storage import capacity_bytes
from fleetctl.drivers.hikvision.streams import PROXIED
from fleetctl.errors import Unsupported
from fleetctl.model import UNSET, Cell, FrozenMap, Gap, Secrets, Unset, Untold
from fleetctl.model.footage import RECENT_S
from fleetctl.protocols.isapi import Session
from fleetctl.protocols.onvif_parts import tried
from fleetctl.protocols.xml import Element, boolean, child, children, text, whole

_TRACKS: Final = "/ISAPI/ContentMgmt/record/tracks"
_CUSTOM: Final = "CustomExtensionList/CustomExtension"
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_CONTINUOUS, _MOTION = "CMR", "MOTION"
Slot = tuple[int, int, int, str]  # day 0 to 6, minutes from, minutes to, mode


def _track(session: Session, channel: str, *, sub: bool = False) -> Element | None:
    return by_id(session.read(_TRACKS), "Track", footage.track_of(channel, sub=sub))


def _channels(session: Session) -> list[str]:
    """Return the channels that have a track, with a camera or without."""
    return list(dict.fromkeys(text(t, "id")[:-2] for t in items(session.read(_TRACKS), "Track") if text(t, "id")))


# --- recording -------------------------------------------------------------------------------------


def read_recording(session: Session) -> Recording:
    """Read how each channel is recorded, and of those with a camera whether they are being recorded now."""
    keys = [text(channel, "id") for channel in bound(session)]
    newest = tried(footage.newest, session, keys)
    now = tried(footage.now, session)
    found = {}
    for key in _channels(session):
        active: Any = newest if isinstance(newest, Untold) else UNSET
        if key in keys and not isinstance(newest, Untold) and not isinstance(now, Untold):
            active = key in newest and (now - newest[key]).total_seconds() < RECENT_S
            if not active and isinstance(login := credential(session, key), Untold) and login.elsewhere:
                active = login
        found[key] = _recorded(session, key, active)
    return Recording(channels=FrozenMap(found))


def _recorded(session: Session, key: str, active: Any) -> Track:
    main, sub = _track(session, key), _track(session, key, sub=True)
    by_sub = _is_on(sub) and not _is_on(main)
    track = sub if by_sub else main
    if track is None:
        return Track(schedule=Schedule.OFF, active=active)
    schedule, hours = _schedule(track)
    return Track(
        schedule=schedule,
        office_hours=hours,
        stream=Stream.SUB if by_sub else Stream.MAIN,
        audio=_flag(track, f"{_CUSTOM}/SaveAudio"),
        pre_record_s=_number(track, f"{_CUSTOM}/PreRecordTimeSeconds"),
        post_record_s=_number(track, f"{_CUSTOM}/PostRecordTimeSeconds"),
        active=active,
    )


def _is_on(track: Element | None) -> bool:
    return boolean(track, f"{_CUSTOM}/enableSchedule") or False


def _flag(track: Element, path: str) -> bool | Unset:
    told = boolean(track, path)
    return UNSET if told is None else told


def _number(track: Element, path: str) -> int | Unset:
    told = whole(track, path)
    return UNSET if told is None else told


def _schedule(track: Element) -> tuple[Schedule, str | Unset]:
    """Return what a track's blocks amount to."""
    if not _is_on(track):
        return Schedule.OFF, UNSET
    slots = frozenset(_slots(track))
    for schedule, mode in ((Schedule.ALWAYS, _CONTINUOUS), (Schedule.MOTION, _MOTION)):
        if slots == frozenset(_every_day(mode)):
            return schedule, UNSET
    work = {(begin, end) for day, begin, end, mode in slots if mode == _CONTINUOUS and day < 5}
    if len(work) == 1:
        ((begin, end),) = work
        if slots == frozenset(_office(begin, end)):
            return Schedule.OFFICE, f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
    return Schedule.OTHER, UNSET


def _every_day(mode: str) -> Iterator[Slot]:
    return ((day, 0, 1440, mode) for day in range(7))


def _office(begin: int, end: int) -> Iterator[Slot]:
    for day in range(7):
        if day > 4:
            yield day, 0, 1440, _MOTION
            continue
        parts = ((0, begin, _MOTION), (begin, end, _CONTINUOUS), (end, 1440, _MOTION))
        yield from ((day, first, last, mode) for first, last, mode in parts if first < last)


def _actions(track: Element) -> list[Element]:
    blocks = children(child(track, "TrackSchedule/ScheduleBlockList"), "ScheduleBlock")
    return [action for block in blocks for action in children(block, "ScheduleAction")]


def _slots(track: Element) -> Iterator[Slot]:
    """Yield the blocks; a whole day ends at 24:00 of the day, or at 00:00 of the next."""
    for action in _actions(track):
        if boolean(action, "Actions/Record") is False:
            continue
        begin = _moment(child(action, "ScheduleActionStartTime"))
        end = _moment(child(action, "ScheduleActionEndTime"))
        if begin is None or end is None:
            continue
        (day, first), (last_day, last) = begin, end
        if last == 0 and last_day == (day + 1) % 7:
            last = 1440
        yield day, first, last, text(action, "Actions/ActionRecordingMode").upper()


def _moment(told: Element | None) -> tuple[int, int] | None:
    day, time = text(told, "DayOfWeek").capitalize(), text(told, "TimeOfDay")
    match = re.fullmatch(r"(\d{1,2}):(\d{2})(?::\d{2})?", time)
    if day not in _DAYS or match is None:
        return None
    return _DAYS.index(day), int(match[1]) * 60 + int(match[2])


def limit_recording(session: Session, wanted: Recording) -> tuple[Gap, ...]:
    """Tell channels of which the recorder has no track of that stream."""
    if isinstance(wanted.channels, Unset):
        return ()
    gaps = []
    for key, track in wanted.channels.items():
        sub = isinstance(track, Track) and track.stream is Stream.SUB
        if isinstance(track, Track) and _track(session, key, sub=sub) is None:
            gaps.append(Gap(field="channels", key=key, reason="the recorder has no track of this stream"))
    return tuple(gaps)


def write_recording(session: Session, wanted: Recording, _secrets: Secrets) -> None:
    """Write each track whole; the other stream's is switched off where the stream changes."""
    for key, told in {} if isinstance(wanted.channels, Unset) else wanted.channels.items():
        if not isinstance(told, Track):
            raise Unsupported(f"channel {key}: a track cannot be removed", nearest="schedule: off")
        sub = told.stream is Stream.SUB
        if told.stream is UNSET:
            sub = _is_on(_track(session, key, sub=True)) and not _is_on(_track(session, key))
        if (other := _track(session, key, sub=not sub)) is not None and told.stream is not UNSET and _is_on(other):
            _store(session, changed(other, {f"{_CUSTOM}/enableSchedule": False}))
        track = _track(session, key, sub=sub)
        if track is None:
            raise Unsupported(f"channel {key}: the recorder has no track of this stream")
        _store(session, _made(track, told))


def _store(session: Session, track: Element) -> None:
    session.write("PUT", f"{_TRACKS}/{text(track, 'id')}", track)


def _made(track: Element, told: Track) -> Element:
    values: dict[str, object] = {}
    if isinstance(told.schedule, Schedule):
        values[f"{_CUSTOM}/enableSchedule"] = told.schedule is not Schedule.OFF
    for path, value in (
        ("SaveAudio", told.audio),
        ("PreRecordTimeSeconds", told.pre_record_s),
        ("PostRecordTimeSeconds", told.post_record_s),
    ):
        if not isinstance(value, Unset):
            values[f"{_CUSTOM}/{path}"] = value
    made = changed(track, values)
    if isinstance(told.schedule, Schedule) and told.schedule is not Schedule.OFF:
        _put_slots(made, _wanted_slots(told))
    return made


def _wanted_slots(told: Track) -> list[Slot]:
    if told.schedule is Schedule.MOTION:
        return list(_every_day(_MOTION))
    if told.schedule is Schedule.OFFICE and isinstance(told.office_hours, str):
        first, last = (int(t[:2]) * 60 + int(t[3:]) for t in told.office_hours.split("-"))
        return list(_office(first, last))
    return list(_every_day(_CONTINUOUS))


def _put_slots(track: Element, slots: list[Slot]) -> None:
    """Replace the blocks' actions, each made of the device's own first one; whole days end as the device ends them."""
    actions = _actions(track)
    by_24 = any(text(a, "ScheduleActionEndTime/TimeOfDay").startswith("24:") for a in actions)
    blocks = list(children(child(track, "TrackSchedule/ScheduleBlockList"), "ScheduleBlock"))
    if not blocks:
        raise Unsupported("the track has no schedule")
    block = blocks[0]
    model = copy.deepcopy(actions[0]) if actions else _fresh_action(block)
    at = block.index(actions[0]) if actions and actions[0].getparent() is block else len(block)
    for action in actions:
        if (parent := action.getparent()) is not None:
            parent.remove(action)
    for number, (day, begin, end, mode) in enumerate(slots):
        whole_day = end == 1440 and not by_24
        last_day, last = ((day + 1) % 7, 0) if whole_day else (day, end)
        values: Mapping[str, object] = {
            "id": number + 1,
            "ScheduleActionStartTime/DayOfWeek": _DAYS[day],
            "ScheduleActionStartTime/TimeOfDay": f"{begin // 60:02}:{begin % 60:02}:00",
            "ScheduleActionEndTime/DayOfWeek": _DAYS[last_day],
            "ScheduleActionEndTime/TimeOfDay": f"{last // 60:02}:{last % 60:02}:00",
            "Actions/Record": True,
            "Actions/ActionRecordingMode": mode,
        }
        block.insert(at + number, changed(model, values))


def _fresh_action(block: Element) -> Element:
    head, brace, _ = str(block.tag).rpartition("}")
    return etree.Element(f"{head}{brace}ScheduleAction")


# --- retention -------------------------------------------------------------------------------------


def read_retention(session: Session) -> Retention:
    """Read the limits, and measure: the oldest footage, the disks, the bitrates."""
    keys = [text(channel, "id") for channel in bound(session)]
    kept = {key: _kept(track) for key in _channels(session) if (track := _track(session, key)) is not None}
    kbps = tried(_bitrate_kbps, session, keys)
    size = tried(capacity_bytes, session)
    return measured(
        Retention(channels=FrozenMap(kept), oldest_days=tried(_oldest_days, session, keys)), len(keys), size, kbps
    )


def _kept(track: Element) -> Kept:
    match = re.match(r"P(\d{1,4})D", text(track, "Duration"))
    limited = boolean(track, "durationEnabled")
    days: int | Unset = UNSET if match is None else int(match[1])
    return Kept(days=0 if limited is False else days, overwrite=_flag(track, "LoopEnable"))


def _bitrate_kbps(session: Session, keys: list[str]) -> int:
    """Return the sum of what the recorded streams may use; raises Unsupported where one is not told."""
    every = tried(session.read, PROXIED)  # all in one answer, where the recorder has that page
    listed = {} if isinstance(every, Untold) else {text(each, "id"): each for each in items(every, "StreamingChannel")}
    total = 0
    for key in keys:
        by_sub = _is_on(_track(session, key, sub=True)) and not _is_on(_track(session, key))
        number = footage.track_of(key, sub=by_sub)
        stream = listed.get(number)
        if stream is None:
            stream = session.read(f"{PROXIED}/{number}")
        told = whole(stream, "Video/vbrUpperCap")
        if text(stream, "Video/videoQualityControlType").upper() != "VBR" or told is None:
            told = whole(stream, "Video/constantBitRate") or told
        if not told:
            raise Unsupported(f"the recorder does not tell the bitrate of channel {key}")
        total += told
    return total


def _oldest_days(session: Session, keys: list[str]) -> float | Unset:
    found = footage.oldest(session, keys)
    return UNSET if found is None else round((footage.now(session) - found).total_seconds() / 86400, 1)


def write_retention(session: Session, wanted: Retention, _secrets: Secrets) -> None:
    """Write limit and overwriting into each track's own document."""
    for key, told in {} if isinstance(wanted.channels, Unset) else wanted.channels.items():
        track = _track(session, key)
        if track is None or not isinstance(told, Kept):
            raise Unsupported(f"channel {key}: the recorder has no such track")
        values: dict[str, object] = {}
        if isinstance(told.days, int):
            values |= {"Duration": f"P{told.days}DT0H"} if told.days else {}
            values["durationEnabled"] = bool(told.days)
        if isinstance(told.overwrite, bool):
            values["LoopEnable"] = told.overwrite
        _store(session, changed(track, values))


CELLS = (
    Cell(
        aspect="recording",
        protocol="isapi",
        read=read_recording,
        write=write_recording,
        limits=limit_recording,
        judge=judge,
    ),
    Cell(aspect="retention", protocol="isapi", read=read_retention, write=write_retention, judge=judge_retention),
)
