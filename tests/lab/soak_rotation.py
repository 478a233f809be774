"""Rotation under fire: rotations killed (SIGKILL) at any step while devices lose power, then settled; nothing is lost.

`python -m tests.lab.soak_rotation --schedules 2000 --cameras 200 --recorders 50`. Each round rotates a device of every
site (a recorder and its cameras) at the same time, taken by chance, most often a camera, and kills the run at one of
its steps by chance: a commit, an order before or after it was answered, a replaced file. A schedule is one site whose
device had been begun and had not ended when the kill fell: each stands elsewhere in its rotation. `recover` is killed,
too, in some rounds. The lab's recorders log in to their cameras and keep footage without pictures, so that one machine
holds so many. After `recover` the lab is the judge: every account has the password that the vault has, none is locked,
every channel is online and recorded. The operations run in forks of this process, which has all modules.
"""

from __future__ import annotations

import argparse
import gc
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from fleetctl.lab import control
from fleetctl.model import Kind
from fleetctl.operations import lab, rollout, rotation
from fleetctl.operations.initialising import init
from fleetctl.operations.runs import select
from tests.lab.killed import Steps
from tests.lab.office import PILOT, Office, cameras_only

RECORDERS: Final = (
    ("hikvision", "DS-7608NI-K2"),
    ("dahua", "DHI-NVR5216-EI"),
    ("hikvision", "DS-9632NI-M8"),
    ("kbvision", "KX-C4K8108N2"),
)
WAYS: Final = ("turns", "administrator", "place")  # how a site's recorder logs in to its cameras
PATIENCE: Final = rotation.Patience(up_s=60.0, online_s=60.0, steady_s=2.0, goes_on_s=3.0, poll_s=0.5)
RETRY_S: Final = 2.0  # how soon a recorder knocks again: one that held an old password had its camera locked in 10 s
BEYOND: Final = 1.25  # of a run's steps, as far as they are known: how many it takes depends on what is noted together
GROWS: Final = 1.05  # a run that was killed may have had more than was thought
POWER_CUTS: Final = 0.12  # so many devices lose power at their next order
SETTLES: Final = 5  # so often a busy machine may be slow to bring all recorders in step
TRACED: Final = 40  # entries of the journal that are told of what was lost
RECOVERS: Final = 8  # so often may `recover` be needed: it is killed and its devices lose power, too


def inventory(recorders: int, cameras: int) -> str:
    """Return sites of one recorder each."""
    lines = ["fire:", "  children:"]
    for number in range(recorders):
        vendor, model = RECORDERS[number % len(RECORDERS)]
        way = WAYS[number % len(WAYS)]
        each = cameras // recorders + (number < cameras % recorders)
        net = f"10.{40 + number // 200}.{number % 200 + 1}"
        lines += [f"    s{number}:", "      vars:", f"        site_name: Site {number}", f"        site_network: {net}"]
        lines += [f"        channels_standby_user: ghihinh{'_2' * (way == 'turns')}"]  # of one account there is no turn
        lines += ["        channels_user: fleetctl"] if way == "administrator" else []
        lines += ["      hosts:"]
        for key in range(1, each + 1):
            make = ("hikvision", "dahua")[(number + key) % 2]
            told = f"{{ansible_host: {net}.{10 + key}, kind: camera, vendor: {make}, desk: Q{key}}}"
            lines += [f"        s{number}-c{key}: {told}"]
        bound = ", ".join(f'"{key}": s{number}-c{key}' for key in range(1, each + 1))
        lines += [
            f"        s{number}-nvr: {{ansible_host: {net}.2, kind: nvr, vendor: {vendor}, model: {model}, desk: P, "
            f"channels_cameras: {{{bound}}}}}"
        ]
    return "\n".join(lines) + "\n"


ACCOUNTS: Final = """\
camera:
  vars:
    users_accounts:
      fleetctl: {level: administrator}
      ghihinh: {level: user}
      ghihinh_2: {level: user}
nvr:
  vars:
    users_accounts:
      fleetctl: {level: administrator}
"""


