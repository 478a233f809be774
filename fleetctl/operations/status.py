"""Status: how far each site is, from the inventory and what the last runs found. Asks no device."""

from __future__ import annotations

from dataclasses import dataclass

from fleetctl.model import Device
from fleetctl.operations.runs import select
from fleetctl.operations.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteStatus:
    """A site's devices, counted; `pending` and the others are as the last plan, apply or audit saw them."""

    site: str
    name: str
    area: str
    listed: int
    adopted: int
    in_step: int
    pending: int
    unreachable: int
    failed: int
    unseen: int
    last_seen: str  # of the least recently seen device, ISO 8601; "" where one was never seen


def status(workspace: Workspace, limit: str = "") -> tuple[SiteStatus, ...]:
    """Return one row for each site, in the order of area and site."""
    sites: dict[tuple[str, str], list[Device]] = {}
    for device in select(workspace, limit):
        sites.setdefault((device.area, device.site), []).append(device)
    latest = workspace.store.latest()
    names = workspace.inventory.sites()
    return tuple(
        _row(workspace, area, site, names[site].name if site in names else site, devices, latest)
        for (area, site), devices in sorted(sites.items())
    )
