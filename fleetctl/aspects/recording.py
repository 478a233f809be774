"""Recording: when a recorder records each channel, and with what."""

from __future__ import annotations

import enum
from dataclasses import dataclass, fields, replace
from typing import Any

from fleetctl.errors import Rejected, Unsupported
from fleetctl.model import (
    UNSET,
    Absent,
    Aspect,
    Cell,
    Device,
    Disruption,
    FrozenMap,
    Gap,
    Kind,
    Outcome,
    Secrets,
    Unset,
    Untold,
    setting,
)
from fleetctl.protocols.onvif_parts import Onvif, tried
from fleetctl.protocols.onvif_recordings import FIXED, is_active, job_of, recordings, writable
from fleetctl.protocols.xml import Element, child, tag, text, words
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
        if not isinstance(track, Track) or not isinstance(now, Track):
            continue
        if track.schedule is not Schedule.ALWAYS or now.schedule is not Schedule.ALWAYS:
            continue
        active: Any = now.active
        if active is False:
            reason = "is not being recorded, although it should be always; see: fleetctl site check"
            gaps.append(Gap(field="channels", key=f"{key}.active", outcome=Outcome.FAILED, reason=reason))
        elif isinstance(active, Untold) and active.elsewhere:
            reason = f"is not being recorded: {active.reason}"
            told = Gap(field="channels", key=f"{key}.active", outcome=active.outcome, reason=reason, elsewhere=True)
            gaps.append(told)
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

# --- ONVIF (Profile G) ----------------------------------------------------------------------------


def read(session: Onvif) -> Recording:
    """Read whether each recording has a job that is on, and whether it records now; recordings count as channels."""
    found = {}
    for key, recording in recordings(session).items():
        token, job = job_of(session, recording)
        active: Any = tried(is_active, session, token) if token else False
        found[key] = Track(schedule=_mode(job), active=active)
    return Recording(channels=FrozenMap(found))


def _mode(job: Element | None) -> Schedule:
    if text(job, "Mode").lower() != "active":
        return Schedule.OFF
    return Schedule.OTHER if text(job, "ScheduleToken") or child(job, "EventFilter") is not None else Schedule.ALWAYS


def limits(session: Onvif, wanted: Recording) -> tuple[Gap, ...]:
    """Tell what cannot be set: anything on fixed recordings, schedules but always and off, recordings without a job."""
    there, free = recordings(session), writable(session)
    gaps = []
    for key, track in {} if isinstance(wanted.channels, Unset) else wanted.channels.items():
        if not free:
            gaps.append(Gap(field="channels", key=key, reason=FIXED))
        elif key in there and not job_of(session, there[key])[0]:
            gaps.append(Gap(field="channels", key=key, reason="nothing is recorded there; bind a camera first"))
        elif isinstance(track, Track) and track.schedule not in (Schedule.ALWAYS, Schedule.OFF, UNSET):
            gaps.append(Gap(field="channels", key=key, reason="over ONVIF it is always or off", nearest="always"))
    return tuple(gaps)


def write(session: Onvif, wanted: Recording, _secrets: Secrets) -> None:
    """Switch the jobs on or off."""
    if not writable(session):
        raise Unsupported(FIXED)
    there = recordings(session)
    for key, track in {} if isinstance(wanted.channels, Unset) else wanted.channels.items():
        if key not in there:  # the channel was to be bound before this, and was not
            raise Rejected(f"channel {key}: nothing is recorded there; bind a camera first")
        token, _ = job_of(session, there[key])
        if isinstance(track, Track) and isinstance(track.schedule, Schedule):
            mode = "Idle" if track.schedule is Schedule.OFF else "Active"
            session.write("trc", "SetRecordingJobMode", tag("trc:JobToken", words(token)) + tag("trc:Mode", mode))


CELLS = (Cell(aspect="recording", protocol="onvif", read=read, write=write, limits=limits, judge=judge),)
