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


def test_the_cameras_own_logs_tell_who_changed_what_drifted(offices: Callable[..., Office]) -> None:
    office = offices("pilot")
    hik, dahua, axis, steady = (f"viet-hung-cam-0{number}" for number in (1, 3, 4, 2))
    office.break_(dahua, "clock", offset_s=-3 * 86400)
    for name in (hik, dahua, axis):
        control.change(office.lab_dir, name, "network", dns=["9.9.9.9"], by=("quản trị", "10.20.1.77"))
    limit = ",".join((hik, dahua, axis, steady))
    ran = office.expect(3, "audit", "--who", "-l", limit, "-a", "network")
    told = ran.lines[-1]["changed_by"]
    assert [(each["account"], each["address"]) for each in told[hik]] == [("quản trị", "10.20.1.77")]
    assert [(each["account"], each["address"]) for each in told[dahua]] == [("quản trị", "")], "not from where"
    assert told[axis] == []
    assert set(told) == {hik, dahua, axis}
    assert told[dahua][0]["time"] < told[hik][0]["time"], "each by its own clock"
    asked = {name: set(control.counts(office.lab_dir, name)) for name in (hik, dahua, steady)}
    assert "isapi:POST ContentMgmt/logSearch" in asked[hik]
    assert {"cgi:startFind", "cgi:doFind", "cgi:stopFind"} <= asked[dahua]
    assert not [what for what in asked[steady] if not what.startswith("t")], "what is in step is asked over ONVIF only"
    assert office.writes() == {}, "a log is only read"
    office.expect(0, "apply", "--yes", "-l", hik, "-a", "network")
    control.change(office.lab_dir, hik, "network", dns=["9.9.9.9"], by=("quản trị", "10.20.1.78"))
    page, table, lines = (office.root / f"audit.{kind}" for kind in ("html", "csv", "json"))
    reports = [part for path in (page, table, lines) for part in ("--report", f"{path.suffix[1:]}:{path}")]
    ran = office.expect(3, "audit", "--who", "-l", limit, "-a", "network", *reports)
    newest = ran.lines[-1]["changed_by"]
    assert set(newest) == {hik}, "a drift that is known is not asked about again"
    assert {each["account"] for each in newest[hik]} == {"quản trị"}, "fleetctl's own writes are no news"
    for path in (page, table):
        assert path.read_text("utf-8").count("changed by quản trị from 10.20.1.7") >= 1
    assert lines.read_text("utf-8") == ran.out, "the report is what --json prints"
    (change,) = ran.aspect(dahua, "network")["changes"]
    assert [each["account"] for each in change["changed_by"]] == ["quản trị"], "also on later nights"
