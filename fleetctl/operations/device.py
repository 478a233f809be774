"""One device: show what it is and has, reboot it and prove that it did, call one operation."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from fleetctl import catalog, converge
from fleetctl.converge import Job
from fleetctl.errors import Busy, FleetctlError, Unreachable, Unsupported, UsageError
from fleetctl.model import (
    Access,
    Change,
    Channel,
    Device,
    DevicePlan,
    Event,
    Expectation,
    Finished,
    Intent,
    Kind,
    Outcome,
    Planned,
    Reading,
    Retired,
)
from fleetctl.operations.runs import job
from fleetctl.operations.workspace import Workspace

DOWN_S: Final = 30.0  # how long a device may take to go down after it said it would
UP_S: Final = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Everything read of one device: who it says it is, each aspect's reading and what is expected of it."""

    device: Device
    manufacturer: str
    model: str
    firmware: str
    serial_number: str
    mac_address: str
    driver: str
    readings: tuple[Reading, ...]
    expectations: Mapping[str, Expectation]
    changes: tuple[Change, ...] = ()  # of a host: what its roles would change; they read nothing else
    retired: tuple[tuple[str, Retired], ...] = ()  # who had the place before, each with the day it was retired


class Recorder:
    """The channel of work that is done here and now: durable events are journaled before it goes on."""

    def __init__(self, record: Any) -> None:
        self._record = record
        self.plan: DevicePlan | None = None

    def emit(self, event: Event) -> None:
        """Record."""
        self._record(event)
        if isinstance(event, Planned):
            self.plan = event.plan

    def confirm(self, event: Event) -> None:
        """Record; it is on disk when this returns."""
        self._record(event)

    def stopped(self) -> bool:
        """One device's work is not ended from outside but by Ctrl-C."""
        return False

    def see_through(self) -> None:
        """All of it is."""


def one(workspace: Workspace, name: str) -> Device:
    """Return the device of that name; raises UsageError with what was meant."""
    found = workspace.inventory.select(name)
    if len(found) != 1:
        raise UsageError(f"{name} names {len(found)} devices; name one")
    return found[0]


def at(device: Device, address: str) -> Device:
    """Return a device as if it were reached at another address; "" is the one it has."""
    return replace(device, endpoint=replace(device.endpoint, address=address)) if address else device


def writable(workspace: Workspace, device: Device) -> Device:
    """Return a device that may be written to; raises UsageError where it is audit_only, Busy where its site is out."""
    if device.audit_only:
        raise UsageError(f"{device.name} is audit_only in the inventory: fleetctl only looks at it")
    if reason := workspace.closed(device.site):
        raise Busy(reason)
    return device


def show(workspace: Workspace, name: str, aspects: tuple[str, ...] = ()) -> Shown:
    """Read one device, expected or not, and return it; raises Unreachable, Refused."""
    device = one(workspace, name)
    expected = workspace.expectations(device, aspects)
    if device.platform == "windows":
        return _listed(device, expected)
    changes: tuple[Change, ...] = ()
    with workspace.journal.run("show", {"device": name}) as record:
        task, channel = job(workspace, device, expected), Recorder(record)
        with converge.linked(task, Access.READ, channel) as link:
            driver, identity = converge.recognise(task, link, workspace.registry, required=False)
            wanted = [a for a in workspace.registry.aspects_for(device) if not aspects or a.name in aspects]
            readings = tuple(
                converge.read(workspace.registry.cell(driver, aspect.name), aspect.name, link)
                for aspect in (() if device.is_host else wanted)
            )
        if device.is_host:
            readings, changes = _checked(task, channel)
    return Shown(
        device=device,
        manufacturer=identity.manufacturer,
        model=identity.model,
        firmware=identity.firmware,
        serial_number=identity.serial_number,
        mac_address=identity.mac_address,
        driver=driver.name,
        readings=readings,
        expectations={e.aspect: e for e in expected},
        changes=changes,
        retired=retired(workspace, device),
    )


