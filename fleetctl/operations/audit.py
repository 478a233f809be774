"""Audit: read every device and say where it is not as the standard says. Sends no writing request."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from fleetctl.errors import UsageError
from fleetctl.executor import Policy, Stop
from fleetctl.model import Event
from fleetctl.operations.runs import observed, select
from fleetctl.operations.workspace import Workspace

PER_SITE: Final = 8


def deadline(told: str, now: datetime | None = None) -> datetime:
    """Return the next moment that it is so late (`05:30`) on this machine. Raises UsageError."""
    now = now or datetime.now(UTC).astimezone()
    try:
        at = datetime.strptime(told, "%H:%M").time()  # noqa: DTZ007  # a time of day
    except ValueError:
        raise UsageError(f"--until {told}: write a time as 05:30") from None
    found = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return found if found > now else found + timedelta(days=1)


def audit(
    workspace: Workspace,
    limit: str = "",
    aspects: tuple[str, ...] = (),
    *,
    stop: Stop | None = None,
    policy: Policy | None = None,
) -> Iterator[Event]:
    """Yield the events of an audit; each device's differences come as Planned, and go into the history."""
    devices = select(workspace, limit)
    yield from observed(
        workspace, devices, aspects, kind="audit", stop=stop or Stop(), policy=policy or Policy(per_site=PER_SITE)
    )
