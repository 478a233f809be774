"""A declared firmware roll-out: agreed once, then carried out ring by ring, over days if need be.

What was agreed (steps, rings, limits) is in the table `rollouts` and never changed. How far each device is follows from
the journal alone: an Intent is written before anything is sent, Sent once a device has its image, a Result at the end.
"""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fleetctl import flashing
from fleetctl.errors import UsageError
from fleetctl.executor import Policy, Stop
from fleetctl.flashing import Earlier, Flash, Timing
from fleetctl.flashing.order import ASPECT
from fleetctl.model import BackedUp, Event, Image, Intent, Outcome, Result
from fleetctl.operations import backups, windows
from fleetctl.operations.firmware import Step, catalogue
from fleetctl.operations.rollout import one_site_each_first
from fleetctl.operations.runs import execute, job, task
from fleetctl.operations.workspace import Workspace
from fleetctl.waves import FAILURES, growing, utc_now

KIND: Final = "firmware"
STOP_FILE: Final = "firmware.stop"
GOOD: Final = frozenset({Outcome.CHANGED, Outcome.UNCHANGED})
_WAIT_S: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How a roll-out goes about it; agreed at its creation and frozen."""

    shares: tuple[float, ...] = (0.05, 0.25, 1.0)
    halt_share: float = 0.1  # of a ring
    soak_s: float = 1800.0  # after the canary of a lane
    per_site: int = 3
    per_uplink: int = 3
    at_once: int = 16
    timing: Timing = field(default_factory=Timing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far one device is."""

    outcome: Outcome | None = None  # None: nothing came of it yet
    reason: str = ""
    began: float | None = None  # an Intent without its Result: it may have been sent to
    sent: bool = False  # it had the whole image at some time
    tried: int = 0  # how often something was sent
    changed: bool = False  # it told the new version
    soaked: bool = False
    ended: float | None = None


@dataclass(slots=True, kw_only=True)
class Rollout:
    """One roll-out as it stands."""

    name: str
    steps: tuple[Step, ...]
    rings: Mapping[str, tuple[tuple[str, ...], ...]]  # lane -> rings of device names, the first the canary
    settings: Settings
    halted: dict[str, str] = field(default_factory=dict)  # lane -> why
    standing: dict[str, Standing] = field(default_factory=dict)

    @property
    def active(self) -> tuple[Step, ...]:
        """The steps that flash something."""
        return tuple(step for step in self.steps if step.image and not step.refused)


# --- agreed ---------------------------------------------------------------------------------------


def create(workspace: Workspace, name: str, steps: Sequence[Step], settings: Settings) -> Rollout:
    """Agree a roll-out and write it down; raises UsageError where there is nothing to do, or the name is taken."""
    if any(told.name == name for told in workspace.store.rollouts()):
        raise UsageError(f"{name} is there already. Go on with it: fleetctl firmware roll --resume {name}")
    active = [step for step in steps if step.image and not step.refused]
    if not active:
        raise UsageError("no device gets any image. See why: fleetctl firmware plan")
    there = catalogue(workspace)
    for sha256 in sorted({step.image for step in active}):
        there.check(there.image(sha256))
    lanes: dict[str, list[str]] = {}
    for step in active:
        lanes.setdefault(step.lane, []).append(step.device)
    rings = {
        lane: tuple(w.tasks for w in growing(one_site_each_first(workspace, names), settings.shares))
        for lane, names in sorted(lanes.items())
    }
    made = Rollout(name=name, steps=tuple(steps), rings=rings, settings=settings)
    plan = {
        "steps": [{**dataclasses.asdict(step), "outcome": step.outcome.value} for step in steps],
        "rings": {lane: [list(ring) for ring in told] for lane, told in rings.items()},
        "settings": dataclasses.asdict(settings),
    }
    workspace.store.save_rollout(name, plan, {"halted": {}})
    return made


def load(workspace: Workspace, name: str = "") -> Rollout:
    """Return a roll-out (the latest, if none is named) as it stands; raises UsageError where there is none."""
    found = [told for told in workspace.store.rollouts() if name in ("", told.name)]
    if not found:
        raise UsageError(f"there is no roll-out{f' {name}' if name else ''}. Begin one: fleetctl firmware roll")
    told = found[0]
    settings = dict(told.plan["settings"])
    settings |= {"timing": Timing(**settings["timing"]), "shares": tuple(settings["shares"])}
    made = Rollout(
        name=told.name,
        steps=tuple(Step(**{**s, "outcome": Outcome(s["outcome"])}) for s in told.plan["steps"]),
        rings={lane: tuple(tuple(ring) for ring in rings) for lane, rings in told.plan["rings"].items()},
        settings=Settings(**settings),
        halted=dict(told.state["halted"]),
    )
    refresh(workspace, made)
    return made


def refresh(workspace: Workspace, rollout: Rollout) -> None:
    """Read how far each device is out of the journal."""
    rollout.standing = {step.device: Standing() for step in rollout.active}
    for run in reversed(workspace.journal.runs(kind=KIND, last=-1)):
        if run.args.get("rollout") != rollout.name:
            continue
        for entry in workspace.journal.entries(run=run.run, events=("Intent", "Sent", "Result")):
            old = rollout.standing.get(entry.device)
            if old is None or entry.aspect != ASPECT:
                continue
            when = entry.time.timestamp()
            rollout.standing[entry.device] = _after(old, entry.event, entry.payload, when, run.args)


