"""Linux recorders: the cameras that each logs in to, and with which account, as their role does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final, NamedTuple

import yaml

from fleetctl.model import Device, Kind
from fleetctl.operations.workspace import Workspace
from fleetctl.resources import folder

ROLE: Final = "recorder"
IN_USE: Final = "recorder_account_in_use"
"""Says of a camera which of two accounts its Linux recorders use."""
RESTS: Final = "recorder_rests"
"""Says of a camera that its Linux recorders leave it alone for now."""


class Watched(NamedTuple):
    """A camera that a Linux recorder logs in to: with which account, and which one is idle ("": none takes turns)."""

    camera: str
    account: str
    idle: str


def watched(workspace: Workspace, recorder: Device) -> Iterator[Watched]:
    """Yield the cameras that a Linux recorder logs in to; none for anything else."""
    if recorder.platform != "linux" or recorder.kind is not Kind.NVR:
        return
    devices = workspace.inventory.devices
    site = [d.name for d in devices.values() if d.site == recorder.site and d.kind is Kind.CAMERA]
    main = str(setting(workspace, recorder, "account", recorder.user))
    standby = str(setting(workspace, recorder, "standby_account"))
    for name in setting(workspace, recorder, "cameras", site):
        camera = devices.get(str(name))
        if camera is None:
            continue
        own = workspace.inventory.values(camera.name)
        in_use = str(own[IN_USE].value) if IN_USE in own else main
        active = in_use if in_use in (main, standby) else main
        idle = standby if active == main else main
        turns = bool(standby) and camera.user not in (main, standby) and main != standby
        yield Watched(camera.name, active, idle if turns else "")


def setting(workspace: Workspace, recorder: Device, name: str, default: Any = None) -> Any:
    """Return what the inventory says of a setting of the role, else the default, else the role's own."""
    values, variable = workspace.inventory.values(recorder.name), f"{ROLE}_{name}"
    if variable in values:
        return values[variable].value
    return _defaults()[variable] if default is None else default


@lru_cache(maxsize=1)
def _defaults() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((folder("roles") / ROLE / "defaults" / "main.yml").read_text("utf-8"))
    return found
