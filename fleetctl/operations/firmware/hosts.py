"""The packages of Linux hosts: what the inventory says of them, for the role `firmware`."""

from __future__ import annotations

from dataclasses import replace

from fleetctl.flashing.order import ASPECT
from fleetctl.model import Device, Expectation, Unset
from fleetctl.operations.workspace import Workspace


def packages(workspace: Workspace, device: Device) -> Expectation | None:
    """Return what the inventory says of a host's packages, None for nothing; raises InventoryError."""
    told = workspace.expectations(device, (ASPECT,))
    return replace(told[0], left_to="") if told else None


def in_words(wanted: Expectation) -> str:
    """Return the state that a host's packages should have; the same text for the same state."""
    told = wanted.value
    named = {} if isinstance(told.packages, Unset) else told.packages
    parts = [f"{name} {named[name]}" for name in sorted(named)]
    parts.append(f"others: {'safe' if isinstance(told.upgrade, Unset) else told.upgrade}")
    parts += [f"held: {', '.join(sorted(told.holds))}"] if not isinstance(told.holds, Unset) and told.holds else []
    parts += ["no restart"] if told.reboot == "never" else []
    return "; ".join(parts)
