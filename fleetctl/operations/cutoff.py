"""A move in the inventory that was cut off: what it still has to write is on record, and whoever comes next writes it.

No password is in that record.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from fleetctl import files
from fleetctl.errors import Fault, InventoryError, VaultError

RECORD: Final = "move.json"


def written(state: Path, root: Path) -> bool:
    """Write the files of a move that was cut off; tells whether there was one. Raises InventoryError.

    It is raised where somebody edited a file of it since; then that file is left as it is.
    """
    path = state / RECORD
    if not path.exists():
        return False
    with files.locked(state):
        told = _read(path)
        for each in told.get("files", ()):
            _put(root / each["path"], each["before"], _unpacked(each["after"]))
        if told.get("files"):
            files.replace(path, json.dumps({**told, "files": []}).encode("utf-8"), mode=0o600)
    return True


def dropped(state: Path, drop: Callable[[str, str], None]) -> None:
    """Take the passwords out of the vaults of the old sites (`drop`: site, device), and end the record.

    It stays where a vault does not open now: the passwords are in both until one does.
    """
    path = state / RECORD
    told = _read(path)
    try:
        for name, old, _ in told.get("vaults", ()):
            drop(old, name)
    except VaultError:
        return
    path.unlink(missing_ok=True)
    files.sync_folder(state)


def _read(path: Path) -> dict[str, Any]:
    """Return the record; nothing where another command has just ended it."""
    try:
        told: dict[str, Any] = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    return told


def _put(path: Path, before: str, after: bytes | None) -> None:
    now = path.read_bytes() if path.exists() else None
    if now == after:
        return
    if checksum(now) != before:
        raise changed(path)
    if after is None:
        path.unlink()
        files.sync_folder(path.parent)
        return
    files.make_folder(path.parent)
    with files.locked(path.parent):
        files.replace(path, after)


def changed(path: Path) -> InventoryError:
    """Return the error of a file that is not as it was seen."""
    reason = "the file was changed by somebody else meanwhile, and is left as it is"
    mend = "undo that change, then run the command again"
    return InventoryError([Fault(file=str(path), line=1, column=1, reason=reason, mend=mend)])


def checksum(content: bytes | None) -> str:
    """Return what tells two contents apart; "" of a file that is not there."""
    return "" if content is None else hashlib.sha256(content).hexdigest()


def packed(content: bytes | None) -> str | None:
    """Return a content as the record has it."""
    return None if content is None else base64.b64encode(content).decode("ascii")


def _unpacked(told: str | None) -> bytes | None:
    return None if told is None else base64.b64decode(told)
