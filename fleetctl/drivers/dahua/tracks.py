"""Recording and retention of a Dahua recorder: Record, RecordMode, StorageGlobal, Encode.

Source: field facts, NVR and vendor protocols, 2.3: RecordMode switches, `Record.Enable` means nothing; days count from
Sunday; a section is `mask hh:mm:ss-hh:mm:ss` with 1 timed, 2 motion, 0 unused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from fleetctl.aspects.recording import Recording, Schedule, Stream, Track, judge
from fleetctl.aspects.retention import Kept, Retention, measured
from fleetctl.aspects.retention import judge as judge_retention
from fleetctl.drivers.dahua import footage
from fleetctl.drivers.dahua.channels import bound, credential, slots, states
from fleetctl.drivers.dahua.storage import capacity_bytes, recording_now
from fleetctl.errors import Unsupported
from fleetctl.model import UNSET, Absent, Cell, FrozenMap, Gap, Secrets, Unset, Untold
from fleetctl.protocols.dahua import Session, keyvalue
from fleetctl.protocols.onvif_parts import tried

_SECTION: Final = re.compile(r"(\d{1,4}) (\d{1,2}):(\d{2}):\d{2}-(\d{1,2}):(\d{2}):\d{2}")
_TIMED, _MOTION = 1, 2
_BY_SCHEDULE, _ALWAYS, _OFF = "0", "1", "2"
_UNUSED: Final = "0 00:00:00-24:00:00"
Slot = tuple[int, int, int]  # minutes from, minutes to, mask


# --- recording -------------------------------------------------------------------------------------


def read_recording(session: Session) -> Recording:
    """Read how each channel is recorded, and of those with a camera whether they are being recorded now."""
    keys = list(bound(session))
    modes, tables, encode = session.table("RecordMode"), session.table("Record"), tried(session.table, "Encode")
    active, online = tried(recording_now, session, keys), tried(states, session)
    return Recording(
        channels=FrozenMap(
            {
                str(number + 1): _recorded(number, modes, tables, encode, _active(active, online, str(number + 1)))
                for number in keyvalue.indexes(modes, "RecordMode")
            }
        )
    )


def _active(told: Any, online: Any, key: str) -> Any:
    """Return whether a channel is recorded now; one that is not for its camera's trouble is told with that."""
    if isinstance(told, Untold):
        return told
    active = told.get(key, UNSET)
    if (
        active is False
        and not isinstance(online, Untold)
        and isinstance(login := credential(online.get(key, "")), Untold)
    ):
        return login
    return active


def _recorded(number: int, modes: Mapping[str, str], tables: Mapping[str, str], encode: Any, active: Any) -> Track:
    own = keyvalue.under(tables, f"Record[{number}]")
    schedule, hours = _schedule(modes.get(f"RecordMode[{number}].Mode", ""), own)
    before = keyvalue.number(own.get("PreRecord"))
    audio: Any = encode
    if not isinstance(encode, Untold):
        told = keyvalue.boolean(encode.get(f"Encode[{number}].MainFormat[0].AudioEnable"))
        audio = UNSET if told is None else told
    return Track(
        schedule=schedule,
        office_hours=hours,
        stream=Stream.MAIN,
        audio=audio,
        pre_record_s=UNSET if before is None else int(before),
        active=active,
    )


def _schedule(mode: str, own: Mapping[str, str]) -> tuple[Schedule, str | Unset]:
    if mode == _OFF:
        return Schedule.OFF, UNSET
    if mode == _ALWAYS:
        return Schedule.ALWAYS, UNSET
    week = {day: frozenset(_slots(own, day)) for day in range(7)}
    for schedule, mask in ((Schedule.ALWAYS, _TIMED), (Schedule.MOTION, _MOTION)):
        if all(slots == {(0, 1440, mask)} for slots in week.values()):
            return schedule, UNSET
    work = {(begin, end) for day in range(1, 6) for begin, end, mask in week[day] if mask == _TIMED}
    if len(work) == 1:
        ((begin, end),) = work
        if all(week[day] == frozenset(_office(day, begin, end)) for day in range(7)):
            return Schedule.OFFICE, f"{begin // 60:02}:{begin % 60:02}-{end // 60:02}:{end % 60:02}"
    return Schedule.OTHER, UNSET


def _slots(own: Mapping[str, str], day: int) -> Iterator[Slot]:
    """Yield what is used of a day; where timed and motion are both marked, timed decides."""
    for number in keyvalue.indexes(own, f"TimeSection[{day}]"):
        match = _SECTION.fullmatch(own.get(f"TimeSection[{day}][{number}]", "").strip())
        if match is None:
            continue
        mask, begin = int(match[1]), int(match[2]) * 60 + int(match[3])
        end = min(int(match[4]) * 60 + int(match[5]), 1440)
        if end == 1439:
            end = 1440  # 23:59:59
        kind = _TIMED if mask & _TIMED else _MOTION if mask & _MOTION else mask
        if kind and begin < end:
            yield begin, end, kind


def _office(day: int, begin: int, end: int) -> Iterator[Slot]:
    if day in (0, 6):
        yield 0, 1440, _MOTION
        return
    parts = ((begin, end, _TIMED), (0, begin, _MOTION), (end, 1440, _MOTION))
    yield from (part for part in parts if part[0] < part[1])


MAIN_ONLY: Final = (
    "the main stream is recorded; how ModeExtra1 and Record's Stream choose another is not public, so it is not set"
)