@dataclass
class Soak:
    """One lab, and what happened in it."""

    office: Office
    chance: random.Random
    schedules: int = 0
    rounds: int = 0
    steps: int = 2000  # of a whole rotation, as last seen
    losses: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    left: Counter[str] = field(default_factory=Counter)  # at which step accounts were when their run was killed
    _taken: list[str] = field(default_factory=list)

    def round(self) -> None:
        """Rotate, kill, settle, judge."""
        self.rounds += 1
        sites: dict[str, list[str]] = {}
        for device in self.office.workspace.inventory.devices.values():
            sites.setdefault(device.site, []).append(device.name)
        self._taken = [self.chance.choice(names) for names in sites.values()]
        self._cut_power(POWER_CUTS)
        at = self.chance.randrange(1, int(self.steps * BEYOND))
        ended, told = self._child(self._rotate, at)
        cut = self._cut_off()
        self.schedules += len(cut)
        self.counts["killed" if ended else "whole"] += 1
        self.steps = int(self.steps * GROWS) + 1 if ended else told
        self.left.update(each.step.value for each in self.office.workspace.store.unsettled())
        for attempt in range(RECOVERS):
            if not self.office.workspace.store.unsettled():
                break
            self._cut_power(POWER_CUTS / 2)
            at = self.chance.randrange(1, max(2, self.steps // 2)) if attempt < 2 and self.chance.random() < 0.5 else 0
            self.counts["recovers killed"] += self._child(self._recover, at)[0]
            self.counts["recovers"] += 1
        for name in self.office.names():
            control.mend(self.office.lab_dir, name)
        self._judge()

    # --- what is done ------------------------------------------------------------------------------

    def _cut_power(self, share: float) -> None:
        for name in self.office.names():
            if self.chance.random() < share:
                how = {"applied": self.chance.random() < 0.5, "boot_s": round(self.chance.uniform(0.2, 1.5), 1)}
                self.office.break_(name, "power-cut", **how)

    def _rotate(self) -> None:
        workspace = self.office.workspace
        plan = rotation.chosen(workspace, select(workspace, ",".join(self._taken)))
        options = rotation.Options(
            rollout=rollout.Options(per_site=1, canary=0, shares=(1.0,), stop_share=1.0), patience=PATIENCE
        )
        for _ in rotation.rotate(workspace, plan, options):
            pass

    def _recover(self) -> None:
        options = rotation.Options(patience=PATIENCE, check_old=False)
        for _ in rotation.recover(self.office.workspace, "", options):
            pass

    def _child(self, work: Callable[[], None], at: int) -> tuple[bool, int]:
        """Do work in a process of its own that is killed at a step (0: at none); how it ended, and its steps."""
        told = self.office.state / "steps"
        gc.collect()
        pid = os.fork()
        if pid == 0:
            try:
                steps = Anywhere(at)
                steps.watch()
                work()
                told.write_text(str(steps.taken))
                os._exit(0)
            except BaseException as error:  # noqa: BLE001 the child's end is told whatever it is
                sys.stderr.write(f"{type(error).__name__}: {error}\n")
                os._exit(9)
        status = os.waitpid(pid, 0)[1]
        if os.WIFSIGNALED(status):
            return os.WTERMSIG(status) == signal.SIGKILL, at
        if os.waitstatus_to_exitcode(status):
            self.losses.append(f"round {self.rounds}: the command broke off with an error of its own")
        return False, int(told.read_text()) if told.exists() else 0

    def _cut_off(self) -> set[str]:
        """Return the sites with a device whose work was begun and not ended in the last run."""
        workspace = self.office.workspace
        (run,) = workspace.journal.runs(last=1)
        begun, ended = set(), set()
        for entry in workspace.journal.entries(run=run.run, events=("Started", "Finished")):
            (begun if entry.event == "Started" else ended).add(entry.device)
        left = (begun - ended) | {each.device for each in workspace.store.unsettled()}
        return {workspace.inventory.devices[name].site for name in left}

    def knocks(self) -> int:
        """Return how many logins of recorders cameras have refused."""
        recorders = [d.name for d in self.office.workspace.inventory.devices.values() if d.kind is Kind.NVR]
        return sum(self.office.real(name)["knocks"] for name in recorders)

    # --- what came of it ---------------------------------------------------------------------------

    def _judge(self) -> None:
        for loss in lost(self.office):
            self.losses.append(f"round {self.rounds}: {loss}")
            device = loss.partition(" ")[0].rstrip(":")
            _tell(f"  {loss}")
            for entry in self.office.workspace.journal.entries(device=device, last=TRACED):
                _tell(f"    run {entry.run}, {entry.time:%H:%M:%S.%f}: {entry.event} {entry.payload}")


def lost(office: Office) -> list[str]:
    """Return what is not as it should be: passwords the vault does not have, locked accounts, channels that rest."""
    workspace = office.workspace
    found = [f"{u.device} {u.account} stays unsettled at {u.step}" for u in workspace.store.unsettled()]
    played = [device for device in workspace.inventory.devices.values() if not device.is_host]
    for device in played:
        office.wait(device.name, 120.0)
        real = office.real(device.name)
        for account, entry in workspace.vault.accounts(device.site, device.name).items():
            has = real["users"].get(account)
            if entry.current and (has is None or has["password"] != entry.current):
                found.append(f"{device.name}: the vault has not the password of {account}")
        if real["locked"]:
            found.append(f"{device.name}: locked: {real['locked']}")
    recorders = [device.name for device in played if device.kind is Kind.NVR]
    return found + [f"{name}: {why}" for name in recorders if (why := _rests(office, name))]


def _rests(office: Office, name: str, within_s: float = 300.0) -> str:
    """Return why a recorder's channels are not all recorded, "" once they are."""
    deadline = time.monotonic() + within_s
    while True:
        links = office.real(name)["links"]
        bad = {key: link["state"] for key, link in links.items() if link["state"] != "online" or not link["recording"]}
        if links and not bad:
            return ""
        if time.monotonic() > deadline:
            return f"channels do not record: {bad or 'none'}"
        time.sleep(0.1)


class Anywhere(Steps):
    """Ends this process at one of its steps, of whatever kind."""

    def __init__(self, at: int) -> None:
        super().__init__()
        self._at, self.taken, self._all = at, 0, threading.Lock()

    def step(self, kind: str) -> None:
        """Count; the step at which it ends is the last."""
        del kind
        with self._all:
            self.taken += 1
            if self.taken == self._at:
                os.kill(os.getpid(), signal.SIGKILL)


def made(root: Path, recorders: int, cameras: int, *, record_s: float = 0.5) -> Office:
    """Return the office, in step and recording; its lab is ended where that fails."""
    init(root, PILOT)
    ports = {"http_port": 0, "https_port": 0, "rtsp_port": 0}
    office = Office(root, lab.Options(**ports, record_s=record_s, retry_s=RETRY_S, pulls=False))
    try:
        _furnish(office, recorders, cameras)
    except BaseException:
        office.lab_down()
        raise
    return office


def _furnish(office: Office, recorders: int, cameras: int) -> None:
    cameras_only(office.inventory)
    for folder in [each for each in office.inventory.iterdir() if each.is_dir()]:
        for path in folder.glob("*.yml"):
            path.unlink()
    office.write("fire.yml", inventory(recorders, cameras))
    office.write("zzx_accounts.yml", ACCOUNTS)
    office.lab_up()
    office.expect(0, "adopt", "--yes")
    ran = office.json("apply", "--yes", "--canary", "0", "--aspect", "users,time")
    assert ran.code == 0, ran
    for _ in range(SETTLES):
        ran = office.json("apply", "--yes", "--canary", "0", "--limit", "nvr", "--aspect", "channels,recording")
        if ran.code == 0:
            return
    raise AssertionError(ran)


def _tell(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(arguments: list[str]) -> int:
    """Run the soak; the exit code is 0 for no loss."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=2000)
    parser.add_argument("--cameras", type=int, default=200)
    parser.add_argument("--recorders", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args(arguments)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        office = made(Path(folder) / "fire", told.recorders, told.cameras, record_s=2.0)
        try:
            soak = Soak(office, random.Random(told.seed))  # noqa: S311 a seeded chance, to be repeated
            _tell(f"up after {time.monotonic() - begun:.0f} s")
            while soak.schedules < told.schedules:
                soak.round()
                _tell(
                    f"{time.monotonic() - begun:.0f} s: {soak.schedules} schedules in {soak.rounds} rounds, "
                    f"{dict(soak.counts)}, {soak.steps} steps, left at {dict(soak.left)}, "
                    f"{soak.knocks()} logins of recorders refused, "
                    f"{len(soak.losses)} losses"
                )
        finally:
            office.lab_down()
    return 1 if soak.losses else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
