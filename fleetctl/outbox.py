"""What recipients were told last, and the messages that wait to be sent. Nothing goes until it was taken over."""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from fleetctl.codec import text
from fleetctl.logins import moment
from fleetctl.store import Store

FIRST_PAUSE_S: Final = 60.0
LONGEST_PAUSE_S: Final = 3600.0
KEEP_SENT_S: Final = 90 * 86400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One thing as a recipient knows it: `state` "" is remembered, and was never told."""

    state: str
    item: Mapping[str, Any]
    time: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one recipient, as `made`; `content` has subject, text and what machines read."""

    number: str
    recipient: str
    made: datetime
    content: Mapping[str, Any]
    tries: int
    next_try: datetime
    trouble: str  # why the last try failed; "" before the first
    barred: str  # fingerprint of the login that was refused with it
    sent: datetime | None


def told(store: Store, recipient: str) -> dict[str, Told]:
    """Return what a recipient was told last, by subject."""
    rows = store.rows("SELECT subject, state, item, time FROM told WHERE recipient = ?", (recipient,))
    return {r[0]: Told(state=r[1], item=json.loads(r[2]), time=r[3]) for r in rows}


def tell(
    store: Store,
    recipient: str,
    *,
    now: float,
    changed: Mapping[str, Told],
    gone: Sequence[str],
    content: Mapping[str, Any] | None,
) -> str:
    """Remember what the recipient knows from now on and put the message (None: none) into the outbox, both or neither.

    Returns the message's number, "" without one.
    """
    number = secrets.token_hex(12) if content is not None else ""
    with store.transaction() as connection:
        connection.executemany(
            "INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?)",
            [(recipient, subject, each.state, text(dict(each.item)), now) for subject, each in changed.items()],
        )
        connection.executemany("DELETE FROM told WHERE recipient = ? AND subject = ?", [(recipient, g) for g in gone])
        if content is not None:
            connection.execute(
                "INSERT INTO outbox (number, recipient, made, message, next_try) VALUES (?, ?, ?, ?, ?)",
                (number, recipient, now, text({**content, "number": number}), now),
            )
        connection.execute("DELETE FROM outbox WHERE sent < ?", (now - KEEP_SENT_S,))
    return number


def forget(store: Store, known: Sequence[str]) -> None:
    """Forget what those were told who are no recipients any more; what waits for them stays, and is told as such."""
    with store.transaction() as connection:
        connection.execute("DELETE FROM told WHERE recipient NOT IN (SELECT value FROM json_each(?))", (text(known),))


def last_made(store: Store, recipient: str, now: float) -> float:
    """Return when the last message to a recipient was made, 0.0 for none; what a clock that was ahead dated is none."""
    (found,) = store.rows(
        "SELECT ifnull(max(made), 0.0) FROM outbox WHERE recipient = ? AND made <= ?", (recipient, now)
    )
    return float(found[0])


def messages(store: Store, *, waiting: bool = False, last: int = -1) -> tuple[Message, ...]:
    """Return the messages in the order they were made; `waiting`: those not sent yet; `last`: the latest so many."""
    rows = store.rows(
        "SELECT number, recipient, made, message, tries, next_try, trouble, barred, sent FROM outbox"
        " WHERE NOT ?1 OR sent IS NULL ORDER BY made DESC, number LIMIT ?2",
        (waiting, last),
    )
    return tuple(
        Message(
            number=r[0],
            recipient=r[1],
            made=moment(r[2]),
            content=json.loads(r[3]),
            tries=r[4],
            next_try=moment(r[5]),
            trouble=r[6],
            barred=r[7],
            sent=None if r[8] is None else moment(r[8]),
        )
        for r in reversed(rows)
    )


def sent(store: Store, number: str, now: float) -> None:
    """Note that a message was taken over."""
    with store.transaction() as connection:
        connection.execute("UPDATE outbox SET sent = ?, trouble = '', barred = '' WHERE number = ?", (now, number))


def failed(store: Store, message: Message, now: float, trouble: str, barred: str = "") -> None:
    """Note that a message could not be sent now; the pause before the next try doubles, up to an hour."""
    pause = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(message.tries, 10))
    with store.transaction() as connection:
        connection.execute(
            "UPDATE outbox SET tries = tries + 1, next_try = ?, trouble = ?, barred = ? WHERE number = ?",
            (now + pause, trouble, barred, message.number),
        )


def drop(store: Store, number: str) -> bool:
    """Take a message that waits out of the outbox; returns whether there was one."""
    with store.transaction() as connection:
        done = connection.execute("DELETE FROM outbox WHERE number = ? AND sent IS NULL", (number,))
    return done.rowcount > 0
