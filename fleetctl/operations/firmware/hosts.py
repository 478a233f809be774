"""The packages of Linux hosts: what the inventory says of them, for the role `firmware`."""

from __future__ import annotations

from dataclasses import replace

from fleetctl.flashing.order import ASPECT
from fleetctl.model import UNSET, Device, Expectation, Unset
from fleetctl.operations.workspace import Workspace
from fleetctl.standard import expect


def packages(workspace: Workspace, device: Device) -> Expectation | None:
    """Return what the inventory says of a host's packages, None for nothing; raises InventoryError."""
    aspect = workspace.registry.of_hosts[ASPECT]
    told = expect(device, workspace.inventory, aspect)
    offered = workspace.registry.roles[ASPECT].offered
    kept = {n: v for n in sorted(offered) if told is not None and (v := getattr(told.value, n)) is not UNSET}
    return replace(told, value=aspect.type(**kept)) if told is not None and kept else None


def in_words(wanted: Expectation) -> str:
    """Return the state that a host's packages should have; the same text for the same state."""
    told = wanted.value
    named = {} if isinstance(told.packages, Unset) else told.packages
    parts = [f"{name} {named[name]}" for name in sorted(named)]
    parts.append(f"others: {'safe' if isinstance(told.upgrade, Unset) else told.upgrade}")
    parts += [f"held: {', '.join(sorted(told.holds))}"] if not isinstance(told.holds, Unset) and told.holds else []
    parts += ["no restart"] if told.reboot == "never" else []
    return "; ".join(parts)
