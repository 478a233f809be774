"""What fleetctl makes of an inventory is what Ansible makes of it."""

from __future__ import annotations

import datetime
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fleets import FLEETS, write
from jinja2.utils import missing

from fleetctl import catalog, inventory
from fleetctl.inventory.markers import Locked, first_marker

PILOT = Path(__file__).parents[3] / "inventory" / "pilot"
# Known difference: what fleetctl does not offer on purpose, or tells as a fault when the file is read.
LEFT_OUT: dict[str, frozenset[str]] = {}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("fleets")
    told = {name: write(root / name, files) for name, files in FLEETS.items()}
    return {**told, "pilot": PILOT}


@pytest.fixture(scope="module")
def ansible(folders: dict[str, Path]) -> dict[str, Any]:
    program = Path(__file__).with_name("ansible_says.py")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ANSIBLE_")}
    environment |= {"ANSIBLE_DEPRECATION_WARNINGS": "0", "HOME": "/nonexistent"}
    command = [sys.executable, str(program), *(str(folder) for folder in folders.values())]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, cwd="/")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return {name: told[str(folder)] for name, folder in folders.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return f"<date> {value}" if isinstance(value, datetime.date) else value


def _told(loaded: inventory.Inventory, host: str) -> dict[str, Any]:
    view = loaded._view(host)
    told: dict[str, Any] = {}
    for name in view:
        value = view.scope.get(name)
        assert value is not missing
        marker = first_marker(value)
        told[name] = _plain(value) if marker is None else "<vault>" if isinstance(marker, Locked) else "<error>"
    return json.loads(json.dumps(told))  # keys of mappings become text, as on the other side


@pytest.mark.parametrize("fleet", [*FLEETS, "pilot"])
def test_hosts_groups_and_every_rendered_value_are_those_of_ansible(
    fleet: str, folders: dict[str, Path], ansible: dict[str, Any]
) -> None:
    loaded = inventory.load(folders[fleet], catalog.load().aspects, strict=False)
    theirs = ansible[fleet]
    groups = {
        name: {"depth": group.depth, "priority": group.priority, "hosts": sorted(loaded.tree.hosts_of(name))}
        for name, group in loaded.tree.groups.items()
    }
    assert groups == theirs["groups"]
    assert set(loaded.tree.hosts) == set(theirs["hosts"])
    differences = []
    for host, told in theirs["hosts"].items():
        assert sorted(loaded.tree.groups_of(loaded.tree.hosts[host])) == told["groups"], host
        ours = _told(loaded, host)
        for name in sorted(ours.keys() | told["vars"].keys()):
            mine, yours = ours.get(name, "<not there>"), told["vars"].get(name, "<not there>")
            if repr(mine) != repr(yours):  # repr: 1, 1.0 and True are three values
                differences.append((host, name, mine, yours))
    assert not differences, "\n".join(map(str, differences))