def limit_recording(session: Session, wanted: Recording) -> tuple[Gap, ...]:
    """Tell channels there are not, and the sub stream, for which the device's switch is not known."""
    if isinstance(wanted.channels, Unset):
        return ()
    modes = session.table("RecordMode")
    gaps = []
    for key, track in wanted.channels.items():
        if f"RecordMode[{int(key) - 1}].Mode" not in modes:
            gaps.append(Gap(field="channels", key=key, reason="the recorder has no such channel"))
        elif isinstance(track, Track) and track.stream is Stream.SUB:
            gaps.append(Gap(field="channels", key=key, reason=MAIN_ONLY, nearest="stream: main"))
    return tuple(gaps)


def write_recording(session: Session, wanted: Recording, _secrets: Secrets) -> None:
    """Write sections, mode, sound and pre-record of each channel."""
    for key, track in {} if isinstance(wanted.channels, Unset) else wanted.channels.items():
        if not isinstance(track, Track):
            raise Unsupported(f"channel {key}: a track cannot be removed", nearest="schedule: off")
        number = int(key) - 1
        values: dict[str, object] = {}
        if isinstance(track.schedule, Schedule):
            if track.schedule is not Schedule.OFF:
                values |= _sections(session, number, track)
            values[f"RecordMode[{number}].Mode"] = _OFF if track.schedule is Schedule.OFF else _BY_SCHEDULE
        if isinstance(track.pre_record_s, int):
            values[f"Record[{number}].PreRecord"] = track.pre_record_s
        if isinstance(track.audio, bool):
            values[f"Encode[{number}].MainFormat[0].AudioEnable"] = track.audio
        session.store(values)


def _sections(session: Session, number: int, track: Track) -> dict[str, object]:
    """Return the sections of every day: those that are needed, the rest unused; as many as the device has."""
    table = keyvalue.under(session.table("Record"), f"Record[{number}]")
    values: dict[str, object] = {}
    for day in range(7):
        slots = list(_wanted(day, track))
        places = list(keyvalue.indexes(table, f"TimeSection[{day}]")) or list(range(6))
        for at, place in enumerate(places):
            told = _UNUSED
            if at < len(slots):
                begin, end, mask = slots[at]
                told = f"{mask} {begin // 60:02}:{begin % 60:02}:00-{end // 60:02}:{end % 60:02}:00"
            if table.get(f"TimeSection[{day}][{place}]", "").strip() != told:
                values[f"Record[{number}].TimeSection[{day}][{place}]"] = told
    return values


def _wanted(day: int, track: Track) -> Iterator[Slot]:
    if track.schedule is Schedule.OFFICE and isinstance(track.office_hours, str):
        first, last = (int(t[:2]) * 60 + int(t[3:]) for t in track.office_hours.split("-"))
        yield from _office(day, first, last)
    else:
        yield 0, 1440, _MOTION if track.schedule is Schedule.MOTION else _TIMED


# --- retention -------------------------------------------------------------------------------------


def read_retention(session: Session) -> Retention:
    """Read the limits, which are one for all channels, and measure: the oldest footage, the disks, the bitrates."""
    keys = list(bound(session))
    table = tried(session.table, "StorageGlobal")
    kbps, size = tried(_bitrate_kbps, session, keys), tried(capacity_bytes, session)
    kept: FrozenMap[Kept | Absent] = FrozenMap({key: _kept(table) for key in slots(session)})
    told = Retention(channels=kept, oldest_days=tried(_oldest_days, session, keys))
    return measured(told, len(keys), size, kbps)


def _kept(table: Any) -> Kept:
    if isinstance(table, Untold):
        untold: Any = table
        return Kept(days=untold, overwrite=untold)
    days = keyvalue.number(table.get("StorageGlobal.FileHoldTime"))
    overwrite = keyvalue.boolean(table.get("StorageGlobal.OverWrite"))
    return Kept(days=UNSET if days is None else int(days), overwrite=UNSET if overwrite is None else overwrite)


def _bitrate_kbps(session: Session, keys: list[str]) -> int:
    encode = session.table("Encode")
    told = [keyvalue.number(encode.get(f"Encode[{int(key) - 1}].MainFormat[0].Video.BitRate")) for key in keys]
    known = [value for value in told if value]
    if len(known) != len(keys):
        raise Unsupported("the recorder does not tell every channel's bitrate")
    return int(sum(known))


def _oldest_days(session: Session, keys: list[str]) -> float | Unset:
    found = footage.oldest(session, keys)
    return UNSET if found is None else round((footage.now(session) - found).total_seconds() / 86400, 1)


def limit_retention(_session: Session, wanted: Retention) -> tuple[Gap, ...]:
    """Tell channels that are to be kept otherwise than the rest."""
    kept = [] if isinstance(wanted.channels, Unset) else [k for k in wanted.channels.values() if isinstance(k, Kept)]
    if len(set(kept)) > 1:
        return (Gap(field="channels", reason="the recorder keeps all channels alike"),)
    return ()


def write_retention(session: Session, wanted: Retention, _secrets: Secrets) -> None:
    """Write the one limit for all."""
    values: dict[str, object] = {}
    for told in () if isinstance(wanted.channels, Unset) else wanted.channels.values():
        if isinstance(told, Kept) and isinstance(told.days, int):
            values["StorageGlobal.FileHoldTime"] = told.days
        if isinstance(told, Kept) and isinstance(told.overwrite, bool):
            values["StorageGlobal.OverWrite"] = told.overwrite
    session.store(values)


CELLS = (
    Cell(
        aspect="recording",
        protocol="dahua",
        read=read_recording,
        write=write_recording,
        limits=limit_recording,
        judge=judge,
    ),
    Cell(
        aspect="retention",
        protocol="dahua",
        read=read_retention,
        write=write_retention,
        limits=limit_retention,
        judge=judge_retention,
    ),
)
