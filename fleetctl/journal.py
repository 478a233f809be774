"""The append-only record of runs. What is to be written to a device is in it before it is sent.

A run is begun, told every event, and finished. Durable events are on disk (fsync) when `record` returns;
the others follow within half a second of work, or with the next durable one. What was read (plans, states,
facts) goes into the store's own tables instead. A run whose process died stays open, and tells what it left.
"""

from __future__ import annotations

import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection
from typing import Any, Final

from fleetctl import model
from fleetctl.codec import Types, decode, encode, text
from fleetctl.errors import BadAnswer, Interrupted, Rejected, Unreachable, Unsupported
from fleetctl.ledger import Ledger
from fleetctl.logins import moment
from fleetctl.machine import Process, operator
from fleetctl.model import (
    BackedUp,
    Event,
    Finished,
    Intent,
    Learned,
    LoginJudged,
    Observed,
    Outcome,
    Planned,
    Progress,
    Result,
    Started,
)
from fleetctl.store import Store

LIGHT: Final = frozenset({"watch"})
"""Kinds of run that come every few minutes: of them nothing is kept but what they found, and themselves for days."""

READING: Final = frozenset({"audit", "plan", "show", "check", "discover"}) | LIGHT
"""Kinds of run that write to no device: they run beside each other and beside one that writes."""

BESIDE: Final = READING | {"accept", "password check", "password show", "password export"}
"""Kinds of run that do not wait for one that writes to devices, since they do not; READING are kept for less."""

KEEP_READINGS_S: Final = 90 * 86400.0
"""How long the events of reading runs are kept: what they saw is in the history. Those of writing runs stay."""

BELIEVED: Final = 14
"""Only so many days after the audit that was so many audits ago anything is let go of."""

KEEP_LIGHT_S: Final = 7 * 86400.0

KEEP_TURNS_S: Final = 3 * 366 * 86400.0
"""How long it is kept what began, changed and ended; what lasts is kept however old it is."""

UNDONE: Final = frozenset({Outcome.UNREACHABLE, Outcome.INTERRUPTED, Outcome.PENDING, Outcome.BLOCKED})
"""Endings after which a device of a writing run is taken up again."""

_FLUSH_S: Final = 0.5
_FLUSH_EVENTS: Final = 5000


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of a command, as the journal has it."""

    run: int
    kind: str
    args: Mapping[str, Any]
    operator: str
    process: Process
    started: datetime
    ended: datetime | None
    exit_code: int | None
    outcomes: Mapping[str, int]  # devices by outcome
    resumes: int | None

    @property
    def died(self) -> bool:
        """Whether it never ended and its process is gone."""
        return self.ended is None and not self.process.lives()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event in the journal; `payload` is the event as JSON has it (`event` names its type)."""

    seq: int
    run: int
    time: datetime
    device: str
    aspect: str
    event: str
    payload: Mapping[str, Any]

    def value(self, types: Types | None = None) -> Event:
        """Return the event itself; raises ValueError when it is not one this version knows."""
        found = getattr(model, self.event, None)
        if isinstance(found, type) and issubclass(found, Event):
            return decode(found, {"device": self.device, **self.payload}, types)
        raise ValueError(f"journal entry {self.seq}: {self.event} is no event this version knows")


