"""The tables of the store, version by version. A migration that has been released is never edited."""

from __future__ import annotations

from collections.abc import Callable
from sqlite3 import Connection
from typing import Final

Migration = Callable[[Connection], None]


def _first(connection: Connection) -> None:
    """Version 1. Times are seconds since 1970 (UTC)."""
    for statement in (
        "CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
        # a run of a command; `tasks` are the names it was to do
        """CREATE TABLE runs (
            run INTEGER PRIMARY KEY AUTOINCREMENT, kind TEXT NOT NULL, args TEXT NOT NULL, operator TEXT NOT NULL,
            machine TEXT NOT NULL, host TEXT NOT NULL, boot TEXT NOT NULL, pid INTEGER NOT NULL,
            began INTEGER NOT NULL, started REAL NOT NULL, ended REAL, exit_code INTEGER, outcomes TEXT NOT NULL,
            tasks TEXT NOT NULL,
            resumes INTEGER REFERENCES runs (run))""",
        "CREATE INDEX runs_open ON runs (run) WHERE ended IS NULL",
        # append-only
        """CREATE TABLE journal (
            seq INTEGER PRIMARY KEY AUTOINCREMENT, run INTEGER NOT NULL REFERENCES runs (run), time REAL NOT NULL,
            device TEXT NOT NULL, aspect TEXT NOT NULL, event TEXT NOT NULL, payload TEXT NOT NULL)""",
        """CREATE TRIGGER journal_stays BEFORE UPDATE ON journal
            BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
        "CREATE INDEX journal_run ON journal (run, device)",
        "CREATE INDEX journal_changes ON journal (device, time) WHERE event IN ('Intent', 'Attempt', 'LoginJudged')",
        """CREATE TABLE facts (
            device TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL,
            PRIMARY KEY (device, name)) WITHOUT ROWID""",
        # `pending`: presented, and not yet judged: counted as refused
        """CREATE TABLE logins (
            device TEXT NOT NULL, account TEXT NOT NULL, fingerprint TEXT NOT NULL, proven INTEGER NOT NULL,
            refused INTEGER NOT NULL, pending INTEGER NOT NULL, time REAL NOT NULL,
            PRIMARY KEY (device, account, fingerprint)) WITHOUT ROWID""",
        """CREATE TABLE latest (
            device TEXT NOT NULL, aspect TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
            since REAL NOT NULL, checked REAL NOT NULL, run INTEGER NOT NULL,
            PRIMARY KEY (device, aspect)) WITHOUT ROWID""",
        # one row for each thing that ever was not as it should be; `ended` is NULL while it lasts
        """CREATE TABLE history (
            device TEXT NOT NULL, aspect TEXT NOT NULL, field TEXT NOT NULL, key TEXT NOT NULL,
            expected TEXT NOT NULL, actual TEXT NOT NULL, outcome TEXT NOT NULL, reason TEXT NOT NULL,
            first_seen REAL NOT NULL, last_seen REAL NOT NULL, ended REAL, flaps INTEGER NOT NULL,
            PRIMARY KEY (device, aspect, field, key)) WITHOUT ROWID""",
        # devices that could not be reached, and when to try again
        """CREATE TABLE queue (
            device TEXT NOT NULL, kind TEXT NOT NULL, since REAL NOT NULL, tries INTEGER NOT NULL,
            next_try REAL NOT NULL, reason TEXT NOT NULL,
            PRIMARY KEY (device, kind)) WITHOUT ROWID""",
        # declared roll-outs: what was agreed, and how far it is
        """CREATE TABLE rollouts (
            name TEXT PRIMARY KEY, plan TEXT NOT NULL, state TEXT NOT NULL, created REAL NOT NULL,
            changed REAL NOT NULL) WITHOUT ROWID""",
    ):
        connection.execute(statement)


def _rotations(connection: Connection) -> None:
    """Rotations that are not settled; `fingerprint` is the new password's, `former` the old one's."""
    connection.execute(
        """CREATE TABLE rotations (
            device TEXT NOT NULL, account TEXT NOT NULL, step TEXT NOT NULL, fingerprint TEXT NOT NULL,
            former TEXT NOT NULL, instead TEXT NOT NULL, run INTEGER NOT NULL, time REAL NOT NULL,
            PRIMARY KEY (device, account)) WITHOUT ROWID"""
    )


def _causes_and_turns(connection: Connection) -> None:
    """Why something is not as expected, what is expected since when, and every turn that anything took."""
    for statement in (
        "ALTER TABLE history ADD COLUMN cause TEXT NOT NULL DEFAULT ''",
        "ALTER TABLE history ADD COLUMN asked REAL",  # since when it has been expected; NULL where that is not known
        # what is expected of an aspect, setting by setting (fleetctl.causes)
        """CREATE TABLE expected (
            device TEXT NOT NULL, aspect TEXT NOT NULL, settings TEXT NOT NULL,
            PRIMARY KEY (device, aspect)) WITHOUT ROWID""",
        # append-only: began, changed, ended
        """CREATE TABLE turns (
            time REAL NOT NULL, device TEXT NOT NULL, aspect TEXT NOT NULL, field TEXT NOT NULL, key TEXT NOT NULL,
            what TEXT NOT NULL, expected TEXT NOT NULL, actual TEXT NOT NULL, outcome TEXT NOT NULL,
            reason TEXT NOT NULL, cause TEXT NOT NULL)""",
        "CREATE INDEX turns_time ON turns (time)",
        "CREATE INDEX turns_device ON turns (device, time)",
        """CREATE TRIGGER history_begins AFTER INSERT ON history BEGIN
            INSERT INTO turns VALUES (new.last_seen, new.device, new.aspect, new.field, new.key,
                CASE WHEN new.ended IS NULL THEN 'began' ELSE 'ended' END, new.expected, new.actual, new.outcome,
                new.reason, new.cause); END""",
        """CREATE TRIGGER history_turns AFTER UPDATE ON history
            WHEN (old.ended IS NULL) <> (new.ended IS NULL)
            OR (new.ended IS NULL AND (old.actual, old.expected, old.outcome)
                <> (new.actual, new.expected, new.outcome))
            BEGIN INSERT INTO turns VALUES (max(new.last_seen, ifnull(new.ended, 0)), new.device, new.aspect,
                new.field, new.key, CASE WHEN new.ended IS NOT NULL THEN 'ended' WHEN old.ended IS NULL THEN 'changed'
                ELSE 'began' END, new.expected, new.actual, new.outcome, new.reason, new.cause); END""",
    ):
        connection.execute(statement)


def _login_budget(connection: Connection) -> None:
    """The login budget of a device and of an address as a whole."""
    for statement in (
        # since the account was accepted last; `tries_left` as the device said, NULL where it did not
        """CREATE TABLE refusals (
            device TEXT NOT NULL, address TEXT NOT NULL, account TEXT NOT NULL, time REAL NOT NULL,
            tries_left INTEGER)""",
        "CREATE INDEX refusals_device ON refusals (device)",
        "CREATE INDEX refusals_address ON refusals (address)",
        # what a device said of its own lock; `seconds` 0: not how long
        """CREATE TABLE locks (
            device TEXT NOT NULL, account TEXT NOT NULL, address TEXT NOT NULL, seconds REAL NOT NULL,
            time REAL NOT NULL, PRIMARY KEY (device, account)) WITHOUT ROWID""",
    ):
        connection.execute(statement)


def _messages(connection: Connection) -> None:
    """What each recipient was told last, what waits to be sent, and how often sites answered."""
    for statement in (
        # `told` is the item as it was told; `state` "" was never told and is remembered only
        """CREATE TABLE told (
            recipient TEXT NOT NULL, subject TEXT NOT NULL, state TEXT NOT NULL, item TEXT NOT NULL, time REAL NOT NULL,
            PRIMARY KEY (recipient, subject)) WITHOUT ROWID""",
        # `sent` is NULL while it waits; `barred`: the fingerprint of the login with which it was refused
        """CREATE TABLE outbox (
            number TEXT PRIMARY KEY, recipient TEXT NOT NULL, made REAL NOT NULL, message TEXT NOT NULL,
            tries INTEGER NOT NULL DEFAULT 0, next_try REAL NOT NULL, trouble TEXT NOT NULL DEFAULT '',
            barred TEXT NOT NULL DEFAULT '', sent REAL) WITHOUT ROWID""",
        "CREATE INDEX outbox_waiting ON outbox (made) WHERE sent IS NULL",
        # looks at the devices of a site in a day (local), and how many of them were answered
        """CREATE TABLE availability (
            day TEXT NOT NULL, site TEXT NOT NULL, looks INTEGER NOT NULL, answered INTEGER NOT NULL,
            PRIMARY KEY (day, site)) WITHOUT ROWID""",
    ):
        connection.execute(statement)


def _scores(connection: Connection) -> None:
    """How far sites met requirement packs on a day (local), from 0.0 to 1.0."""
    connection.execute(
        """CREATE TABLE scores (
            packs TEXT NOT NULL, day TEXT NOT NULL, site TEXT NOT NULL, score REAL NOT NULL,
            PRIMARY KEY (packs, day, site)) WITHOUT ROWID"""
    )


def _bundles(connection: Connection) -> None:
    """Sites that were taken along in a bundle; `state` is out, returned, recalled or lost."""
    connection.execute(
        """CREATE TABLE bundles (
            bundle TEXT PRIMARY KEY, site TEXT NOT NULL, holder TEXT NOT NULL, by TEXT NOT NULL, file TEXT NOT NULL,
            made REAL NOT NULL, expires REAL NOT NULL, state TEXT NOT NULL, ended REAL, reason TEXT NOT NULL,
            generation INTEGER NOT NULL) WITHOUT ROWID"""
    )


def _writers(connection: Connection) -> None:
    """Who changed what drifted, by the device's own log: JSON, beside the drift that began at `first_seen`."""
    connection.execute(
        """CREATE TABLE writers (
            device TEXT NOT NULL, aspect TEXT NOT NULL, field TEXT NOT NULL, key TEXT NOT NULL,
            first_seen REAL NOT NULL, told TEXT NOT NULL,
            PRIMARY KEY (device, aspect, field, key, first_seen)) WITHOUT ROWID"""
    )


MIGRATIONS: Final[tuple[Migration, ...]] = (
    _first,
    _causes_and_turns,
    _login_budget,
    _rotations,
    _messages,
    _scores,
    _bundles,
    _writers,
)
"""Migration number n brings a store from version n - 1 to n."""
