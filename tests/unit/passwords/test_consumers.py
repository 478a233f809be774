"""Whoever logs in past fleetctl: given the new password by its command before the old one is retired, or told."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from fleetctl.model import Outcome, Step
from fleetctl.operations.rotation.turns import Holder
from tests.unit.passwords.fakes import Host, playing, rotated

# What it is told is kept, with how it was begun; its exit code is what the file beside it says.
COMMAND = """
import json, os, pathlib, sys
folder = pathlib.Path(sys.argv[1])
told = {"told": json.load(sys.stdin), "argv": sys.argv, "environment": dict(os.environ)}
with (folder / "calls").open("a") as calls:
    print(json.dumps(told), file=calls)
print(told, "on stdout"); print(told, file=sys.stderr)
sys.exit(int((folder / "code").read_text()))
"""


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    """A host on which somebody past fleetctl has an account."""
    return playing(monkeypatch)


def consumer(folder: Path, code: int = 0, *, program: str = sys.executable, timeout_s: float = 30.0) -> Holder:
    (folder / "code").write_text(str(code))
    command = (program, "-c", COMMAND, str(folder))
    return Holder(recorder="district-vms", channel="", command=command, timeout_s=timeout_s)


def calls(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / "calls").read_text().splitlines()]


def test_it_gets_the_login_on_its_standard_input_and_the_old_one_is_seen_refused_afterwards(
    host: Host, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert rotated(host, "lanhdao", holders=(consumer(tmp_path),)).outcome is Outcome.CHANGED
    (call,) = calls(tmp_path)
    assert call["told"] == {
        "consumer": "district-vms", "device": "kiosk", "site": "s", "address": "10.1.1.1", "account": "lanhdao",
        "password": "New-3",
    }  # fmt: skip
    assert "New-3" not in json.dumps([call["argv"], call["environment"]])
    assert "New-3" not in "".join(capfd.readouterr()), "what it prints is kept nowhere"
    told = ["set", "set lanhdao", "lanhdao in", "live", "hand", "taken", "lanhdao out", "lanhdao in", "new"]
    assert [each for each in host.order if each != "pause"] == told


def test_where_it_does_not_take_it_the_device_has_the_old_password_again_and_so_has_it(
    host: Host, tmp_path: Path
) -> None:
    finished = rotated(host, "lanhdao", holders=(consumer(tmp_path, code=3),))
    assert finished.outcome is Outcome.FAILED
    assert "the command of district-vms ended with exit code 3" in finished.reason
    assert "give it lanhdao by hand: fleetctl password show kiosk lanhdao" in finished.reason
    assert host.passwords["lanhdao"] == "Old-2"
    assert [call["told"]["password"] for call in calls(tmp_path)][-1] == "Old-2"  # type: ignore[index]
    assert host.order[-1] == "old", "it is settled"


def test_one_that_is_not_there_is_found_out_before_anything_is_sent(host: Host, tmp_path: Path) -> None:
    finished = rotated(host, "lanhdao", holders=(consumer(tmp_path, program=str(tmp_path / "none")),))
    assert finished.outcome is Outcome.BLOCKED
    assert "the command of district-vms is not there" in finished.reason
    assert host.order == []


def test_one_that_does_not_end_is_ended(host: Host, tmp_path: Path) -> None:
    command = (sys.executable, "-c", "import time; time.sleep(600)")
    holder = Holder(recorder="district-vms", channel="", command=command, timeout_s=0.2)
    finished = rotated(host, "lanhdao", holders=(holder,))
    assert "the command of district-vms did not end within 0 s" in finished.reason
    assert host.passwords["lanhdao"] == "Old-2"


def test_what_was_cut_off_is_told_it_again(host: Host, tmp_path: Path) -> None:
    host.passwords["lanhdao"] = "New-3"
    assert rotated(host, "lanhdao", Step.HAND, (consumer(tmp_path),)).outcome is Outcome.CHANGED
    assert len(calls(tmp_path)) == 1
