"""What the store knows of one site, out of it and back into it: nothing twice, nothing older over something newer."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import Connection
from typing import Any, Final

from fleetctl.codec import text
from fleetctl.store import Store

KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "facts": ("device", "name"),
    "logins": ("device", "account", "fingerprint"),
    "locks": ("device", "account"),
    "rotations": ("device", "account"),
    "latest": ("device", "aspect"),
    "history": ("device", "aspect", "field", "key"),
    "expected": ("device", "aspect"),
    "queue": ("device", "kind"),
}
"""Tables that are merged row by row, with what a row is known by."""

TIMES: Final[Mapping[str, str]] = {
    "logins": "time",
    "locks": "time",
    "rotations": "time",
    "latest": "checked",
    "history": "last_seen",
}
"""Which column tells the newer of two rows; of the other tables a site's own word is taken."""

SETS: Final = ("refusals", "turns")
"""Tables without a key: rows are there or not."""

_RUN: Final = ("kind", "machine", "boot", "pid", "began", "started")
"""What one run is known by, on whatever machine it was."""

_OWN: Final = "device IN (SELECT value FROM json_each(?1))"
_HOME: Final = ("home_machine", "home_host")


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What came back: how many runs and entries of the journal, and by which number home knows each run."""

    runs: int
    entries: int
    numbers: Mapping[int, int]


# --- out ------------------------------------------------------------------------------------------


def extract(store: Store, names: Iterable[str], site: str, path: Path) -> None:
    """Write a store of a site's devices alone; its home is whatever machine opens it first."""
    own = text(sorted({*names, site}))
    Store(path).close()
    with _opened(path) as target:
        target.execute("BEGIN")
        runs = store.rows(
            f"SELECT * FROM runs WHERE run IN (SELECT run FROM journal WHERE {_OWN})"  # noqa: S608  # names of ours
            " OR json_extract(args, '$.device') IN (SELECT value FROM json_each(?1))"
            " OR json_extract(args, '$.site') = ?2 ORDER BY run",
            (own, site),
        )
        columns = _columns(target, "runs")
        tasks = columns.index("tasks")
        mine = set(json.loads(own))
        kept = {row[0] for row in runs}
        _insert(target, "runs", [_only(row, tasks, mine, kept, columns.index("resumes")) for row in runs])
        for table in ("journal", *KEYS, *SETS):
            rows = store.rows(f"SELECT * FROM {table} WHERE {_OWN}", (own,))  # noqa: S608  # names of ours
            _insert(target, table, rows)
            if table == "history":
                target.execute("DELETE FROM turns")  # of its triggers; the true ones come after it
        target.execute("COMMIT")
    homeless(path)


def _only(row: Sequence[Any], tasks: int, own: set[str], kept: set[int], resumes: int) -> tuple[Any, ...]:
    told = list(row)
    told[tasks] = text([name for name in json.loads(row[tasks]) if name in own])
    told[resumes] = row[resumes] if row[resumes] in kept else None
    return tuple(told)


def homeless(path: Path) -> None:
    """Let the next machine that opens a store for writing be its home; all of it is in the one file afterwards."""
    with _opened(path) as connection:
        connection.execute("DELETE FROM settings WHERE name IN (?, ?)", _HOME)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode = DELETE")


# --- back -----------------------------------------------------------------------------------------


def merge(store: Store, path: Path, base: Path, names: Iterable[str], site: str, bundle: str, *, again: bool) -> Merged:
    """Take in what a returned store has beyond the one that went out, in one transaction.

    `again`: a file of this bundle came back before; where no time tells what is newer, home's own word stays then.
    """
    own = {*names, site}
    with _opened(path) as theirs, _opened(base) as before, store.transaction() as home:
        numbers, new = _runs(home, theirs, bundle)
        entries = _entries(home, theirs, numbers, new, own)
        after = int(home.execute("SELECT ifnull(max(rowid), 0) FROM turns").fetchone()[0])
        for table in KEYS:
            _rows(home, theirs, before, table, numbers, own, again=again)
        home.execute("DELETE FROM turns WHERE rowid > ?", (after,))  # of the triggers; the site's own turns come now
        for table in SETS:
            _set(home, theirs, before, table, own)
    return Merged(runs=len(new), entries=entries, numbers=numbers)


