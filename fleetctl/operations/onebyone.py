"""Several factory-new devices at one address, taken in one at a time: by their ports, or as a person connects them.

While one is taken in, the ports of the others are shut on their switch; nothing of that is saved there. They are given
back at the end, and at the beginning of the next call where this one was killed; a plan of the switch has them as well.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fleetctl import converge
from fleetctl.aspects.network import Network
from fleetctl.errors import FleetctlError, Refused, Unreachable, Unsupported, UsageError
from fleetctl.executor import Stop
from fleetctl.model import (
    UNSET,
    Access,
    Change,
    Device,
    Event,
    Expectation,
    Finished,
    Intent,
    Kind,
    Outcome,
    Result,
)
from fleetctl.operations import discovering, wiring
from fleetctl.operations.adopt import adopt, elsewhere, to_adopt
from fleetctl.operations.device import Recorder
from fleetctl.operations.discovering import Sighting
from fleetctl.operations.discovering.asking import knock
from fleetctl.operations.runs import job
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols.ssh.names import canonical

ANSWERS_S: Final = 180.0  # how long a camera may take to start once its port is on
_PAUSE_S: Final = 1.0
_HEARD_S: Final = 3.0  # devices tell of themselves within half a second; a second one must not be missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One device and the port it hangs on; `switch` is None where the inventory does not say."""

    device: Device
    switch: Device | None = None
    port: str = ""


def turns(workspace: Workspace, limit: str) -> tuple[Turn, ...]:
    """Return the devices that are not adopted, each with its port. Raises UsageError where there are none."""
    devices = workspace.inventory.devices
    found = []
    for device in to_adopt(workspace, limit, again=False):
        if device.kind in (Kind.CAMERA, Kind.NVR) and not device.behind and not device.is_host:
            name = wiring.switch_of(devices, device)
            switch = devices.get(name)
            found.append(Turn(device=device, switch=switch, port=canonical(device.switch_port) if switch else ""))
    if not found:
        raise UsageError("--at: none of these devices is a camera or recorder that is to be adopted")
    return tuple(found)


def taken_in(
    workspace: Workspace, found: Sequence[Turn], at: str, stop: Stop, ready: Callable[[Turn], bool]
) -> Iterator[Event]:
    """Take devices in one after the other at the address `at`, and give each its own; yields the events.

    `ready` asks a person to connect a device that has no port; False ends it. A device that fails is shut again.
    Raises what the switch does; a device that does not answer alone is told as one that failed.
    """
    held = _ports(found)
    with contextlib.ExitStack() as ends:
        for switch, ports in held.items():
            ends.callback(_given_back, workspace, switch, ports)
            _hold(workspace, switch, ports, enabled=False)
        for turn in found:
            if stop.requested:
                return
            if turn.switch is not None:
                _hold(workspace, turn.switch.name, (turn.port,), enabled=True)
            elif not ready(turn):
                return
            moved = False
            for event in _one(workspace, turn, at, stop):
                if isinstance(event, Finished) and event.device == turn.device.name:
                    moved = event.outcome is Outcome.CHANGED
                yield event
            if not moved and turn.switch is not None:
                _hold(workspace, turn.switch.name, (turn.port,), enabled=False)


def _ports(found: Sequence[Turn]) -> Mapping[str, tuple[str, ...]]:
    held: dict[str, tuple[str, ...]] = {}
    for turn in found:
        if turn.switch is not None:
            held[turn.switch.name] = (*held.get(turn.switch.name, ()), turn.port)
    return held


def _given_back(workspace: Workspace, name: str, ports: tuple[str, ...]) -> None:
    """Give the ports back; raises with what to do where that fails."""
    try:
        _hold(workspace, name, ports, enabled=True)
    except FleetctlError as error:
        raise Unreachable(
            f"{error}; ports {', '.join(ports)} of {name} may be shut. Give them back: fleetctl apply --limit {name} "
            "--aspect ports, or restart the switch"
        ) from error


