"""A small finished run: two sites, four devices, one of each thing that can happen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fleetctl.model import (
    AspectPlan,
    Change,
    DevicePlan,
    Finished,
    Gap,
    Kind,
    Outcome,
    Place,
    Planned,
    Started,
)
from fleetctl.reports.files import Run
from fleetctl.reports.language import Language
from fleetctl.reports.tally import Tally

PLACE = Place(file="inventory/standard.yml", line=3, column=5)


def planned(name: str, site: str, *aspects: AspectPlan, outcome: Outcome | None = None, reason: str = "") -> Planned:
    plan = DevicePlan(
        device=name, kind=Kind.CAMERA, site=site, aspects=aspects, outcome=outcome, reason=reason, manufacturer="ACME"
    )
    return Planned(device=name, plan=plan)


def ntp(device: str) -> AspectPlan:
    change = Change(
        device=device, aspect="time", field="ntp_servers", before=(), after=("10.0.0.10", "10.0.0.11"), place=PLACE
    )
    return AspectPlan(aspect="time", outcome=Outcome.PENDING, changes=(change,))


def text(device: str, wanted: str) -> AspectPlan:
    change = Change(device=device, aspect="osd", field="text", before="", after=wanted, place=PLACE)
    return AspectPlan(aspect="osd", outcome=Outcome.PENDING, changes=(change,))


@pytest.fixture
def tally() -> Tally:
    told = Tally()
    gap = Gap(field="main_resolution", reason="1920x1080 is not offered", nearest="1280x720")
    for event in (
        Started(device="b-cam-01", site="b"),
        planned("a-cam-01", "a", ntp("a-cam-01"), text("a-cam-01", "Phường A - Quầy 1")),
        planned("a-cam-02", "a", ntp("a-cam-02"), text("a-cam-02", "Phường A - Quầy 2")),
        planned("b-cam-01", "b", ntp("b-cam-01"), AspectPlan(aspect="video", outcome=Outcome.UNSUPPORTED, gaps=(gap,))),
        planned("b-cam-02", "b", outcome=Outcome.UNREACHABLE, reason="b-cam-02 (127.0.0.9): no answer in 10 s"),
        Finished(device="a-cam-01", site="a", outcome=Outcome.PENDING),
        Finished(device="a-cam-02", site="a", outcome=Outcome.PENDING),
        Finished(device="b-cam-01", site="b", outcome=Outcome.PENDING),
        Finished(device="b-cam-02", site="b", outcome=Outcome.UNREACHABLE, reason="no answer in 10 s"),
    ):
        told.add(event)
    return told


@pytest.fixture
def finished(tally: Tally) -> Run:
    return Run(
        command="audit",
        tally=tally,
        exit_code=tally.exit_code(),
        say=Language("en"),
        begun=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
        ended=datetime(2026, 1, 2, 3, 4, 15, tzinfo=UTC),
        site_names={"a": "Phường A", "b": "Phường B"},
    )
