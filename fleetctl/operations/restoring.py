"""A site brought back to the standard: what was lost is adopted again, then switches, cameras with recorders, hosts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from fleetctl.errors import UsageError
from fleetctl.executor import Stop
from fleetctl.model import Device, Event, Kind
from fleetctl.operations import rollout
from fleetctl.operations.adopt import adopt, adopted
from fleetctl.operations.plans import Plan
from fleetctl.operations.site import Examination
from fleetctl.operations.workspace import Workspace
from fleetctl.reports.language import N_

LOST: Final = frozenset({"factory", "wrong-password", "barred"})
"""Causes after which a device is taken in again: it is as from the factory, or does not know fleetctl any more."""

SWITCHES, CAMERAS, HOSTS = N_("switches"), N_("cameras and recorders"), N_("hosts")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Devices that are written to together; the next stage begins when they are done."""

    name: str
    devices: tuple[str, ...]


def stages(workspace: Workspace, site: str) -> tuple[Stage, ...]:
    """Return the devices of a site that are set, stage by stage; raises UsageError where fleetctl only looks at them.

    Cameras and recorders are one stage: a channel is bound once its camera has the account, and the plan's own order of
    needs sees to that; whatever else a recorder has waits for nothing.
    """
    there = [d for d in workspace.inventory.devices.values() if d.site == site and not d.audit_only]
    asked = [d for d in there if d.behind or workspace.registry.protocols_of(d)]
    if not asked:
        raise UsageError(f"{site} has no device that fleetctl sets")
    found = (
        Stage(name=name, devices=tuple(d.name for d in asked if _stage(d) == name))
        for name in (SWITCHES, CAMERAS, HOSTS)
    )
    return tuple(stage for stage in found if stage.devices)


def _stage(device: Device) -> str:
    if device.kind is Kind.SWITCH:
        return SWITCHES
    return HOSTS if device.is_host else CAMERAS


def lost(workspace: Workspace, examination: Examination, found: tuple[Stage, ...]) -> tuple[str, ...]:
    """Return the devices that are to be taken in again, in the order of the stages, as an examination saw them."""
    names = [name for stage in found for name in stage.devices if name in examination.devices]
    causes = {name: wrong.told.cause for name in names if (wrong := examination.first(name)) is not None}
    devices = workspace.inventory.devices
    return tuple(n for n in names if causes.get(n) in LOST or not adopted(workspace, devices[n]))


def take_in(workspace: Workspace, names: tuple[str, ...], stop: Stop) -> Iterator[Event]:
    """Adopt lost devices again, factory logins tried once; yields the events."""
    yield from adopt(workspace, ",".join(names), force=True, stop=stop)
    workspace.reread()


def write(workspace: Workspace, plan: Plan, stop: Stop) -> Iterator[Event]:
    """Carry out what was planned for one stage, at once: somebody restores the site; yields the events."""
    options = rollout.Options(now="the site is restored", canary=0, stop_share=1.0)
    yield from rollout.apply(workspace, plan, options, stop=stop)
