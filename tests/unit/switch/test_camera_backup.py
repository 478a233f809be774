"""A camera's or recorder's own backup, where it offers one."""

from __future__ import annotations

import base64
import json

import pytest

from fleetctl import catalog
from fleetctl.drivers.dahua import actions as dahua
from fleetctl.drivers.hikvision import actions as hikvision
from fleetctl.errors import BadAnswer, Rejected, Unsupported
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


class File:
    """A session that gives one file, or raises."""

    def __init__(self, told: bytes | Exception) -> None:
        self.told = told

    def file(self, _path: str) -> bytes:
        return self.configuration()

    def configuration(self) -> bytes:
        if isinstance(self.told, Exception):
            raise self.told
        return self.told


def test_a_hikvision_file_is_kept_whole_and_one_under_a_key_is_not_offered() -> None:
    told = hikvision.backup(File(b"\x00\x01secret"), None)  # type: ignore[arg-type]
    assert base64.b64decode(told.content) == b"\x00\x01secret"
    assert told.shown.startswith("configurationData: 8 bytes, ")
    with pytest.raises(Unsupported, match="under a key"):
        hikvision.backup(File(Rejected("Invalid Operation", code="invalidOperation")), None)  # type: ignore[arg-type]
    with pytest.raises(BadAnswer, match="empty"):
        hikvision.backup(File(b""), None)  # type: ignore[arg-type]


def test_a_dahua_file_is_shown_sorted_and_without_secrets_where_it_can_be_read() -> None:
    tree = {
        "RemoteDevice": {"cam": {"UserName": "ghihinh", "Password": "S3cret-1", "Port": 80}},
        "WLan": [{"Key": "S3cret-3", "PSK": "S3cret-4", "LinkEnable": True}],
        "SNMP": {"ReadCommunity": "S3cret-5", "PasswordLevel": True},
    }
    told = dahua.backup(File(json.dumps(tree).encode()), None)  # type: ignore[arg-type]
    assert "S3cret-1" in told.content
    assert "S3cret" not in told.shown
    shown = json.loads(told.shown)
    assert list(shown) == sorted(tree)
    assert shown["RemoteDevice"]["cam"] == {"UserName": "ghihinh", "Password": "<secret>", "Port": 80}
    assert shown["SNMP"]["PasswordLevel"] is True
    sealed = dahua.backup(File(b"\x89sealed"), None)  # type: ignore[arg-type]
    assert sealed.shown.startswith("Config.backup: 7 bytes, ")
    assert base64.b64decode(sealed.content) == b"\x89sealed"
