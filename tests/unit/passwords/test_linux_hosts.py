"""Passwords of a Linux host: set by one login, proven by a new one that becomes root, the old one seen refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fleetctl import converge
from fleetctl.converge import alive, link
from fleetctl.errors import Refused, Rejected
from fleetctl.model import (
    Access,
    Device,
    Endpoint,
    Event,
    Finished,
    Kind,
    LoginJudged,
    Outcome,
    Rotation,
    SecretRef,
    Step,
)
from fleetctl.operations.rotation import logins
from fleetctl.operations.rotation.turns import Job, Login, Patience, Turn
from fleetctl.operations.rotation.working import work
from fleetctl.protocols.identities import Identity
from fleetctl.resources import folder
from fleetctl.vault import SecretBag

MACHINE = "0123456789abcdef0123456789abcdef"
KIOSK = Device(
    name="kiosk",
    kind=Kind.KIOSK,
    site="s",
    platform="linux",
    user="fleetctl",
    serial_number=MACHINE,
    endpoint=Endpoint(address="10.1.1.1"),
)


@dataclass
class Host:
    """A host at the wire: its accounts, and what was asked of it in what order."""

    passwords: dict[str, str] = field(default_factory=lambda: {"fleetctl": "Old-1", "lanhdao": "Old-2"})
    root: frozenset[str] = frozenset({"fleetctl"})
    ignores: bool = False
    errs: bool = False
    order: list[str] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def open(self, device: Device, *, password: str | None, access: Access = Access.READ, **_: Any) -> Session:
        return Session(self, device.user, password, access)

    def emit(self, event: Event) -> None:
        self.events.append(event)
        if isinstance(event, LoginJudged):
            self.order.append(f"{event.account} {'in' if event.accepted else 'out'}")

    def confirm(self, event: Event) -> None:
        assert event.durable
        self.events.append(event)
        if isinstance(event, Rotation):
            self.order.append(event.step.value)

    def stopped(self) -> bool:
        return False

    def see_through(self) -> None: ...


@dataclass
class Session:
    host: Host
    user: str
    password: str | None
    access: Access
    credential_proven = False

    def log_in(self) -> None:
        if self.host.passwords.get(self.user) != self.password:
            raise Refused("SSH refuses the password", credential=True)

    def prove(self) -> None:
        self.log_in()
        if self.user not in self.host.root:
            raise Refused(f"{self.user} may not become root")

    def identity(self) -> Identity:
        self.log_in()
        return Identity(manufacturer="", model="", firmware="Debian", serial_number=MACHINE, mac_address="")

    def set_password(self, name: str, password: str) -> None:
        assert self.access is Access.WRITE
        self.prove()
        if not self.host.ignores:
            self.host.passwords[name] = password
        self.host.order.append(f"set {name}")
        if self.host.errs:
            raise Rejected("chpasswd failed")

    def alive(self) -> bool:
        return True

    def facts(self) -> Mapping[str, str]:
        return {}

    def close(self) -> None: ...


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    made = Host()
    for module in (link, logins, alive):
        monkeypatch.setattr(module, "opener", lambda _protocol: made.open)
    return made


def rotated(host: Host, account: str, step: Step | None = None) -> Finished:
    """Give an account of the kiosk another password, or settle what was cut off; returns how that ended."""
    old = Login(user=account, password="Old-1" if account == "fleetctl" else "Old-2", fingerprint="old")
    turn = Turn(old=old, new=Login(user=account, password="New-3", fingerprint="new"), step=step)
    secrets = SecretBag({SecretRef(device="kiosk", account="fleetctl"): "Old-1"})
    acting = converge.Job(device=KIOSK, secrets=secrets, fingerprint="f", proven=True)
    work("kiosk", Job(device=KIOSK, acting=acting, turns=(turn,), patience=Patience(up_s=1.0, poll_s=0.01)), host)
    (finished,) = (event for event in host.events if isinstance(event, Finished))
    return finished


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

        def told() -> dict[str, Any]:
            ran = subprocess.run(
                [sys.executable, str(script)], input=asked, env={"PATH": f"{bin_}:/usr/bin:/bin"},
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            assert "Secret-1" not in ran.stdout
            found: dict[str, Any] = json.loads(ran.stdout)[0]
            return found

        later = time.time() + 60
        os.utime(files / "cam.conf", (later, later))
        assert told()["before"] != told()["after"]
        assert told()["before"]["motion"] == "has not read it"
        os.utime(files / "cam.conf", (later - 3600, later - 3600))
        assert told()["before"] == told()["after"]
        motion.communicate(b"\n")
