"""Waves, windows and limits: what goes first, what waits, what stops the rest; seen at the wire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from fleetctl.lab import control
from fleetctl.lab.access import writes
from tests.lab.office import Office

SITE = "viet_hung"
CAMS = [f"viet-hung-cam-0{n}" for n in (1, 2, 3, 4)]
ASPECTS = ("--aspect", "identity,network")


def orders(office: Office, device: str) -> tuple[float, float]:
    """Return when a device got its first and its last writing request."""
    times = [e["time"] for e in control.log(office.lab_dir, device) if writes(e["operation"].rpartition(":")[2])]
    return min(times), max(times)


def closed() -> str:
    """Return a window that is not open now, where the cameras are."""
    begin = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")) + timedelta(hours=3)
    return f"{begin:%H:%M}-{begin + timedelta(hours=1):%H:%M}"


def test_the_canary_goes_first_and_alone(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted", latency_ms=5)
    office.expect(0, "apply", "--yes", "--limit", SITE, *ASPECTS)
    ends = {name: orders(office, name) for name in CAMS}
    assert all(ends[CAMS[0]][1] < ends[name][0] for name in CAMS[1:])


def test_where_the_canary_fails_the_others_are_left_alone(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted")
    office.break_(CAMS[0], "ignore-writes")
    ran = office.expect(1, "apply", "--yes", "--limit", SITE, *ASPECTS)
    assert ran.outcomes == {name: "not_applied" if name == CAMS[0] else "interrupted" for name in CAMS}
    assert ran.lines[-1]["stopped"] == "stopped after canary: 100% of canary failed (allowed: 20%)"
    assert all(office.writes(name) == {} for name in CAMS[1:])
    ran = office.expect(1, "apply", "--yes", "--limit", SITE, "--canary", "0", *ASPECTS)
    assert ran.outcomes == {name: "not_applied" if name == CAMS[0] else "changed" for name in CAMS}


def test_a_wave_in_which_too_much_failed_is_the_last(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted")
    names = [name for name in office.names() if name.endswith(("cam-01", "cam-02"))]
    for name in ("gia-thuy-cam-01", "tung-thien-cam-01", "viet-hung-cam-01"):  # the canary is an-khanh's
        office.break_(name, "ignore-writes")
    ran = office.expect(
        1, "apply", "--yes", "--limit", ",".join(names), "--aspect", "identity", "--wave", "50", "--wave", "100"
    )
    assert "stopped after wave 1: 75% of wave 1 failed" in ran.lines[-1]["stopped"]
    assert [n for n in names if office.writes(n)] == [n for n in names if n.endswith("cam-01")]
    assert {o for n, o in ran.outcomes.items() if n.endswith("cam-02")} == {"interrupted"}
    office.mend(*names)
    office.expect(0, "apply", "--yes", "--resume", "--canary", "0")


@pytest.mark.parametrize("limit", [1, 2])
def test_no_more_devices_of_one_site_than_allowed_are_written_at_the_same_time(
    offices: Callable[..., Office], limit: int
) -> None:
    office = offices("pilot-adopted", latency_ms=5)
    office.expect(0, "apply", "--yes", "--limit", SITE, "--canary", "0", "--per-site", str(limit), *ASPECTS)
    spans = [orders(office, name) for name in CAMS]
    together = [sum(begin <= moment <= end for begin, end in spans) for moment, _ in spans]
    assert max(together) == limit


def test_outside_its_window_a_device_waits_and_a_person_may_say_now_with_a_reason(
    offices: Callable[..., Office],
) -> None:
    office = offices("pilot-adopted")
    office.overlay(f'all: {{vars: {{maintenance_window: "{closed()}"}}}}')
    ran = office.expect(3, "apply", "--yes", "--limit", "long_bien")
    assert set(ran.outcomes.values()) == {"pending"}
    assert f"outside its window: {closed()} (Asia/Ho_Chi_Minh)" in ran.reason(CAMS[0])
    assert office.writes() == {}
    rows = {line["site"]: line for line in office.expect(0, "status", "--limit", "long_bien").lines[:-1]}
    assert {row["pending"] for row in rows.values()} == {4}
    assert office.expect(2, "apply", "--yes", "--now", "--limit", SITE).lines[0]["error"] == "UsageError"
    assert "one site at a time" in office.expect(2, "apply", "--yes", "--now", "--reason", "x").out
    assert office.writes() == {}
    office.expect(0, "apply", "--yes", "--now", "--reason", "Khai trương sáng mai", "--limit", SITE)
    (run, *_) = office.workspace.journal.runs(kind="apply")
    assert run.args["now"] == "Khai trương sáng mai"
    runs = office.expect(0, "history", "--runs").lines
    assert runs[0]["arguments"]["now"] == "Khai trương sáng mai"
    assert all(office.writes(name) == {} for name in office.names() if name not in CAMS)


def test_what_interrupts_nothing_does_not_wait_for_the_window(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted")
    office.overlay(f'all: {{vars: {{maintenance_window: "{closed()}"}}}}')
    office.expect(0, "apply", "--yes", "--limit", SITE, "--aspect", "identity,time")


def test_what_waited_for_its_window_is_taken_up_when_it_is_open(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted")
    overlay = office.overlay(f'all: {{vars: {{maintenance_window: "{closed()}"}}}}')
    office.expect(3, "apply", "--yes", "--limit", SITE)
    overlay.unlink()
    office.expect(0, "apply", "--yes", "--resume")
    office.expect(0, "audit", "--limit", SITE)


def test_declared_waves_go_in_their_order_and_none_before_its_time(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted")
    office.overlay(
        "all:\n  vars:\n    rollout_waves:\n"
        "      - {name: first, pattern: viet-hung-cam-01}\n"
        "      - {name: half, pattern: 'long_bien:&viet_hung', share: 50%}\n"
        "      - {name: rest, pattern: long_bien, not_before: 2099-01-01}\n"
    )
    ran = office.expect(3, "apply", "--yes", *ASPECTS)
    done = {name for name, outcome in ran.outcomes.items() if outcome == "changed"}
    assert done == {"viet-hung-cam-01", "viet-hung-cam-02"}
    assert {o for n, o in ran.outcomes.items() if n not in done} == {"pending"}
    assert "rest does not begin before 2099-01-01 00:00" in ran.reason("viet-hung-cam-03")
    assert "it is in no wave of this roll-out" in ran.reason("xuan-phuong-cam-01")
    assert {name for name in office.names() if office.writes(name)} == done
    assert orders(office, "viet-hung-cam-01")[1] < orders(office, "viet-hung-cam-02")[0]
    rows = {line["site"]: line for line in office.expect(0, "status").lines[:-1]}
    assert (rows["viet_hung"]["pending"], rows["xuan_phuong"]["pending"]) == (2, 4)


@pytest.mark.parametrize(
    "waves",
    [
        "[{pattern: nowhere}]",
        "[{pattern: all, share: 200%}]",
        "[{pattern: all, not_before: soon}]",
        "[{patern: all}]",
        "[{pattern: all, when: now}]",
        "all",
    ],
)
def test_waves_that_cannot_be_meant_send_nothing(offices: Callable[..., Office], waves: str) -> None:
    office = offices("pilot-adopted")
    office.overlay(f"all: {{vars: {{rollout_waves: {waves}}}}}")
    office.expect(2, "apply", "--yes", *ASPECTS)
    assert office.writes() == {}
