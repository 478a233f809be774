"""One site as a whole: what is wrong first with each device, and camera -> channel -> recording -> days. Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from fleetctl.aspects.channels import BoundCamera, Channels
from fleetctl.aspects.ports import Ports
from fleetctl.aspects.retention import Retention, held_days
from fleetctl.aspects.storage import Disk, Storage
from fleetctl.aspects.users import Level, Users
from fleetctl.aspects.wiring import Wiring
from fleetctl.errors import UsageError
from fleetctl.executor import Policy, Stop
from fleetctl.model import (
    UNSET,
    Device,
    Diagnosed,
    Event,
    Expectation,
    FrozenMap,
    Kind,
    Observed,
    Outcome,
    Unset,
    Viewing,
)
from fleetctl.operations import wiring
from fleetctl.operations.diagnosis import Case, Port, work
from fleetctl.operations.diagnosis.chains import Chain, links
from fleetctl.operations.diagnosis.joining import AWAY, Wrong, joined
from fleetctl.operations.diagnosis.recorders import channels
from fleetctl.operations.runs import execute, job, task
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols.ssh.names import canonical

_PER_SITE: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderCheck:
    """One recorder: its disks, how long it keeps, and who looks; `wrong` is why nothing more was read of it."""

    recorder: str
    outcome: Outcome
    wrong: Diagnosed | None = None
    disks: Mapping[str, Disk] | None = None
    oldest_days: float | None = None
    holds_days: float | None = None
    asked_days: int | None = None
    viewers: tuple[Viewing, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteCheck:
    """What is wrong at a site, the first thing of each device, then its chains and recorders."""

    site: str
    wrongs: tuple[Wrong, ...]
    chains: tuple[Chain, ...]
    recorders: tuple[RecorderCheck, ...]
    asked: tuple[str, ...]  # devices that were examined
    listed: tuple[str, ...]  # devices that nobody can ask: looked after by hand

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes of all parts."""
        return (
            *(w.outcome for w in self.wrongs),
            *(c.outcome for c in self.chains),
            *(r.outcome for r in self.recorders),
        )


class Examination:
    """The examination of some devices: `events` carries it out, `result` is what came of it."""

    def __init__(self, workspace: Workspace, devices: Sequence[Device], stop: Stop | None = None) -> None:
        self.workspace, self.stop = workspace, stop or Stop()
        self.devices = {d.name: d for d in devices if self._askable(d)}
        self.listed = tuple(d.name for d in devices if d.name not in self.devices and not d.behind)
        self._bound = {camera: place for d in self.devices.values() for camera, place in bound(workspace, d)}
        self._own: dict[str, Diagnosed] = {}
        self._observed: dict[str, Observed] = {}

    def _askable(self, device: Device) -> bool:
        return not device.behind and bool(self.workspace.registry.protocols_of(device))

    def events(self) -> Iterator[Event]:
        """Examine the devices, each after its switch and its recorder, and yield the events."""
        switches = {name: wiring.switch_of(self.devices, device) for name, device in self.devices.items()}
        before = {name: [switches[name], self._bound.get(name, ("", ""))[0]] for name in self.devices}
        for event in execute(
            self.workspace,
            kind="check",
            arguments={"devices": ",".join(self.devices)},
            tasks=[
                task(d, after=[each for each in before[name] if each in self.devices], together=False)
                for name, d in self.devices.items()
            ],
            payload=lambda name: self._case(self.devices[name], switches[name]),
            policy=Policy(per_site=_PER_SITE, stop_share=1.0),
            stop=self.stop,
            work=work,
        ):
            if isinstance(event, Diagnosed):
                self._own[event.device] = event
            elif isinstance(event, Observed):
                self._observed[event.device] = event
            yield event

    def _case(self, device: Device, switch: str) -> Case:
        expected = {e.aspect: e.value for e in self.workspace.expectations(device, ("users", "retention"))}
        retention = expected.get("retention")
        kbps = retention.camera_kbps if isinstance(retention, Retention) else UNSET
        return Case(
            job=job(self.workspace, device),
            port=self._port(device, switch),
            watched=self._watched(device),
            viewers=tuple(_viewers(self.workspace, device, expected.get("users"))),
            asked_days=_asked(retention),
            camera_kbps=kbps if isinstance(kbps, int) else None,
        )

    def _watched(self, camera: Device) -> bool:
        """Tell whether the camera's recorder has its picture now."""
        recorder, channel = self._bound.get(camera.name, ("", ""))
        seen = self._observed.get(recorder)
        now = channels(seen.readings).get(channel) if seen is not None else None
        return now is not None and now.online is True

    def _port(self, device: Device, switch: str) -> Port | None:
        """Return how the device's port is, None where its switch did not tell."""
        seen = self._observed.get(switch)
        if seen is None or switch in self._own:
            return None
        name = canonical(device.switch_port)
        ports, wires = (seen.readings[a].value if a in seen.readings else None for a in ("ports", "wiring"))
        named = ports.named if isinstance(ports, Ports) and isinstance(ports.named, FrozenMap) else {}
        told = named.get(name)
        seat = wires.devices.get(device.name) if isinstance(wires, Wiring) and wires.devices else None
        there = str(seat.port) if seat is not None else ""
        slow = wires.slow if isinstance(wires, Wiring) and wires.slow else ()
        return Port(
            switch=switch,
            port=name,
            enabled=_flag(getattr(told, "enabled", None)),
            poe=_flag(getattr(told, "poe", None)),
            up=seen.links.get(name),
            seen=there if there != name else "",
            speed=next((each.partition(" ")[2] for each in slow if each.partition(" ")[0] == name), ""),
        )

    # --- put together -----------------------------------------------------------------------------

    def standing(self, name: str) -> Outcome:
        """Return how a device stands that was examined."""
        return self._own[name].outcome if name in self._own else Outcome.UNCHANGED

    def result(self, site: str) -> SiteCheck:
        """Return the site as it was found."""
        every = self.workspace.inventory.devices
        recorders = [d for d in self.devices.values() if d.kind is Kind.NVR and not d.is_host]
        chains = tuple(self._chains([d for d in every.values() if d.site == site], recorders))
        return SiteCheck(
            site=site,
            wrongs=joined(every, self.devices, self._own, chains),
            chains=chains,
            recorders=tuple(self._recorder(each) for each in recorders),
            asked=tuple(self.devices),
            listed=self.listed,
        )

    def first(self, name: str) -> Wrong | None:
        """Return what is wrong first with one device of those examined."""
        return Wrong(told=self._own[name]) if name in self._own else None

    def _chains(self, devices: Sequence[Device], recorders: Sequence[Device]) -> Iterator[Chain]:
        found: dict[str, Chain] = {}
        for recorder in recorders:
            wanted = next((e.value for e in self.workspace.expectations(recorder, ("channels",))), None)
            behind = {d.name: d for d in devices if d.behind == recorder.name}
            own, seen = self._own.get(recorder.name), self._observed.get(recorder.name)
            trouble = own.cause if own is not None else ""
            readings = seen.readings if seen is not None else {}
            found.update({c.camera: c for c in links(recorder, wanted, behind, readings, trouble)})
        for camera in (d for d in devices if d.kind is Kind.CAMERA):
            answers = None if camera.behind else self._answers(camera.name)
            yield replace(found.get(camera.name, Chain(camera=camera.name, answers=None)), answers=answers)

    def _answers(self, name: str) -> bool | None:
        told = self._own.get(name)
        if name not in self._observed:
            return None
        return told is None or told.cause not in {*AWAY, "no-link", "no-power", "port-shut", "port-dead"}

    def _recorder(self, device: Device) -> RecorderCheck:
        wrong, seen = self._own.get(device.name), self._observed.get(device.name)
        readings = seen.readings if seen is not None else {}
        retention, storage = (readings[a].value if a in readings else None for a in ("retention", "storage"))
        expected = next((e.value for e in self.workspace.expectations(device, ("retention",))), None)
        asked = _asked(expected)
        return RecorderCheck(
            recorder=device.name,
            outcome=wrong.outcome if wrong is not None else Outcome.UNCHANGED,
            wrong=wrong,
            disks=storage.disks if isinstance(storage, Storage) and not isinstance(storage.disks, Unset) else None,
            oldest_days=_number(retention.oldest_days) if isinstance(retention, Retention) else None,
            holds_days=_holds(retention, expected),
            asked_days=int(asked) if asked is not None else None,
            viewers=seen.viewings if seen is not None else (),
        )


