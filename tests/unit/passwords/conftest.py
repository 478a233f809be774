"""A workspace of two sites with a vault; no device stands behind it."""

from __future__ import annotations

from pathlib import Path

import pytest

from fleetctl.operations.initialising import init
from fleetctl.operations.workspace import Workspace, open_workspace

STANDARD = """all:
  vars:
    ansible_user: fleetctl
    ansible_password: "{{ (vault_secrets | from_yaml)[inventory_hostname][ansible_user].current }}"
"""
SITES = {
    "viet_hung": {
        "cam-01": "{ansible_host: 127.0.0.11, kind: camera, vendor: hikvision}",
        "cam-02": "{ansible_host: 127.0.0.12, kind: camera, vendor: dahua}",
        "nvr-01": "{ansible_host: 127.0.0.13, kind: nvr, vendor: dahua}",
    },
    "gia_thuy": {"cam-03": "{ansible_host: 127.0.0.14, kind: camera, vendor: hikvision}"},
}


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace as `fleetctl init` makes it."""
    root = tmp_path_factory.mktemp("passwords")
    source = root / "source"
    source.mkdir()
    (source / "standard.yml").write_text(STANDARD)
    for site, hosts in SITES.items():
        lines = "".join(f"        {name}: {told}\n" for name, told in hosts.items())
        (source / f"{site}.yml").write_text(f"long_bien:\n  children:\n    {site}:\n      hosts:\n{lines}")
    return init(root / "workspace", source).root


@pytest.fixture
def workspace(made: Path, tmp_path: Path) -> Workspace:
    """A copy of it for one test."""
    import shutil

    shutil.copytree(made, tmp_path / "workspace")
    return open_workspace(tmp_path / "workspace")
