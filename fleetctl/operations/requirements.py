"""Requirements: read what packs demand of devices, count what the inventory lists, and judge. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from fleetctl import converge
from fleetctl.errors import UsageError
from fleetctl.executor import Policy, Stop
from fleetctl.model import AspectPlan, Device, DevicePlan, Event, Expectation, Kind, Waiver
from fleetctl.operations.runs import execute, hosts_first, job, select, task
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols.outside import Outside
from fleetctl.standard.attestations import attested
from fleetctl.standard.judging import Judged, Verdict, judge, unread
from fleetctl.standard.requirements import Pack, Requirement, built_in, load_pack

PARAMETERS: Final = "requirement_parameters"
_ROLES_TELL_NOTHING: Final = "a host's roles tell what they would change, not how it is"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one requirement came to at one device, desk or site; `waiver` is the exception that was agreed to."""

    requirement: Requirement
    subject: str  # the device's name, the site's key, or "site: desk"
    site: str
    kind: Kind | None  # of a device
    judged: Judged
    waiver: Waiver | None = None


def packs(workspace: Workspace, asked: Sequence[str], limit: str = "") -> tuple[Pack, ...]:
    """Return the packs that were asked for, else all that come with fleetctl, with the inventory's parameters.

    `requirement_parameters` ({pack: {name: value}}) is taken from the first device: it stands in the standard, for all.
    """
    values = workspace.inventory.values(select(workspace, limit)[0].name)
    given = values[PARAMETERS].value if PARAMETERS in values else {}
    if not isinstance(given, Mapping) or not all(isinstance(each, Mapping) for each in given.values()):
        raise UsageError(f"{PARAMETERS}: write {{pack: {{parameter: value}}}}")
    aspects = workspace.registry.aspects
    found = tuple(load_pack(told, aspects) for told in asked or built_in())
    return tuple(
        load_pack(told, aspects, given[pack.name]) if pack.name in given else pack
        for told, pack in zip(asked or built_in(), found, strict=True)
    )


def observed(
    workspace: Workspace, wanted: Sequence[Pack], limit: str = "", *, stop: Stop | None = None
) -> Iterator[Event]:
    """Read what the packs judge of the chosen devices, expected of them or not; yields a Planned for each."""
    read = {d.name: asked for d in select(workspace, limit) if (asked := _asked(workspace, wanted, d))}
    devices = workspace.inventory.devices

    def payload(name: str) -> converge.Job:
        return job(workspace, devices[name], read[name])

    yield from execute(
        workspace,
        kind="check",
        arguments={"packs": ",".join(pack.name for pack in wanted), "limit": limit},
        tasks=hosts_first(task(devices[name]) for name in read),
        payload=payload,
        policy=Policy(per_site=8),
        stop=stop or Stop(),
    )


def _asked(workspace: Workspace, wanted: Sequence[Pack], device: Device) -> tuple[Expectation, ...]:
    """Return what is to be read of a device: an expectation where there is one, else an empty one."""
    if device.is_host or device.behind:
        return ()
    names = {check.setting[0] for check in _of(wanted) if check.setting and device.kind in check.kinds}
    known = {each.aspect: each for each in workspace.expectations(device, tuple(sorted(names)))} if names else {}
    return tuple(
        known.get(aspect.name) or Expectation(aspect=aspect.name, value=aspect.type())
        for aspect in workspace.registry.aspects_for(device)
        if aspect.name in names
    )


def _of(wanted: Iterable[Pack]) -> Iterator[Requirement]:
    for pack in wanted:
        yield from pack.checks


def findings(
    workspace: Workspace,
    wanted: Sequence[Pack],
    plans: Iterable[DevicePlan],
    limit: str = "",
    outside: Mapping[str, Outside] | None = None,
) -> tuple[Finding, ...]:
    """Return what every requirement came to, in the order of packs and checks, then of sites and devices.

    `outside` is what was seen from there; None: nobody looked, so that nothing of it is proven.
    """
    devices = select(workspace, limit)
    told = {plan.device: plan for plan in plans}
    found: list[Finding] = []
    for check in _of(wanted):
        if check.setting:
            found += [_read(workspace, check, d, told.get(d.name)) for d in devices if d.kind in check.kinds]
        elif check.probe:
            found += [_seen(workspace, check, d, outside) for d in devices if d.kind in check.kinds]
        else:
            found += _of_sites(workspace, check, devices)
    return tuple(found)


