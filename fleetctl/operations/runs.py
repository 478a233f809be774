"""One run: tasks through the executor, every event journaled before anybody else sees it."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fleetctl import converge, executor
from fleetctl.errors import Busy, UsageError
from fleetctl.executor import Policy, Stop, Task
from fleetctl.journal import BESIDE, LIGHT
from fleetctl.model import (
    Device,
    DevicePlan,
    Event,
    Expectation,
    Finished,
    FrozenMap,
    Kind,
    Outcome,
    Planned,
    SecretRef,
    secrets_in,
)
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols.ssh import ENABLE
from fleetctl.reports.tally import EXIT_FAILED, EXIT_INTERRUPTED, exit_code
from fleetctl.vault import SecretBag


def select(workspace: Workspace, limit: str) -> tuple[Device, ...]:
    """Return the devices of an Ansible host pattern ("" is all); raises UsageError when it matches nothing."""
    found = workspace.inventory.select(limit or "all")
    if not found:
        raise UsageError(f"--limit {limit}: matches no device. See what there is: fleetctl inventory list")
    return found


def task(device: Device, needs: Iterable[str] = (), after: Iterable[str] = (), *, together: bool = True) -> Task:
    """Return a device as a task of the executor; Linux hosts are worked on `together` in batches."""
    return Task(
        name=device.name,
        site=device.site,
        uplink=device.uplink or device.site,
        needs=tuple(needs),
        after=tuple(after),
        kind=device.kind,
        batch=f"hosts {device.endpoint.via}".strip() if together and device.platform == "linux" else "",
    )


def hosts_first(tasks: Iterable[Task]) -> list[Task]:
    """Return tasks so that those which are worked on together may begin together."""
    return sorted(tasks, key=lambda each: not each.batch)


def job(
    workspace: Workspace,
    device: Device,
    expectations: tuple[Expectation, ...] = (),
    plan: DevicePlan | None = None,
    not_ready: Mapping[str, str] | None = None,
    *,
    settling: bool = False,
) -> converge.Job:
    """Return what a worker needs for one device; called when its turn has come, so that secrets are revealed late.

    A login whose rotation was cut off is not tried, unless that is what is to be settled.
    """
    extra = (SecretRef(device=device.name, account=ENABLE),) if device.kind is Kind.SWITCH else ()
    spoken = recorder_of(workspace, device) or device
    secrets = workspace.secrets(spoken, extra + referred(expectations if plan is None else plan.aspects))
    facts = workspace.facts(spoken.name)
    barred, fingerprint, proven = "", "", False
    if spoken.user and logs_in_by_password(workspace, spoken):
        ref = SecretRef(device=spoken.name, account=spoken.user)
        if ref not in secrets:
            lacking = f"{spoken.name}: the vault has no password for {spoken.user}"
            barred = f"{lacking}. Take the device in: fleetctl adopt --limit {spoken.name}"
        else:
            told = workspace.budget(spoken, spoken.user, secrets.reveal(ref), settling=settling)
            fingerprint, (barred, proven) = told
        if not settling and (why := _open(workspace, spoken, spoken.user)):
            barred = why
    return converge.Job(
        device=workspace.wired(device),
        expectations=expectations,
        secrets=secrets,
        facts=FrozenMap(facts),
        fingerprint=fingerprint,
        proven=proven,
        barred=barred,
        enable=_enable(workspace, spoken, secrets, settling=settling) if device.kind is Kind.SWITCH else None,
        plan=plan,
        not_ready=FrozenMap(not_ready or {}),
        unsettled=_unsettled(workspace, secrets),
        known_hosts=workspace.known_hosts,
        through=None if spoken is device else spoken,
        around=workspace.around(device.site) if device.platform == "linux" else None,
        closed=workspace.closed(device.site),
    )


def _open(workspace: Workspace, device: Device, account: str) -> str:
    """Return why a login may not be tried since its rotation was cut off, "" where it may."""
    if not any(each.account == account for each in workspace.store.unsettled(device.name)):
        return ""
    return (
        f"{device.name}: it is open which password of {account} is live, since a rotation was cut off. "
        f"Run: fleetctl password recover --limit {device.name}"
    )


def _enable(workspace: Workspace, device: Device, secrets: SecretBag, *, settling: bool) -> converge.Enable | None:
    """Return how the login budget stands for a switch's privileged mode: its secret, else the login's password."""
    known = (SecretRef(device=device.name, account=account) for account in (ENABLE, device.user))
    ref = next((ref for ref in known if ref in secrets), None)
    if ref is None:
        return None
    mark, (barred, proven) = workspace.budget(device, ENABLE, secrets.reveal(ref), settling=settling)
    if not settling and ref.account == ENABLE and (why := _open(workspace, device, ENABLE)):
        barred = why
    elif barred:
        barred += f". Give the console's own: fleetctl adopt --again --limit {device.name} --enable-secret FILE"
    return converge.Enable(fingerprint=mark, proven=proven, barred=barred)


def _unsettled(workspace: Workspace, secrets: Iterable[SecretRef]) -> dict[SecretRef, str]:
    """Return those of these secrets whose rotation was cut off, with what to do about it."""
    known = set(secrets)
    left = {SecretRef(device=each.device, account=each.account): each.device for each in workspace.store.unsettled()}
    why = "it is open which password of {} on {} is live. Run: fleetctl password recover --limit {}"
    return {ref: why.format(ref.account, name, name) for ref, name in left.items() if ref in known}


def recorder_of(workspace: Workspace, device: Device) -> Device | None:
    """Return the recorder that a camera is behind, with the camera's channel; None for what is reached by itself."""
    recorder = workspace.inventory.devices.get(device.behind) if device.behind else None
    return None if recorder is None else replace(recorder, channel=device.channel)