def _after(old: Standing, event: str, payload: Mapping[str, Any], when: float, args: Mapping[str, Any]) -> Standing:
    if event == "Intent":
        return dataclasses.replace(old, began=when, tried=old.tried + 1, ended=None)
    if event == "Sent":
        return dataclasses.replace(old, sent=True)
    outcome = Outcome(payload["outcome"])
    return dataclasses.replace(
        old,
        outcome=outcome,
        reason=str(payload.get("reason", "")) or old.reason,
        began=None,
        changed=old.changed or outcome is Outcome.CHANGED,
        soaked=old.soaked or (args.get("stage") == "soak" and outcome in GOOD),
        ended=old.ended if args.get("stage") == "soak" else when,
    )


# --- what comes next ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What is done together next: a kind (`canary`, `ring`, `soak`) and devices; or nothing until `wait_until`."""

    kind: str
    devices: tuple[str, ...] = ()
    wait_until: float | None = None


def open_now(standing: Standing) -> bool:
    """Return whether a device is still to be done: nothing came of it yet, or nothing was sent when it failed."""
    if standing.outcome in GOOD:
        return False
    if standing.outcome is None or standing.began is not None:
        return True
    if not standing.tried:
        return True  # refused, or out of reach, before anything was sent: looked at again by the next command
    return standing.outcome in (Outcome.UNREACHABLE, Outcome.INTERRUPTED) and not standing.sent


def following(rollout: Rollout, tried: frozenset[str], now: float) -> Stage | None:
    """Return the next stage; None when all is done as far as it can be. `tried` were tried by this command already."""
    canaries: list[str] = []
    soaking: list[str] = []
    rings: list[str] = []
    waits: list[float] = []
    for lane, told in rollout.rings.items():
        if lane in rollout.halted:
            continue
        canary = _canary(rollout, told)
        if canary is None:
            order = [name for ring in told for name in ring]
            left = [n for n in order if open_now(rollout.standing[n]) and n not in tried]
            canaries += left[:1]
        elif not rollout.standing[canary].soaked:
            ready = (rollout.standing[canary].ended or now) + rollout.settings.soak_s
            (soaking.append(canary) if ready <= now else waits.append(ready))
        else:
            rings += _ring(rollout, told, tried)
    for kind, names in (("canary", canaries), ("soak", soaking), ("ring", rings)):
        if names:
            return Stage(kind=kind, devices=tuple(names))
    return Stage(kind="soak", wait_until=min(waits)) if waits else None


def _canary(rollout: Rollout, rings: tuple[tuple[str, ...], ...]) -> str | None:
    """Return the lane's proven canary: the first device of its order that was changed and ended well."""
    for ring in rings:
        for name in ring:
            if rollout.standing[name].changed and rollout.standing[name].outcome in GOOD:
                return name
    return None


def _ring(rollout: Rollout, rings: tuple[tuple[str, ...], ...], tried: frozenset[str]) -> list[str]:
    """Return what is left of the first ring that has something left; what cannot be reached holds nobody up."""
    for ring in rings:
        if left := [n for n in ring if open_now(rollout.standing[n]) and n not in tried]:
            return left
    return []


# --- carried out ----------------------------------------------------------------------------------