def _runs(home: Connection, theirs: Connection, bundle: str) -> tuple[dict[int, int], list[int]]:
    """Add the runs that home does not have; return its numbers of all by theirs, and which are new."""
    columns = _columns(theirs, "runs")
    numbers: dict[int, int] = {}
    new = []
    where = " AND ".join(f"{name} = ?" for name in _RUN)
    for row in theirs.execute("SELECT * FROM runs ORDER BY run").fetchall():
        told = dict(zip(columns, row, strict=True))
        number = told.pop("run")
        there = home.execute(f"SELECT run FROM runs WHERE {where}", [told[name] for name in _RUN]).fetchone()  # noqa: S608
        if there is None:
            told["args"] = text({**json.loads(told["args"]), "bundle": bundle})
            told["resumes"] = numbers.get(told["resumes"])
            marks = ", ".join("?" * len(told))
            made = home.execute(f"INSERT INTO runs ({', '.join(told)}) VALUES ({marks})", list(told.values()))  # noqa: S608
            new.append(number)
            numbers[number] = int(made.lastrowid or 0)
        else:
            numbers[number] = int(there[0])
    return numbers, new


def _entries(home: Connection, theirs: Connection, numbers: Mapping[int, int], new: list[int], own: set[str]) -> int:
    rows = theirs.execute(
        "SELECT run, time, device, aspect, event, payload FROM journal"
        " WHERE run IN (SELECT value FROM json_each(?)) ORDER BY seq",
        (text(new),),
    ).fetchall()
    mine = [(numbers[row[0]], *row[1:]) for row in rows if row[2] in own]
    home.executemany("INSERT INTO journal (run, time, device, aspect, event, payload) VALUES (?, ?, ?, ?, ?, ?)", mine)
    return len(mine)


def _rows(
    home: Connection,
    theirs: Connection,
    before: Connection,
    table: str,
    numbers: Mapping[int, int],
    own: set[str],
    *,
    again: bool,
) -> None:
    """Merge a table: rows that were changed or went away while the site was out, unless home's is newer."""
    columns, keys = _columns(theirs, table), KEYS[table]
    places = [columns.index(key) for key in keys]
    here, then, now = (_keyed(each, table, places) for each in (home, before, theirs))
    clock = columns.index(TIMES[table]) if table in TIMES else -1
    run = columns.index("run") if "run" in columns else -1
    for key in sorted({*now, *then}, key=str):
        mine, was, told = here.get(key), then.get(key), now.get(key)
        if told == was or key[0] not in own:
            continue
        newer = (
            mine is not None and mine != was and (mine[clock] > (told or was or mine)[clock] if clock >= 0 else again)
        )
        if newer:
            continue
        if told is None:
            where = " AND ".join(f"{name} = ?" for name in keys)
            home.execute(f"DELETE FROM {table} WHERE {where}", key)  # noqa: S608
        else:
            if run >= 0:
                told = (*told[:run], numbers.get(told[run], 0), *told[run + 1 :])
            _insert(home, table, [told], how="INSERT OR REPLACE")


def _set(home: Connection, theirs: Connection, before: Connection, table: str, own: set[str]) -> None:
    columns = _columns(theirs, table)
    here, then, now = (set(each.execute(f"SELECT * FROM {table}").fetchall()) for each in (home, before, theirs))  # noqa: S608
    device = columns.index("device")
    where = " AND ".join(f"{name} IS ?" for name in columns)
    for row in (then - now) & here if table != "turns" else ():
        home.execute(f"DELETE FROM {table} WHERE {where}", row)  # noqa: S608
    _insert(home, table, [r for r in sorted(now - then - here, key=str) if r[device] in own])


def _keyed(connection: Connection, table: str, places: Sequence[int]) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    rows = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608
    return {tuple(row[place] for place in places): row for row in rows}


def _columns(connection: Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _insert(connection: Connection, table: str, rows: Sequence[Sequence[Any]], how: str = "INSERT") -> None:
    if rows:
        connection.executemany(f"{how} INTO {table} VALUES ({', '.join('?' * len(rows[0]))})", rows)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Connection]:
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as connection:
        yield connection
