"""What fleetctl remembers between commands: facts, logins, states, drift, the queue, roll-outs."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from fleetctl.codec import text
from fleetctl.logins import Logins, moment
from fleetctl.model import Cause, Outcome, Step, Written
from fleetctl.records import Drift, Queued, Rollout, State, Turn, Unsettled

_loaded: Final = lru_cache(maxsize=8192)(json.loads)
"""Values of the history: few different ones, read over and over; nobody alters what comes of it."""


def _listed(devices: Sequence[str] | None) -> str | None:
    """Return names as one parameter, for json_each."""
    return None if devices is None else text(list(devices))


class Store(Logins):
    """The tables, read; what runs tell is written by the journal. Times are `time.time()` seconds."""

    def facts(self, device: str) -> dict[str, str]:
        """Return what earlier sessions learned of a device."""
        return dict(self.rows("SELECT name, value FROM facts WHERE device = ?", (device,)))

    def learn(self, device: str, facts: Mapping[str, str]) -> None:
        """Remember facts of a device beside those known; "" forgets one."""
        with self.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO facts VALUES (?, ?, ?)", [(device, *item) for item in facts.items()]
            )
            connection.execute("DELETE FROM facts WHERE device = ? AND value = ''", (device,))

    def forget(self, device: str) -> None:
        """Forget facts and logins of a device that was replaced or reset; its history stays."""
        with self.transaction() as connection:
            connection.execute("DELETE FROM facts WHERE device = ?", (device,))
            for table in ("logins", "refusals", "locks"):
                connection.execute(f"DELETE FROM {table} WHERE device = ?", (device,))  # noqa: S608  # names of ours

    def unsettled(self, device: str = "") -> tuple[Unsettled, ...]:
        """Return the rotations of passwords, of one device or of all, of which it is open how they ended."""
        rows = self.rows(
            "SELECT device, account, step, fingerprint, former, instead, run, time FROM rotations"
            " WHERE ?1 = '' OR device = ?1 ORDER BY device, time, account",
            (device,),
        )
        return tuple(
            Unsettled(
                device=r[0],
                account=r[1],
                step=Step(r[2]),
                fingerprint=r[3],
                former=r[4],
                instead=r[5],
                run=r[6],
                since=moment(r[7]),
            )
            for r in rows
        )

    # --- states and history ------------------------------------------------------------------------

    def latest(self, device: str = "") -> tuple[State, ...]:
        """Return how the aspects of one device (or of all) stood when last looked at."""
        rows = self.rows(
            "SELECT device, aspect, outcome, reason, since, checked, run FROM latest"
            " WHERE ?1 = '' OR device = ?1 ORDER BY device, aspect",
            (device,),
        )
        return tuple(
            State(
                device=r[0],
                aspect=r[1],
                outcome=Outcome(r[2]),
                reason=r[3],
                since=moment(r[4]),
                checked=moment(r[5]),
                run=r[6],
            )
            for r in rows
        )

    def drift(
        self,
        device: str = "",
        *,
        lasting: bool = False,
        changed_since: float = 0.0,
        devices: Sequence[str] | None = None,
    ) -> tuple[Drift, ...]:
        """Return what is or was not as it should be; `lasting`: what still is; `changed_since`: began or ended then.

        `devices`: of these only.
        """
        rows = self.rows(
            "SELECT device, aspect, field, key, expected, actual, outcome, reason, first_seen, last_seen, ended, flaps,"
            " cause, asked, (SELECT told FROM writers w WHERE w.device = h.device AND w.aspect = h.aspect"
            " AND w.field = h.field AND w.key = h.key AND w.first_seen = h.first_seen)"
            " FROM history h WHERE (?1 = '' OR device = ?1) AND (NOT ?2 OR ended IS NULL)"
            " AND (first_seen >= ?3 OR ended >= ?3)"
            " AND (?4 IS NULL OR device IN (SELECT value FROM json_each(?4))) ORDER BY device, aspect, field, key",
            (device, lasting, changed_since, _listed(devices)),
        )
        return tuple(
            Drift(
                device=r[0],
                aspect=r[1],
                field=r[2],
                key=r[3],
                expected=_loaded(r[4]),
                actual=_loaded(r[5]),
                outcome=Outcome(r[6]),
                reason=r[7],
                first_seen=moment(r[8]),
                last_seen=moment(r[9]),
                ended=None if r[10] is None else moment(r[10]),
                flaps=r[11],
                cause=Cause(r[12]) if r[12] else None,
                asked=None if r[13] is None else moment(r[13]),
                changed_by=_loaded(r[14]) if r[14] else (),
            )
            for r in rows
        )

    def keep_writers(self, device: str, since: datetime, written: Sequence[Written]) -> None:
        """Keep who changed a device's settings beside each drift of it that began since; nothing is kept of nobody."""
        if written:
            with self.transaction() as connection:
                connection.execute(
                    "INSERT OR REPLACE INTO writers SELECT device, aspect, field, key, first_seen, ?1 FROM history"
                    " WHERE device = ?2 AND ended IS NULL AND cause = 'drift' AND first_seen >= ?3",
                    (text([each.plain for each in written]), device, since.timestamp()),
                )

    def turns(
        self,
        *,
        device: str = "",
        since: float = 0.0,
        until: float | None = None,
        aspect: str = "",
        last: int = -1,
        devices: Sequence[str] | None = None,
    ) -> tuple[Turn, ...]:
        """Return what began, changed and ended in a time, in its order; `last` limits it to the latest so many.

        `devices`: of these only.
        """
        rows = self.rows(
            "SELECT time, device, aspect, field, key, what, expected, actual, outcome, reason, cause FROM turns"
            " WHERE time >= ?1 AND (?2 IS NULL OR time < ?2) AND (?3 = '' OR device = ?3)"
            " AND (?4 = '' OR aspect = ?4) AND (?6 IS NULL OR device IN (SELECT value FROM json_each(?6)))"
            " ORDER BY time DESC, rowid DESC LIMIT ?5",
            (since, until, device, aspect, last, _listed(devices)),
        )
        return tuple(
            Turn(
                time=moment(r[0]),
                device=r[1],
                aspect=r[2],
                field=r[3],
                key=r[4],
                what=r[5],
                expected=_loaded(r[6]),
                actual=_loaded(r[7]),
                outcome=Outcome(r[8]),
                reason=r[9],
                cause=Cause(r[10]) if r[10] else None,
            )
            for r in reversed(rows)
        )

    def often(self, since: float, least: int) -> frozenset[tuple[str, str, str, str]]:
        """Return what began by itself at least so often since then: device, aspect, field, key."""
        rows = self.rows(
            "SELECT device, aspect, field, key FROM turns WHERE time >= ? AND what = 'began' AND cause IN ('', 'drift')"
            " GROUP BY device, aspect, field, key HAVING count(*) >= ?",
            (since, least),
        )
        return frozenset((r[0], r[1], r[2], r[3]) for r in rows)

    # --- who answers --------------------------------------------------------------------------------

    def count(self, day: str, told: Mapping[str, tuple[int, int]]) -> None:
        """Add looks, and how many of them were answered, to the day (ISO 8601) of each site."""
        with self.transaction() as connection:
            connection.executemany(
                "INSERT INTO availability VALUES (?, ?, ?, ?) ON CONFLICT (day, site)"
                " DO UPDATE SET looks = looks + excluded.looks, answered = answered + excluded.answered",
                [(day, site, *counts) for site, counts in sorted(told.items())],
            )

    def availability(self, since: str) -> dict[str, float]:
        """Return by site which share of the looks since a day (ISO 8601) was answered, from 0.0 to 1.0."""
        rows = self.rows(
            "SELECT site, sum(answered) * 1.0 / sum(looks) FROM availability WHERE day >= ? GROUP BY site", (since,)
        )
        return {row[0]: float(row[1]) for row in rows}

    # --- scores --------------------------------------------------------------------------------------

    def keep_scores(self, packs: str, day: str, told: Mapping[str, float]) -> None:
        """Keep how far sites met requirement packs on a day (ISO 8601); what was kept of that day is replaced."""
        with self.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO scores VALUES (?, ?, ?, ?)", [(packs, day, *each) for each in told.items()]
            )

    def scores(self, packs: str, before: str) -> dict[str, float]:
        """Return by site the score of its last day before a day (ISO 8601)."""
        rows = self.rows(
            "SELECT site, score, max(day) FROM scores WHERE packs = ? AND day < ? GROUP BY site", (packs, before)
        )
        return {row[0]: float(row[1]) for row in rows}

    # --- the queue ---------------------------------------------------------------------------------

    def queued(self, kind: str = "", *, due: float | None = None) -> tuple[Queued, ...]:
        """Return the devices that wait for a further try, the longest waiting first; `due`: by that time."""
        rows = self.rows(
            "SELECT device, kind, since, tries, next_try, reason FROM queue"
            " WHERE (?1 = '' OR kind = ?1) AND (?2 IS NULL OR next_try <= ?2) ORDER BY since, device",
            (kind, due),
        )
        return tuple(
            Queued(device=r[0], kind=r[1], since=moment(r[2]), tries=r[3], next_try=moment(r[4]), reason=r[5])
            for r in rows
        )

    # --- roll-outs -----------------------------------------------------------------------------------

    def save_rollout(self, name: str, plan: Mapping[str, Any], state: Mapping[str, Any]) -> None:
        """Remember a declared roll-out (what JSON takes), or how far it is by now."""
        now = time.time()
        with self.transaction() as connection:
            connection.execute(
                "INSERT INTO rollouts VALUES (?1, ?2, ?3, ?4, ?4) ON CONFLICT (name)"
                " DO UPDATE SET plan = excluded.plan, state = excluded.state, changed = excluded.changed",
                (name, text(plan), text(state), now),
            )

    def rollouts(self) -> tuple[Rollout, ...]:
        """Return the declared roll-outs, the latest first."""
        rows = self.rows("SELECT name, plan, state, created, changed FROM rollouts ORDER BY created DESC, name")
        return tuple(
            Rollout(
                name=r[0], plan=json.loads(r[1]), state=json.loads(r[2]), created=moment(r[3]), changed=moment(r[4])
            )
            for r in rows
        )
