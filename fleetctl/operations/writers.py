"""Who changed what drifted: asked of the device's own log, of devices with a new drift only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fleetctl import converge
from fleetctl.errors import FleetctlError, Unsupported
from fleetctl.model import Access, Cause, Channel, Device, Written
from fleetctl.operations.device import Recorder
from fleetctl.operations.runs import job
from fleetctl.operations.workspace import Workspace

MOST: Final = 50
"""So many devices are asked after one audit; where more drifted at once, it was no person at one device."""

BACK: Final = timedelta(days=31)
"""So far back a log is read at most, and where it is not known when the device was as expected last."""

_LOGS: Final = ("isapi", "dahua", "ssh")  # protocols over which some device tells its log: others are not even asked
KEPT: Final = 5  # so many changes are kept of a drift, the newest
_ALLOWED: Final = timedelta(minutes=5)  # between the look that was right and the clock of the log

Looked = Mapping[tuple[str, str], datetime]
"""When aspects of devices were looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the log of one device tells of the time between the last look that was right and this one."""

    device: Device
    written: tuple[Written, ...] = ()
    reason: str = ""  # why nothing is told


def looked(workspace: Workspace) -> Looked:
    """Return when each aspect of each device was looked at last; to be asked before an audit."""
    return {(state.device, state.aspect): state.checked for state in workspace.store.latest()}


def found(workspace: Workspace, begun: datetime, before: Looked) -> Iterator[Told]:
    """Ask the devices whose drift began since `begun`, keep what they tell beside it in the history, and yield it.

    `before` is `looked` as it was then. A device that cannot be asked is told with its reason, and is no failure.
    """
    since: dict[str, datetime] = {}
    for row in workspace.store.drift(lasting=True, changed_since=begun.timestamp()):
        if row.cause is Cause.DRIFT and row.first_seen >= begun and row.device in workspace.inventory.devices:
            last = max(before.get((row.device, row.aspect), begun - BACK), begun - BACK)
            since[row.device] = min(last, since.get(row.device, last))
    if not since:
        return
    with workspace.journal.run("show", {"devices": str(min(len(since), MOST)), "log": "yes"}) as record:
        for name in sorted(since)[:MOST]:
            device = workspace.inventory.devices[name]
            try:
                written = _asked(workspace, device, since[name] - _ALLOWED, Recorder(record))
            except FleetctlError as error:
                yield Told(device=device, reason=converge.told(error))
                continue
            workspace.store.keep_writers(name, begun, written)
            yield Told(device=device, written=written)


def _asked(workspace: Workspace, device: Device, since: datetime, record: Channel) -> tuple[Written, ...]:
    """Return what changed since; only over a protocol that the device is read by anyway, so that no login is risked."""
    spoken = () if device.is_host or device.behind else workspace.registry.protocols_of(device)
    if not any(each in _LOGS for each in spoken):
        raise Unsupported(f"{device.name}: fleetctl reads no log of changes of it")
    task = job(workspace, device)
    with converge.linked(task, Access.READ, record) as link:
        driver, _ = converge.recognise(task, link, workspace.registry, required=False)
        action = workspace.registry.action(driver, "writers")
        if action is None or action.protocol not in spoken:
            raise Unsupported(f"{device.name}: fleetctl reads no log of changes of it")
        ago = datetime.now(since.tzinfo) - since
        told: tuple[Written, ...] = action.run(link.session(action.protocol), ago)
    return told[:KEPT]
