"""The store's file: opened, migrated, kept private, at home on one machine, written by one run at a time."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

from fleetctl.errors import Busy, NotRecorded, UsageError
from fleetctl.machine import Process, operator, this_process
from fleetctl.migrations import MIGRATIONS, Migration

BUSY_TIMEOUT_S: Final = 10.0


class Database:
    """An SQLite file in WAL mode with synchronous=FULL: what was committed survives a power cut.

    One thread only. Several processes may have it open; transactions are short. The file is 0600.
    """

    def __init__(
        self,
        path: Path,
        *,
        readonly: bool = False,
        process: Process | None = None,
        migrations: Sequence[Migration] = MIGRATIONS,
    ) -> None:
        """Open, make or migrate the store.

        The first machine that opens it for writing is its home. Raises UsageError when another machine is,
        when a newer fleetctl wrote it, or when the file is not a store; Busy when another process keeps it locked.
        """
        self.path, self.readonly = path, readonly
        self.process = process or this_process()
        try:
            self._connection = self._opened()
            self._migrate(migrations)
            if not readonly:
                self._settle_home()
        except sqlite3.OperationalError as error:
            raise self._trouble(error) from error
        except sqlite3.DatabaseError as error:
            raise UsageError(f"{path} is not a store of fleetctl ({error}). Mend: put its last backup there") from error

    # --- opening -------------------------------------------------------------------------------

    def _opened(self) -> sqlite3.Connection:
        if self.readonly:
            if not self.path.is_file():
                raise UsageError(f"there is no store at {self.path}. Nothing was recorded here yet")
            return self._read_only()
        self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError):
            os.close(os.open(self.path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self.path.chmod(0o600)
        connection = sqlite3.connect(self.path, timeout=BUSY_TIMEOUT_S, isolation_level=None)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def _read_only(self) -> sqlite3.Connection:
        """Open without writing; on a medium that cannot be written (WAL needs a file beside it) as it lies there."""
        uri = self.path.resolve().as_uri()
        for how in ("mode=ro", "immutable=1"):
            connection = sqlite3.connect(f"{uri}?{how}", timeout=BUSY_TIMEOUT_S, isolation_level=None, uri=True)
            try:
                connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.OperationalError:
                connection.close()
                if how == "immutable=1":
                    raise
            else:
                break
        return connection

    def _migrate(self, migrations: Sequence[Migration]) -> None:
        version = self._version()
        if version > len(migrations):
            raise UsageError(
                f"{self.path} was written by a newer fleetctl (store version {version}, this one knows "
                f"{len(migrations)}). Mend: use the newer fleetctl"
            )
        if version == len(migrations):
            return
        if self.readonly:
            raise UsageError(
                f"{self.path} is of store version {version}, this fleetctl reads {len(migrations)}. "
                "Mend: run any command on its home machine first"
            )
        if version:
            self._backup(version)
        with self.transaction():
            version = self._version()  # another process may have been faster
            for number, migration in enumerate(migrations[version:], version + 1):
                migration(self._connection)
                self._connection.execute(f"PRAGMA user_version = {number}")

    def _version(self) -> int:
        return int(self._connection.execute("PRAGMA user_version").fetchone()[0])

    def _backup(self, version: int) -> None:
        """Copy the store beside itself before its tables change."""
        path = self.path.with_name(f"{self.path.name}.version-{version}")
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with contextlib.closing(sqlite3.connect(path)) as copy:
            self._connection.backup(copy)

    def _settle_home(self) -> None:
        home = self.setting("home_machine")
        if home == self.process.machine:
            return
        if home:
            raise UsageError(
                f"{self.path.parent}: the home of this workspace is {self.setting('home_host')}, not "
                f"{self.process.host}; here it is for reading. Mend: work on {self.setting('home_host')}, "
                "or check the site out there: fleetctl site bundle SITE"
            )
        with self.transaction():
            if not self.setting("home_machine"):
                self.set_setting("home_machine", self.process.machine)
                self.set_setting("home_host", self.process.host)
        self._settle_home()

    # --- using ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the file; the store is of no use afterwards."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Do all of it or nothing; on disk (fsync) when it returns.

        Raises Busy when others write too long, UsageError when this store is for reading, NotRecorded when the disk is
        full.
        """
        if self.readonly:
            raise UsageError(f"{self.path} is open for reading only")
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield connection
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise self._trouble(error) from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    def rows(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        """Return all rows of a SELECT."""
        try:
            return self._connection.execute(statement, values).fetchall()
        except sqlite3.OperationalError as error:
            raise self._trouble(error) from error

    def setting(self, name: str) -> str:
        """Return a setting of the workspace, "" when it is not set."""
        found = self.rows("SELECT value FROM settings WHERE name = ?", (name,))
        return str(found[0][0]) if found else ""

    def set_setting(self, name: str, value: str) -> None:
        """Set a setting; call it inside a transaction."""
        self._connection.execute("INSERT OR REPLACE INTO settings VALUES (?, ?)", (name, value))

    def check(self) -> str:
        """Return "ok", or what SQLite finds wrong with the file."""
        return str(self.rows("PRAGMA integrity_check")[0][0])

    def _trouble(self, error: sqlite3.OperationalError) -> Busy | NotRecorded:
        if "locked" in str(error) or "busy" in str(error):
            return Busy(f"{self.path} has been locked by another process for {BUSY_TIMEOUT_S:.0f} s. Mend: try again")
        return NotRecorded(
            f"{self.path}: {error}. Mend: see that its disk has room and can be written, then run the command again"
        )

    # --- one writing run -----------------------------------------------------------------------

    @property
    def _lock_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.lock")

    def holder(self) -> str:
        """Return who runs a writing command in this workspace, "" when nobody does."""
        try:
            handle = os.open(self._lock_path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return ""
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _described(os.pread(handle, 4096, 0))
        else:
            return ""
        finally:
            os.close(handle)

    @contextlib.contextmanager
    def lock(self, command: str) -> Iterator[None]:
        """Hold the workspace for one command that writes to devices; ends with the process, however that ends.

        Raises Busy, naming the holder. Reading commands do not ask for it: they may run beside each other and
        beside one writing command, and say so (`holder`).
        """
        handle = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _locked(handle):
                who = _described(os.pread(handle, 4096, 0))
                raise Busy(f"{self.path.parent} is being worked on by {who}. Mend: wait until that has ended")
            since = datetime.now().astimezone().strftime("%Y-%m-%d %H:%M")
            me = {"user": operator(), "host": self.process.host, "pid": self.process.pid}
            os.ftruncate(handle, 0)
            os.pwrite(handle, json.dumps({**me, "command": command, "since": since}).encode(), 0)
            yield
        finally:
            os.close(handle)


def _locked(handle: int) -> bool:
    """Take the lock; waits a moment, since `holder` of another process holds it for one."""
    for pause_s in (0.02, 0.1, 0.2, 0.0):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(pause_s)
        else:
            return True
    return False


def _described(content: bytes) -> str:
    try:
        who = json.loads(content)
        return f"{who['user']}@{who['host']} (fleetctl {who['command']}, process {who['pid']}, since {who['since']})"
    except (ValueError, KeyError, TypeError):
        return "another operator"
