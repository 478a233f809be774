"""Two people at once, and people who end what they began: nothing is torn, nothing is lost."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable

import pytest

from tests.lab.office import Office

SITE = ("--limit", "viet_hung")


def begun(office: Office, process: subprocess.Popen[str], kind: str = "apply", orders: int = 1) -> None:
    """Wait until a command has sent its first orders."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        assert process.poll() is None, process.communicate()
        if sum(office.writes().values()) >= orders:
            return
        time.sleep(0.01)
    raise AssertionError(f"no {kind} in sight")


def test_the_second_operator_is_told_who_holds_the_lock_and_may_read(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted", latency_ms=20)
    first = office.child("apply", "--yes", *SITE)
    try:
        begun(office, first)
        first.send_signal(signal.SIGSTOP)
        for command in (("apply", "--yes", "--limit", "gia_thuy"), ("device", "reboot", "gia-thuy-cam-01", "--yes")):
            ran = office.expect(1, *command)
            (error,) = [line for line in ran.lines if line["type"] == "error"]
            assert error["error"] == "Busy"
            assert str(first.pid) in error["message"]
            assert "apply" in error["message"]
        assert office.json("audit", "--limit", "xuan_phuong", "--aspect", "time").code in (0, 3)
        first.send_signal(signal.SIGCONT)
        assert office.ended(first).code == 0
    finally:
        first.kill()
    office.expect(0, "audit", *SITE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_apply_ended_by_a_person_is_130_and_resume_finishes_it(
    offices: Callable[..., Office], number: signal.Signals
) -> None:
    office = offices("pilot-adopted", latency_ms=30)
    process = office.child("--json", "apply", "--yes", *SITE)
    begun(office, process, orders=6)
    process.send_signal(number)
    ran = office.ended(process)
    assert ran.code == 130, ran
    assert ran.lines[-1]["exit_code"] == 130
    assert "Go on with: fleetctl apply --resume" in ran.err
    assert "Traceback" not in ran.err
    assert "interrupted" in ran.outcomes.values()
    (run, *_) = office.workspace.journal.runs(kind="apply")
    assert (run.ended is not None, run.exit_code) == (True, 130)
    assert office.workspace.journal.intents(run.run) == ()
    office.expect(0, "apply", "--resume", "--yes")
    office.expect(0, "audit", *SITE)
    assert office.locked() == {}


@pytest.mark.parametrize("command", ["plan", "audit"])
def test_a_reading_ended_by_a_person_is_130(offices: Callable[..., Office], command: str) -> None:
    office = offices("pilot-adopted", latency_ms=100)
    process = office.child(command, *SITE)
    deadline = time.monotonic() + 30
    while office.requests() < 20 and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    ran = office.ended(process)
    assert ran.code == 130, ran
    assert "Traceback" not in ran.err
    assert office.writes() == {}
    office.expect(3, command, *SITE, "--aspect", "time")


def test_what_an_impatient_person_ends_at_once_is_resumed_all_the_same(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted", latency_ms=30)
    process = office.child("apply", "--yes", *SITE)
    begun(office, process, orders=6)
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    ran = office.ended(process)
    assert ran.code == 130, ran
    assert "Traceback" not in ran.err
    office.expect(0, "apply", "--resume", "--yes")
    office.expect(0, "audit", *SITE)


def test_a_resume_keeps_to_the_aspects_of_what_it_takes_up(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted", latency_ms=30)
    process = office.child("apply", "--yes", "--aspect", "identity", *SITE)
    begun(office, process, orders=3)
    process.kill()
    office.ended(process)
    office.forget()
    office.expect(0, "apply", "--resume", "--yes")
    assert set(office.writes()) <= {"tds:SetScopes", "tds:SetHostname", "tds:SetHostnameFromDHCP"}
    office.expect(0, "audit", "--aspect", "identity", *SITE)
    office.expect(3, "audit", "--aspect", "osd", *SITE)


def test_without_a_terminal_and_without_yes_nothing_is_sent(offices: Callable[..., Office]) -> None:
    office = offices("pilot-fresh")
    for command in (
        ("adopt",),
        ("apply",),
        ("apply", "--resume"),
        ("device", "reboot", "viet-hung-cam-01"),
        ("device", "call", "viet-hung-cam-01", "devicemgmt", "SystemReboot"),
    ):
        ran = office.expect(2, *command)
        assert "--yes" in ran.out
    assert office.requests() == 0
