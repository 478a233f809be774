"""What fleetctl cannot read itself (plug-ins, scripts, INI), told by `ansible-inventory --list` without places."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from fleetctl.errors import UsageError
from fleetctl.inventory.scalars import is_template
from fleetctl.inventory.tree import Tree
from fleetctl.inventory.values import Unsafe, Var, Vaulted

TIMEOUT_S: Final = 300


def fetched(root: Path, unread: list[str]) -> Tree:
    """Return the tree of an inventory as ansible-inventory tells it. Raises UsageError when that fails."""
    beside = Path(sys.executable).parent / "ansible-inventory"
    program = str(beside) if beside.exists() else shutil.which("ansible-inventory")
    if program is None:
        raise UsageError(f"{unread[0]} needs Ansible to be read, and ansible-inventory is not installed")
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED": "true"}
    try:
        done = subprocess.run(
            [program, "-i", str(root), "--list"],
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"ansible-inventory -i {root} --list did not end within {TIMEOUT_S} s") from None
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise UsageError(f"ansible-inventory cannot read {root}: {words[-1] if words else 'no reason told'}")
    tree = built(json.loads(done.stdout))
    tree.warnings.append(f"{', '.join(unread)}: read through ansible-inventory; values have no file and line")
    return tree


def built(listing: dict[str, Any]) -> Tree:
    """Return the tree of a listing: group variables are already merged into those of the hosts."""
    tree = Tree()
    tree.files.append("ansible-inventory")
    told = listing.get("_meta", {}).get("hostvars", {})
    for name, group in listing.items():
        if name == "_meta":
            continue
        tree.group(name)
        for child in group.get("children", ()):
            tree.group(child)
            tree.relate(name, child)
    for name, group in listing.items():
        for host in () if name == "_meta" else group.get("hosts", ()):
            made = tree.host(host, "ansible-inventory")
            tree.put(name, host)
            made.homes[name] = (0, 1, 1, False)
    for host, values in told.items():
        made = tree.host(host, "ansible-inventory")
        for name, value in values.items():
            plain = _plain(value)
            made.vars[name] = Var(plain, 0, 0, 0, 0, 0, "", _templated(plain), None)
    tree.settle()
    return tree


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"__ansible_vault"}:
            return Vaulted(value["__ansible_vault"])
        if set(value) == {"__ansible_unsafe"}:
            return Unsafe(value["__ansible_unsafe"])
        return {key: _plain(item) for key, item in value.items()}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _templated(value: Any) -> bool:
    if type(value) is str:
        return is_template(value)
    if isinstance(value, dict | list):
        return any(_templated(item) for item in (value.values() if isinstance(value, dict) else value))
    return False
