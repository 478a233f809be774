"""A move that was thought out is carried out: passwords first, then files, all of them even if it is cut off.

What is to be written is on disk before the first file is touched; a move that was cut off is finished by the next
one, before that looks at the inventory. No password is in that record.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fleetctl import files
from fleetctl.errors import Fault, InventoryError
from fleetctl.operations.moving import Move
from fleetctl.operations.workspace import Workspace

RECORD: Final = "move.json"


def carry_out(workspace: Workspace, move: Move) -> None:
    """Carry a move out. Raises InventoryError, with nothing written, where a file is not as it was seen; VaultError."""
    for path, before in move.seen.items():
        if (path.read_bytes() if path.exists() else None) != before:
            raise _changed(path)
    vaults = [(name, old, new) for name, (old, new) in move.places.items() if old != new and old]
    for name, old, new in vaults:
        workspace.vault.copy(old, new, name)
    root = workspace.inventory_root
    record = {
        "files": [
            {"path": str(path.relative_to(root)), "before": _sum(move.seen[path]), "after": _packed(content)}
            for path, content in move.contents.items()
        ],
        "vaults": vaults,
    }
    files.replace(workspace.state / RECORD, json.dumps(record).encode("utf-8"), mode=0o600)
    finish(workspace)


def finish(workspace: Workspace) -> bool:
    """Finish a move that was cut off; tells whether there was one. Raises InventoryError as `carry_out` does."""
    path = workspace.state / RECORD
    if not path.exists():
        return False
    told: Mapping[str, Any] = json.loads(path.read_bytes())
    for each in told["files"]:
        _put(workspace.inventory_root / each["path"], each["before"], _unpacked(each["after"]))
    for name, old, _ in told["vaults"]:
        workspace.vault.drop(old, name)
    path.unlink()
    files.sync_folder(path.parent)
    return True


def _put(path: Path, before: str, after: bytes | None) -> None:
    now = path.read_bytes() if path.exists() else None
    if now == after:
        return
    if _sum(now) != before:
        raise _changed(path)
    if after is None:
        path.unlink()
        files.sync_folder(path.parent)
        return
    files.make_folder(path.parent)
    with files.locked(path.parent):
        files.replace(path, after)


def _changed(path: Path) -> InventoryError:
    reason = "the file was changed by somebody else meanwhile, and is left as it is"
    mend = "undo that change, then run the command again"
    return InventoryError([Fault(file=str(path), line=1, column=1, reason=reason, mend=mend)])


def _sum(content: bytes | None) -> str:
    return "" if content is None else hashlib.sha256(content).hexdigest()


def _packed(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode("ascii")


def _unpacked(told: str | None) -> bytes | None:
    return None if told is None else base64.b64decode(told)
