"""Saved plans: carried out as they were shown, or not at all."""

from __future__ import annotations

import json
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

from fleetctl.lab import control
from tests.lab.office import Office

CAM = "viet-hung-cam-01"
SITE = "viet_hung"


def saved(office: Office, *arguments: str) -> Path:
    path = office.root / "monday.plan"
    office.expect(3, "plan", "--limit", SITE, "-o", str(path), *arguments)
    return path


def test_a_saved_plan_is_carried_out_and_a_second_time_there_is_nothing_to_do(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted")
    path = saved(office)
    assert office.writes() == {}
    ran = office.expect(0, "apply", str(path), "--yes")
    assert set(ran.outcomes.values()) == {"changed"}
    assert set(ran.outcomes) == {f"viet-hung-cam-0{n}" for n in (1, 2, 3, 4)}
    office.expect(0, "audit", "--limit", SITE)
    office.forget()
    assert set(office.expect(0, "apply", str(path), "--yes").outcomes.values()) <= {"unchanged", "changed"}
    assert office.writes() == {}


def test_a_plan_file_is_for_its_owner_only_and_holds_no_secret(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted")
    path = saved(office)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    text = path.read_text("utf-8")
    assert "lanhdao" in text, "accounts that are to be made are part of it"
    for secret in office.passwords().values():
        assert secret not in text


def test_a_device_that_moved_since_the_plan_is_left_alone_and_the_others_are_done(
    offices: Callable[..., Office],
) -> None:
    office, moved = offices("pilot-adopted"), "viet-hung-cam-03"
    path = saved(office)
    control.change(office.lab_dir, moved, "network", dns=["9.9.9.9"])
    ran = office.expect(1, "apply", str(path), "--yes")
    assert ran.outcomes == {f"viet-hung-cam-0{n}": "stale" if n == 3 else "changed" for n in (1, 2, 3, 4)}
    told = {a["aspect"]: a["outcome"] for a in ran.devices[moved]["aspects"]}
    assert told["network"] == "stale"
    assert told["users"] == "blocked", "nothing is begun after that"
    assert "run plan again" in ran.reason(moved)
    assert office.real(moved)["network"]["dns"] == ["9.9.9.9"]
    office.expect(0, "apply", "--yes", "--limit", SITE)


def test_an_inventory_that_moved_since_the_plan_stops_it_before_anything_is_sent(
    offices: Callable[..., Office],
) -> None:
    office = offices("pilot-adopted")
    path = saved(office)
    office.forget()
    office.overlay("all: {vars: {osd_text: Sửa sau}}")
    ran = office.expect(1, "apply", str(path), "--yes")
    assert "the inventory expects something else of osd now" in ran.out
    assert "Plan again" in ran.out
    assert office.requests() == 0


def test_a_device_that_left_the_inventory_stops_the_plan(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted")
    path = saved(office)
    office.forget()
    shutil.rmtree(office.inventory / "long_bien")
    office.lab_overlay_without("viet-hung", "gia-thuy")
    ran = office.expect(1, "apply", str(path), "--yes")
    assert f"{CAM} is no longer in the inventory" in ran.out
    assert office.requests() == 0


def test_a_plan_that_was_altered_is_refused(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted")
    path = saved(office)
    office.forget()
    whole = path.read_text("utf-8")
    altered = json.loads(whole)
    altered["devices"] = altered["devices"][1:]
    for text, told in (
        (whole.replace("Asia/Ho_Chi_Minh", "Asia/Ho_Chi_Minx"), "was altered"),
        (json.dumps(altered), "was altered"),
        (whole.replace('"schema_version": 1', '"schema_version": 99'), "another version"),
        (whole[: len(whole) // 2], "not a plan"),
        ("", "not a plan"),
        ("[]", "not a plan"),
    ):
        path.write_text(text, "utf-8")
        ran = office.expect(2, "apply", str(path), "--yes")
        assert told in ran.out, ran
    assert office.expect(2, "apply", str(path) + "x", "--yes").lines[0]["error"] == "UsageError"
    assert office.requests() == 0


def test_a_plan_of_some_aspects_changes_no_other(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted")
    path = saved(office, "--aspect", "time,identity")
    office.expect(0, "apply", str(path), "--yes")
    ran = office.expect(3, "audit", "--limit", CAM)
    told = {a["aspect"]: a["outcome"] for a in ran.devices[CAM]["aspects"]}
    assert told["identity"] == "unchanged"
    assert told["osd"] == told["users"] == "pending"
