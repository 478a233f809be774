"""Another device takes a place: adopted, set, its recorder's channel recording again, the old one retired.

The place keeps its name, its vault entries and its history. Each step does nothing where it is done already, so that a
replacement that was cut off is gone on with by the same command.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from fleetctl import converge
from fleetctl.aspects.state import ChannelState
from fleetctl.errors import FleetctlError, UsageError
from fleetctl.executor import Stop
from fleetctl.model import (
    Access,
    Device,
    DevicePlan,
    Event,
    Finished,
    Kind,
    Outcome,
    Result,
    Retired,
    worst,
)
from fleetctl.operations import newcomer, rollout
from fleetctl.operations.adopt import adopt
from fleetctl.operations.device import Recorder, one, writable
from fleetctl.operations.diagnosis.recorders import channels
from fleetctl.operations.plans import Plan
from fleetctl.operations.runs import job
from fleetctl.operations.site import bound
from fleetctl.operations.workspace import Workspace

KIND: Final = "replace"
PROOF_S: Final = 180.0  # how long a channel may take until it records the new camera
_LOOK_S: Final = 2.0
_AROUND: Final = timedelta(days=2)  # of the true time: zones, and clocks that are hours off
_GOOD: Final = (Outcome.UNCHANGED, Outcome.CHANGED, Outcome.WAIVED, Outcome.UNSUPPORTED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of a replacement and how it ended; `name` is retire, adopt, apply, channel, recording or firmware."""

    name: str
    device: str
    outcome: Outcome
    reason: str = ""

    @property
    def good(self) -> bool:
        """Whether the next step may follow."""
        return self.outcome in _GOOD


@dataclass(frozen=True, slots=True, kw_only=True)
class New:
    """What a person says of the new device, where it is otherwise than the old one; `enable` is a switch's secret."""

    vendor: str = ""
    address: str = ""
    enable: str = ""


def replace(workspace: Workspace, name: str, new: New | None = None, *, stop: Stop | None = None) -> Iterator[Step]:
    """Let the device that answers at a place take it, and yield each step as it ends; ends at the first that fails.

    Raises UsageError (audit_only, in no inventory file), InventoryError for an address that another device has,
    VaultError; nothing was sent then.
    """
    new = new or New()
    device, stop = _replaceable(workspace, name), stop or Stop()
    steps = []
    for step in _steps(workspace, device, new, stop):
        steps.append(step)
        yield step
        if not step.good or stop.requested:
            break
    with workspace.journal.run(KIND, {"device": name, "done": "yes" if all(s.good for s in steps) else ""}) as record:
        outcome = worst(s.outcome for s in steps)
        record(
            Finished(
                device=name, site=device.site, outcome=outcome, reason="; ".join(s.reason for s in steps if s.reason)
            )
        )


def _replaceable(workspace: Workspace, name: str) -> Device:
    device = one(workspace, name)
    if not workspace.registry.protocols_of(device) and not device.behind:
        raise UsageError(f"{name} is looked after by hand: write its new serial number into the inventory")
    writable(workspace, device)
    if device.place is None:
        raise UsageError(f"{name} is in no inventory file that fleetctl can write its new serial number into")
    return device


def _steps(workspace: Workspace, device: Device, new: New, stop: Stop) -> Iterator[Step]:
    name = device.name
    yield _retire(workspace, device, new)
    ended = _ended(adopt(workspace, name, replace_=True, stop=stop, enable=new.enable), name)
    workspace.reread()
    followed = newcomer.follow(workspace, one(workspace, name)) if ended[0] in _GOOD else ""
    now = one(workspace, name)
    same = (now.serial_number, now.mac_address) == (device.serial_number, device.mac_address)
    told = "the same device as before" if same else f"serial number {now.serial_number or now.mac_address}"
    reason = ", ".join(each for each in (ended[1] or told, followed) if each)
    yield Step(name="adopt", device=name, outcome=ended[0], reason=reason)
    if (
        device.kind in (Kind.CAMERA, Kind.NVR)
        and not device.is_host
        and (went := newcomer.flash(workspace, name, stop))
    ):
        yield Step(name="firmware", device=name, outcome=went[0], reason=went[1])
    recorder, places = _places(workspace, now)
    first = _first(workspace, recorder)  # before anything is bound: what is there later is new
    plan = _planned(workspace, name, (), stop)
    yield _applied(workspace, plan, name, "apply", stop)
    if recorder and recorder != name:
        bind = _planned(workspace, recorder, ("channels", "recording"), stop)
        yield _applied(workspace, bind, recorder, "channel", stop)
    if places:
        yield _recording(workspace, one(workspace, recorder), places, first)
    if old := next((d for d in plan.devices if _outdated(d)), None):
        reason = f"its firmware {old.firmware} is not the one expected: fleetctl firmware plan --limit {name}"
        yield Step(name="firmware", device=name, outcome=Outcome.UNCHANGED, reason=reason)