def _hold(workspace: Workspace, name: str, ports: tuple[str, ...], *, enabled: bool) -> None:
    """Shut ports of a switch, or give them back; on record before it is typed."""
    switch = workspace.inventory.devices[name]
    changes = tuple(
        Change(device=name, aspect="ports", field="named", key=port, before=not enabled, after=enabled)
        for port in ports
    )  # fmt: skip
    with workspace.journal.run("adopt", {"switch": name, "ports": ",".join(ports), "enabled": str(enabled)}) as record:
        task = job(workspace, switch)
        channel = Recorder(record)
        with converge.linked(task, Access.WRITE, channel) as link:
            driver, _ = converge.recognise(task, link, workspace.registry, required=True)
            action = workspace.registry.action(driver, "hold")
            if action is None:
                raise Unsupported(f"{name}: fleetctl cannot shut its ports")
            channel.confirm(Intent(device=name, aspect="ports", changes=changes))
            action.run(link.session(action.protocol), (ports, enabled))


def _one(workspace: Workspace, turn: Turn, at: str, stop: Stop) -> Iterator[Event]:
    """Take one device in at the shared address, then give it its own."""
    name = turn.device.name
    try:
        _alone(workspace, turn, at)
    except FleetctlError as error:
        yield from _failed(turn.device, converge.outcome_of(error), converge.told(error))
        return
    outcome = Outcome.UNCHANGED
    for event in adopt(workspace, name, stop=stop, at=at):
        outcome = event.outcome if isinstance(event, Finished) else outcome
        if not isinstance(event, Finished) or event.outcome is not Outcome.CHANGED:
            yield event
    if outcome is Outcome.CHANGED:
        workspace.reread()
        yield from _given_address(workspace, workspace.inventory.devices[name], at)


def _failed(device: Device, outcome: Outcome, reason: str) -> Iterator[Event]:
    """Yield how a device ended that was not spoken to."""
    yield Result(device=device.name, kind=device.kind, site=device.site, aspect="", outcome=outcome, reason=reason)
    yield Finished(device=device.name, site=device.site, outcome=outcome, reason=reason)


def _alone(workspace: Workspace, turn: Turn, at: str) -> None:
    """Wait until the device answers at the address; raises Unreachable, and Refused where several do."""
    endpoint = turn.device.endpoint
    seen = Sighting(address=at, port=endpoint.port, via=endpoint.via, vendor=turn.device.vendor)
    deadline = time.monotonic() + ANSWERS_S
    while knock(seen, workspace.registry, workspace.known_hosts) is None:
        if time.monotonic() > deadline:
            raise Unreachable(f"{turn.device.name}: nothing answers at {at}: is it connected, and factory-new?")
        time.sleep(_PAUSE_S)
    if endpoint.via:
        return  # announcements do not pass a relay; the ports of the others are shut
    where = replace(discovering.where(workspace, ()), wait_s=_HEARD_S)
    there = [each for each in discovering.asked(workspace, where).seen if each.address == at]
    if len(there) > 1:
        told = ", ".join(each.mac_address for each in there)
        raise Refused(f"{len(there)} devices answer at {at} ({told}): unplug all but {turn.device.name}")


def _given_address(workspace: Workspace, device: Device, at: str) -> Iterator[Event]:
    """Give a device the address that the inventory has for it, confirmed where it then answers."""
    here = elsewhere(device, at)
    told = next(iter(workspace.expectations(device, ("network",))), None)
    value = told.value if told is not None else Network()
    if value.address is UNSET:
        value = replace(value, address=device.endpoint.address)
    wanted = Expectation(aspect="network", value=value, places=told.places if told is not None else {})
    events: list[Event] = []
    with workspace.journal.run("apply", {"devices": device.name, "aspects": "network"}) as record:

        def kept(event: Event) -> None:
            record(event)
            events.append(event)

        channel = Recorder(kept)
        converge.work(device.name, job(workspace, here, (wanted,)), channel)
        if channel.plan is not None and channel.plan.outcome is None and any(a.changes for a in channel.plan.aspects):
            events.clear()
            converge.work(device.name, job(workspace, here, plan=channel.plan), channel)
    failed = next((e for e in events if isinstance(e, Result) and e.outcome is not Outcome.CHANGED), None)
    yield from (event for event in events if not isinstance(event, Finished))
    last = Outcome.CHANGED if failed is None else failed.outcome
    yield Finished(device=device.name, site=device.site, outcome=last, reason=failed.reason if failed else "")
