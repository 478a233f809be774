"""Passwords of a Linux host: set by one login, proven by a new one that becomes root, the old one seen refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from fleetctl.model import Outcome, Step
from fleetctl.resources import folder
from tests.unit.passwords.fakes import Host, playing, rotated


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """The kiosk's host."""
    return playing(monkeypatch)


def test_the_password_by_which_fleetctl_logs_in_and_becomes_root_is_proven_by_both(host: Host) -> None:
    assert rotated(host, "fleetctl").outcome is Outcome.CHANGED
    assert host.passwords["fleetctl"] == "New-3"
    told = ["set", "set fleetctl", "fleetctl in", "live", "fleetctl out", "fleetctl in", "new"]
    assert [each for each in host.order if each != "f"] == told


def test_an_account_that_may_not_become_root_is_proven_by_its_login(host: Host) -> None:
    assert rotated(host, "lanhdao").outcome is Outcome.CHANGED
    assert host.passwords == {"fleetctl": "Old-1", "lanhdao": "New-3"}


def test_a_host_that_takes_it_and_says_no_has_it_and_one_that_says_yes_and_keeps_the_old_has_that(host: Host) -> None:
    host.errs = True
    assert rotated(host, "lanhdao").outcome is Outcome.CHANGED
    host.events.clear()
    host.passwords, host.errs, host.ignores = {"fleetctl": "Old-1", "lanhdao": "Old-2"}, False, True
    assert rotated(host, "lanhdao").outcome is Outcome.NOT_APPLIED


@pytest.mark.parametrize(("live", "outcome"), [("New-3", Outcome.CHANGED), ("Old-1", Outcome.UNCHANGED)])
def test_what_was_cut_off_is_settled_by_which_of_the_two_is_live(host: Host, live: str, outcome: Outcome) -> None:
    host.passwords["fleetctl"] = live
    assert rotated(host, "fleetctl", Step.SET).outcome is outcome
    assert host.order.count("fleetctl out") <= 2


def test_a_camera_s_file_that_motion_has_not_read_is_told(tmp_path: Path) -> None:
    # Whoever wrote it was cut off before motion was begun anew: it goes on with the login that it has.
    text = "camera_id 1\nnetcam_userpass ghihinh_2:Secret-1\n"
    files, bin_ = tmp_path / "cameras", tmp_path / "bin"
    files.mkdir()
    bin_.mkdir()
    (files / "cam.conf").write_text(text)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as motion:
        systemctl = bin_ / "systemctl"
        systemctl.write_text(f"#!/bin/sh\necho {motion.pid}\n")
        systemctl.chmod(0o755)
        script = folder("roles") / "recorder" / "files" / "read_cameras.py"
        asked = json.dumps({"folder": str(files), "files": {"cam.conf": text}})

        def every() -> list[dict[str, Any]]:
            ran = subprocess.run(
                [sys.executable, str(script)], input=asked, env={"PATH": f"{bin_}:/usr/bin:/bin"},
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert "Secret-1" not in ran.stdout
            found: list[dict[str, Any]] = json.loads(ran.stdout)
            return found

        def told() -> dict[str, Any]:
            return every()[0]

        later = time.time() + 60
        os.utime(files / "cam.conf", (later, later))
        assert told()["before"] != told()["after"]
        assert told()["before"]["motion"] == "has not read it"
        os.utime(files / "cam.conf", (later - 3600, later - 3600))
        os.utime(files, (later, later))  # one that is gone by now: motion may go on with it
        assert [each["name"] for each in every()] == ["cam.conf", "(removed)"]
        os.utime(files, (later - 3600, later - 3600))
        assert told()["before"] == told()["after"]
        assert len(every()) == 1
        motion.communicate(b"\n")
