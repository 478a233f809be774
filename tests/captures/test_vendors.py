"""Real answers of vendors' own interfaces: every file is taken by the parser it is for (`--captures DIR`)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from fleetctl.aspects.storage import Health
from fleetctl.drivers.dahua.storage import _total_bytes, health_of
from fleetctl.protocols import xml
from fleetctl.protocols.dahua import keyvalue
from fleetctl.protocols.digest import challenge_in


def _answers(path: Path) -> list[dict[str, Any]]:
    return [each["response"] for each in yaml.safe_load(path.read_text("utf-8"))["interactions"]]


def test_hikvision_documents_and_challenges_are_read(captures: Path) -> None:
    files = sorted(path for path in (captures / "hikvision").rglob("*") if path.is_file())
    assert files
    seen = set()
    for path in files:
        for answer in _answers(path):
            headers = answer["headers"].get("WWW-Authenticate", [])
            if answer["status"]["code"] == 401:
                seen.add("challenge" if challenge_in(headers) else "basic")
                continue
            root = xml.parse(answer["body"]["string"].encode())
            seen.add(xml.local(root))
            assert len(list(xml.children(root))) > 3
    assert {"DeviceInfo", "DeviceStatus", "challenge"} <= seen


def test_dahua_lines_and_announcements_are_read(captures: Path) -> None:
    folder = captures / "dahua" / "aiodahua"
    for path in sorted(folder.iterdir()):
        if path.suffix == ".json":
            assert json.loads(path.read_text("utf-8"))["mac"]
            continue
        assert keyvalue.parsed(path.read_bytes())
    log = keyvalue.parsed((folder / "config_and_parsers.LOG.txt").read_bytes())
    assert log["items[0].Detail"].splitlines()[1] == "Channel:10"
    media = keyvalue.parsed((folder / "config_and_parsers.MEDIA.txt").read_bytes())
    assert list(keyvalue.indexes(media, "items")) == [0, 1]


def test_a_dahua_disk_that_is_full_is_well(captures: Path) -> None:
    told = keyvalue.parsed((captures / "dahua" / "aiodahua" / "config_and_parsers.STORAGE.txt").read_bytes())
    disk = keyvalue.under(told, "list.info[0]")
    assert health_of(disk) is Health.OK
    assert _total_bytes(disk) == 1920311754752.0


def test_axis_pages_are_lines_or_json(captures: Path) -> None:
    lines, pages = [], []
    for path in sorted((captures / "axis").rglob("*")):
        if path.suffix == ".json":
            pages.append(json.loads(path.read_text("utf-8")))
        elif path.is_file():
            lines.append(keyvalue.parsed(path.read_bytes()))
    assert pages
    assert sum(bool(told) for told in lines) > 10
