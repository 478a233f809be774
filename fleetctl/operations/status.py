"""Status: how far each site is, from the inventory and what the last runs found. Asks no device."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby

from fleetctl.model import Device, Outcome, worst
from fleetctl.operations.adopt import adopted
from fleetctl.operations.runs import select
from fleetctl.operations.workspace import Workspace
from fleetctl.records import State


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
    unsupported: int  # nothing of the device can be set: listed, and looked after by hand
    unseen: int
    availability: float | None  # share of the watch's looks of 30 days that were answered; None: it was never watched
    last_seen: str  # of the least recently seen device, ISO 8601; "" where one was never seen
    accepted: str  # when its last acceptance was recorded, ISO 8601; "" for never


def status(workspace: Workspace, limit: str = "") -> tuple[SiteStatus, ...]:
    """Return one row for each site, in the order of area and site."""
    sites: dict[tuple[str, str], list[Device]] = {}
    for device in select(workspace, limit):
        sites.setdefault((device.area, device.site), []).append(device)
    latest = {n: tuple(g) for n, g in groupby(workspace.store.latest(), key=lambda state: state.device)}
    names = workspace.inventory.sites()
    answered = workspace.store.availability((date.fromisoformat(workspace.today) - timedelta(days=30)).isoformat())
    accepted = workspace.journal.accepted()
    return tuple(
        replace(
            _row(
                workspace, area, site, names[site].name if site in names else site, devices, latest, answered.get(site)
            ),
            accepted=accepted[site].isoformat(timespec="seconds") if site in accepted else "",
        )
        for (area, site), devices in sorted(sites.items())
    )


def _row(
    workspace: Workspace,
    area: str,
    site: str,
    name: str,
    devices: Sequence[Device],
    latest: Mapping[str, Sequence[State]],
    availability: float | None,
) -> SiteStatus:
    counts: Counter[str] = Counter()
    seen: list[str] = []
    for device in devices:
        counts["adopted"] += device.platform != "windows" and adopted(workspace, device)
        states = latest.get(device.name, ())
        counts[_standing(states)] += 1
        seen.append(min((s.checked.isoformat(timespec="seconds") for s in states), default=""))
    return SiteStatus(
        site=site,
        name=name,
        area=area,
        listed=len(devices),
        adopted=counts["adopted"],
        in_step=counts["in_step"],
        pending=counts["pending"],
        unreachable=counts["unreachable"],
        failed=counts["failed"],
        unsupported=counts["unsupported"],
        unseen=counts["unseen"],
        availability=None if availability is None else round(availability, 4),
        last_seen=min(seen, default=""),
        accepted="",
    )


def _standing(states: Sequence[State]) -> str:
    """Return how a device stands by the outcomes of its aspects; what is unknown never counts as in step."""
    if not states:
        return "unseen"
    if all(state.outcome is Outcome.UNSUPPORTED for state in states):
        return "unsupported"
    outcome = worst(state.outcome for state in states)
    if outcome in (Outcome.UNCHANGED, Outcome.CHANGED, Outcome.WAIVED, Outcome.UNSUPPORTED):
        return "in_step"
    if outcome in (Outcome.PENDING, Outcome.UNREACHABLE):
        return str(outcome)
    return "failed"
