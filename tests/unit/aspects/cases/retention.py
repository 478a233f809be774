"""Retention over ONVIF (Profile G)."""

from __future__ import annotations

from fleetctl.aspects.retention import Kept, Retention
from fleetctl.model import FrozenMap
from tests.unit.aspects.cases.kit import Case
from tests.unit.aspects.cases.recorders import FIXED, FREE

SENT = (
    "<trc:RecordingToken>R1</trc:RecordingToken><trc:RecordingConfiguration><tt:Source><tt:SourceId/>"
    "<tt:Name>Quầy 1</tt:Name><tt:Location/><tt:Description/><tt:Address>rtsp://10.20.1.11/live</tt:Address></tt:Source>"
    "<tt:Content>kept</tt:Content><tt:MaximumRetentionTime>P30D</tt:MaximumRetentionTime></trc:RecordingConfiguration>"
)
DAYS = Retention(channels=FrozenMap({"1": Kept(days=30)}))

CASES = (
    Case(
        name="durations are days, none is no limit",
        answers=FREE,
        reads={"channels": FrozenMap({"1": Kept(days=7), "2": Kept(days=0)})},
    ),
    Case(
        name="the limit is written into the recording's own configuration",
        answers=FREE,
        wanted=DAYS,
        gaps=(),
        requests=(("trc:SetRecordingConfiguration", SENT),),
    ),
    Case(name="nothing is set where recordings are fixed", answers=FIXED, wanted=DAYS, gaps=(("channels", "1", ""),)),
)
