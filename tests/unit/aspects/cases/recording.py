"""Recording over ONVIF (Profile G): jobs that are on or off."""

from __future__ import annotations

from fleetctl.aspects.recording import Recording, Schedule, Track
from fleetctl.model import FrozenMap
from tests.unit.aspects.cases.kit import Case
from tests.unit.aspects.cases.recorders import FIXED, FREE, job


def wanted(**told: Schedule) -> Recording:
    return Recording(channels=FrozenMap({key[1:]: Track(schedule=schedule) for key, schedule in told.items()}))


CASES = (
    Case(
        name="a job that is on records always, and one that is not there not at all",
        answers=FREE,
        reads={
            "channels": FrozenMap(
                {"1": Track(schedule=Schedule.ALWAYS, active=True), "2": Track(schedule=Schedule.OFF, active=False)}
            )
        },
    ),
    Case(
        name="a schedule of the recorder's own is another",
        answers=FREE
        | {"trc:GetRecordingJobs": job("J1", "R1", "Active", "<tt:ScheduleToken>office</tt:ScheduleToken>")},
        reads={
            "channels": FrozenMap(
                {"1": Track(schedule=Schedule.OTHER, active=True), "2": Track(schedule=Schedule.OFF, active=False)}
            )
        },
    ),
    Case(
        name="a job is switched off",
        answers=FREE,
        wanted=wanted(_1=Schedule.OFF),
        gaps=(),
        requests=(("trc:SetRecordingJobMode", "<trc:JobToken>J1</trc:JobToken><trc:Mode>Idle</trc:Mode>"),),
    ),
    Case(
        name="a recording without a job, and motion, cannot be",
        answers=FREE,
        wanted=wanted(_1=Schedule.MOTION, _2=Schedule.ALWAYS),
        gaps=(("channels", "1", "always"), ("channels", "2", "")),
    ),
    Case(
        name="nothing is set where recordings are fixed",
        answers=FIXED,
        wanted=wanted(_1=Schedule.OFF),
        gaps=(("channels", "1", ""),),
    ),
)
