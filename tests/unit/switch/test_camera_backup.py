"""A camera's own backup, where it announces one."""

from __future__ import annotations

import json

import pytest

from fleetctl import catalog
from fleetctl.errors import BadAnswer, Unsupported
from fleetctl.model import Access
from tests.unit.aspects.fakes import FakeSession

YES = '<tds:Capabilities><tds:System SystemBackup="true"/></tds:Capabilities>'
FILES = "<tds:BackupFiles><tt:Name>all.bin</tt:Name><tt:Data><tt:Data>c2VjcmV0</tt:Data></tt:Data></tds:BackupFiles>"


def run(answers: dict[str, str]):  # type: ignore[no-untyped-def]
    action = catalog.load().drivers["onvif"].actions
    backup = next(each for each in action if each.name == "backup")
    session = FakeSession(answers, access=Access.READ)
    try:
        return backup.run(session, None)
    finally:
        assert session.ordered == []


def test_what_it_gives_is_kept_and_not_shown() -> None:
    told = run({"tds:GetServiceCapabilities": YES, "tds:GetSystemBackup": FILES})
    assert json.loads(told.content) == [["all.bin", "c2VjcmV0"]]
    assert "c2VjcmV0" not in told.shown
    assert told.shown.startswith("all.bin: ")


def test_what_is_not_announced_is_not_asked_for_and_an_empty_one_is_no_backup() -> None:
    with pytest.raises(Unsupported, match="announces no backup"):
        run({"tds:GetServiceCapabilities": YES.replace("true", "false"), "tds:GetSystemBackup": FILES})
    with pytest.raises(BadAnswer, match="empty"):
        run({"tds:GetServiceCapabilities": YES, "tds:GetSystemBackup": ""})