class Roll:
    """Carries a roll-out on, stage by stage; one object, one command."""

    def __init__(
        self, workspace: Workspace, rollout: Rollout, stop: Stop, *, again: bool = False, now: str = ""
    ) -> None:
        """`again`: do not wait until unreachable devices are due; `now`: the reason to ignore maintenance windows."""
        self.workspace, self.rollout, self.stop = workspace, rollout, stop
        self._again, self._now = again, now
        self._tried: set[str] = set()
        self._lane = {step.device: step.lane for step in rollout.active}
        self._steps = {step.device: step for step in rollout.active}
        self._images: dict[str, Image] = {}
        self._window = None if now else windows.policy(workspace, self._steps)
        sites = {workspace.inventory.devices[name].site for name in self._steps}
        if now and len(sites) > 1:
            raise UsageError(f"--now is for one site at a time, these are {len(sites)}: narrow it with --limit SITE")

    @property
    def stop_file(self) -> Any:
        """The file whose existence ends every roll-out of the workspace."""
        return self.workspace.state / STOP_FILE

    def events(self) -> Iterator[Event]:
        """Yield the events of every stage until nothing is left, a person ends it, or all lanes are halted."""
        if not self._again:
            due = {told.device for told in self.workspace.store.queued(KIND, due=time.time())}
            waiting = {told.device for told in self.workspace.store.queued(KIND)}
            self._tried |= waiting - due
        with self.stop.on_ctrl_c():
            while not self.stop.requested and not self._stopped():
                stage = following(self.rollout, frozenset(self._tried | self._closed()), time.time())
                if stage is None:
                    return
                if stage.wait_until is not None:
                    time.sleep(min(_WAIT_S, max(0.05, stage.wait_until - time.time())))
                    continue
                yield from self._stage(stage)
                refresh(self.workspace, self.rollout)

    def _closed(self) -> set[str]:
        """Return the devices whose maintenance window is not open now."""
        if self._window is None:
            return set()
        moment = utc_now()
        return {name for name in self._steps if self._window(name, moment)}

    def _stopped(self) -> bool:
        if self.stop_file.exists():
            self.stop.request(f"{self.stop_file} is there; take it away to go on: fleetctl firmware roll --resume")
            return True
        return False

    def _stage(self, stage: Stage) -> Iterator[Event]:
        workspace, settings = self.workspace, self.rollout.settings
        self._tried |= set(stage.devices) if stage.kind != "soak" else set()
        judge = _Judge(self.rollout, stage)
        site_window = None if stage.kind == "soak" else self._window

        def window(name: str, moment: Any) -> str:
            if reason := self.rollout.halted.get(self._lane[name], ""):
                return f"halted: {reason}"
            if self._stopped():
                return f"{self.stop_file} is there"
            return site_window(name, moment) if site_window is not None else ""

        policy = Policy(
            process_threshold=len(stage.devices) + 1,
            threads=settings.at_once,
            per_site=settings.per_site,
            per_uplink=settings.per_uplink,
            window=window,
        )
        arguments = {"rollout": self.rollout.name, "stage": stage.kind, "now": self._now}
        tasks = [task(workspace.inventory.devices[name]) for name in stage.devices]
        for event in execute(
            workspace,
            kind=KIND,
            arguments=arguments,
            tasks=tasks,
            payload=lambda name: self._payload(name, stage),
            policy=policy,
            stop=self.stop,
            work=flashing.work,
        ):
            if isinstance(event, BackedUp):
                device = workspace.inventory.devices[event.device]
                backups.keep(workspace, device, event.backup, event.serial_number, event.mac_address)
                continue
            if reason := judge.takes(event):
                self._halt(self._lane[event.device], reason)
            yield event

    def _halt(self, lane: str, reason: str) -> None:
        if lane not in self.rollout.halted:
            self.rollout.halted[lane] = reason
            kept = next(t for t in self.workspace.store.rollouts() if t.name == self.rollout.name)
            self.workspace.store.save_rollout(self.rollout.name, kept.plan, {"halted": self.rollout.halted})

    def _payload(self, name: str, stage: Stage) -> Flash:
        workspace, step = self.workspace, self._steps[name]
        device, standing = workspace.inventory.devices[name], self.rollout.standing[name]
        if step.image not in self._images:
            there = catalogue(workspace)
            self._images[step.image] = there.image(step.image)
            there.check(self._images[step.image])
        image = self._images[step.image]
        earlier = None if standing.began is None else Earlier(began=standing.began, sent=standing.sent)
        return Flash(
            job=job(workspace, device, workspace.expectations(device, ())),
            image=image,
            path=str(catalogue(workspace).path(image)),
            before=step.before,
            timing=self.rollout.settings.timing,
            earlier=earlier,
            again=stage.kind == "soak",
        )


class _Judge:
    """Looks at the endings of one stage and says which lane stops, as soon as that is certain."""

    def __init__(self, rollout: Rollout, stage: Stage) -> None:
        self._rollout, self._stage = rollout, stage
        self._lane = {step.device: step.lane for step in rollout.active}
        self._touched: set[str] = {n for n in stage.devices if rollout.standing[n].began is not None}
        self._bad: dict[str, list[str]] = {}

    def takes(self, event: Event) -> str:
        """Return why the event's lane stops, "" if it goes on. What was refused before anything was sent stops none."""
        if isinstance(event, Intent) and event.aspect == ASPECT:
            self._touched.add(event.device)
        if not isinstance(event, Result) or event.aspect != ASPECT or event.outcome not in FAILURES:
            return ""
        if self._stage.kind != "soak" and event.device not in self._touched:
            return ""
        if self._stage.kind in ("canary", "soak"):
            how = "could not be judged" if event.outcome is Outcome.UNKNOWN else "failed"
            return f"its canary {event.device} {how}: {event.reason}"
        lane = self._lane[event.device]
        bad = self._bad.setdefault(lane, [])
        bad.append(event.device)
        ring = next(r for r in self._rollout.rings[lane] if event.device in r)
        allowed = math.floor(self._rollout.settings.halt_share * len(ring))
        earlier = [n for n in ring if n not in bad and self._rollout.standing[n].outcome in FAILURES]
        failed = len(bad) + len([n for n in earlier if self._rollout.standing[n].tried])
        if failed > allowed:
            return f"{failed} of the {len(ring)} devices of a ring failed (allowed: {allowed}), the last {event.device}"
        return ""


def outcomes(rollout: Rollout) -> Iterator[Outcome]:
    """Yield how each device of a roll-out stands, for the exit code."""
    for step in rollout.steps:
        if step.refused or not step.image:
            yield step.outcome
            continue
        standing = rollout.standing[step.device]
        yield standing.outcome if standing.outcome is not None else Outcome.PENDING
