"""The inventory as a whole: everything that is wrong in it, in one go. Asks no device."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from fleetctl import inventory, standard
from fleetctl.errors import Fault
from fleetctl.operations.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found."""

    faults: tuple[Fault, ...]
    warnings: tuple[str, ...]
    devices: int
    sites: int


def check(workspace: Workspace) -> Checked:
    """Return every fault of the inventory and of the settings in it, sorted by place."""
    aspects = workspace.registry.aspects
    settings = partial(standard.settings_faults, aspects=aspects)
    found = inventory.load(workspace.inventory_root, aspects, strict=False, checks=(settings,))
    return Checked(faults=found.faults, warnings=found.warnings, devices=len(found.devices), sites=len(found.sites()))
