"""Waivers from the command line: what is agreed to is left alone, counted as waived, and comes back when it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from fleetctl.lab import control
from tests.lab.office import Office

CAM, SITE = "viet-hung-cam-03", "viet_hung"
SETTING = "network.dns_servers"
AGREED = ("--owner", "Nguyễn Văn An", "--reason", "its own resolver")


def test_a_waived_difference_is_no_drift_until_the_waiver_has_ended(
    offices: Callable[..., Office], monkeypatch: pytest.MonkeyPatch
) -> None:
    office = offices("pilot")
    path = office.inventory / "long_bien" / "viet_hung.yml"
    before = path.read_bytes()
    control.change(office.lab_dir, CAM, "network", dns=["9.9.9.9"])
    assert office.expect(3, "audit", "-l", SITE, "-a", "network").outcomes[CAM] == "pending"

    office.expect(0, "waiver", "add", CAM, SETTING, *AGREED, "--until", "2099-12-31")
    ran = office.expect(0, "audit", "-l", SITE, "-a", "network")
    assert ran.outcomes[CAM] == "waived"
    (gap,) = office.expect(0, "plan", "-l", CAM, "-a", "network").aspect(CAM, "network")["gaps"]
    assert (gap["actual"], gap["expected"]) == (["9.9.9.9"], ["10.0.0.53", "10.0.0.54"])
    (listed,) = [line for line in office.expect(0, "waiver", "list").lines if line["type"] == "waiver"]
    assert (listed["standing"], listed["covers"]) == ("used", [CAM])

    office.forget()
    office.expect(0, "apply", "--yes", "-l", CAM)
    assert office.writes() == {}, "apply leaves it alone"

    monkeypatch.setattr("fleetctl.operations.workspace.Workspace.today", "2100-01-01")
    ran = office.expect(3, "audit", "-l", SITE, "-a", "network")
    assert ran.lines[-1]["waivers_expired"] == 1, "an expired waiver is drift again"
    monkeypatch.undo()

    office.expect(0, "waiver", "end", CAM, SETTING)
    assert path.read_bytes() == before, "every byte is as it was"
    office.expect(3, "audit", "-l", SITE, "-a", "network")


def test_a_waiver_that_nothing_needs_is_reported(offices: Callable[..., Office]) -> None:
    office = offices("pilot")
    office.expect(0, "waiver", "add", SITE, SETTING, *AGREED, "--until", "2099-12-31")
    assert office.expect(0, "audit", "-l", SITE, "-a", "network").lines[-1]["waivers_unused"] == 1
    office.expect(2, "waiver", "add", SITE, "users", *AGREED, "--until", "2099-12-31")
    office.expect(2, "waiver", "add", SITE, SETTING, *AGREED, "--until", "2020-01-01")
    office.expect(2, "waiver", "add", "nowhere", SETTING, *AGREED, "--until", "2099-12-31")
