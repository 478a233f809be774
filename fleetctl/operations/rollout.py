"""Roll out: plan what differs, carry it out in waves, resume what was cut off."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final

from fleetctl import converge
from fleetctl.errors import UsageError
from fleetctl.executor import Policy, Stop, Wave, gate_on_share, growing
from fleetctl.model import (
    Device,
    DevicePlan,
    Event,
    Finished,
    Outcome,
    Result,
    worst,
)
from fleetctl.operations import hostrecorders, windows
from fleetctl.operations.plans import Plan
from fleetctl.operations.runs import execute, gathered, hosts_first, in_turn, job, observed, referred, select, task
from fleetctl.operations.workspace import Workspace
from fleetctl.waves import GOOD

SMALL: Final = 10  # up to so many devices: one canary, then all


def plan(
    workspace: Workspace,
    limit: str = "",
    aspects: tuple[str, ...] = (),
    *,
    stop: Stop | None = None,
    policy: Policy | None = None,
) -> Iterator[Event]:
    """Yield the events of planning; gather them with `made`."""
    devices = select(workspace, limit)
    yield from observed(
        workspace, devices, aspects, kind="plan", stop=stop or Stop(), policy=policy or Policy(per_site=8)
    )


def made(events: Sequence[Event], limit: str = "", aspects: tuple[str, ...] = ()) -> Plan:
    """Return the plan that a stream of planning events amounts to."""
    return Plan(
        devices=gathered(events), created=datetime.now(UTC).isoformat(timespec="seconds"), limit=limit, aspects=aspects
    )


# --- apply ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How an apply goes about it. `now`: the reason to ignore maintenance windows, for one site only."""

    now: str = ""
    canary: int = 1
    shares: tuple[float, ...] = ()  # of growing waves, 0 to 1; () lets the number of devices decide
    stop_share: float = 0.2
    per_site: int = 4
    resumes: int | None = None
    deadline: datetime | None = None
    clock: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))


def apply(
    workspace: Workspace, plan: Plan, options: Options | None = None, *, stop: Stop | None = None
) -> Iterator[Event]:
    """Carry out a plan and yield the events. Secrets that accounts need are put into the vault first.

    Raises UsageError (windows), Busy (another operator), VaultError; nothing was sent then.
    """
    options = options or Options()
    stop = stop or Stop()
    plan = _for_apply(workspace, plan)
    devices = {d.device: workspace.inventory.devices[d.device] for d in plan.devices}
    writes = {d.device: d for d in plan.writes if not devices[d.device].audit_only}
    todo = {name: d for name, d in writes.items() if devices[name].serial_number or devices[name].mac_address}
    sites = {devices[name].site for name in todo}
    if options.now and len(sites) > 1:
        raise UsageError(f"--now is for one site at a time, these are {len(sites)}: narrow it with --limit SITE")
    policy = Policy(
        per_site=options.per_site,
        waves=waves(workspace, list(todo), options),
        gate=gate_on_share(options.stop_share),
        stop_share=options.stop_share,
        window=None if options.now else windows.policy(workspace, [n for n in todo if windows.interrupts(todo[n])]),
        deadline=options.deadline,
        clock=options.clock,
    )

    not_ready: dict[str, str] = {}
    turns = in_turn(devices[name] for name in todo)

    def payload(name: str) -> Any:
        return job(workspace, devices[name], plan=todo[name], not_ready=not_ready)

    for event in execute(
        workspace,
        kind="apply",
        arguments={
            "limit": plan.limit,
            "aspects": ",".join(plan.aspects),
            "planned": plan.created,
            "now": options.now,
        },
        tasks=hosts_first(
            task(devices[name], todo[name].needs, _after(workspace, todo[name]) + turns.get(name, ())) for name in todo
        ),
        payload=payload,
        policy=policy,
        stop=stop,
        ready=lambda: _provide_secrets(workspace, devices, todo),
        resumes=options.resumes,
        first=[
            event
            for d in plan.devices
            if d.device not in todo
            for event in (_unknown(devices[d.device]) if d.device in writes else _as_planned(d))
        ],
    ):
        _note(event, not_ready)
        yield event


def _for_apply(workspace: Workspace, plan: Plan) -> Plan:
    """Return the plan without what another command writes (firmware): that is not left undone by an apply."""
    others = {name for name, aspect in workspace.registry.of_devices.items() if aspect.applied_by not in ("apply", "")}
    kept = (replace(d, aspects=tuple(a for a in d.aspects if a.aspect not in others)) for d in plan.devices)
    return replace(plan, devices=tuple(kept))


