"""Audit: read every device and say where it is not as the standard says. Sends no writing request."""

from __future__ import annotations

from collections.abc import Iterator

from fleetctl.executor import Policy, Stop
from fleetctl.model import Event
from fleetctl.operations.runs import observed, select
from fleetctl.operations.workspace import Workspace


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
        workspace, devices, aspects, kind="audit", stop=stop or Stop(), policy=policy or Policy(per_site=8)
    )
