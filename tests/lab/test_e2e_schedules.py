"""What runs by itself: systemd's own judgement of the units, the light watch, an audit that must end, audit_only."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from fleetctl.operations.initialising import init
from tests.lab.office import PILOT, Office

CAM = "viet-hung-cam-01"
RECIPIENTS = """all:
  vars:
    message_webhook_key: a-key-of-the-test
    message_recipients:
      giam-sat: {webhook: "http://127.0.0.1:9/hook", language: en}
"""


def waiting(office: Office) -> list[str]:
    return [line["subject"] for line in office.expect(0, "message", "list").lines if line["type"] == "message"]


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    office = Office(init(tmp_path / "a workspace at 100%", PILOT).root)
    tmp_path /= "units"
    limit = ("--limit", "viet_hung:&camera:!viet-hung-cam-03")
    for what, *more in (("audit", *limit, "--until", "05:30"), ("watch", *limit), ("messages",)):
        office.expect(0, "schedule", "install", what, *more, "--to", str(tmp_path))
    judge = shutil.which("systemd-analyze")
    assert judge, "systemd-analyze is not there: make tools"
    units = [str(path) for path in sorted(tmp_path.iterdir())]
    assert len(units) == 6
    done = subprocess.run([judge, "verify", "--man=no", *units], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    shown = office.expect(0, "schedule", "show", "--to", str(tmp_path)).lines[:-1]
    assert [(line["name"], line["every"], line["at"]) for line in shown] == [
        ("audit", 0, "01:00"),
        ("messages", 5, ""),
        ("watch", 10, ""),
    ]


def test_the_watch_tells_who_does_not_answer_and_keeps_next_to_nothing(
    offices: Callable[..., Office], tmp_path: Path
) -> None:
    office = offices("pilot")
    office.write("recipients.yml", RECIPIENTS)
    alive = tmp_path / "alive"
    ran = office.expect(0, "watch", "-l", "viet_hung", "--tell", "--alive", str(alive))
    assert json.loads(alive.read_text())["exit_code"] == 0
    assert office.writes() == {}
    looked = set(ran.outcomes)
    office.break_(CAM, "unplug")
    alive.unlink()
    ran = office.expect(4, "watch", "-l", CAM, "--tell", "--alive", str(alive))
    assert json.loads(alive.read_text())["exit_code"] == 4, "it got to its end"
    assert waiting(office) == [], "it may be starting again"
    office.expect(4, "audit", "-l", CAM, "--tell")
    (subject,) = waiting(office)
    assert subject == "fleetctl: Phường Việt Hưng: 1 new, 0 over, 1 open"
    office.mend(CAM)
    office.expect(0, "watch", "-l", CAM, "--tell")
    assert waiting(office)[1] == "fleetctl: Phường Việt Hưng: 0 new, 1 over, 0 open"
    (site,) = office.expect(0, "status", "-l", "viet_hung").lines[:-1]
    assert site["availability"] == round((len(looked) + 1) / (len(looked) + 2), 4)
    runs = office.workspace.journal.runs(kind="watch")
    assert len(runs) == 3
    assert not [e for run in runs for e in office.workspace.journal.entries(run=run.run)]


def test_an_audit_that_must_end_tells_what_it_did_not_reach_and_two_at_once_are_both_on_record(
    offices: Callable[..., Office], tmp_path: Path
) -> None:
    office = offices("pilot-adopted")
    office.write("recipients.yml", RECIPIENTS)
    until = f"{datetime.now(UTC).astimezone():%H:%M}"
    alive = tmp_path / "alive"
    command = """
import sys
from datetime import timedelta
from fleetctl.cli.main import main
from fleetctl.operations import audit
real = audit.deadline
audit.deadline = lambda told: real(told) - timedelta(days=1)  # so late it is already
sys.exit(main(sys.argv[1:]))
"""
    audit = ("--json", "audit", "--tell", "-l", "viet_hung")
    child = office.child(*audit, "--until", until, "--alive", str(alive), runner=("-c", command))
    ran = office.ended(child)
    assert ran.code == 1, ran
    summary = ran.lines[-1]
    assert summary["not_reached"] == sorted(ran.outcomes)
    assert set(ran.outcomes.values()) == {"interrupted"}
    assert not alive.exists()
    assert waiting(office) == ["fleetctl: 1 new, 0 over, 1 open"]
    both = [office.child(*audit) for _ in range(2)]
    ended = [office.ended(child, 110) for child in both]
    assert [ran.code for ran in ended] == [3, 3], ended
    assert ended[0].outcomes == ended[1].outcomes
    assert [run.exit_code for run in office.workspace.journal.runs(kind="audit", last=2)] == [3, 3]


def test_nothing_writes_to_what_is_audit_only(offices: Callable[..., Office]) -> None:
    office = offices("pilot-adopted")
    office.device_vars({CAM: {"audit_only": True, "time_zone": "UTC"}})
    office.expect(3, "apply", "--yes", "-l", CAM)
    office.expect(2, "adopt", "--yes", "--again", "-l", CAM)
    office.expect(2, "device", "reboot", CAM, "--yes")
    assert "audit_only" in office.json("password", "rotate", "--yes", "-l", CAM).out
    assert office.writes() == {}