def _outdated(plan: DevicePlan) -> bool:
    return any(a.aspect == "firmware" and a.outcome not in _GOOD for a in plan.aspects)


# --- the old one ----------------------------------------------------------------------------------


def _retire(workspace: Workspace, device: Device, new: New) -> Step:
    """Put the old one on record, and forget what its sessions taught; a replacement under way has that behind it."""
    facts = workspace.facts(device.name)
    last = next((r for r in workspace.journal.runs(kind=KIND, last=200) if r.args.get("device") == device.name), None)
    before = device.serial_number or device.mac_address or "unknown"
    if last is not None and not last.args.get("done"):
        there = [e.payload for e in workspace.journal.entries(device=device.name, events=("Retired",), last=1)]
        before = next((str(p["serial_number"] or p["mac_address"]) for p in there), before)
    else:
        with workspace.journal.run(KIND, {"device": device.name, "done": ""}) as record:
            record(
                Retired(
                    device=device.name,
                    serial_number=device.serial_number,
                    mac_address=device.mac_address,
                    manufacturer=facts.get("manufacturer", device.vendor),
                    model=facts.get("model", device.model),
                )
            )
        workspace.store.forget(device.name)
    told = {"vendor": new.vendor, newcomer.ADDRESS: new.address}
    if said := {variable: value for variable, value in told.items() if value}:
        newcomer.write(workspace, device.name, said)
    recorder = device.kind is Kind.NVR and not device.is_host
    evidence = f"; keep as evidence: {_disks(workspace, device)}" if recorder else ""
    return Step(name="retire", device=device.name, outcome=Outcome.CHANGED, reason=f"serial number {before}{evidence}")


def _disks(workspace: Workspace, recorder: Device) -> str:
    """Name the disks of a recorder as its site's last acceptance has them, else say where they are."""
    from fleetctl.operations import accepting

    run = next(
        (r for r in workspace.journal.runs(kind=accepting.KIND, last=200) if r.args.get("site") == recorder.site), None
    )
    told: Mapping[str, Any] = accepting.again(workspace, recorder.site, run.run).told if run is not None else {}
    found: Mapping[str, Any] = next((r["disks"] for r in told.get("recorders", ()) if r["name"] == recorder.name), {})
    named = [f"disk {n} {d.get('model', '')} {d.get('serial_number', '')}".strip() for n, d in found.items()]
    return ", ".join(" ".join(each.split()) for each in named) or "its disks"


# --- the new one ----------------------------------------------------------------------------------


def _ended(events: Iterator[Event], name: str) -> tuple[Outcome, str]:
    """Return how a device ended in a run, with the worst of its reasons."""
    outcome, reasons = Outcome.UNCHANGED, []
    for event in events:
        if isinstance(event, Result) and event.device == name and event.outcome not in _GOOD and event.reason:
            reasons.append(event.reason)
        if isinstance(event, Finished) and event.device == name:
            outcome = event.outcome
            reasons += [event.reason] if event.reason and event.reason not in reasons else []
    return outcome, "; ".join(reasons)


def _planned(workspace: Workspace, name: str, aspects: tuple[str, ...], stop: Stop) -> Plan:
    return rollout.made(list(rollout.plan(workspace, name, aspects, stop=stop)), name, aspects)


