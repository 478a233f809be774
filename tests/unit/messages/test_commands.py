"""`fleetctl message` and `fleetctl schedule` as people and programs call them: exit codes, JSON, streams."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fleetctl.cli.main import main
from tests.unit.messages.nights import Nights
from tests.unit.messages.test_delivery import Hook, hook

__all__ = ["hook"]


def run(root: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    code = main(["--workspace", str(root), "--json", *arguments])
    return code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_test_that_cannot_be_sent_waits_and_can_be_dropped(
    nights: Nights, capsys: pytest.CaptureFixture[str]
) -> None:
    code, lines = run(nights.root, capsys, "message", "test", "giam-sat")
    assert (code, lines[-1]["messages_waiting"]) == (4, 1), "nobody listens on that port"
    assert "connection refused" in lines[-1]["message_troubles"]["giam-sat"]
    _, lines = run(nights.root, capsys, "message", "list")
    (waiting,) = lines[:-1]
    assert (waiting["recipient"], waiting["tries"], waiting["sent"]) == ("giam-sat", 1, None)
    assert run(nights.root, capsys, "message", "send", "--now")[0] == 4
    assert run(nights.root, capsys, "message", "drop", waiting["number"])[0] == 0
    assert run(nights.root, capsys, "message", "drop", waiting["number"])[0] == 2
    assert run(nights.root, capsys, "message", "test", "nobody")[0] == 2


def test_a_message_that_was_refused_for_good_is_a_failure_and_one_that_came_is_listed_as_sent(
    nights: Nights, hook: Hook, capsys: pytest.CaptureFixture[str]
) -> None:
    nights.write("standard.yml", "http://127.0.0.1:9/hook", f"http://127.0.0.1:{hook.server_port}/hook")
    hook.status = 404
    assert run(nights.root, capsys, "message", "test", "giam-sat")[0] == 1
    hook.status = 204
    code, lines = run(nights.root, capsys, "message", "send", "--now")
    assert (code, lines[-1]["messages_sent"]) == (0, 1)
    assert json.loads(hook.posted[-1][1])["type"] == "test"
    _, lines = run(nights.root, capsys, "message", "list", "--all")
    assert lines[0]["sent"]
    assert main(["--workspace", str(nights.root), "--lang", "vi", "message", "list", "--all"]) == 0
    assert "giam-sat" in capsys.readouterr().out


def test_what_runs_by_itself_is_shown_and_a_limit_that_matches_nothing_is_refused(
    nights: Nights, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    to = ("--to", str(tmp_path / "units"))
    assert run(nights.root, capsys, "schedule", "install", "audit", "--limit", "viet_hung", *to)[0] == 0
    assert run(nights.root, capsys, "schedule", "install", "audit", "--limit", "nowhere", *to)[0] == 2
    assert main(["--workspace", str(nights.root), "--lang", "en", "schedule", "show", *to]) == 0
    shown = capsys.readouterr().out
    assert "01:00" in shown
    assert "viet_hung" in shown
    code, lines = run(nights.root, capsys, "schedule", "remove", "audit", *to)
    assert (code, len(lines[-1]["files"])) == (0, 2)
