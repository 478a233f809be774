"""What comes next in a roll-out, and which lane stops: values of what was agreed and what is on record. No I/O."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fleetctl.flashing.order import ASPECT
from fleetctl.model import Event, Intent, Outcome, Result
from fleetctl.operations.firmware.agreed import GOOD, Rollout, Standing
from fleetctl.waves import FAILURES


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


class Judge:
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
        # A canary that nobody can reach after its soak is one that cannot be judged.
        bad_here = FAILURES | {Outcome.UNREACHABLE} if self._stage.kind == "soak" else FAILURES
        if not isinstance(event, Result) or event.aspect != ASPECT or event.outcome not in bad_here:
            return ""
        if self._stage.kind != "soak" and event.device not in self._touched:
            return ""
        if self._stage.kind in ("canary", "soak"):
            how = "could not be judged" if event.outcome in (Outcome.UNKNOWN, Outcome.UNREACHABLE) else "failed"
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