def bound(workspace: Workspace, recorder: Device) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield the cameras that a recorder has by the inventory, each with (recorder, channel)."""
    told = next((e.value for e in workspace.expectations(recorder, ("channels",))), None)
    cameras = told.cameras if isinstance(told, Channels) and not isinstance(told.cameras, Unset) else {}
    for key, item in cameras.items():
        if isinstance(item, BoundCamera) and isinstance(item.camera, str):
            yield item.camera, (recorder.name, key)


def examined(workspace: Workspace, site: str, stop: Stop | None = None) -> Examination:
    """Return the examination of a site; raises UsageError for a site that has nothing to be looked at."""
    devices = [d for d in workspace.inventory.devices.values() if d.site == site]
    if not any(d.kind in (Kind.CAMERA, Kind.NVR) for d in devices):
        known = ", ".join(sorted({d.site for d in workspace.inventory.devices.values() if d.site})[:10])
        raise UsageError(f"{site} is no site with cameras or recorders. There are: {known}")
    return Examination(workspace, devices, stop)


def check(workspace: Workspace, site: str) -> SiteCheck:
    """Examine every device of a site, and put together what is wrong; raises UsageError as `examined`."""
    examination = examined(workspace, site)
    for _ in examination.events():
        pass
    return examination.result(site)


def diagnosis(workspace: Workspace, device: Device) -> Wrong | None:
    """Return what is wrong first with one device, its switch asked before it; None where nothing is."""
    if device.behind:
        return None
    switch = workspace.inventory.devices.get(wiring.switch_of(workspace.inventory.devices, device))
    examination = Examination(workspace, [each for each in (switch, device) if each is not None])
    for _ in examination.events():
        pass
    return examination.first(device.name)


def _viewers(workspace: Workspace, device: Device, users: Any) -> Iterator[Any]:
    """Yield a job for each account of a recorder that is only to look."""
    accounts = users.accounts if device.kind is Kind.NVR and isinstance(users, Users) else UNSET
    for name, account in {} if isinstance(accounts, Unset) else accounts.items():
        if getattr(account, "level", None) is Level.USER:
            yield job(workspace, replace(device, user=name))


def _asked(expected: Expectation | Any) -> float | None:
    if not isinstance(expected, Retention):
        return None
    return next((float(d) for d in (expected.at_least_days, expected.days) if isinstance(d, int) and d), None)


def _number(told: Any) -> float | None:
    return float(told) if isinstance(told, int | float) else None


def _flag(told: Any) -> bool | None:
    return told if isinstance(told, bool) else None


def _holds(retention: Any, expected: Any) -> float | None:
    if not isinstance(retention, Retention):
        return None
    kbps = retention.bitrate_kbps or (expected.camera_kbps if isinstance(expected, Retention) else UNSET)
    if isinstance(kbps, Unset) or not isinstance(retention.capacity_gb, float):
        return _number(retention.holds_days)
    return _number(held_days(retention.capacity_gb, kbps))
