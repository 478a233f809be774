"""What devices were told to keep, on disk: one row per changed section of a device."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class StateFile:
    """SQLite, one transaction per request that writes: a device's sections change together or not at all.

    The disk is not waited for: what must survive is the death of the simulator, not of the machine.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS state (device TEXT, section TEXT, value TEXT, PRIMARY KEY (device, section))"
            " WITHOUT ROWID"
        )

    def load(self) -> dict[str, dict[str, Any]]:
        """Return device -> section -> value for all that differs from the factory."""
        found: dict[str, dict[str, Any]] = {}
        for device, section, value in self._db.execute("SELECT device, section, value FROM state"):
            found.setdefault(device, {})[section] = json.loads(value)
        return found

    def save(self, device: str, sections: Mapping[str, Any]) -> None:
        """Replace these sections of a device."""
        rows = [(device, name, json.dumps(value, ensure_ascii=False)) for name, value in sections.items()]
        self._db.execute("BEGIN")
        self._db.executemany("INSERT OR REPLACE INTO state VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def forget(self, device: str, *, keep: tuple[str, ...] = ()) -> None:
        """Drop what a device was told, but for the sections to keep."""
        holes = ",".join("?" * len(keep))
        self._db.execute(f"DELETE FROM state WHERE device = ? AND section NOT IN ({holes})", (device, *keep))  # noqa: S608 -- only placeholders

    def close(self) -> None:
        """Close the file."""
        self._db.close()
