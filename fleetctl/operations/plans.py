"""A plan, and the file that keeps it until somebody has it carried out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fleetctl import __version__, codec, files
from fleetctl.errors import Stale, UsageError
from fleetctl.model import AspectPlan, DevicePlan, Expectation, covering
from fleetctl.operations.workspace import Workspace

SCHEMA: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is to be done to each device, and the digest that tells whether it is still that."""

    devices: tuple[DevicePlan, ...]
    created: str
    limit: str = ""
    aspects: tuple[str, ...] = ()

    @property
    def changes(self) -> int:
        """How many fields differ."""
        return sum(len(a.changes) for d in self.devices for a in d.aspects)

    @property
    def writes(self) -> tuple[DevicePlan, ...]:
        """The devices that something is to be written to."""
        return tuple(d for d in self.devices if any(a.changes for a in d.aspects))

    @property
    def risks(self) -> tuple[str, ...]:
        """What may cut the way to a device where nothing undoes it: written only with --yes."""
        return tuple(f"{d.device}: {a.risk}" for d in self.devices for a in d.aspects if a.changes and a.risk)

    @property
    def unplanned(self) -> tuple[DevicePlan, ...]:
        """The devices of which nothing can be said: out of reach, refused."""
        return tuple(d for d in self.devices if d.outcome is not None)


def save(plan: Plan, path: Path) -> str:
    """Write the plan to a file (0600, no secret in it) and return its digest."""
    body = {
        "schema_version": SCHEMA,
        "fleetctl": __version__,
        "created": plan.created,
        "limit": plan.limit,
        "aspects": list(plan.aspects),
        "devices": [codec.encode(d) for d in plan.devices],
    }
    digest = _digest(body)
    text = json.dumps({**body, "digest": digest}, ensure_ascii=False, indent=1, sort_keys=True)
    files.replace(path, f"{text}\n".encode(), mode=0o600)
    return digest


def load(workspace: Workspace, path: Path) -> Plan:
    """Read a saved plan; raises UsageError for a file that is none or was altered, Stale where the inventory moved."""
    try:
        body = json.loads(path.read_text("utf-8"))
        digest = body.pop("digest")
        schema = body["schema_version"]
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such plan. Make one: fleetctl plan -o {path}") from None
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise UsageError(f"{path} is not a plan that fleetctl saved ({type(error).__name__})") from error
    if schema != SCHEMA:
        raise UsageError(f"{path} was saved by another version of fleetctl (schema {schema}); plan again")
    if digest != _digest(body):
        raise UsageError(f"{path} was altered after it was saved; plan again")
    types = workspace.registry.types
    devices = tuple(codec.decode_plan(d, types) for d in body["devices"])
    loaded = Plan(devices=devices, created=body["created"], limit=body["limit"], aspects=tuple(body["aspects"]))
    _unmoved(workspace, loaded, path)
    return loaded


def _digest(body: Mapping[str, Any]) -> str:
    canonical = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def _unmoved(workspace: Workspace, saved: Plan, path: Path) -> None:
    """Raise Stale when the inventory expects something else by now than the saved plan carries out."""
    moved = []
    for device_plan in saved.writes:
        device = workspace.inventory.devices.get(device_plan.device)
        if device is None:
            moved.append(f"{device_plan.device} is no longer in the inventory")
            continue
        now = {e.aspect: e for e in workspace.expectations(device, saved.aspects)}
        moved.extend(
            f"{device_plan.device}: the inventory expects something else of {aspect.aspect} now, or waives it"
            for aspect in device_plan.aspects
            if aspect.changes and not _still(aspect, now.get(aspect.aspect))
        )
    if moved:
        raise Stale(f"{path} no longer holds: {'; '.join(moved[:5])}. Nothing was sent. Plan again")


def _still(planned: AspectPlan, now: Expectation | None) -> bool:
    """Return whether what was planned is still expected, and none of it waived since."""
    if now is None or now.value != planned.expected:
        return False
    return not any(covering(now.waivers, planned.aspect, c.field, c.key) for c in planned.changes)
