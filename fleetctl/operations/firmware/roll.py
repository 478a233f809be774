"""Carries a firmware roll-out on, stage by stage, over days if need be."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

from fleetctl import flashing
from fleetctl.errors import Stale, UsageError
from fleetctl.executor import Policy, Stop, Task
from fleetctl.flashing import Earlier, Flash, Update
from fleetctl.flashing.order import ASPECT
from fleetctl.model import BackedUp, Event, Image
from fleetctl.operations import backups, windows
from fleetctl.operations.firmware.agreed import KIND, Rollout, refresh
from fleetctl.operations.firmware.hosts import in_words, packages
from fleetctl.operations.firmware.stages import Judge, Stage, following
from fleetctl.operations.firmware.steps import Step, catalogue
from fleetctl.operations.runs import execute, job, task
from fleetctl.operations.workspace import Workspace
from fleetctl.waves import utc_now

STOP_FILE: Final = "firmware.stop"
_WAIT_S: Final = 1.0


class Roll:
    """Carries a roll-out on, stage by stage; one object, one command."""

    def __init__(
        self, workspace: Workspace, rollout: Rollout, stop: Stop, *, again: bool = False, now: str = ""
    ) -> None:
        """`again`: do not wait until unreachable devices are due; `now`: the reason to ignore maintenance windows."""
        self.workspace, self.rollout, self.stop = workspace, rollout, stop
        self._again, self._now = again, now
        self._tried: set[str] = set()
        self._lane = {step.device: step.lane for step in rollout.active}
        self._steps = {step.device: step for step in rollout.active}
        self._images: dict[str, Image] = {}
        self._window = None if now else windows.policy(workspace, self._steps)
        sites = {workspace.inventory.devices[name].site for name in self._steps}
        if now and len(sites) > 1:
            raise UsageError(f"--now is for one site at a time, these are {len(sites)}: narrow it with --limit SITE")

    @property
    def stop_file(self) -> Any:
        """The file whose existence ends every roll-out of the workspace."""
        return self.workspace.state / STOP_FILE

    def events(self) -> Iterator[Event]:
        """Yield the events of every stage until nothing is left, a person ends it, or all lanes are halted."""
        if not self._again:
            due = {told.device for told in self.workspace.store.queued(KIND, due=time.time())}
            waiting = {told.device for told in self.workspace.store.queued(KIND)}
            self._tried |= waiting - due
        with self.stop.on_ctrl_c():
            while not self.stop.requested and not self._stopped():
                stage = following(self.rollout, frozenset(self._tried | self._closed()), time.time())
                if stage is None:
                    return
                if stage.wait_until is not None:
                    time.sleep(min(_WAIT_S, max(0.05, stage.wait_until - time.time())))
                    continue
                yield from self._stage(stage)
                refresh(self.workspace, self.rollout)

    def _closed(self) -> set[str]:
        """Return the devices whose maintenance window is not open now."""
        if self._window is None:
            return set()
        moment = utc_now()
        return {name for name in self._steps if self._window(name, moment)}

    def _stopped(self) -> bool:
        if self.stop_file.exists():
            self.stop.request(f"{self.stop_file} is there; take it away to go on: fleetctl firmware roll --resume")
            return True
        return False

    def _stage(self, stage: Stage) -> Iterator[Event]:
        workspace, settings = self.workspace, self.rollout.settings
        self._tried |= set(stage.devices) if stage.kind != "soak" else set()
        judge = Judge(self.rollout, stage)
        site_window = None if stage.kind == "soak" else self._window

        def window(name: str, moment: Any) -> str:
            if reason := self.rollout.halted.get(self._lane[name], ""):
                return f"halted: {reason}"
            if self._stopped():
                return f"{self.stop_file} is there"
            return site_window(name, moment) if site_window is not None else ""

        policy = Policy(
            process_threshold=len(stage.devices) + 1,
            threads=settings.at_once,
            per_site=settings.per_site,
            per_uplink=settings.per_uplink,
            window=window,
        )
        arguments = {"rollout": self.rollout.name, "stage": stage.kind, "now": self._now}
        tasks = self._tasks(stage.devices)
        for event in execute(
            workspace,
            kind=KIND,
            arguments=arguments,
            tasks=tasks,
            payload=lambda name: self._payload(name, stage),
            policy=policy,
            stop=self.stop,
            work=flashing.work,
        ):
            if isinstance(event, BackedUp):
                device = workspace.inventory.devices[event.device]
                backups.keep(workspace, device, event.backup, event.serial_number, event.mac_address)
                continue
            if reason := judge.takes(event):
                self._halt(self._lane[event.device], reason)
            yield event

    def _halt(self, lane: str, reason: str) -> None:
        if lane not in self.rollout.halted:
            self.rollout.halted[lane] = reason
            kept = next(t for t in self.workspace.store.rollouts() if t.name == self.rollout.name)
            self.workspace.store.save_rollout(self.rollout.name, kept.plan, {"halted": self.rollout.halted})

    def _tasks(self, names: Sequence[str]) -> list[Task]:
        """Return the devices as tasks; of the hosts of one site each waits until the one before has ended."""
        last: dict[str, str] = {}
        tasks = []
        for device in (self.workspace.inventory.devices[name] for name in names):
            after = (last[device.site],) if device.is_host and device.site in last else ()
            if device.is_host:
                last[device.site] = device.name
            tasks.append(task(device, after=after, together=False))
        return tasks

    def _payload(self, name: str, stage: Stage) -> Flash | Update:
        workspace, step = self.workspace, self._steps[name]
        device, standing = workspace.inventory.devices[name], self.rollout.standing[name]
        if step.packages:
            return self._update(step, stage)
        if step.image not in self._images:
            there = catalogue(workspace)
            self._images[step.image] = there.image(step.image)
            there.check(self._images[step.image])
        image = self._images[step.image]
        earlier = None if standing.began is None else Earlier(began=standing.began, sent=standing.sent)
        return Flash(
            job=job(workspace, device, workspace.expectations(device, ())),
            image=image,
            path=str(catalogue(workspace).path(image)),
            before=step.before,
            timing=self.rollout.settings.timing,
            earlier=earlier,
            noted=standing.before,
            again=stage.kind == "soak",
        )

    def _update(self, step: Step, stage: Stage) -> Update:
        """Return what a host is told; raises Stale where the inventory wants another state by now than was agreed."""
        workspace, standing = self.workspace, self.rollout.standing[step.device]
        device = workspace.inventory.devices[step.device]
        wanted = packages(workspace, device)
        words = in_words(wanted) if wanted is not None else "nothing"
        if wanted is None or words != step.target:
            raise Stale(f"{step.device}: agreed was {step.target!r}, the inventory says {words!r} by now. Plan again")
        others = tuple(e for e in workspace.expectations(device, ()) if e.aspect != ASPECT)
        tried = standing.began or standing.ended or 0.0
        return Update(
            job=job(workspace, device, others),
            wanted=wanted,
            target=step.target,
            timing=self.rollout.settings.timing,
            earlier=Earlier(began=tried, sent=standing.sent) if standing.tried else None,
            again=stage.kind == "soak",
        )
