"""Check an inventory: every fault of its files and of its settings, all at once."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from fleetctl import inventory, standard
from fleetctl.errors import Fault, InventoryError
from fleetctl.operations.workspace import Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What a check found; with no faults the inventory can be used."""

    faults: tuple[Fault, ...]
    warnings: tuple[str, ...]
    devices: int
    sites: int


def check(workspace: Workspace) -> Checked:
    """Check the workspace's inventory. Raises UsageError where there is none."""
    aspects = workspace.registry.aspects
    found = inventory.load(workspace.inventory_root, aspects, strict=False)

    def settings(loaded: inventory.Inventory) -> Iterable[Fault]:
        try:
            return standard.settings_faults(loaded, aspects.values())
        except InventoryError as error:
            return error.faults

    return Checked(
        faults=found.check(settings),
        warnings=found.warnings,
        devices=len(found.devices),
        sites=len(found.sites()),
    )
