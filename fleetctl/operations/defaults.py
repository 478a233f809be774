"""Whether devices let in with their maker's default password: asked of each once, within its login budget."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from fleetctl import converge
from fleetctl.errors import FleetctlError, Refused
from fleetctl.executor import Policy, Stop
from fleetctl.model import Access, Channel, Device, Event, Finished, Outcome, Result, SecretRef, Started
from fleetctl.operations.passwords import makers_login
from fleetctl.operations.runs import execute, select, task
from fleetctl.operations.workspace import Workspace
from fleetctl.vault import SecretBag


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One device with its maker's login, as a job of the engine; `protocol` is that by which it is spoken to."""

    job: converge.Job
    protocol: str


def try_defaults(workspace: Workspace, limit: str = "", *, stop: Stop | None = None) -> Iterator[Event]:
    """Log in once to each device with its maker's default and yield the events: `pending` where it lets one in.

    Not asked are devices whose maker has no default, and those that refused it before. What the login budget does not
    allow ends as `refused`. Raises UsageError.
    """
    asked = {d.name: t for d in select(workspace, limit) if (t := _try(workspace, d)) is not None}
    devices = workspace.inventory.devices
    return execute(
        workspace,
        kind="password check",
        arguments={"limit": limit},
        tasks=[task(devices[name], together=False) for name in asked],
        payload=asked.__getitem__,
        policy=Policy(per_site=4, refused_in_a_row=0),  # to be refused is what is hoped for
        stop=stop or Stop(),
        work=work,
    )


def _try(workspace: Workspace, device: Device) -> Try | None:
    protocols = () if device.is_host or device.behind else workspace.registry.protocols_of(device)
    logins = makers_login(workspace, device)
    if not protocols or not logins:
        return None
    user, password = logins[0]
    mark, (barred, _) = workspace.budget(device, user, password)
    if workspace.store.was_refused(device.name, user, mark):
        return None
    job = converge.Job(
        device=replace(device, user=user),
        secrets=SecretBag({SecretRef(device=device.name, account=user): password}),
        fingerprint=mark,
        barred=barred,
        known_hosts=workspace.known_hosts,
    )
    return Try(job=job, protocol=protocols[0])


def work(name: str, payload: Any, channel: Channel) -> None:
    """Try one login; ends with exactly one Finished."""
    told: Try = payload
    device, begun = told.job.device, time.monotonic()
    channel.emit(Started(device=name, site=device.site))
    outcome, reason = _judged(told, channel)
    seconds = time.monotonic() - begun
    result = Result(
        device=name, kind=device.kind, site=device.site, aspect="", outcome=outcome, reason=reason, duration_s=seconds
    )
    channel.emit(result)
    channel.emit(Finished(device=name, site=device.site, outcome=outcome, reason=reason, duration_s=seconds))


def _judged(told: Try, channel: Channel) -> tuple[Outcome, str]:
    try:
        with converge.linked(told.job, Access.READ, channel) as link:
            link.session(told.protocol).prove()
    except Refused as error:
        if error.credential:
            return Outcome.UNCHANGED, ""
        return Outcome.REFUSED, converge.told(error)
    except FleetctlError as error:
        return converge.outcome_of(error), converge.told(error)
    return Outcome.PENDING, f"it lets {told.job.device.user} in with its maker's default password"
