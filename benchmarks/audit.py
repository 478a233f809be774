"""The audit of a whole fleet of simulated cameras: devices a second, CPU, memory, beside the floor.

    python -m benchmarks.audit --devices 5000                   the fleet, factory-fresh, all aspects
    python -m benchmarks.audit --devices 5000 --latency-ms 100  the same over a slow line

Measured is the command `fleetctl --json audit` as it is; the lab runs in a process of its own on the same
processors. The CPU is that of the command and all its workers, from their start to their end. Peak memory is that of
all of them together (proportional set size, so that what they share counts once); the lab's is told apart.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from benchmarks import fleet
from fleetctl.lab import control
from fleetctl.operations.initialising import init
from fleetctl.operations.workspace import Workspace, open_workspace
from fleetctl.resources import folder


class Watch:
    """Samples CPU and memory of a process and its children until it is left."""

    def __init__(self, pid: int, *, without: int = 0, every_s: float = 0.5) -> None:
        self.process, self.without = psutil.Process(pid), without
        self.peak_mb = 0.0
        self._cpu: dict[int, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._sample, args=(every_s,), daemon=True)

    def __enter__(self) -> Watch:
        self._before = self._seconds()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()
        self.cpu_s = self._seconds() - self._before

    def _all(self) -> list[psutil.Process]:
        try:
            every = [self.process, *self.process.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []
        return [each for each in every if each.pid != self.without]

    def _seconds(self) -> float:
        for each in self._all():
            try:
                told = each.cpu_times()
            except psutil.NoSuchProcess:
                continue
            self._cpu[each.pid] = told.user + told.system
        return sum(self._cpu.values())

    def _sample(self, every_s: float) -> None:
        while not self._ended.wait(every_s):
            self._seconds()
            total = 0
            for each in self._all():
                try:
                    total += each.memory_full_info().pss
                except psutil.Error:
                    continue
            self.peak_mb = max(self.peak_mb, total / 1e6)


@contextmanager
def fleet_of(count: int, latency_ms: float) -> Iterator[tuple[Workspace, control.Lab, Path]]:
    """Make a workspace of so many cameras and their lab; both are gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="fleetctl-bench-"))
    lab_dir = root / "lab"
    try:
        source = root / "source"
        fleet.write_inventory(source, count, {"ansible_user": fleet.USER}, folder("inventory/pilot") / "standard.yml")
        init(root / "workspace", source)
        workspace = open_workspace(root / "workspace")
        logins: dict[str, str] = {}
        for site in workspace.inventory.sites().values():
            workspace.vault.ensure(site.key, {name: [fleet.USER] for name in site.devices})
            for name in site.devices:
                logins[name] = workspace.password(workspace.inventory.devices[name])
        lab = control.up(fleet.lab_spec(count, logins, latency_ms=latency_ms), lab_dir)
        ports = {"onvif_port": lab.ports["http"], "ansible_user": fleet.USER}
        fleet.write_overlay(root / "workspace" / "inventory", ports)
        yield open_workspace(root / "workspace"), lab, lab_dir
    finally:
        control.down(lab_dir)
        shutil.rmtree(root, ignore_errors=True)


def measure(count: int, latency_ms: float) -> None:
    """Audit the fleet once with the command itself and print what it took."""
    with fleet_of(count, latency_ms) as (workspace, lab, lab_dir):
        told = Path(workspace.root) / "told.jsonl"
        command = [sys.executable, "-m", "fleetctl.cli.main", "--json", "--workspace", str(workspace.root), "audit"]
        load = os.getloadavg()[0]
        with told.open("wb") as out, Watch(lab.pid) as lab_watch:
            begun = time.monotonic()
            process = subprocess.Popen(command, stdout=out)
            with Watch(process.pid) as watch:
                _, status, used = os.wait4(process.pid, 0)
            wall_s = time.monotonic() - begun
        cpu_s = used.ru_utime + used.ru_stime  # its own and that of the workers it waited for
        calls = sum(control.counts(lab_dir).values())
        summary = json.loads(told.read_text(encoding="utf-8").splitlines()[-1])
    print(f"devices              {count}, latency {latency_ms:.0f} ms, load before {load:.1f}")
    print(f"outcomes             {summary['outcomes']}, exit code {os.waitstatus_to_exitcode(status)}")
    print(f"wall                 {wall_s:.1f} s, {count / wall_s:.0f} devices/s")
    print(f"client CPU           {cpu_s:.1f} s, {cpu_s / count * 1e3:.1f} ms/device")
    print(f"SOAP calls           {calls}, {calls / count:.1f} per device, {cpu_s / calls * 1e3:.3f} ms CPU each")
    print(f"peak memory, client  {watch.peak_mb:.0f} MB in all processes")
    print(f"lab                  {lab_watch.cpu_s / calls * 1e3:.3f} ms CPU per call, {lab_watch.peak_mb:.0f} MB")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=500)
    parser.add_argument("--latency-ms", type=float, default=0.0)
    told = parser.parse_args()
    measure(told.devices, told.latency_ms)


if __name__ == "__main__":
    main()
