"""The light watch: who answers, whose clock is right, which channels record. Quick, read-only, hardly anything kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Final

from fleetctl import converge
from fleetctl.executor import Policy, Stop
from fleetctl.model import Channel, Device, Event, Finished, Kind, Outcome, Result, Started
from fleetctl.operations.runs import execute, job, select, task
from fleetctl.operations.workspace import Workspace

ASPECTS: Final = ("time", "recording")
"""What is read of cameras and recorders beyond that they answer."""

PATIENCE: Final = timedelta(minutes=15)
"""What does not answer is told when it has lasted so long: a device that restarts is no message."""


def watch(workspace: Workspace, limit: str = "", *, stop: Stop | None = None) -> Iterator[Event]:
    """Look at the chosen devices and yield the events; how many answered at each site is counted for the day.

    Cameras and recorders are read; switches and Linux hosts are asked whether they answer, without a login. Left out is
    what fleetctl speaks no protocol with, and a camera that only its recorder reaches: its channel tells.
    """
    protocols = workspace.registry.protocols_of
    devices = {d.name: d for d in select(workspace, limit) if not d.behind and protocols(d)}
    counted: dict[str, list[bool]] = {}

    def payload(name: str) -> converge.Job:
        device = devices[name]
        return job(workspace, device, workspace.expectations(device, ASPECTS) if _is_read(device) else ())

    for event in execute(
        workspace,
        kind="watch",
        arguments={"devices": str(len(devices))},
        tasks=[task(device, together=False) for device in devices.values()],
        payload=payload,
        policy=Policy(per_site=8),
        stop=stop or Stop(),
        work=look,
    ):
        if isinstance(event, Finished) and event.outcome not in (Outcome.INTERRUPTED, Outcome.BLOCKED):
            counted.setdefault(event.site, []).append(event.outcome is not Outcome.UNREACHABLE)
        yield event
    workspace.store.count(workspace.today, {site: (len(told), sum(told)) for site, told in counted.items()})


def _is_read(device: Device) -> bool:
    return device.kind in (Kind.CAMERA, Kind.NVR) and not device.is_host


def look(name: str, payload: Any, channel: Channel) -> None:
    """Look at one device (the executor's work)."""
    device = payload.device
    if _is_read(device):
        converge.work(name, payload, channel)
        return
    begun = time.monotonic()
    channel.emit(Started(device=name, site=device.site))
    outcome, reason = Outcome.UNCHANGED, ""
    if not converge.answers(payload):
        outcome, reason = Outcome.UNREACHABLE, f"{name} ({device.endpoint.address}) does not answer"
        told = Result(device=name, kind=device.kind, site=device.site, aspect="", outcome=outcome, reason=reason)
        channel.emit(told)
    seconds = time.monotonic() - begun
    channel.emit(Finished(device=name, site=device.site, outcome=outcome, reason=reason, duration_s=seconds))
