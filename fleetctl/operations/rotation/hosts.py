"""Linux recorders that log in to a camera: their role is pushed with another login, and new files are waited for."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from fleetctl import catalog, converge
from fleetctl.errors import BadAnswer, Rejected, Unsupported
from fleetctl.model import Access, AspectPlan, Channel, Device, DevicePlan, Outcome
from fleetctl.operations import hostrecorders
from fleetctl.operations.hostrecorders import ROLE
from fleetctl.operations.rotation.turns import Holder, Login, Patience, Stands
from fleetctl.operations.workspace import Workspace

_RECORDING: Final = ["recording", "of"]  # begins what its role calls a camera without new files
_REMOVED: Final = ["camera", "(removed)"]  # what it calls one that motion still has, since it was not begun anew
_FRESH_S: Final = 120.0  # as the role has it (recorder_stale_after_s): a file that grew so lately is being recorded


class HostRecorder:
    """One Linux recorder; what others call a channel is a camera's name here."""

    pauses: Final = True  # all of its cameras have a gap of seconds then: motion begins anew

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
            first = f"fleetctl apply --limit {self.name} --aspect {ROLE} first"
            return f"{self.name} is not as the inventory says ({', '.join(left)}; {account} for {channel}): {first}"
        return ""

    def standing(self, channel: str) -> Stands:
        """Return whether a camera is recorded now: whether its newest file grows, by the recorder's own clock."""
        now, newest = self._look(channel)
        return Stands(records=now - newest < _FRESH_S)

    def pause(self, channel: str, patience: Patience) -> None:
        """Push the role, so that motion begins anew without the camera, and see that its files grow no more.

        The inventory says by now that the camera rests. Raises Rejected where it is recorded all the same.
        """
        if why := self._pushed(channel):
            raise Rejected(f"{self.name} does not leave {channel} alone: {why}")
        rests_since = self._look(channel)[0]
        time.sleep(patience.quiet_s)
        if self._look(channel)[1] > rests_since:
            raise Rejected(f"{self.name} still records {channel}, though it was told to leave it alone")

    def hand(self, channel: str, login: Login, _camera: str, _port: int, patience: Patience, recorded: bool) -> str:
        """Push the role and see the camera's files grow with it, where they did or it was `recorded`.

        The inventory names the account by now, and the vault has its password. Returns what is wrong.
        """
        recorded = recorded or self.standing(channel).records
        if why := self._pushed(channel):
            return f"{self.name}: the file of {channel} has not the login of {login.user}: {why}"
        return self._grows(channel, patience) if recorded else ""

    def _pushed(self, channel: str) -> str:
        """Push the role, where it has something to do; returns why the camera's file is not as it says afterwards."""
        planned = self._checked()
        if not planned.changes:
            return ""
        plan = DevicePlan(device=self.name, kind=self._job.device.kind, site=self._job.device.site, aspects=(planned,))
        ended = converge.ran(replace(self._job, plan=plan), self._channel).results
        outcome, reason = ended.get(ROLE) or ended.get("", (Outcome.UNKNOWN, "its role told no end"))
        if outcome in (Outcome.INTERRUPTED, Outcome.UNREACHABLE, Outcome.REFUSED):
            raise converge.error_of(outcome)(reason)
        if outcome in (Outcome.CHANGED, Outcome.UNCHANGED):
            return ""
        left = [c for c in self._checked().changes if c.key.split() in (["camera", channel], _REMOVED)]
        return (reason or f"a new check finds {left[0].before}") if left else ""

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
        told = next((each for each in plan.aspects if each.aspect == ROLE), None)
        if told is None or (told.outcome not in (Outcome.UNCHANGED, Outcome.PENDING) and not told.changes):
            raise BadAnswer(f"{self.name}: {told.reason if told is not None else 'its role told nothing'}")
        return told


# --- who they are -----------------------------------------------------------------------------------


def held(workspace: Workspace, recorder: Device) -> Iterator[tuple[str, tuple[str, str], Holder]]:
    """Yield the cameras that a Linux recorder logs in to: the account in use and the idle one, and it as a holder."""
    where = str(hostrecorders.setting(workspace, recorder, "folder"))
    for camera, account, idle in hostrecorders.watched(workspace, recorder):
        yield camera, (account, idle), Holder(recorder=recorder.name, channel=camera, folder=where)
