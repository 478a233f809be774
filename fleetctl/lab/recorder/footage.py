"""What recorders hold: an index of recordings, and for each a file with the pictures that were really pulled.

A recording's size is what the camera's stream would have filled at its bit rate; the file holds one picture of it.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FILES_MAX: Final = 4000  # per lab; the oldest recordings go first


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One recording: times in the recorder's clock (seconds since 1970), its size in kB, its file (may be gone)."""

    number: int
    channel: str
    start: float
    end: float
    kb: float
    kind: str
    path: str


class Footage:
    """The recordings of all recorders of a lab."""

    def __init__(self, state_dir: Path) -> None:
        self._root = state_dir / "footage"
        self._db = sqlite3.connect(state_dir / "footage.sqlite", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS footage (number INTEGER PRIMARY KEY, recorder TEXT, channel TEXT, start REAL,"
            " stop REAL, kb REAL, kind TEXT, path TEXT)"
        )
        self._db.execute("CREATE INDEX IF NOT EXISTS at ON footage (recorder, channel, start)")
        self._files = int(self._db.execute("SELECT count(*) FROM footage WHERE path != ''").fetchone()[0])

    def begin(self, recorder: str, channel: str, start: float, picture: bytes, codec: str, kind: str) -> int:
        """Begin a recording with a picture; returns its number."""
        folder = self._root / recorder / channel
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{start:.3f}.{codec.lower()}"
        path.write_bytes(picture)
        self._files += 1
        told = (recorder, channel, start, start, kind, str(path))
        number = self._db.execute(
            "INSERT INTO footage (recorder, channel, start, stop, kb, kind, path) VALUES (?, ?, ?, ?, 0, ?, ?)", told
        ).lastrowid
        if self._files > FILES_MAX:
            self._drop("number IN (SELECT number FROM footage ORDER BY start LIMIT 200)", ())
        return int(number or 0)

    def extend(self, number: int, end: float, kb: float) -> None:
        """Tell how far a recording has come and how large it is."""
        self._db.execute("UPDATE footage SET stop = max(stop, ?), kb = ? WHERE number = ?", (end, kb, number))

    def put(self, recorder: str, channel: str, start: float, end: float, kb: float, kind: str = "timed") -> None:
        """Put a recording of the past into the index, without a file (a lab's factory state)."""
        told = (recorder, channel, start, end, kb, kind)
        self._db.execute(
            "INSERT INTO footage (recorder, channel, start, stop, kb, kind, path) VALUES (?, ?, ?, ?, ?, ?, '')", told
        )

    def between(
        self, recorder: str, channel: str, start: float, end: float, *, skip: int = 0, most: int = 40
    ) -> list[Recording]:
        """Return the recordings that touch a span, oldest first."""
        rows = self._db.execute(
            "SELECT number, channel, start, stop, kb, kind, path FROM footage WHERE recorder = ? AND channel = ?"
            " AND start < ? AND stop > ? ORDER BY start LIMIT ? OFFSET ?",
            (recorder, channel, end, start, most, skip),
        )
        return [
            Recording(number=n, channel=c, start=a, end=b, kb=kb, kind=kind, path=path)
            for n, c, a, b, kb, kind, path in rows
        ]

    def span(self, recorder: str, channel: str = "") -> tuple[float, float] | None:
        """Return the oldest and the newest moment held, of a channel or of all; None if nothing is."""
        oldest, newest = self._db.execute(
            "SELECT min(start), max(stop) FROM footage WHERE recorder = ? AND (channel = ? OR ? = '')",
            (recorder, channel, channel),
        ).fetchone()
        return None if oldest is None else (float(oldest), float(newest))

    def kb(self, recorder: str) -> float:
        """Return how much a recorder holds."""
        told = self._db.execute("SELECT sum(kb) FROM footage WHERE recorder = ?", (recorder,)).fetchone()[0]
        return float(told or 0.0)

    def drop_before(self, recorder: str, channel: str, moment: float) -> None:
        """Expire what ended before a moment."""
        self._drop("recorder = ? AND channel = ? AND stop < ?", (recorder, channel, moment))

    def drop_oldest(self, recorder: str, sparing: int) -> bool:
        """Overwrite a recorder's oldest recording, but not the one under way; False if there is no other."""
        row = self._db.execute(
            "SELECT number FROM footage WHERE recorder = ? AND number != ? ORDER BY start LIMIT 1", (recorder, sparing)
        ).fetchone()
        if row is None:
            return False
        self._drop("number = ?", row)
        return True

    def forget(self, recorder: str) -> None:
        """Drop all that a recorder holds: its disk was formatted."""
        self._drop("recorder = ?", (recorder,))

    def _drop(self, which: str, values: tuple[object, ...]) -> None:
        for (path,) in self._db.execute(f"SELECT path FROM footage WHERE {which}", values).fetchall():  # noqa: S608
            if path:
                Path(path).unlink(missing_ok=True)
                self._files -= 1
        self._db.execute(f"DELETE FROM footage WHERE {which}", values)  # noqa: S608 -- fixed texts only

    def close(self) -> None:
        """Close the index."""
        self._db.close()
