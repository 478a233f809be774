"""The inventory as it would be with other contents of its files: tried in a copy before anything is written."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from fleetctl import inventory, standard
from fleetctl.errors import InventoryError, UsageError
from fleetctl.inventory import Inventory
from fleetctl.operations.workspace import Workspace


def tried(workspace: Workspace, contents: Mapping[Path, bytes | None], *, strict: bool = True) -> Inventory | None:
    """Return the inventory with these contents of files (None: without the file); None where nothing changes.

    Raises InventoryError for what would be wrong in it, with the names of the real files; strict=False leaves that
    in its `faults`. Raises UsageError for an inventory that is one file.
    """
    if not contents:
        return None
    root = workspace.inventory_root
    if root.is_file():
        raise UsageError(f"{root} is one file; this needs an inventory folder")
    aspects = workspace.registry.aspects
    with tempfile.TemporaryDirectory(prefix="fleetctl-trying-") as folder:
        copy = Path(folder) / root.name
        shutil.copytree(root, copy)
        for path, content in contents.items():
            there = copy / path.relative_to(root)
            if content is None:
                there.unlink()
            else:
                there.parent.mkdir(parents=True, exist_ok=True)
                there.write_bytes(content)
        check = partial(standard.settings_faults, aspects=aspects)
        found = inventory.load(copy, aspects, strict=False, checks=(check,))
        if found.faults and strict:
            raise InventoryError([replace(f, file=f.file.replace(str(copy), str(root))) for f in found.faults])
    return found
