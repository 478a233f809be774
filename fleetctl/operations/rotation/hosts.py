"""Linux recorders that log in to a camera: their role is pushed with another login, and new files are waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final

import yaml

from fleetctl import catalog, converge
from fleetctl.errors import BadAnswer, Unsupported
from fleetctl.model import Access, AspectPlan, Channel, Device, DevicePlan, Kind, Outcome
from fleetctl.operations.rotation.turns import Holder, Login, Patience, Stands
from fleetctl.operations.workspace import Workspace
from fleetctl.resources import folder

ASPECT: Final = "recorder"
_RECORDING: Final = ["recording", "of"]  # begins what its role calls a camera without new files
_FRESH_S: Final = 120.0  # as the role has it (recorder_stale_after_s): a file that grew so lately is being recorded


class HostRecorder:
    """One Linux recorder; what others call a channel is a camera's name here."""

    pauses: Final = False

    def __init__(self, job: converge.Job, folder: str, channel: Channel) -> None:
        self.name = job.device.name
        self._job, self._folder, self._channel = job, folder, channel

    def trouble(self, camera: Device, channel: str, account: str) -> str:
        """Return why the camera's password must not be touched because of this recorder, "" when it may.

        Raises Unreachable, Refused, BadAnswer where the recorder cannot be looked at.
        """
        del camera
        changes = self._checked().changes
        if [*_RECORDING, channel] in (change.key.split() for change in changes):
            return f"{self.name} does not record {channel}"
        left = [f"{c.field} {c.key}".strip() for c in changes if c.key.split()[:2] != _RECORDING]
        if left:
            first = f"fleetctl apply --limit {self.name} --aspect {ASPECT} first"
            return f"{self.name} is not as the inventory says ({', '.join(left)}; {account} for {channel}): {first}"
        return ""

    def standing(self, channel: str) -> Stands:
        """Return whether a camera is recorded now: whether its newest file grows, by the recorder's own clock."""
        now, newest = self._look(channel)
        return Stands(records=now - newest < _FRESH_S)

    def pause(self, channel: str, patience: Patience) -> None:
        """Raise Unsupported: motion is told its cameras by files, and begins anew for all of them."""
        del patience
        raise Unsupported(f"{self.name}: a Linux recorder is not told to leave {channel} alone")

    def hand(self, channel: str, login: Login, _camera: str, _port: int, patience: Patience, recorded: bool) -> str:
        """Push the role and see the camera's files grow with it, where they did or it was `recorded`.

        The inventory names the account by now, and the vault has its password. Returns what is wrong.
        """
        recorded = recorded or self.standing(channel).records
        why = self._pushed(channel, login)
        return why if why or not recorded else self._grows(channel, patience)

    def _pushed(self, channel: str, login: Login) -> str:
        """Push the role, where it has something to do; returns what is wrong with the camera's file afterwards."""
        planned = self._checked()
        if planned.changes:
            plan = DevicePlan(
                device=self.name, kind=self._job.device.kind, site=self._job.device.site, aspects=(planned,)
            )
            ended = converge.ran(replace(self._job, plan=plan), self._channel).results
            outcome, reason = ended.get(ASPECT) or ended.get("", (Outcome.UNKNOWN, "its role told no end"))
            if outcome in (Outcome.INTERRUPTED, Outcome.UNREACHABLE, Outcome.REFUSED):
                raise converge.error_of(outcome)(reason)
            if left := [c for c in self._checked().changes if c.key.split() == ["camera", channel]]:
                why = reason or f"a new check finds {left[0].before}"
                return f"{self.name}: the file of {channel} has not the login of {login.user}: {why}"
        return ""

    def _grows(self, channel: str, patience: Patience) -> str:
        """Wait until a file is written to later than now: motion has begun anew since it was told the login."""
        deadline, pushed_at = time.monotonic() + patience.files_s, self._look(channel)[0]
        while self._look(channel)[1] <= pushed_at:
            if time.monotonic() > deadline:
                return f"{self.name}: no file of {channel} grows with it within {patience.files_s:.0f} s"
            time.sleep(patience.poll_s)
        return ""

    # --- the wire ----------------------------------------------------------------------------------

    def _look(self, channel: str) -> tuple[float, float]:
        """Return what the recorder's clock shows, and when the camera's newest file was written to."""
        registry = catalog.load()
        with converge.linked(self._job, Access.READ, self._channel) as link:
            driver, _ = converge.recognise(self._job, link, registry, required=True)
            action = registry.action(driver, "newest_footage")
            if action is None:
                raise Unsupported(f"{self.name}: {driver.name} hosts do not tell what they record")
            now, newest = action.run(link.session(action.protocol), f"{self._folder}/{channel}")
            return float(now), float(newest)

    def _checked(self) -> AspectPlan:
        """Return what the role would change; raises what the recorder ended with as a whole, BadAnswer."""
        plan = converge.checked(self._job, self._job.expectations, self._channel)
        told = next((each for each in plan.aspects if each.aspect == ASPECT), None)
        if told is None or (told.outcome not in (Outcome.UNCHANGED, Outcome.PENDING) and not told.changes):
            raise BadAnswer(f"{self.name}: {told.reason if told is not None else 'its role told nothing'}")
        return told


# --- who they are -----------------------------------------------------------------------------------


def held(workspace: Workspace, recorder: Device) -> Iterator[tuple[str, tuple[str, str], Holder]]:
    """Yield the cameras that a Linux recorder logs in to, as its role does: the account in use and the idle one."""
    if recorder.platform != "linux":
        return
    devices, values = workspace.inventory.devices, workspace.inventory.values(recorder.name)

    def told(name: str, default: Any) -> Any:
        return values[name].value if name in values else default

    site = [d.name for d in devices.values() if d.site == recorder.site and d.kind is Kind.CAMERA]
    where = str(told("recorder_folder", _defaults()["recorder_folder"]))
    main, standby = str(told("recorder_account", recorder.user)), str(told("recorder_standby_account", ""))
    for name in told("recorder_cameras", site):
        camera = devices.get(str(name))
        if camera is None:
            continue
        own = workspace.inventory.values(camera.name)
        in_use = str(own["recorder_account_in_use"].value) if "recorder_account_in_use" in own else main
        active = in_use if in_use in (main, standby) else main
        idle = standby if active == main else main
        turns = bool(standby) and camera.user not in (main, standby) and main != standby
        holder = Holder(recorder=recorder.name, channel=camera.name, folder=where)
        yield camera.name, (active, idle if turns else ""), holder


@lru_cache(maxsize=1)
def _defaults() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load((folder("roles") / ASPECT / "defaults" / "main.yml").read_text("utf-8"))
    return found
