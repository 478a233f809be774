"""A move that was thought out is carried out: passwords first, then files, all of them even if it is cut off.

What is to be written is on disk before the first file is touched; a move that was cut off is finished by the next
command that looks at the inventory.
"""

from __future__ import annotations

import json

from fleetctl import files
from fleetctl.operations import cutoff
from fleetctl.operations.moving import Move
from fleetctl.operations.workspace import Workspace


def carry_out(workspace: Workspace, move: Move) -> None:
    """Carry a move out. Raises InventoryError, with nothing written, where a file is not as it was seen; VaultError."""
    for path, before in move.seen.items():
        if (path.read_bytes() if path.exists() else None) != before:
            raise cutoff.changed(path)
    vaults = [(name, old, new) for name, (old, new) in move.places.items() if old != new and old]
    for name, old, new in vaults:
        workspace.vault.copy(old, new, name)
    root = workspace.inventory_root
    record = {
        "files": [
            {
                "path": str(path.relative_to(root)),
                "before": cutoff.checksum(move.seen[path]),
                "after": cutoff.packed(content),
            }
            for path, content in move.contents.items()
        ],
        "vaults": vaults,
    }
    files.replace(workspace.state / cutoff.RECORD, json.dumps(record).encode("utf-8"), mode=0o600)
    finish(workspace)


def finish(workspace: Workspace) -> bool:
    """Finish a move that was cut off; tells whether there was one. Raises InventoryError as `carry_out` does."""
    begun = cutoff.written(workspace.state, workspace.inventory_root)
    if (
        begun and workspace.inventory.devices and (workspace.state / cutoff.RECORD).exists()
    ):  # looking may have ended it
        cutoff.dropped(workspace.state, workspace.vault.drop)
    return begun