def in_turn(devices: Iterable[Device]) -> Mapping[str, tuple[str, ...]]:
    """Return for each camera behind a recorder what ends before it begins: the recorder, then the channel before.

    They share one login: a password that is wrong is presented once, and the recorder is asked by one at a time.
    """
    last: dict[str, str] = {}
    found = {}
    for device in sorted((d for d in devices if d.behind), key=lambda d: (d.behind, d.channel)):
        found[device.name] = (last.get(device.behind, device.behind),)
        last[device.behind] = device.name
    return found


def logs_in_by_password(workspace: Workspace, device: Device) -> bool:
    """Return whether a device has a password to log in with; a Linux host may do with a key."""
    return device.platform != "linux" or "ansible_password" in workspace.inventory.values(device.name)


def referred(owners: Iterable[Any]) -> tuple[SecretRef, ...]:
    """Return the secrets that expectations or plans refer to, of other devices too."""
    values = (owner.value if isinstance(owner, Expectation) else owner.expected for owner in owners)
    return tuple(dict.fromkeys(ref for value in values for ref in secrets_in(value)))


def execute(
    workspace: Workspace,
    *,
    kind: str,
    arguments: Mapping[str, str],
    tasks: Sequence[Task],
    payload: Callable[[str], Any],
    policy: Policy,
    stop: Stop,
    work: Callable[..., None] = converge.work,
    resumes: int | None = None,
    first: Sequence[Event] = (),
    ready: Callable[[], None] = lambda: None,
) -> Iterator[Event]:
    """Carry out a run and yield its events, each of them recorded already; `first` are events that hold already.

    `ready` is called when the run has begun and nothing was sent yet: what it changes in the vault is this run's.
    Raises Busy when another operator's run holds the workspace. A run that writes leaves devices of sites that are out
    in a bundle pending, and raises Busy where there are no others.
    """
    journal = workspace.journal
    if kind not in BESIDE:
        policy = _without_closed(workspace, tasks, policy)
    names = [each.name for each in tasks]
    devices = [device for name in names if (device := workspace.inventory.devices.get(name)) is not None]
    workspace.vault.prove(d.site for d in devices if logs_in_by_password(workspace, d))
    with (
        journal.run(kind, arguments, tasks=() if kind in LIGHT else names, resumes=resumes),
        stop.on_ctrl_c(),
        contextlib.closing(executor.run(work, tasks, payload, policy, stop=stop, sync=journal.flush)) as stream,
    ):
        workspace.vault.run = journal.number
        ready()
        outcomes: set[Outcome] = set()
        for event in itertools.chain(first, stream):
            journal.note(event)  # on disk by `sync` before any work that waits for it goes on
            if isinstance(event, Finished):
                outcomes.add(event.outcome)
            yield event
        code = exit_code(outcomes)
        journal.exit_code = EXIT_FAILED if code == EXIT_INTERRUPTED and not stop.by_person else code


def _without_closed(workspace: Workspace, tasks: Sequence[Task], policy: Policy) -> Policy:
    """Return the policy with sites that nothing may be written to left out; raises Busy where all of them are."""
    sites = {each.name: each.site for each in tasks}
    closed = {site: reason for site in set(sites.values()) if (reason := workspace.closed(site))}
    if closed and len(closed) == len(set(sites.values())):
        raise Busy("; ".join(closed[site] for site in sorted(closed)))
    window = policy.window

    def open_now(name: str, moment: Any) -> str:
        return closed.get(sites[name], "") or (window(name, moment) if window is not None else "")

    return replace(policy, window=open_now) if closed else policy


def observed(
    workspace: Workspace,
    devices: Sequence[Device],
    aspects: tuple[str, ...],
    *,
    kind: str,
    stop: Stop,
    policy: Policy,
) -> Iterator[Event]:
    """Read and compare devices; yields a Planned for each. Nothing can be written."""
    by_name = {device.name: device for device in devices}
    turns = in_turn(devices)

    def payload(name: str) -> converge.Job:
        device = by_name[name]
        return job(workspace, device, workspace.expectations(device, aspects))

    yield from execute(
        workspace,
        kind=kind,
        arguments={"devices": str(len(devices)), "aspects": ",".join(aspects)},
        tasks=hosts_first(task(device, after=turns.get(device.name, ())) for device in devices),
        payload=payload,
        policy=policy,
        stop=stop,
    )


def gathered(events: Iterable[Event]) -> tuple[DevicePlan, ...]:
    """Return the device plans of a stream of events, in order of their names."""
    return tuple(sorted((e.plan for e in events if isinstance(e, Planned)), key=lambda plan: plan.device))
