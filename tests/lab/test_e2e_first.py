"""From factory-fresh to in step, and that reading never writes: judged at the wire."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.lab.office import CHEAP, IN_STEP, MAKES, MIXED, Office


def test_from_factory_fresh_to_in_step_and_a_second_time_nothing_is_written(
    offices: Callable[[str], Office],
) -> None:
    office = offices("pilot-fresh")
    office.expect(0, "adopt", "--yes")
    assert set(office.expect(3, "plan").outcomes.values()) == {"pending"}
    assert set(office.expect(0, "apply", "--yes").outcomes.values()) == {"changed"}
    assert set(office.expect(0, "audit").outcomes.values()) == {"unchanged"}
    office.forget()
    for command in ("apply", "adopt"):
        ran = office.expect(0, command, "--yes")
        assert set(ran.outcomes.values()) <= {"unchanged"}
    assert office.writes() == {}
    assert office.locked() == {}


def test_every_make_but_the_cheap_one_comes_into_step(offices: Callable[[str], Office]) -> None:
    office = offices("mixed-adopted")
    office.expect(0, "apply", "--yes", "--limit", IN_STEP)
    office.expect(0, "audit", "--limit", IN_STEP)
    ran = office.expect(1, "apply", "--yes", "--limit", CHEAP, "--aspect", "users,identity")
    assert ran.outcomes == {CHEAP: "not_applied"}
    assert ran.aspect(CHEAP, "users")["outcome"] == "not_applied"
    assert office.expect(3, "audit").outcomes == {**dict.fromkeys(MIXED, "unchanged"), CHEAP: "pending"}
    office.forget()
    office.expect(0, "apply", "--yes", "--limit", IN_STEP)
    assert office.writes() == {}
    assert office.locked() == {}


READING = (
    ("plan",),
    ("audit",),
    *(("device", "show", name) for name in MIXED),
    ("status",),
    ("history",),
    ("history", "--runs"),
    ("inventory", "check"),
    ("inventory", "list"),
    ("inventory", "graph"),
    ("inventory", "explain", "mixed-axis"),
    ("lab", "status"),
)


@pytest.mark.parametrize("stage", ["mixed-fresh", "mixed-adopted", "mixed"])
def test_reading_sends_no_writing_operation_to_any_make(offices: Callable[[str], Office], stage: str) -> None:
    office = offices(stage)
    before = {name: _lasting(office.real(name)) for name in MIXED}
    for command in READING:
        ran = office.json(*command)
        assert ran.code in (0, 1, 3), f"{command}: {ran}"
        assert ran.err == "" or ran.code == 1, f"{command}: {ran}"
    assert office.requests() > len(MAKES)
    assert office.writes() == {}
    assert {name: _lasting(office.real(name)) for name in MIXED} == before
    assert office.locked() == {}


def _lasting(state: dict[str, object]) -> str:
    """Return what a device holds, without what its clock does by itself."""
    return json.dumps({k: v for k, v in state.items() if k not in ("now", "clock", "time", "locked", "misses")})


def test_what_cannot_be_meant_sends_nothing(offices: Callable[[str], Office]) -> None:
    office = offices("pilot-adopted")
    office.overlay("all: {vars: {time_zone: 7, video_main_resolution: big, tiem_zone: Asia/Ho_Chi_Minh}}")
    for command in (
        ("plan",),
        ("apply", "--yes"),
        ("audit",),
        ("adopt", "--yes"),
        ("device", "show", "viet-hung-cam-01"),
    ):
        ran = office.expect(2, *command)
        (error,) = [line for line in ran.lines if line["type"] == "error"]
        assert {fault["line"] for fault in error["faults"]} == {1}
        assert len(error["faults"]) >= 3
    assert office.requests() == 0