def _applied(workspace: Workspace, plan: Plan, name: str, step: str, stop: Stop) -> Step:
    """Carry a plan out at once: somebody stands there with the new device."""
    options = rollout.Options(now="a device was replaced", canary=0)
    outcome, reason = _ended(rollout.apply(workspace, plan, options, stop=stop), name)
    if outcome is Outcome.UNSUPPORTED and not reason:
        reason = f"it does not offer all that is expected: fleetctl audit --limit {name}"
    return Step(name=step, device=name, outcome=outcome, reason=reason)


def _places(workspace: Workspace, device: Device) -> tuple[str, tuple[str, ...]]:
    """Return the recorder that is to record, and its channels: a camera's own, or all that a recorder has."""
    if device.is_host or device.kind not in (Kind.CAMERA, Kind.NVR):
        return "", ()
    if device.kind is Kind.NVR:
        return device.name, tuple(channel for _, (_, channel) in bound(workspace, device))
    for recorder in workspace.inventory.devices.values():
        if recorder.site == device.site and recorder.kind is Kind.NVR and not recorder.is_host:
            if device.behind == recorder.name:
                return recorder.name, (str(device.channel),)
            for camera, (_, channel) in bound(workspace, recorder):
                if camera == device.name:
                    return recorder.name, (channel,)
    return "", ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """How a recorder's channels stand, and the footage of each that lies around now by its own clock, however wrong."""

    states: Mapping[str, ChannelState]
    footage: Mapping[str, frozenset[Any]]


def _first(workspace: Workspace, recorder: str) -> _Look | None:
    """Return what a recorder has before the new device is set, None where it cannot be asked."""
    try:
        return _looked(workspace, one(workspace, recorder)) if recorder else None
    except FleetctlError:
        return None


def _recording(workspace: Workspace, recorder: Device, places: tuple[str, ...], first: _Look | None) -> Step:
    """Wait until each channel has other footage than at the first look, or than when this began.

    Not until it is later: a new recorder's clock may have been ahead when it wrote its first footage.
    """
    deadline = time.monotonic() + PROOF_S
    waiting, reason = set(places), ""
    while waiting and time.monotonic() < deadline:
        try:
            now = _looked(workspace, recorder)
        except FleetctlError as error:
            reason = converge.told(error)
        else:
            first = first or now
            waiting -= {key for key in waiting if _grew(key, first, now)}
            reason = ", ".join(f"channel {key}: {_word(now, key)}" for key in sorted(waiting))
        time.sleep(_LOOK_S if waiting else 0)
    if waiting:
        told = f"no new footage within {PROOF_S:.0f} s: {reason or 'the recorder does not tell'}"
        return Step(name="recording", device=recorder.name, outcome=Outcome.NOT_APPLIED, reason=told)
    told = f"new footage on channel {', '.join(places)}"
    return Step(name="recording", device=recorder.name, outcome=Outcome.CHANGED, reason=told)


def _grew(key: str, first: _Look, now: _Look) -> bool:
    """Tell whether a channel gets its picture, records it, and has footage that was not there at the first look."""
    state, footage = now.states.get(key), now.footage.get(key, frozenset())
    good = state is not None and state.online is True and state.recording is True
    return good and bool(footage) and footage != first.footage.get(key, frozenset())


def _word(now: _Look, key: str) -> str:
    state = now.states.get(key)
    return "it has no camera" if state is None else str(state.told or "offline")


def _looked(workspace: Workspace, recorder: Device) -> _Look:
    with workspace.journal.run("show", {"device": recorder.name}) as record:
        task = job(workspace, recorder)
        with converge.linked(task, Access.READ, Recorder(record)) as link:
            driver, _ = converge.recognise(task, link, workspace.registry, required=False)
            reading = converge.read(workspace.registry.cell(driver, "state"), "state", link)
            find = workspace.registry.action(driver, "find_footage")
            around = (datetime.now(UTC) - _AROUND, datetime.now(UTC) + _AROUND)
            segments = () if find is None else find.run(link.session(find.protocol), around)
    states = channels({"state": reading})
    if find is None:
        return _Look(states=states, footage={key: frozenset({each.last_segment}) for key, each in states.items()})
    found: dict[str, set[Any]] = {}
    for each in segments:
        found.setdefault(each.channel, set()).add((each.begin, each.end))
    return _Look(states=states, footage={key: frozenset(spans) for key, spans in found.items()})
