"""The exit code of every command in every combination of outcomes; it is in the JSON as well."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetctl.cli import main as door
from fleetctl.errors import (
    BadAnswer,
    Busy,
    Fault,
    FleetctlError,
    Interrupted,
    InventoryError,
    NotRecorded,
    Refused,
    Rejected,
    Stale,
    Unreachable,
    Unsupported,
    UsageError,
    VaultError,
)
from fleetctl.model import Event, Finished, Outcome, Started
from fleetctl.operations import audit, rollout
from tests.ran import Ran

from .conftest import Fleet

READ = {
    Outcome.UNCHANGED: 0,
    Outcome.UNSUPPORTED: 0,
    Outcome.WAIVED: 0,
    Outcome.PENDING: 3,
    Outcome.UNREACHABLE: 4,
    Outcome.UNKNOWN: 1,
    Outcome.REFUSED: 1,
    Outcome.FAILED: 1,
}
WRITTEN = {
    Outcome.CHANGED: 0,
    Outcome.UNCHANGED: 0,
    Outcome.UNSUPPORTED: 0,
    Outcome.PENDING: 3,
    Outcome.UNREACHABLE: 4,
    Outcome.NOT_APPLIED: 1,
    Outcome.STALE: 1,
    Outcome.REFUSED: 1,
    Outcome.FAILED: 1,
    Outcome.UNKNOWN: 1,
    Outcome.BLOCKED: 1,
    Outcome.INTERRUPTED: 130,
}
FIRST, SECOND = "viet-hung-cam-01", "gia-thuy-cam-01"
Run = Callable[..., Ran]


def expected(*codes: int) -> int:
    return next(code for code in (130, 1, 3, 4, 0) if code in codes)


@pytest.mark.parametrize("command", ["plan", "audit"])
@pytest.mark.parametrize(("one", "other"), list(itertools.combinations_with_replacement(READ, 2)))
def test_what_is_found_decides_the_code_of_plan_and_audit(
    fleet: Fleet, fleetctl: Run, command: str, one: Outcome, other: Outcome
) -> None:
    fleet.outcomes = {FIRST: one, SECOND: other}
    ran = fleetctl("--json", command)
    assert ran.code == ran.lines[-1]["exit_code"] == expected(READ[one], READ[other])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pair
        for pair in itertools.combinations_with_replacement(WRITTEN, 2)
        if pair != (Outcome.UNREACHABLE, Outcome.BLOCKED)
    ],
)
def test_what_was_done_decides_the_code_of_apply(fleet: Fleet, fleetctl: Run, one: Outcome, other: Outcome) -> None:
    fleet.outcomes = {FIRST: Outcome.PENDING, SECOND: Outcome.PENDING}
    fleet.after = {FIRST: one, SECOND: other}
    ran = fleetctl("--json", "apply", "--yes")
    assert ran.code == ran.lines[-1]["exit_code"] == expected(WRITTEN[one], WRITTEN[other])


def test_apply_counts_the_devices_it_could_not_plan(fleet: Fleet, fleetctl: Run) -> None:
    fleet.outcomes = {FIRST: Outcome.PENDING, SECOND: Outcome.UNREACHABLE}
    assert fleetctl("apply", "--yes").code == 4


def test_an_end_by_a_person_comes_before_all_else(fleet: Fleet, fleetctl: Run) -> None:
    fleet.outcomes = {FIRST: Outcome.PENDING, SECOND: Outcome.FAILED}
    fleet.stop_by_person = True
    assert fleetctl("audit").code == 130
    ran = fleetctl("apply", "--yes")
    assert ran.code == 130
    assert not fleet.sent


def test_a_run_that_stopped_itself_has_failed(fleet: Fleet, fleetctl: Run) -> None:
    fleet.outcomes = {FIRST: Outcome.PENDING, SECOND: Outcome.PENDING}
    fleet.after = {FIRST: Outcome.CHANGED, SECOND: Outcome.INTERRUPTED}
    fleet.stop_by_rule = True
    ran = fleetctl("apply", "--yes")
    assert ran.code == 1
    assert "3 of the last 5 devices failed" in ran.err
    assert "fleetctl apply --resume" in ran.err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (InventoryError([Fault(file="a.yml", line=1, column=2, reason="wrong", mend="mend it")]), 2),
        (VaultError("x"), 2),
        (Unreachable("x"), 4),
        (Refused("x"), 1),
        (Unsupported("x"), 0),
        (Stale("x"), 1),
        (BadAnswer("x"), 1),
        (Rejected("x"), 1),
        (Busy("x"), 1),
        (NotRecorded("x"), 1),
        (Interrupted("x"), 130),
        (KeyboardInterrupt(), 130),
        (FleetctlError("x"), 1),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else str(value),
)
@pytest.mark.parametrize("json", [True, False])
def test_each_error_leaves_by_its_code_and_is_told(
    fleet: Fleet,
    fleetctl: Run,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    code: int,
    json: bool,
) -> None:
    from fleetctl.operations import status

    def failing(*_: object) -> None:
        raise error

    monkeypatch.setattr(status, "status", failing)
    ran = fleetctl(*(["--json"] if json else []), "status")
    assert ran.code == code
    if isinstance(error, FleetctlError):
        assert str(error) in ran.err
        if json:
            assert [(line["type"], line.get("exit_code")) for line in ran.lines] == [("error", None), ("summary", code)]
    assert "Traceback" not in ran.err


def test_every_kind_of_error_has_an_exit_code() -> None:
    def leaves(kind: type[FleetctlError]) -> set[type[FleetctlError]]:
        return {kind}.union(*(leaves(below) for below in kind.__subclasses__()))

    coded = {kind for kind, _ in door.EXIT_CODES}
    for kind in leaves(FleetctlError) - {FleetctlError}:
        if kind.__module__ == "fleetctl.errors":
            assert coded & set(kind.__mro__), kind


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("plan", "--nonsense"),
        ("audit", "--report"),
        ("audit", "--report", "pdf:x"),
        ("--lang", "fr", "status"),
        ("--workspace", "/nowhere", "status"),
        ("device", "show"),
        ("device", "call", "x", "device", "GetNTP", "novalue"),
        ("plan", "--aspect", "tiem"),
        ("plan", "--limit", "nowhere"),
        ("plan", "-o", "/nowhere/at/all.plan"),
        ("apply", "--yes", "--now"),
        ("apply", "--yes", "--reason", "why"),
        ("apply", "x.plan", "--yes", "--limit", "viet_hung"),
        ("apply", "--yes", "--resume", "--limit", "viet_hung"),
        ("apply", "--yes", "--wave", "101"),
        ("history", "--since", "yesterday"),
        ("history", "--runs", "--run", "3"),
    ],
)
def test_a_command_that_cannot_be_meant_exits_with_2_and_sends_nothing(
    fleet: Fleet, fleetctl: Run, arguments: tuple[str, ...]
) -> None:
    ran = fleetctl(*arguments)
    assert ran.code == 2
    assert ran.err
    assert not ran.out
    assert not fleet.calls


def test_usage_errors_are_in_the_json_too(fleet: Fleet, fleetctl: Run) -> None:
    ran = fleetctl("plan", "--nonsense", "--json")
    assert ran.code == 2
    assert [line["type"] for line in ran.lines] == ["error", "summary"]
    assert ran.lines[-1]["exit_code"] == 2


def test_an_aspect_that_is_not_known_is_told_what_was_meant(fleet: Fleet, fleetctl: Run) -> None:
    assert "Did you mean time?" in fleetctl("plan", "--aspect", "tiem").err


def test_all_faults_of_an_inventory_are_told_at_once(
    fleet: Fleet, fleetctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from fleetctl.operations import workspace

    faults = [Fault(file="a.yml", line=n, column=1, reason=f"wrong {n}") for n in (1, 2, 3)]

    def failing(*_: object, **_more: object) -> None:
        raise InventoryError(faults)

    monkeypatch.setattr(workspace, "open_workspace", failing)
    ran = fleetctl("plan", "--json")
    assert all(str(fault) in ran.err for fault in faults)
    assert "3 faults" in ran.err
    assert len(ran.lines[0]["faults"]) == 3


def test_a_report_that_cannot_be_written_loses_no_result_and_is_told(
    fleet: Fleet, fleetctl: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device", str(path))

    written: dict[str, bytes] = {}

    def room_for_json(path: Path, content: bytes) -> None:
        if path.suffix != ".json":
            full(path, content)
        written[path.name] = content

    monkeypatch.setattr("fleetctl.reports.files.replace", room_for_json)
    reports = ("--report", f"json:{tmp_path / 'a.json'}", "--report", f"html:{tmp_path / 'a.html'}")
    assert fleetctl("audit", *reports).code == 1
    assert json.loads(written["a.json"].splitlines()[-1])["exit_code"] == 1, "what is there tells the truth"
    monkeypatch.setattr("fleetctl.reports.files.replace", full)
    ran = fleetctl(
        "--json", "audit", "--report", f"html:{tmp_path / 'a.html'}", "--report", f"junit:{tmp_path / 'a.xml'}"
    )
    assert (ran.code, ran.lines[-1]["exit_code"]) == (1, 1)
    assert [line["type"] for line in ran.lines] == ["device"] * 4 + ["summary"]
    assert ran.err.count("could not be written") == 2


def test_where_the_store_s_disk_fills_up_in_mid_run_the_audit_tells_what_it_found(
    fleet: Fleet, fleetctl: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = audit.audit

    def full(*arguments: Any, **more: Any) -> Iterator[Event]:
        yield from real(*arguments, **more)
        yield Started(device="cut-off", site="x")
        raise NotRecorded("store.db: database or disk is full")

    monkeypatch.setattr(audit, "audit", full)
    ran = fleetctl("--json", "audit", "--tell")
    assert (ran.code, ran.lines[-1]["exit_code"]) == (1, 1)
    ended = {line["name"]: line["outcome"] for line in ran.lines if line["type"] == "device"}
    assert (len(ended), ended["cut-off"]) == (5, "interrupted"), "never counted as in step"
    assert "The run broke off: store.db: database or disk is full" in ran.err
    assert "not all on record" in ran.err
    assert [line["error"] for line in ran.lines if line["type"] == "error"] == ["NotRecorded"]


@pytest.mark.parametrize(
    "error", [NotRecorded("store.db: full"), VaultError("vault.yml: full"), Busy("store.db: busy")]
)
def test_whatever_breaks_an_apply_off_in_its_midst_it_tells_what_was_written_and_never_that_nothing_was_sent(
    fleet: Fleet, fleetctl: Run, monkeypatch: pytest.MonkeyPatch, error: FleetctlError
) -> None:
    fleet.outcomes = {FIRST: Outcome.PENDING, SECOND: Outcome.PENDING}
    real = rollout.apply

    def broken(*arguments: Any, **more: Any) -> Iterator[Event]:
        for event in real(*arguments, **more):
            yield event
            if isinstance(event, Finished):
                (other,) = {FIRST, SECOND} - {event.device}
                yield Started(device=other, site="x")
                raise error

    monkeypatch.setattr(rollout, "apply", broken)
    ran = fleetctl("--json", "apply", "--yes", "--canary", "0")
    assert (ran.code, ran.lines[-1]["exit_code"]) == (1, 1)
    ended = {line["name"]: line["outcome"] for line in ran.lines if line["type"] == "device"}
    assert {ended[FIRST], ended[SECOND]} == {"changed", "interrupted"}
    assert f"The run broke off: {error}" in ran.err
