"""Events as a run tells them, and time that goes when it is told."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from fleetctl.journal import Journal
from fleetctl.model import (
    AspectPlan,
    Change,
    DevicePlan,
    Event,
    Finished,
    Gap,
    Intent,
    Kind,
    Outcome,
    Planned,
    Result,
    Started,
)


class Clock:
    """Stands in for time.time in store and journal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, now: float = 1_800_000_000.0) -> None:
        self.now = now
        monkeypatch.setattr("time.time", lambda: self.now)

    def forward(self, seconds: float) -> None:
        self.now += seconds


def change(device: str = "cam", aspect: str = "time", field: str = "zone", key: str = "") -> Change:
    return Change(device=device, aspect=aspect, field=field, key=key, before="UTC", after="Asia/Ho_Chi_Minh")


def intent(device: str = "cam", aspect: str = "time") -> Intent:
    return Intent(device=device, aspect=aspect, changes=(change(device, aspect),))


def result(
    outcome: Outcome,
    device: str = "cam",
    aspect: str = "time",
    *,
    changes: Sequence[Change] = (),
    gaps: Sequence[Gap] = (),
    reason: str = "",
) -> Result:
    return Result(
        device=device,
        kind=Kind.CAMERA,
        site="viet_hung",
        aspect=aspect,
        outcome=outcome,
        changes=tuple(changes),
        gaps=tuple(gaps),
        reason=reason,
    )


def planned(
    outcome: Outcome,
    device: str = "cam",
    aspect: str = "time",
    *,
    changes: Sequence[Change] = (),
    gaps: Sequence[Gap] = (),
) -> Planned:
    aspects = (AspectPlan(aspect=aspect, outcome=outcome, changes=tuple(changes), gaps=tuple(gaps)),)
    return Planned(device=device, plan=DevicePlan(device=device, kind=Kind.CAMERA, site="viet_hung", aspects=aspects))


def finished(outcome: Outcome, device: str = "cam", reason: str = "") -> Finished:
    return Finished(device=device, site="viet_hung", outcome=outcome, reason=reason)


def ran(journal: Journal, kind: str, *events: Event, tasks: Sequence[str] = ()) -> int:
    """Run from beginning to end; Started is put before each device's first event."""
    with journal.run(kind, {}, tasks=tasks) as record:
        seen: set[str] = set()
        for event in events:
            if event.device not in seen:
                seen.add(event.device)
                record(Started(device=event.device, site="viet_hung"))
            record(event)
    return journal.runs(last=1)[0].run
