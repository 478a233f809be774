"""One device: observe, compare, write, read back -> events. Knows no aspect, vendor or protocol by name."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from fleetctl.converge.alive import answers
from fleetctl.converge.aside import checked, error_of, ran
from fleetctl.converge.batch import Batch
from fleetctl.converge.link import (
    Enable,
    Job,
    Link,
    linked,
    locked,
    opening,
    outcome_of,
    read,
    same_device,
    speaking,
    told,
    where,
)
from fleetctl.converge.observe import OWN_APART, OWN_LOGIN, observe, recognise
from fleetctl.converge.settle import converge
from fleetctl.errors import FleetctlError
from fleetctl.model import Access, Channel, Device, DevicePlan, Finished, Outcome, Planned, Result, Started, worst

__all__ = [
    "OWN_APART",
    "OWN_LOGIN",
    "Enable",
    "Job",
    "Link",
    "answers",
    "checked",
    "converge",
    "error_of",
    "linked",
    "locked",
    "observe",
    "opening",
    "outcome_of",
    "ran",
    "read",
    "recognise",
    "same_device",
    "speaking",
    "told",
    "where",
    "work",
]


def work(name: str, payload: Any, channel: Channel) -> None:
    """Observe or converge one device, or a batch of hosts (the executor's work). Ends with one Finished for each."""
    if isinstance(payload, Mapping):
        Batch(payload, channel).work()
        channel.emit(Finished(device=name, site="", outcome=Outcome.UNCHANGED))
        return
    job: Job = payload
    device = job.device
    begun = time.monotonic()
    channel.emit(Started(device=name, site=device.site))
    results: list[Outcome] = []
    reason = ""
    try:
        with linked(job, Access.READ if job.plan is None else Access.WRITE, channel) as link:
            results = observe(job, link, channel) if job.plan is None else converge(job, link, channel)
    except FleetctlError as error:
        outcome, reason = outcome_of(error), told(error)
        results.append(outcome)
        channel.emit(_device_result(device, outcome, reason, begun))
        if job.plan is None:
            channel.emit(Planned(device=name, plan=_unplanned(device, outcome, reason)))
    channel.emit(
        Finished(
            device=name,
            site=device.site,
            outcome=worst(results),
            reason=reason,
            duration_s=time.monotonic() - begun,
        )
    )


def _device_result(device: Device, outcome: Outcome, reason: str, begun: float) -> Result:
    return Result(
        device=device.name,
        kind=device.kind,
        site=device.site,
        aspect="",
        outcome=outcome,
        reason=reason,
        duration_s=time.monotonic() - begun,
    )


def _unplanned(device: Device, outcome: Outcome, reason: str) -> DevicePlan:
    return DevicePlan(device=device.name, kind=device.kind, site=device.site, outcome=outcome, reason=reason)
