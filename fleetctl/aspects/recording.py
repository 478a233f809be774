"""Recording: when a recorder records each channel, and with what."""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields, replace
from typing import Any

from fleetctl.model import UNSET, Absent, Aspect, Device, Disruption, FrozenMap, Gap, Kind, Outcome, Unset, setting
from fleetctl.standard import Fleet
from fleetctl.standard.keys import keyed


class Schedule(enum.StrEnum):
    """When a channel is recorded."""

    ALWAYS = "always"
    OFFICE = "office"  # continuously in office hours, on motion otherwise
    MOTION = "motion"
    OFF = "off"
    OTHER = "other"  # as told by a device only


class Stream(enum.StrEnum):
    """Which picture is recorded."""

    MAIN = "main"
    SUB = "sub"


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """How one channel is recorded."""

    schedule: Schedule | Unset = setting(
        "always, office (continuous in office hours, on motion else), motion, or off; other is what a device tells",
        source="field facts, nvr 1.5 (enableSchedule, and not Enable) and 2.3 (Record, RecordMode)",
    )
    office_hours: str | Unset = setting(
        "Monday to Friday, as 07:30-17:30; for the schedule office",
        pattern=r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]",
    )
    stream: Stream | Unset = setting("main or sub", source="field facts, nvr 1.5, tracks <channel>01 and <channel>02")
    audio: bool | Unset = setting("sound is recorded", source="field facts, nvr 1.5, SaveAudio; 2.3, AudioEnable")
    pre_record_s: int | Unset = setting(
        "recorded before an event", unit="s", minimum=0, maximum=300, source="field facts, nvr 1.5 and 2.3"
    )
    post_record_s: int | Unset = setting(
        "recorded after an event", unit="s", minimum=0, maximum=900, source="field facts, nvr 1.5"
    )
    active: bool | Unset = setting("recording now", observed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """When and how the channels of a recorder are recorded; the fields are for all channels that have a camera."""

    schedule: Schedule | Unset = setting("as of one channel, for all that have a camera", instruction=True)
    office_hours: str | Unset = setting(
        "as of one channel, for all that have a camera",
        pattern=r"(?:[01][0-9]|2[0-3]):[0-5][0-9]-(?:[01][0-9]|2[0-3]):[0-5][0-9]",
        instruction=True,
    )
    stream: Stream | Unset = setting("as of one channel, for all that have a camera", instruction=True)
    audio: bool | Unset = setting("as of one channel, for all that have a camera", instruction=True)
    pre_record_s: int | Unset = setting(
        "as of one channel, for all that have a camera", unit="s", minimum=0, maximum=300, instruction=True
    )
    post_record_s: int | Unset = setting(
        "as of one channel, for all that have a camera", unit="s", minimum=0, maximum=900, instruction=True
    )
    channels: FrozenMap[Track | Absent] | Unset = setting(
        'what is otherwise on single channels, by channel from "1"', pattern=r"[1-9][0-9]{0,3}"
    )


def complete(device: Device, value: Recording, fleet: Fleet) -> tuple[Recording, tuple[tuple[str, str, str], ...]]:
    """Give every channel that the inventory binds a camera to what is said for all of them."""
    names = tuple(field.name for field in fields(Track) if field.name != "active")
    common = {name: told for name in names if (told := getattr(value, name)) is not UNSET}
    own = {} if isinstance(value.channels, Unset) else dict(value.channels)
    bound = keyed(device, fleet, "channels_cameras", "camera")
    made: dict[str, Any] = {}
    for key in {*bound, *own}:
        track = own.get(key, Track())
        if isinstance(track, Track):
            told = {name: getattr(track, name) for name in names if getattr(track, name) is not UNSET}
            made[key] = replace(track, **{**common, **told})
    wrongs = tuple(_wrong(value, own, made))
    if not made:
        return replace(value, channels=UNSET), wrongs
    return replace(value, channels=FrozenMap(made)), wrongs


def _wrong(value: Recording, own: dict[str, Any], made: dict[str, Track]) -> Any:
    if value.schedule is Schedule.OTHER:
        yield "schedule", "other is what a device tells, not what can be set", "write always, office, motion or off"
    for key, track in made.items():
        if track.schedule is Schedule.OFFICE and track.office_hours is UNSET:
            where = f"channels.{key}" if key in own else "schedule"
            yield where, "office hours are not said", 'set recording_office_hours: "07:30-17:30"'
            return


def judge(actual: Recording, expected: Recording) -> tuple[Gap, ...]:
    """Tell channels that are to be recorded always and are not being recorded."""
    if isinstance(expected.channels, Unset) or isinstance(actual.channels, Unset):
        return ()
    gaps = []
    for key, track in expected.channels.items():
        now = actual.channels.get(key)
        if not isinstance(track, Track) or not isinstance(now, Track) or now.active is not False:
            continue
        if track.schedule is Schedule.ALWAYS and now.schedule is Schedule.ALWAYS:
            reason = "is not being recorded, although it should be always; see: fleetctl site check"
            gaps.append(Gap(field="channels", key=f"{key}.active", outcome=Outcome.FAILED, reason=reason))
    return tuple(gaps)


ASPECT = Aspect(
    name="recording",
    type=Recording,
    kinds=frozenset({Kind.NVR}),
    disruption=Disruption.STREAM,
    doc="When and how the channels of a recorder are recorded",
    after=("time", "channels"),
    complete=complete,
)