def _after(workspace: Workspace, device_plan: DevicePlan) -> tuple[str, ...]:
    """Return the devices that end before this one begins: those whose secrets it is to hold (a recorder's cameras)."""
    changed = [a for a in device_plan.aspects if a.changes]
    found = {r.device for r in referred(changed)}
    if any(a.aspect == hostrecorders.ROLE for a in changed):
        device = workspace.inventory.devices[device_plan.device]
        found |= {each.camera for each in hostrecorders.watched(workspace, device)}
    return tuple(sorted(found - {device_plan.device}))


def _note(event: Event, not_ready: dict[str, str]) -> None:
    """Note devices whose accounts cannot be counted on: they ended badly as a whole, or in the aspect `users`."""
    if isinstance(event, Result) and event.aspect in ("", "users") and event.outcome not in GOOD:
        not_ready[event.device] = f"which ended as {event.outcome.value}"
    elif isinstance(event, Finished) and event.outcome in (Outcome.INTERRUPTED, Outcome.PENDING):
        not_ready.setdefault(event.device, f"which is {event.outcome.value}")


def _unknown(device: Device) -> Iterator[Event]:
    """Yield the refusal of a device with no identity on record; told here, it is no canary that stops the others."""
    reason = f"{converge.where(device)} has no identity on record. Untouched. Run: fleetctl adopt --limit {device.name}"
    yield Result(
        device=device.name, kind=device.kind, site=device.site, aspect="", outcome=Outcome.REFUSED, reason=reason
    )
    yield Finished(device=device.name, site=device.site, outcome=Outcome.REFUSED, reason=reason)


def _as_planned(device_plan: DevicePlan) -> Iterator[Event]:
    """Yield the results of a device to which nothing is written: what the plan found is how it stays."""
    told = Result(
        device=device_plan.device,
        kind=device_plan.kind,
        site=device_plan.site,
        aspect="",
        outcome=device_plan.outcome or Outcome.UNCHANGED,
        reason=device_plan.reason,
    )
    if device_plan.outcome is not None:
        yield told
    for a in device_plan.aspects:
        yield replace(told, aspect=a.aspect, outcome=a.outcome, reason=a.reason, changes=a.changes, gaps=a.gaps)
    outcomes = [a.outcome for a in device_plan.aspects]
    outcome = worst([*outcomes, device_plan.outcome] if device_plan.outcome else outcomes)
    yield Finished(device=told.device, site=told.site, outcome=outcome, reason=told.reason)


def waves(workspace: Workspace, names: list[str], options: Options) -> tuple[Wave, ...]:
    """Return the waves: those the inventory declares (`rollout_waves`), else a canary and growing shares."""
    declared = workspace.inventory.values(names[0]).get("rollout_waves") if names else None
    if declared is not None:
        return windows.declared_waves(workspace, declared.value, names)
    spread = one_site_each_first(workspace, names)
    if options.shares:
        return growing(spread, options.shares, canary=options.canary)
    return growing(spread, (1.0,) if len(spread) <= SMALL else (0.05, 0.25, 1.0), canary=options.canary)


def one_site_each_first(workspace: Workspace, names: Sequence[str]) -> list[str]:
    """Order devices so that a wave of any size takes them from as many sites as it can."""
    turns: dict[str, int] = {}
    order: list[tuple[int, str]] = []
    for name in sorted(names):
        site = workspace.inventory.devices[name].site
        turns[site] = turns.get(site, 0) + 1
        order.append((turns[site], name))
    return [name for _, name in sorted(order)]


def _provide_secrets(workspace: Workspace, devices: Mapping[str, Device], todo: Mapping[str, DevicePlan]) -> None:
    """Make the passwords that are missing for accounts to be created: in the vault before anything is sent."""
    sites: dict[str, dict[str, list[str]]] = {}
    for name, device_plan in todo.items():
        changed = [a for a in device_plan.aspects if a.changes]
        wanted = [r.account for r in referred(changed) if r.device == name and r.account != devices[name].user]
        if wanted and not workspace.closed(devices[name].site):
            sites.setdefault(devices[name].site, {})[name] = wanted
    for site, missing in sites.items():
        workspace.vault.ensure(site, missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftovers:
    """What an apply left undone: its run, its devices that are not done, and the aspects it was about (() is all)."""

    run: int
    devices: tuple[str, ...]
    aspects: tuple[str, ...]


def leftovers(workspace: Workspace) -> Leftovers:
    """Return what the last apply that did not come to its end left undone; raises UsageError when there is nothing.

    Unreachable devices of a finished run count as not done.
    """
    found = workspace.journal.unfinished()
    if found is None:
        raise UsageError("there is nothing to resume: the last apply came to its end")
    run, names = found
    (told,) = (each for each in workspace.journal.runs(kind="apply", last=1) if each.run == run)
    aspects = tuple(str(told.args.get("aspects", "")).split(",")) if told.args.get("aspects") else ()
    return Leftovers(run=run, devices=names, aspects=aspects)
