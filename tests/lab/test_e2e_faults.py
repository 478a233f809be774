"""What happens in the field, one fault after the other, to every make at once: told rightly, in time, and overcome."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.lab.office import CHEAP, IN_STEP, MIXED, Office
from tests.ran import Ran

NAMES = sorted(name for name in MIXED if name != CHEAP)
BOUND_S = 25.0  # seven makes, answers of at most 2 s, two processors that others use as well
APPLY = ("apply", "--yes", "--canary", "0", "--stop-at", "100", "--per-site", "8")


@pytest.fixture(scope="module")
def field(templates: Callable[[str], Office], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    office = templates("mixed").copy(tmp_path_factory.mktemp("field") / "mixed")
    try:
        yield office
    finally:
        office.lab_down()


def timed(office: Office, *arguments: str) -> Ran:
    begun = time.monotonic()
    ran = office.json(*arguments)
    assert time.monotonic() - begun < BOUND_S, ran
    return ran


_NUMBERS = itertools.count(1)


def want(office: Office) -> None:
    """Have something to do for an apply."""
    n = next(_NUMBERS)
    told = f"{{reply_timeout_s: 2, identity_location: Quầy {n}, network_dns_servers: [10.0.1.{n}]}}"
    office.overlay(f"all: {{vars: {told}}}")


UNREACHABLE = ("unreachable", 4, "unreachable", 4)
UNKNOWN = ("unknown", 1, "unknown", 1)
NO_MATTER = ("pending", 3, "changed", 0)

# fault, its arguments -> how every make ends an audit, its exit code; how it ends an apply, its exit code
TABLE: tuple[tuple[str, dict[str, Any], tuple[str, int, str, int]], ...] = (
    ("power-cut", {"applied": True, "boot_s": 0.5}, ("pending", 3, "unreachable", 4)),
    ("power-cut", {"applied": False, "boot_s": 0.5}, ("pending", 3, "unreachable", 4)),
    ("ignore-writes", {}, ("pending", 3, "not_applied", 1)),
    ("clock", {"offset_s": 3600.0}, NO_MATTER),
    ("clock", {"offset_s": -86400.0}, NO_MATTER),
    ("broken-utf8", {}, NO_MATTER),
    ("wrong-content-type", {}, NO_MATTER),
    ("lockout", {}, ("refused", 1, "refused", 1)),
    ("slow", {}, UNREACHABLE),
    ("connections", {}, UNREACHABLE),
    ("html-401", {}, UNREACHABLE),
    ("half-reply", {}, UNREACHABLE),
    ("unplug", {}, UNREACHABLE),
    ("unplug", {"silent": True}, UNREACHABLE),
    ("onvif-off", {}, UNKNOWN),
    ("xml-bomb", {}, UNKNOWN),
    ("endless-body", {}, UNKNOWN),
    ("huge-reply", {}, UNKNOWN),
)


@pytest.mark.parametrize(
    ("fault", "arguments", "expected"), TABLE, ids=[f"{f}-{n}" for n, (f, _, _) in enumerate(TABLE)]
)
def test_a_fault_is_told_rightly_and_in_time_and_what_was_left_is_done_after_it(
    field: Office, fault: str, arguments: dict[str, Any], expected: tuple[str, int, str, int]
) -> None:
    audited, audit_exit, applied, apply_exit = expected
    want(field)
    for name in NAMES:
        field.break_(name, fault, **arguments)
    try:
        ran = timed(field, "audit", "--limit", IN_STEP)
        assert ran.outcomes == dict.fromkeys(NAMES, audited), ran
        assert ran.code == audit_exit
        ran = timed(field, *APPLY, "--limit", IN_STEP)
        assert ran.outcomes == dict.fromkeys(NAMES, applied), ran
        assert ran.code == apply_exit
        assert all(ran.reason(name).strip("; ") for name in NAMES if applied != "changed"), ran
    finally:
        time.sleep(0.6 if fault == "power-cut" else 0)
        field.mend(*NAMES)
    if fault == "lockout":  # a person unlocked them, which nobody but he can tell
        field.expect(0, "adopt", "--again", "--yes", "--limit", IN_STEP)
    again = ("--resume",) if applied == "unreachable" else ("--limit", IN_STEP)
    ran = field.expect(0, *APPLY, *again)
    assert set(ran.outcomes) == set(NAMES)
    field.expect(0, "audit", "--limit", IN_STEP)
    assert field.locked() == {}


def test_a_lossy_line_costs_time_and_nothing_else(field: Office) -> None:
    want(field)
    for seed, name in enumerate(NAMES):
        field.break_(name, "loss", rate=0.1, seed=seed)
    try:
        for _ in range(8):
            ran = timed(field, *APPLY, "--limit", IN_STEP)
            assert set(ran.outcomes.values()) <= {"unchanged", "changed", "unreachable"}, ran
            assert ran.code in (0, 4)
    finally:
        field.mend(*NAMES)
    field.expect(0, *APPLY, "--limit", IN_STEP)
    field.expect(0, "audit", "--limit", IN_STEP)
    assert field.locked() == {}


def test_a_camera_that_was_reset_is_told_taken_in_again_and_set(offices: Callable[[str], Office]) -> None:
    office, camera = offices("pilot"), "viet-hung-cam-03"
    office.break_(camera, "reset")
    office.wait(camera)
    ran = office.expect(1, "audit", "--limit", "viet_hung")
    assert ran.outcomes[camera] == "refused"
    assert f"fleetctl adopt --again --limit {camera}" in office.expect(1, "audit", "--limit", camera).reason(camera)
    office.expect(0, "adopt", "--yes", "--again", "--limit", camera)
    office.expect(0, "apply", "--yes", "--limit", "viet_hung")
    office.expect(0, "audit")
    assert office.locked() == {}


def test_what_a_camera_refuses_to_take_does_not_keep_the_rest_from_being_done(offices: Callable[[str], Office]) -> None:
    office, camera = offices("pilot"), "viet-hung-cam-01"
    office.device_vars({camera: {"video_main_resolution": "8000x6000", "osd_text": "Quầy một"}})
    ran = office.expect(0, "apply", "--yes", "--limit", "viet_hung")
    assert ran.outcomes == {name: "changed" if name == camera else "unchanged" for name in ran.outcomes}
    (gap,) = ran.aspect(camera, "video")["gaps"]
    assert (gap["field"], gap["outcome"], gap["nearest"]) == ("main_resolution", "unsupported", "1920x1080")
    assert ran.aspect(camera, "osd")["outcome"] == "changed"
    ran = office.expect(0, "audit", "--limit", "viet_hung")
    assert ran.aspect(camera, "video")["outcome"] == "unsupported"
    assert ran.aspect(camera, "osd")["outcome"] == "unchanged"
    assert ran.lines[-1]["with_unsupported"] >= 1