class Journal:
    """The journal of a store; one run at a time, one thread only."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._run = 0
        self.exit_code: int | None = None  # of the run that is at work, once it is known
        self._ledger = Ledger(0, "")
        self._rows: list[tuple[Any, ...]] = []
        self._outcomes: Counter[str] = Counter()
        self._noted = 0
        self._flushed = 0.0
        self._elsewhere: tuple[type[Event], ...] = ()  # what is kept in other tables, or not at all

    @property
    def number(self) -> int:
        """The number of the run that is at work, or was last; 0 before the first."""
        return self._run

    # --- writing ---------------------------------------------------------------------------------

    @contextlib.contextmanager
    def run(
        self, kind: str, args: Mapping[str, Any], *, tasks: Sequence[str] = (), resumes: int | None = None
    ) -> Iterator[Callable[[Event], None]]:
        """Hold the workspace (unless the kind only reads), begin a run, yield `record`, finish the run.

        Who knows its exit code leaves it in `exit_code`. Raises Busy when another operator's run holds the workspace.
        """
        with contextlib.nullcontext() if kind in BESIDE else self.store.lock(kind):
            run = self.begin(kind, args, tasks=tasks, resumes=resumes)
            try:
                yield self.record
            except (Unreachable, BadAnswer, Rejected, Unsupported) as error:
                self._ledger.withdraw()  # the device never got as far as to judge the login
                self.finish(run, 4 if isinstance(error, Unreachable) else 1)
                raise
            except BaseException as error:
                self.finish(run, 130 if isinstance(error, (KeyboardInterrupt, GeneratorExit, Interrupted)) else 1)
                raise
            self._ledger.withdraw()
            self.finish(run, self.exit_code)

    def begin(
        self,
        kind: str,
        args: Mapping[str, Any],
        operator_name: str = "",
        *,
        tasks: Sequence[str] = (),
        resumes: int | None = None,
    ) -> int:
        """Begin a run and return its number; `tasks` are the names of all it is to do."""
        me, now = self.store.process, time.time()
        with self.store.transaction() as connection:
            found = connection.execute(
                "INSERT INTO runs (kind, args, operator, machine, host, boot, pid, began, started, outcomes, tasks,"
                " resumes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '{}', ?, ?)",
                (
                    kind,
                    text(encode_args(args)),
                    operator_name or operator(),
                    *(me.machine, me.host, me.boot, me.pid, me.began, now),
                    text(list(tasks)),
                    resumes,
                ),
            )
        self._run, self.exit_code = int(found.lastrowid or 0), None
        self._ledger = Ledger(self._run, kind, light=kind in LIGHT)
        self._elsewhere = (BackedUp, Learned, Observed, Planned, Progress) + ((Started,) if kind in READING else ())
        self._elsewhere += (Finished, Result) if kind in LIGHT else ()
        self._rows, self._outcomes, self._noted, self._flushed = [], Counter(), 0, time.monotonic()
        return self._run

    def record(self, event: Event) -> None:
        """Take an event; a durable one is on disk when this returns, and so is a refused login."""
        self.note(event)
        if event.durable:
            self.flush()

    def note(self, event: Event) -> None:
        """Take an event and do not wait for the disk; for those who call `flush` before any work goes on."""
        now = time.time()
        self._ledger.take(event, now)
        if isinstance(event, Finished):
            self._outcomes[event.outcome.value] += 1
        if not isinstance(event, self._elsewhere):
            payload = encode(event, type(event))
            payload.pop("device")
            aspect = payload.get("aspect", "")
            self._rows.append((self._run, now, event.device, aspect, type(event).__name__, text(payload)))
        self._noted += 1
        refused = isinstance(event, LoginJudged) and not event.accepted
        if refused or self._noted >= _FLUSH_EVENTS or time.monotonic() - self._flushed > _FLUSH_S:
            self.flush()

    def flush(self) -> None:
        """Put all that was taken on disk, in one transaction. Raises Busy when others write too long."""
        if self._noted:
            with self.store.transaction() as connection:
                connection.executemany(
                    "INSERT INTO journal (run, time, device, aspect, event, payload) VALUES (?, ?, ?, ?, ?, ?)",
                    self._rows,
                )
                self._ledger.write(connection)
            self._rows.clear()
            self._ledger.clear()
            self._noted = 0
        self._flushed = time.monotonic()

    def finish(self, run: int, exit_code: int | None = None) -> None:
        """End the run; `exit_code` is that of the command, where it is known."""
        self._noted += 1
        self.flush()
        with self.store.transaction() as connection:
            connection.execute(
                "UPDATE runs SET ended = ?, exit_code = ?, outcomes = ? WHERE run = ?",
                (time.time(), exit_code, text(dict(self._outcomes)), run),
            )
            self._compact(connection)

    @staticmethod
    def _compact(connection: Connection) -> None:
        """Let go of what is kept for a time only; SQLite uses the room again.

        A clock is believed when BELIEVED audits have begun by it: one that jumps years ahead for a night takes nothing.
        """
        earlier = "SELECT started FROM runs WHERE kind = 'audit' ORDER BY run DESC LIMIT 1 OFFSET ?"
        found = connection.execute(earlier, (BELIEVED,)).fetchone()
        now = time.time() if found is None else min(time.time(), found[0] + BELIEVED * 86400.0)
        old = (now - KEEP_READINGS_S, text(sorted(READING)))
        which = "started < ?1 AND kind IN (SELECT value FROM json_each(?2))"
        connection.execute(f"DELETE FROM journal WHERE run IN (SELECT run FROM runs WHERE {which})", old)  # noqa: S608
        connection.execute(f"UPDATE runs SET tasks = '[]' WHERE {which} AND tasks <> '[]'", old)  # noqa: S608
        light = (now - KEEP_LIGHT_S, text(sorted(LIGHT)))
        connection.execute(f"DELETE FROM journal WHERE run IN (SELECT run FROM runs WHERE {which})", light)  # noqa: S608
        connection.execute(f"DELETE FROM runs WHERE {which}", light)  # noqa: S608
        connection.execute("DELETE FROM availability WHERE day < date(?, 'unixepoch')", (now - KEEP_TURNS_S,))
        connection.execute("DELETE FROM turns WHERE time < ?", (now - KEEP_TURNS_S,))
        connection.execute("DELETE FROM history WHERE ended < ?", (now - KEEP_TURNS_S,))

    # --- reading ---------------------------------------------------------------------------------

    def runs(self, *, kind: str = "", last: int = 20) -> tuple[Run, ...]:
        """Return the last runs, the latest first."""
        return self._runs(kind=kind, last=last)

    def open_runs(self) -> tuple[Run, ...]:
        """Return the runs whose process died before it could finish them, the latest first."""
        return tuple(run for run in self._runs(open_only=True) if run.died)

    def running(self) -> tuple[Run, ...]:
        """Return the runs that are at work now, in this process or another one."""
        return tuple(run for run in self._runs(open_only=True) if not run.died)

    def unfinished(self, run: int | None = None, *, kind: str = "apply") -> tuple[int, tuple[str, ...]] | None:
        """Return a run (the last of its kind, unless named) and the devices it left undone; None if there are none.

        Undone is a device that was not finished, or finished with an outcome of UNDONE, or of which an Intent
        has no Result.
        """
        found = self._runs(run=run) if run else self.runs(kind=kind, last=1)
        if not found:
            return None
        number = found[0].run
        tasks = json.loads(self.store.rows("SELECT tasks FROM runs WHERE run = ?", (number,))[0][0])
        seen = self.store.rows("SELECT DISTINCT device FROM journal WHERE run = ? ORDER BY device", (number,))
        done: set[str] = set()
        for entry in self.entries(run=number, events=("Finished",)):
            outcome = Outcome(entry.payload["outcome"])
            (done.discard if outcome in UNDONE else done.add)(entry.device)
        done -= {intent.device for intent in self.intents(number)}
        left = tuple(name for name in dict.fromkeys([*tasks, *(row[0] for row in seen)]) if name not in done)
        return (number, left) if left else None

    def intents(self, run: int) -> tuple[Entry, ...]:
        """Return the Intents of a run that have no Result: what may have been sent, or not, or by half."""
        left: dict[tuple[str, str], Entry] = {}
        for entry in self.entries(run=run, events=("Intent", "Result")):
            if entry.event == Intent.__name__:
                left[entry.device, entry.aspect] = entry
            elif entry.aspect:
                left.pop((entry.device, entry.aspect), None)
        return tuple(left.values())

    def entries(
        self, *, run: int | None = None, device: str = "", events: Sequence[str] = (), last: int | None = None
    ) -> Iterator[Entry]:
        """Yield what the journal holds, in its order; `last` limits it to the latest so many."""
        rows = self.store.rows(
            "SELECT seq, run, time, device, aspect, event, payload FROM journal"
            " WHERE (?1 IS NULL OR run = ?1) AND (?2 = '' OR device = ?2)"
            " AND (?3 = '' OR instr(?3, '|' || event || '|')) ORDER BY seq DESC LIMIT ?4",
            (run, device, f"|{'|'.join(events)}|" if events else "", -1 if last is None else last),
        )
        for row in reversed(rows):
            yield Entry(
                seq=row[0],
                run=row[1],
                time=moment(row[2]),
                device=row[3],
                aspect=row[4],
                event=row[5],
                payload=json.loads(row[6]),
            )

    def accepted(self) -> dict[str, datetime]:
        """Return when each site's last acceptance was recorded."""
        rows = self.store.rows(
            "SELECT j.device, max(j.time) FROM runs r JOIN journal j ON j.run = r.run"
            " WHERE r.kind = 'accept' AND j.event = 'Accepted' GROUP BY j.device"
        )
        return {site: moment(when) for site, when in rows}

    def _runs(
        self, *, run: int | None = None, kind: str = "", open_only: bool = False, last: int = -1
    ) -> tuple[Run, ...]:
        rows = self.store.rows(
            "SELECT run, kind, args, operator, machine, host, boot, pid, began, started, ended, exit_code, outcomes,"
            " resumes FROM runs WHERE (?1 IS NULL OR run = ?1) AND (?2 = '' OR kind = ?2)"
            " AND (NOT ?3 OR ended IS NULL) ORDER BY run DESC LIMIT ?4",
            (run, kind, open_only, last),
        )
        return tuple(
            Run(
                run=r[0],
                kind=r[1],
                args=json.loads(r[2]),
                operator=r[3],
                process=Process(machine=r[4], host=r[5], boot=r[6], pid=r[7], began=r[8]),
                started=moment(r[9]),
                ended=None if r[10] is None else moment(r[10]),
                exit_code=r[11],
                outcomes=json.loads(r[12]),
                resumes=r[13],
            )
            for r in rows
        )


def encode_args(args: Mapping[str, Any]) -> dict[str, Any]:
    """Return a command's arguments as JSON takes them. Secrets are never among the arguments of a run."""
    return {name: encode(value) for name, value in args.items()}
