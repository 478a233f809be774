"""What the history tells: why something is not as expected, each turn it took, and a second writer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fleetctl.lab import control
from tests.lab.office import Office

CAM, SETTING = "viet-hung-cam-03", "network.dns_servers"


def told(office: Office, *arguments: str) -> list[dict[str, Any]]:
    return office.expect(0, "history", "-l", CAM, *arguments).lines[:-1]


def test_what_somebody_sets_back_again_and_again_has_a_second_writer(offices: Callable[..., Office]) -> None:
    office = offices("pilot")
    for _ in range(3):
        control.change(office.lab_dir, CAM, "network", dns=["9.9.9.9"])
        ran = office.expect(3, "audit", "-l", CAM, "-a", "network")
        assert ran.lines[-1]["causes"] == {"drift": 1, "pending": 0, "new": 0}
        office.expect(0, "apply", "--yes", "-l", CAM, "-a", "network")
    control.change(office.lab_dir, CAM, "network", dns=["9.9.9.9"])
    office.expect(3, "audit", "-l", CAM, "-a", "network")
    (row,) = told(office, "--setting", SETTING)
    assert (row["cause"], row["flaps"], row["set_back"]) == ("drift", 4, 3), "it was applied once before"
    turns = told(office, "--turns", "--setting", SETTING, "--since", "1d")
    assert [turn["what"] for turn in turns] == ["began", "ended"] * 4 + ["began"]
    assert {turn["aspect"] for turn in told(office, "--turns", "--setting", "video")} == {"video"}
    assert told(office, "--turns", "--until", "2020-01-01") == []
    assert "something else writes it" in office.run("history", "-l", CAM).out
