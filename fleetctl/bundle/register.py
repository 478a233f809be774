"""Which sites are out in a bundle: home does not write to them until it comes back, or is given up."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fleetctl.bundle.container import Issue
from fleetctl.logins import moment
from fleetctl.store import Store

OUT: Final = "out"
RETURNED: Final = "returned"
RECALLED: Final = "recalled"
LOST: Final = "lost"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """A bundle as home has it on record; `generation` is that of the file that came back last, 0 before."""

    bundle: str
    site: str
    holder: str
    by: str
    file: str
    made: datetime
    expires: datetime
    state: str
    ended: datetime | None
    reason: str
    generation: int


def add(store: Store, issue: Issue, file: str) -> None:
    """Put a bundle on record as out."""
    made, expires = (datetime.fromisoformat(told).timestamp() for told in (issue.made, issue.expires))
    row = (issue.bundle, issue.site, issue.holder, issue.by, file, made, expires, OUT)
    with store.transaction() as connection:
        connection.execute("INSERT INTO bundles VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, '', 0)", row)


def end(store: Store, bundle: str, state: str, *, reason: str = "", generation: int = 0) -> None:
    """Put the end of a bundle on record; one that ended before keeps how it did, unless it was returned after all."""
    with store.transaction() as connection:
        connection.execute(
            "UPDATE bundles SET state = ?1, ended = ?2, reason = CASE WHEN ?3 = '' THEN reason ELSE ?3 END,"
            " generation = max(generation, ?4) WHERE bundle = ?5",
            (state, time.time(), reason, generation, bundle),
        )


def taken(store: Store, bundle: str = "") -> tuple[Taken, ...]:
    """Return the bundles on record (or the one of that name), the latest first."""
    rows = store.rows(
        "SELECT bundle, site, holder, by, file, made, expires, state, ended, reason, generation FROM bundles"
        " WHERE ?1 = '' OR bundle = ?1 ORDER BY made DESC, bundle",
        (bundle,),
    )
    return tuple(
        Taken(
            bundle=r[0],
            site=r[1],
            holder=r[2],
            by=r[3],
            file=r[4],
            made=moment(r[5]),
            expires=moment(r[6]),
            state=r[7],
            ended=None if r[8] is None else moment(r[8]),
            reason=r[9],
            generation=r[10],
        )
        for r in rows
    )


def out(store: Store) -> Mapping[str, Taken]:
    """Return the bundles that are out, by site."""
    return {each.site: each for each in taken(store) if each.state == OUT}


def away(told: Taken) -> str:
    """Say that home does not write to a site, who has it, and how that ends."""
    return (
        f"{told.site} was taken along by {told.holder} on {_day(told.made)} (bundle {told.bundle}, to work with until "
        f"{_day(told.expires)}): home does not write to it. It ends with: fleetctl site return FILE; where the file "
        f"will not come back: fleetctl site bundle {told.site} --recall --reason TEXT (or --lost)"
    )


def over(issue: Issue) -> str:
    """Say that a bundle has expired, and what it is still good for."""
    return (
        f"the bundle of {issue.site} was to work with until {_day(datetime.fromisoformat(issue.expires))}. Reading "
        "goes on, and it can be returned as ever: fleetctl site return FILE, at home. To go on working, take a new one"
    )


def _day(told: datetime) -> str:
    return f"{told.astimezone():%Y-%m-%d %H:%M}"
