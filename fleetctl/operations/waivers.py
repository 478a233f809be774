"""Waivers: what need not be as expected for a while. Listed with what has become of them, added, ended."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from fleetctl.errors import UsageError
from fleetctl.inventory.edit import Edit, RemoveEntry, RemoveGroupValue, RemoveHostValue, SetEntry, edit_file
from fleetctl.model import Device, Outcome, Place, Waiver, covering
from fleetctl.operations.runs import select
from fleetctl.operations.workspace import Workspace
from fleetctl.standard.shapes import LAYERS
from fleetctl.standard.waivers import is_day, wrong_setting

SITE: Final = "waivers_site"
HOST: Final = "waivers_host"


class Standing(enum.StrEnum):
    """What has become of a waiver."""

    USED = "used"  # something is not as expected, and it covers that
    UNUSED = "unused"  # all it covers is as expected: it can be ended
    UNSEEN = "unseen"  # nothing it covers was looked at yet
    EXPIRED = "expired"  # its last day is over: what it covered is drift again


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One waiver as it is written down, the devices it is of, and those it covers something of now."""

    waiver: Waiver
    devices: tuple[str, ...]
    covers: tuple[str, ...]
    standing: Standing


def listed(workspace: Workspace, limit: str = "") -> tuple[Listed, ...]:
    """Return the waivers of the chosen devices by setting and last day, as the last audits or plans saw them."""
    by_place: dict[tuple[Place | None, Waiver], list[str]] = {}
    for device in select(workspace, limit):
        for waiver in workspace.waivers(device):
            by_place.setdefault((waiver.place, waiver), []).append(device.name)
    if not by_place:
        return ()
    covered: dict[str, list[str]] = {}
    for row in workspace.store.drift(lasting=True):
        if row.outcome is Outcome.WAIVED:
            covered.setdefault(row.device, []).append(".".join(p for p in (row.aspect, row.field, row.key) if p))
    seen = {(state.device, state.aspect) for state in workspace.store.latest()}
    rows = [
        _listed(waiver, names, covered, seen, expired=not waiver.holds(workspace.today))
        for (_, waiver), names in by_place.items()
    ]
    return tuple(sorted(rows, key=lambda row: (row.waiver.setting, row.waiver.until, row.devices)))


def _listed(
    waiver: Waiver,
    names: Sequence[str],
    covered: Mapping[str, Sequence[str]],
    seen: set[tuple[str, str]],
    *,
    expired: bool,
) -> Listed:
    used = tuple(n for n in names if any(_within(told, waiver) for told in covered.get(n, ())))
    aspect = waiver.setting.partition(".")[0]
    if expired:
        standing = Standing.EXPIRED
    elif used or waiver.learned:
        standing = Standing.USED
    elif any((name, aspect) in seen for name in names):
        standing = Standing.UNUSED
    else:
        standing = Standing.UNSEEN
    return Listed(
        waiver=waiver,
        devices=tuple(names),
        covers=() if expired else tuple(names) if waiver.learned else used,
        standing=standing,
    )


def _within(told: str, waiver: Waiver) -> bool:
    return told == waiver.setting or told.startswith(f"{waiver.setting}.")


def waiver_of(workspace: Workspace, device: str, variable: str) -> Waiver | None:
    """Return the waiver, in force or expired, that covers the setting which a variable of a device sets."""
    told = workspace.inventory.devices.get(device)
    waivers = workspace.waivers(told) if told is not None else ()
    if told is None or not waivers:
        return None
    for aspect in workspace.registry.aspects_for(told):
        field = variable.removeprefix(f"{aspect.name}_")
        for layer in LAYERS if field != variable else ():
            if (found := covering(waivers, aspect.name, field.removesuffix(layer))) is not None:
                return found
    return None


def add(workspace: Workspace, where: str, waiver: Waiver) -> Path:
    """Write a waiver down at a site or device; one of the same setting there is replaced. Returns the file.

    Raises UsageError for what cannot be waived or is over already, InventoryError where the file cannot be edited.
    """
    device, of_host = _place(workspace, where)
    if wrong := wrong_setting(waiver.setting, workspace.registry.aspects):
        raise UsageError(f"{waiver.setting} {wrong[0]}; {wrong[1]}")
    if of_host and device.is_host and "." in waiver.setting:
        aspect = waiver.setting.partition(".")[0]
        raise UsageError(f"{where} is a Linux host, and a role is carried out whole: waive the whole aspect, {aspect}")
    waiver = checked(workspace, waiver)
    value = {"owner": waiver.owner, "reason": waiver.reason, "until": waiver.until}
    variable = HOST if of_host else SITE
    return _edit(device, SetEntry(where, variable, waiver.setting, value, of_host=of_host))


def checked(workspace: Workspace, waiver: Waiver) -> Waiver:
    """Return a waiver without blanks around its words; raises UsageError for one that lacks some, or is over."""
    if not is_day(waiver.until):
        raise UsageError(f"--until {waiver.until}: write a day as 2026-12-31")
    if not waiver.holds(workspace.today):
        raise UsageError(f"--until {waiver.until} is over already: name a day from {workspace.today} on")
    waiver = replace(waiver, owner=waiver.owner.strip(), reason=waiver.reason.strip())
    if not waiver.owner or not waiver.reason:
        raise UsageError("a waiver names who answers for it and why: --owner NAME --reason TEXT")
    return waiver


def end(workspace: Workspace, where: str, setting: str) -> Path:
    """Take a waiver of a site or device out of its file, and return that; what it covered is drift again."""
    device, of_host = _place(workspace, where)
    variable = HOST if of_host else SITE
    given = workspace.inventory.values(device.name).get(variable)
    if given is None or not isinstance(given.value, Mapping) or setting not in given.value:
        raise UsageError(f"{where} has no waiver of {setting} of its own. See what there is: fleetctl waiver list")
    if len(given.value) > 1:
        return _edit(device, RemoveEntry(where, variable, setting, of_host=of_host))
    return _edit(device, RemoveHostValue(where, variable) if of_host else RemoveGroupValue(where, variable))


def _place(workspace: Workspace, where: str) -> tuple[Device, bool]:
    """Return the device that was named, or one of the site that was, and which of both it is."""
    devices = workspace.inventory.devices
    if where in devices:
        return devices[where], True
    site = workspace.inventory.sites().get(where)
    if site is None:
        raise UsageError(f"{where} is neither a device nor a site. See what there is: fleetctl inventory list")
    return devices[site.devices[0]], False


def _edit(device: Device, edit: Edit) -> Path:
    if device.place is None:
        raise UsageError(f"{device.name} comes from a dynamic inventory: write the waiver there")
    path = Path(device.place.file)
    edit_file(path, [edit])
    return path
