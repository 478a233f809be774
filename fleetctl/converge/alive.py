"""Whether a device answers at all, asked without its login."""

from __future__ import annotations

from dataclasses import replace

from fleetctl import catalog
from fleetctl.converge.link import Job
from fleetctl.errors import FleetctlError, Unreachable
from fleetctl.model import Access, Kind
from fleetctl.protocols import opener, ssh


def answers(task: Job) -> bool:
    """Return whether the device answers at all, asked without its login."""
    if task.device.kind is Kind.SWITCH:
        return ssh.answers(task.device, task.known_hosts)
    endpoint = replace(task.device.endpoint, timeout_s=2.0)
    protocol = task.facts.get("protocol") or catalog.load().protocols_of(task.device)[0]
    try:
        session = opener(protocol)(
            replace(task.device, endpoint=endpoint, user=""),
            password=None,
            access=Access.READ,
            facts={},
            known_hosts=task.known_hosts,
        )
    except Unreachable:
        return False
    except FleetctlError:
        return True  # something answers
    try:
        return bool(session.alive())
    finally:
        session.close()
