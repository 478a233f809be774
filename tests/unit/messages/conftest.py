"""A workspace whose inventory names recipients."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.operations.initialising import init
from fleetctl.operations.workspace import Workspace, open_workspace
from tests.unit.messages.nights import Nights
from tests.unit.store.kit import Clock

STANDARD = """all:
  vars:
    time_zone: Asia/Ho_Chi_Minh
    message_smtp: {server: localhost, port: 9, security: none, sender: fleetctl@hanoi.example}
    message_webhook_key: a-key-of-the-test
    message_recipients:
      phong-cntt: {email: cntt@hanoi.example}
      giam-sat: {webhook: "http://127.0.0.1:9/hook", language: en, heartbeat_days: 1}
"""
SITES = {
    "viet_hung": ("Phường Việt Hưng", "", ("vh-1", "vh-2", "vh-3", "vh-4")),
    "gia_thuy": (
        "Phường Gia Thụy",
        "\n        message_recipients_site:\n          can-bo: {email: gt@hanoi.example, language: en}",
        ("gt-1", "gt-2"),
    ),
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace as `fleetctl init` makes it."""
    root = tmp_path_factory.mktemp("messages")
    source = root / "source"
    source.mkdir()
    (source / "standard.yml").write_text(STANDARD)
    for site, (title, more, hosts) in SITES.items():
        lines = "".join(f"        {n}: {{ansible_host: {n}.example, kind: camera}}\n" for n in hosts)
        head = f"long_bien:\n  children:\n    {site}:\n      vars:\n        site_name: {title}{more}\n"
        told = f"{head}      hosts:\n{lines}"
        (source / f"{site}.yml").write_text(told)
    return init(root / "workspace", source).root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    """A copy of it for one test."""
    shutil.copytree(made, tmp_path / "workspace")
    return tmp_path / "workspace"


@pytest.fixture
def workspace(root: Path) -> Workspace:
    """The copy, opened."""
    return open_workspace(root)


@pytest.fixture
def nights(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Nights]:
    """The fleet, all as expected, before its first night; the machine is in Vietnam."""
    monkeypatch.setenv("TZ", "Asia/Ho_Chi_Minh")
    time.tzset()
    yield Nights(root, Clock(monkeypatch))
    monkeypatch.undo()
    time.tzset()
