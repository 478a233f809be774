"""Who changed what drifted: asked of the device's own log, of devices with a new drift only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from fleetctl import converge
from fleetctl.errors import FleetctlError, Refused, Unsupported
from fleetctl.model import Access, Action, Cause, Channel, Device, Driver, Intent, SecretRef, Written
from fleetctl.operations import beside
from fleetctl.operations.device import Recorder
from fleetctl.operations.door import own_account
from fleetctl.operations.runs import job
from fleetctl.operations.workspace import Workspace

MOST: Final = 50
"""So many devices are asked after one audit; where more drifted at once, it was no person at one device."""

BACK: Final = timedelta(days=31)
"""So far back a log is read at most, and where it is not known when the device was as expected last."""

GENERIC: Final = "onvif"  # the driver of whatever no maker's driver recognises
KEPT: Final = 5  # so many changes are kept of a drift, the newest
_ALLOWED: Final = timedelta(minutes=5)  # between the look that was right and the clock of the log
_CLOCK_MOVED: Final = timedelta(days=1)  # where the clock or its zone drifted: what it wrote before is hours off

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
            last -= _CLOCK_MOVED if row.aspect == "time" else _ALLOWED
            since[row.device] = min(last, since.get(row.device, last))
    if not since:
        return
    with workspace.journal.run("show", {"devices": str(min(len(since), MOST)), "log": "yes"}) as record:
        for name in sorted(since)[:MOST]:
            device = workspace.inventory.devices[name]
            try:
                written = _asked(workspace, device, since[name], Recorder(record))
            except FleetctlError as error:
                yield Told(device=device, reason=converge.told(error))
                continue
            if _wrote_since(workspace, name, since[name]):
                written = tuple(each for each in written if each.account != device.user)
            written = written[:KEPT]
            workspace.store.keep_writers(name, begun, written)
            yield Told(device=device, written=written)


def _asked(workspace: Workspace, device: Device, since: datetime, record: Channel) -> tuple[Written, ...]:
    """Return what changed since, the newest first."""
    registry, none = workspace.registry, f"{device.name}: fleetctl reads no log of changes of it"
    if device.is_host or device.behind or not _may_tell(registry.driver_of(device, device.vendor, device.model)):
        raise Unsupported(none)
    task = job(workspace, device)
    with converge.linked(task, Access.READ, record) as link:
        driver, _ = converge.recognise(task, link, registry, required=False)
        action = _log(driver)
        if action is None:
            raise Unsupported(none)
        ago = datetime.now(since.tzinfo) - since
        if action.protocol in driver.protocols:
            told: tuple[Written, ...] = action.run(link.session(action.protocol), ago)
            return told
    return _beside(workspace, task, action, ago, record)  # when the link is closed: a refusal there is not of its login


def _wrote_since(workspace: Workspace, device: str, since: datetime) -> bool:
    """Return whether fleetctl wrote to it since: then what its log has of fleetctl's account is no news."""
    last = tuple(workspace.journal.entries(device=device, events=(Intent.__name__,), last=1))
    return bool(last) and last[0].time >= since


def _log(driver: Driver) -> Action | None:
    return next((action for action in driver.actions if action.name == "writers"), None)


def _may_tell(driver: Driver) -> bool:
    """Return whether a device of whom the inventory means this driver may have a log: who names no maker may be any."""
    return driver.name == GENERIC or _log(driver) is not None


def _beside(
    workspace: Workspace, task: converge.Job, action: Action, ago: timedelta, record: Channel
) -> tuple[Written, ...]:
    """Ask a camera, whose log is in its maker's own interface only: its account there may be another one.

    So that the login is tried there once, within the login budget, and not again where it was refused.
    """
    device, protocol = task.device, action.protocol
    barred, proven = workspace.store.may_try(
        device.name,
        own_account(device.user, protocol),
        task.fingerprint,
        address=device.endpoint.spot,
        lock=workspace.driver(device).lock,
    )
    if barred:
        raise Refused(f"{device.name}: its account is not known to be good where its log is ({protocol}). {barred}")
    password = task.secrets.reveal(SecretRef(device=device.name, account=device.user))
    session = beside.session(
        device,
        protocol,
        password=password,
        fingerprint=task.fingerprint,
        known_hosts=task.known_hosts,
        channel=record,
        proven=proven,
    )
    with session:
        told: tuple[Written, ...] = action.run(session, ago)
        return told
