"""The file itself: private, at home, migrated with a copy, held by one writing command."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from fleetctl.database import Database
from fleetctl.errors import Busy, UsageError
from fleetctl.machine import Process, this_process
from fleetctl.migrations import MIGRATIONS
from fleetctl.store import Store

ELSEWHERE = Process(machine="another", host="laptop", boot="b", pid=1, began=1)
HOLD = """
import sys, time
from pathlib import Path
from fleetctl.store import Store
with Store(Path(sys.argv[1])) as store, store.lock("apply"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_the_store_and_all_beside_it_are_for_its_owner_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with Store(tmp_path / "state" / "store.db") as store, store.lock("apply"):
            store.learn("cam", {"auth": "digest"})
            modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "state").iterdir()}
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("store.db", "store.db-wal", "store.db-shm", "store.db.lock"), 0o600)


def test_what_is_committed_is_on_disk(store: Store) -> None:
    assert store.rows("PRAGMA journal_mode") == [("wal",)]
    assert store.rows("PRAGMA synchronous") == [(2,)]
    assert store.check() == "ok"


def test_a_store_of_a_newer_fleetctl_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"written by a newer fleetctl \(store version 99"):
        Store(path)
    assert path.read_bytes() == before


def test_an_older_store_is_migrated_and_a_copy_of_it_kept(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store(path) as store:
        store.learn("cam", {"auth": "digest"})

    def second(connection: sqlite3.Connection) -> None:
        connection.execute("ALTER TABLE facts ADD COLUMN source TEXT NOT NULL DEFAULT 'before'")

    with Database(path, migrations=(*MIGRATIONS, second)) as migrated:
        assert migrated.rows("SELECT * FROM facts") == [("cam", "auth", "digest", "before")]
    copy = tmp_path / f"store.db.version-{len(MIGRATIONS)}"
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with Store(copy) as kept:
        assert kept.facts("cam") == {"auth": "digest"}
    with pytest.raises(UsageError, match="newer fleetctl"):
        Store(path)


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    Store(path).close()

    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("DROP TABLE facts")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        Database(path, migrations=(*MIGRATIONS, broken))
    with Store(path) as store:
        assert store.facts("cam") == {}


def test_a_file_that_is_no_store_is_told_so(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    path.write_bytes(b"a letter to the department\n" * 100)
    with pytest.raises(UsageError, match="is not a store of fleetctl"):
        Store(path)


def test_many_processes_may_open_a_store_that_does_not_exist_yet(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path; from fleetctl.store import Store; Store(Path(sys.argv[1])).close()"
    command = [sys.executable, "-c", script, str(tmp_path / "store.db")]
    processes = [subprocess.Popen(command) for _ in range(4)]
    assert [p.wait() for p in processes] == [0, 0, 0, 0]


# --- home -------------------------------------------------------------------------------------------------


def test_only_the_home_machine_writes_and_others_are_told_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with Store(path) as store:
        store.learn("cam", {"auth": "digest"})
    with pytest.raises(UsageError, match=rf"the home of this workspace is {this_process().host}, not laptop"):
        Store(path, process=ELSEWHERE)
    with Store(path, process=ELSEWHERE, readonly=True) as reader:
        assert reader.facts("cam") == {"auth": "digest"}
        with pytest.raises(UsageError, match="open for reading only"):
            reader.learn("cam", {"auth": "none"})


def test_a_store_can_be_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / "stick" / "store.db"
    with Store(path) as store:
        store.learn("cam", {"auth": "digest"})
    path.chmod(0o400)
    path.parent.chmod(0o500)
    try:
        with Store(path, readonly=True) as reader:
            assert reader.facts("cam") == {"auth": "digest"}
    finally:
        path.parent.chmod(0o700)


def test_reading_a_store_that_is_not_there_makes_none(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no store"):
        Store(tmp_path / "store.db", readonly=True)
    assert list(tmp_path.iterdir()) == []


# --- one writer -------------------------------------------------------------------------------------------


def test_the_second_operator_is_told_who_holds_the_workspace_and_since_when(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with (
        Store(path) as store,
        subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as holder,
    ):
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(Busy, match=rf"being worked on by \S+@\S+ \(fleetctl apply, process {holder.pid}, since 2"):
            store.lock("apply").__enter__()
        assert f"process {holder.pid}" in store.holder()
        store.learn("cam", {"auth": "digest"})  # an audit writes beside it
        holder.kill()
        holder.wait()
        assert store.holder() == "", "the lock ended with its process"
        with store.lock("apply"):
            assert "fleetctl apply" in store.holder()
    with Store(path) as store:
        assert store.holder() == ""


def test_a_process_is_known_again_by_more_than_its_number() -> None:
    me = this_process()
    assert me.lives()
    assert not dataclasses.replace(me, began=me.began - 1).lives()
    assert not dataclasses.replace(me, boot="an earlier one").lives()
    assert not dataclasses.replace(me, machine="another").lives()
    assert not dataclasses.replace(me, pid=2**22 + 1).lives()


def test_writing_while_another_process_writes_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fleetctl.database.BUSY_TIMEOUT_S", 0.05)
    path = tmp_path / "store.db"
    with (
        Store(path) as one,
        Store(path) as other,
        one.transaction(),
        pytest.raises(Busy, match="locked by another process"),
    ):
        other.learn("cam", {"auth": "digest"})
