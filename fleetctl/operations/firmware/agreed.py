"""A declared firmware roll-out: agreed once, never changed; how far each device is follows from the journal.

What was agreed (steps, rings, limits) is in the table `rollouts`. An Intent is written before anything is sent, Sent
once a device has its image, a Result at the end.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fleetctl.errors import UsageError
from fleetctl.flashing import Timing
from fleetctl.flashing.order import ASPECT
from fleetctl.model import Event, Noted, Outcome
from fleetctl.operations.firmware.steps import Step, catalogue
from fleetctl.operations.rollout import one_site_each_first
from fleetctl.operations.workspace import Workspace
from fleetctl.waves import growing

KIND: Final = "firmware"
GOOD: Final = frozenset({Outcome.CHANGED, Outcome.UNCHANGED})


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
    before: Noted | None = None  # how it was just before it was sent to, and when it was judged
    after: Noted | None = None


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
        return tuple(step for step in self.steps if step.active)


def create(workspace: Workspace, name: str, steps: Sequence[Step], settings: Settings) -> Rollout:
    """Agree a roll-out and write it down; raises UsageError where there is nothing to do, or the name is taken."""
    if any(told.name == name for told in workspace.store.rollouts()):
        raise UsageError(f"{name} is there already. Go on with it: fleetctl firmware roll --resume {name}")
    active = [step for step in steps if step.active]
    if not active:
        raise UsageError("nothing is to be done to any device. See why: fleetctl firmware plan")
    there = catalogue(workspace)
    for sha256 in sorted({step.image for step in active if step.image}):
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
        for entry in workspace.journal.entries(run=run.run, events=("Noted", "Intent", "Sent", "Result")):
            old = rollout.standing.get(entry.device)
            if old is None or entry.aspect != ASPECT:
                continue
            when = entry.time.timestamp()
            if entry.event == "Noted":
                rollout.standing[entry.device] = _with(old, entry.value())
            else:
                rollout.standing[entry.device] = _after(old, entry.event, entry.payload, when, run.args)


def _with(old: Standing, noted: Event) -> Standing:
    if not isinstance(noted, Noted):
        return old
    return dataclasses.replace(old, after=noted) if noted.after else dataclasses.replace(old, before=noted, after=None)


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


def outcomes(rollout: Rollout) -> Iterator[Outcome]:
    """Yield how each device of a roll-out stands, for the exit code."""
    for step in rollout.steps:
        if not step.active:
            yield step.outcome
            continue
        standing = rollout.standing[step.device]
        yield standing.outcome if standing.outcome is not None else Outcome.PENDING
