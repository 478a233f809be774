"""What is written down of, and done to, a device that takes another one's place: address, maker, model, firmware."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from fleetctl.errors import UsageError
from fleetctl.executor import Stop
from fleetctl.flashing import Timing
from fleetctl.inventory import edit
from fleetctl.model import Device, Outcome
from fleetctl.operations.firmware import agreed, steps
from fleetctl.operations.firmware.roll import Roll
from fleetctl.operations.runs import gathered
from fleetctl.operations.trying import tried
from fleetctl.operations.workspace import Workspace

ADDRESS: Final = "ansible_host"
_AT_ONCE: Final = agreed.Settings(soak_s=0.0, timing=Timing(settled_s=0.0, clock_s=1e9))
"""Somebody has just plugged it in, and its clock is set with all else afterwards."""


def write(workspace: Workspace, name: str, values: Mapping[str, str]) -> None:
    """Write variables of a device where they stand, else at the device. Raises InventoryError with nothing written."""
    tree, place = workspace.inventory.tree, workspace.inventory.devices[name].place
    if place is None:
        raise UsageError(f"{name} is in no inventory file that fleetctl can write into")
    by_file: dict[Path, list[edit.Edit]] = {}
    for variable, value in values.items():
        var = tree.hosts[name].vars.get(variable)
        path = Path(tree.files[var.file] if var is not None else place.file)
        by_file.setdefault(path, []).append(edit.SetHostValue(name, variable, value))
    contents = {path: edit.edited(path.read_bytes(), told, file=str(path)) for path, told in by_file.items()}
    tried(workspace, {path: content for path, content in contents.items() if content != path.read_bytes()})
    for path, told in by_file.items():
        edit.edit_file(path, told)
    workspace.reread()


def follow(workspace: Workspace, device: Device) -> str:
    """Have the inventory name the maker and model that the new device says it is; returns what was written.

    A model is written where the inventory named one, a maker where another driver is the new one's.
    """
    facts = workspace.facts(device.name)
    maker, model = facts.get("manufacturer", ""), facts.get("model", "")
    told: dict[str, str] = {}
    if model and device.model and model != device.model:
        told["model"] = model
    before = workspace.registry.driver_of(device, device.vendor, device.model)
    after = workspace.registry.driver_of(device, maker, model) if maker else before
    if device.vendor and after.name != before.name and after.name != "generic":
        told["vendor"] = after.name
    if told:
        write(workspace, device.name, told)
    return ", ".join(f"{name}: {value}" for name, value in sorted(told.items()))


def flash(workspace: Workspace, name: str, stop: Stop) -> tuple[Outcome, str] | None:
    """Flash a device with what the inventory wants of it, where the catalogue has that image.

    Returns how it went; None where nothing is to be flashed, or nothing can be: that is told when all else is done.
    """
    if not steps.catalogue(workspace).images():
        return None
    found = steps.steps(workspace, gathered(steps.read(workspace, name, stop=stop)))
    if not any(step.active for step in found):
        return None
    label = f"replace {name} {datetime.now(UTC):%Y-%m-%dT%H%M%S}"
    rollout = agreed.create(workspace, label, found, _AT_ONCE)
    agreed.refresh(workspace, rollout)
    for _ in Roll(workspace, rollout, stop, now="a device was replaced").events():
        pass
    agreed.refresh(workspace, rollout)
    ended, target = rollout.standing[name], f"{found[0].before} -> {found[0].target}"
    outcome = ended.outcome or Outcome.INTERRUPTED
    if ended.changed and outcome in agreed.GOOD:
        return Outcome.CHANGED, target
    return outcome, f"{target}: {ended.reason}" if ended.reason else target