def _read(workspace: Workspace, check: Requirement, device: Device, plan: DevicePlan | None) -> Finding:
    judged = _judged(check, device, plan)
    return _waived(
        workspace,
        device,
        Finding(requirement=check, subject=device.name, site=device.site, kind=device.kind, judged=judged),
    )


def _seen(workspace: Workspace, check: Requirement, device: Device, outside: Mapping[str, Outside] | None) -> Finding:
    told = (outside or {}).get(device.name, Outside())
    judged = judge(check.rule, (check.probe,), check.value, told)
    if judged.verdict is Verdict.UNSUPPORTED:
        judged = judged._replace(reason=_unseen(check, device, outside))
    return _waived(
        workspace,
        device,
        Finding(requirement=check, subject=device.name, site=device.site, kind=device.kind, judged=judged),
    )


def _unseen(check: Requirement, device: Device, outside: Mapping[str, Outside] | None) -> str:
    """Return why something was not seen from outside."""
    if device.is_host or device.behind or device.endpoint.via:
        return "nobody can knock at it from here"
    if check.probe == "default_login":
        return "not tried (--try-defaults), or its maker has no default password"
    if outside is None:
        return "nobody looked: --probe"
    return "it speaks no TLS there"


def _judged(check: Requirement, device: Device, plan: DevicePlan | None) -> Judged:
    if device.is_host:
        return Judged(Verdict.UNSUPPORTED, None, _ROLES_TELL_NOTHING)
    if device.behind:
        return Judged(Verdict.UNSUPPORTED, None, f"only {device.behind} reaches it")
    if plan is None:
        return Judged(Verdict.UNKNOWN, None, "it was not reached before the run ended")
    if plan.outcome is not None:
        return unread(plan.outcome, plan.reason)
    aspect: AspectPlan | None = next((a for a in plan.aspects if a.aspect == check.setting[0]), None)
    if aspect is None:
        return Judged(Verdict.UNSUPPORTED, None, f"it has no {check.setting[0]}")
    if aspect.actual is None:
        return unread(aspect.outcome, aspect.reason)
    return judge(check.rule, check.setting[1:], check.value, aspect.actual)


def _of_sites(workspace: Workspace, check: Requirement, devices: Sequence[Device]) -> Iterator[Finding]:
    """Yield what a requirement on whole sites came to: counted in the inventory, or attested."""
    chosen = {device.site: device for device in reversed(devices)}
    for site in sorted(chosen):
        first = chosen[site]
        if check.attested:
            judged = attested(first.name, check.id, workspace.inventory, workspace.inventory_root, workspace.today)
            finding = Finding(requirement=check, subject=site, site=site, kind=None, judged=judged)
            yield _waived(workspace, first, finding)
            continue
        for subject, n in _counts(workspace, check, site).items():
            judged = Judged(Verdict.PASS if n >= check.value else Verdict.FAIL, n)
            finding = Finding(requirement=check, subject=subject, site=site, kind=None, judged=judged)
            yield _waived(workspace, first, finding)


def _counts(workspace: Workspace, check: Requirement, site: str) -> dict[str, int]:
    """Return how many devices of the kind there are, by site or by desk; a desk without any counts 0."""
    there = [device for device in workspace.inventory.devices.values() if device.site == site]
    if check.per == "site":
        return {site: sum(device.kind is check.count for device in there)}
    served = (Kind.CAMERA, Kind.DESK)  # a lobby with a kiosk, or the room with the recorder, is no desk
    desks = sorted({device.desk for device in there if device.desk and device.kind in served}) or [""]
    return {
        f"{site}: {desk}" if desk else site: sum(d.kind is check.count and d.desk == desk for d in there)
        for desk in desks
    }


def _waived(workspace: Workspace, device: Device, finding: Finding) -> Finding:
    """Return a failing finding as waived where an agreed exception covers it."""
    check = finding.requirement
    if finding.judged.verdict is not Verdict.FAIL or not check.waivable:
        return finding
    for waiver in workspace.waivers(device):
        if waiver.setting == check.id and waiver.holds(workspace.today):
            judged = finding.judged._replace(verdict=Verdict.WAIVED, reason=waiver.sentence)
            return Finding(
                requirement=check,
                subject=finding.subject,
                site=finding.site,
                kind=finding.kind,
                judged=judged,
                waiver=waiver,
            )
    return finding


def expected(check: Requirement) -> Any:
    """Return what a requirement demands, for machines and for people."""
    if check.attested:
        return "attested, with evidence"
    return {check.rule or "at_least": check.value} if check.rule != "filled" else "filled"
