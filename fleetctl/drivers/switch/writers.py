"""Who changed settings, by the messages that a switch keeps in its memory."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from fleetctl.drivers.switch.time import now
from fleetctl.errors import Unsupported
from fleetctl.model import Written

if TYPE_CHECKING:
    from fleetctl.protocols.ssh.grammar import Record
    from fleetctl.protocols.ssh.session import Session

_READING = "changes"


def writers(session: Session, ago: datetime.timedelta) -> tuple[Written, ...]:
    """Return the changes of settings since so long ago that its memory still has, the newest first.

    Raises Unsupported where nothing is known of the platform's messages.
    """
    if not session.has(_READING):
        raise Unsupported(f"nothing is known of the messages that {session.platform.name} switches keep")
    at = now(session)
    found = [_written(record, at) for record in session.records(_READING, "change")]
    return tuple(sorted((e for e in found if e is not None and e.time >= at - ago), key=lambda e: e.time, reverse=True))


def _written(record: Record, at: datetime.datetime) -> Written | None:
    """Return one message; it tells no year: it is the last such moment before now."""
    try:
        told = datetime.datetime.strptime(f"{at.year} {record['time']}", "%Y %b %d %H:%M:%S").replace(
            tzinfo=datetime.UTC
        )
        when = told if told <= at + datetime.timedelta(days=1) else told.replace(year=at.year - 1)
    except ValueError:
        return None
    return Written(
        time=when,
        account=record["account"][:60],
        address=record.get("address", "")[:60],
        what=record.get("line", "")[:60],
    )