def retired(workspace: Workspace, device: Device) -> tuple[tuple[str, Retired], ...]:
    """Return the devices that had a place before, each with the day it was retired."""
    own = (device.serial_number, device.mac_address)
    found = []
    for entry in workspace.journal.entries(device=device.name, events=("Retired",)):
        event = entry.value()
        if isinstance(event, Retired) and (event.serial_number, event.mac_address) != own:
            found.append((f"{entry.time.astimezone():%Y-%m-%d}", event))
    return tuple(found)


def _checked(task: Job, channel: Recorder) -> tuple[tuple[Reading, ...], tuple[Change, ...]]:
    """Return how each role of a host stands, and what it would change."""
    converge.work(task.device.name, {task.device.name: task}, channel)
    told = channel.plan.aspects if channel.plan else ()
    if channel.plan and channel.plan.outcome is not None:
        return (Reading(aspect="", outcome=channel.plan.outcome, reason=channel.plan.reason),), ()
    return (
        tuple(Reading(aspect=a.aspect, outcome=a.outcome, reason=a.reason) for a in told),
        tuple(change for a in told for change in a.changes),
    )


def _listed(device: Device, expected: tuple[Expectation, ...]) -> Shown:
    """Return a device that nobody asks: what is expected of it is a list for whoever looks after it."""
    return Shown(
        device=device,
        manufacturer="",
        model=device.model,
        firmware="",
        serial_number=device.serial_number,
        mac_address=device.mac_address,
        driver="",
        readings=(),
        expectations={e.aspect: e for e in expected if e.aspect != "base"},  # how a Linux host is looked after
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rebooted:
    """How a reboot went; `down_s` is None when the device never went down."""

    device: Device
    outcome: Outcome
    reason: str
    down_s: float | None
    up_s: float | None


def reboot(workspace: Workspace, name: str) -> Rebooted:
    """Reboot a device and prove it: it stops answering, answers again, and is still the same device.

    Source: field facts, onvif 2 (quirk 27: an answer of OK and no reboot).
    """
    device = writable(workspace, one(workspace, name))
    change = Change(device=name, aspect="", field="reboot", before=None, after="requested")
    with workspace.journal.run("reboot", {"device": name}) as record:
        channel = Recorder(record)
        task = job(workspace, device)
        with converge.linked(task, Access.WRITE, channel) as link:
            driver, _ = converge.recognise(task, link, workspace.registry, required=True)
            action = workspace.registry.action(driver, "reboot")
            if action is None:
                raise Unsupported(f"{name}: fleetctl cannot reboot {driver.name} devices")
            channel.confirm(Intent(device=name, aspect="", changes=(change,)))
            action.run(link.session(action.protocol), None)
        result = proven(task, channel)
        record(Finished(device=name, site=device.site, outcome=result.outcome, reason=result.reason))
    return result


def reset(workspace: Workspace, name: str, *, hard: bool) -> Rebooted:
    """Put a device back to its factory state and watch it go down and come back; its logins are forgotten.

    Soft keeps its address. After a hard reset it may answer at its maker's address, so that it is not waited for there.
    Raises UsageError for switches and hosts, with what to do instead.
    """
    device = writable(workspace, one(workspace, name))
    if device.is_host:
        raise UsageError(
            f"{name} is a host: fleetctl does not reset it. Install it anew from its image, then: "
            f"fleetctl device replace {name}"
        )
    if device.kind is Kind.SWITCH:
        raise UsageError(
            f"{name} is a switch: erased, it loses its address and takes its site along, so fleetctl does not reset "
            f"it. Erase it at its console, give it its address and login there, then: fleetctl device replace {name}"
        )
    word = "hard" if hard else "soft"
    change = Change(device=name, aspect="", field="reset", before=None, after=word)
    with workspace.journal.run("reset", {"device": name, "reset": word}) as record:
        channel = Recorder(record)
        task = job(workspace, device)
        with converge.linked(task, Access.WRITE, channel) as link:
            driver, _ = converge.recognise(task, link, workspace.registry, required=True)
            action = workspace.registry.action(driver, "reset")
            if action is None:
                raise Unsupported(
                    f"{name}: fleetctl cannot reset {driver.name} devices; press its button, then: "
                    f"fleetctl adopt --again --limit {name}"
                )
            channel.confirm(Intent(device=name, aspect="", changes=(change,)))
            action.run(link.session(action.protocol), hard)
        workspace.journal.flush()
        workspace.store.forget(name)  # what it accepted before, it does no longer
        result = watched(task)
        if hard and result.outcome is Outcome.UNREACHABLE and result.down_s is not None:
            reason = "it went down and does not answer at this address; it may be at its maker's (discover it there)"
            result = replace(result, outcome=Outcome.CHANGED, reason=reason)
        record(Finished(device=name, site=device.site, outcome=result.outcome, reason=result.reason))
    return result


def watched(task: Job) -> Rebooted:
    """Watch the device go down and come back, asked without its login."""
    device, begun = task.device, time.monotonic()

    def waited(until_s: float, *, up: bool) -> float | None:
        while time.monotonic() - begun < until_s:
            if converge.answers(task) is up:
                return time.monotonic() - begun
            time.sleep(0.2)
        return None

    down = waited(DOWN_S, up=False)
    if down is None:
        reason = "it said that it would restart, but never stopped answering"
        return Rebooted(device=device, outcome=Outcome.NOT_APPLIED, reason=reason, down_s=None, up_s=None)
    up = waited(down + UP_S, up=True)
    if up is None:
        reason = f"it went down and has not come back within {UP_S:.0f} s; look at its power and its port"
        return Rebooted(device=device, outcome=Outcome.UNREACHABLE, reason=reason, down_s=down, up_s=None)
    return Rebooted(device=device, outcome=Outcome.CHANGED, reason="", down_s=down, up_s=up)


def proven(task: Job, channel: Channel) -> Rebooted:
    """Watch the device go down and come back, and see that it is still the same one."""
    result = watched(task)
    if result.outcome is not Outcome.CHANGED:
        return result
    try:
        _recognised(task, channel, time.monotonic() + UP_S)
    except FleetctlError as error:
        return replace(result, outcome=converge.outcome_of(error), reason=str(error))
    return result


def _recognised(task: Job, channel: Channel, until: float) -> None:
    """See that it is still the same device; one that answers but lets nobody in yet is given time."""
    while True:
        try:
            with converge.linked(task, Access.READ, channel) as link:
                converge.recognise(task, link, catalog.load(), required=True)
        except Unreachable:
            if time.monotonic() > until:
                raise
            time.sleep(0.5)
        else:
            return


def call(workspace: Workspace, name: str, service: str, operation: str, arguments: Mapping[str, str]) -> str:
    """Call one ONVIF operation by hand and return the answer as indented XML.

    The request is built from the WSDL that onvif-zeep carries. A writing operation needs the identity on record.
    """
    from fleetctl.protocols import onvif_generic

    device = one(workspace, name)
    if device.behind:
        raise UsageError(f"{name} is behind {device.behind}, which passes no ONVIF operations on")
    body = onvif_generic.body(service, operation, arguments)
    writing = writes(service, operation)
    if writing:
        writable(workspace, device)
    access = Access.WRITE if writing else Access.READ
    with workspace.journal.run("call", {"device": name, "operation": f"{service} {operation}"}) as record:
        channel = Recorder(record)
        task = job(workspace, device)
        with converge.linked(task, access, channel) as link:
            converge.recognise(task, link, workspace.registry, required=writing)
            if writing:
                change = Change(device=name, aspect="", field=operation, before=None, after="requested")
                channel.confirm(Intent(device=name, aspect="", changes=(change,)))
            answer: str = onvif_generic.send(link.session("onvif"), service, operation, body)
    return answer


def writes(service: str, operation: str) -> bool:
    """Return whether an ONVIF operation may change the device; raises UsageError for one that does not exist."""
    from fleetctl.protocols import onvif_generic

    return onvif_generic.is_writing(service, operation)
