"""The audit of many recorders, each with its channels full: recorders a second, requests, CPU.

    python -m benchmarks.recorders --recorders 500 --channels 16

The cameras are in the inventory only: the recorders stand still and are asked all that an audit asks. Half of them are
Hikvision's, half Dahua's. The lab runs in a process of its own on the same processors.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks import fleet
from benchmarks.audit import Watch
from fleetctl.executor import Policy
from fleetctl.lab import control
from fleetctl.model import Finished, Outcome
from fleetctl.operations.audit import audit
from fleetctl.operations.initialising import init
from fleetctl.operations.workspace import Workspace, open_workspace
from fleetctl.resources import folder

MAKES: Final = (("hikvision", "hikvision-nvr-m-like", "ONVIF"), ("dahua", "dahua-nvr-like", "Onvif"))

OVERLAY: Final = {"ansible_user": fleet.USER, "channels_port": 80, "recording_schedule": '"off"'}


def _address(site: int, host: int) -> str:
    return f"127.{50 + site // 250}.{site % 250}.{host}"


def write_inventory(root: Path, recorders: int, channels: int) -> None:
    """Write sites of one recorder and its cameras into an empty folder."""
    root.mkdir(parents=True)
    pilot = folder("inventory/pilot")
    for name in ("standard.yml", "kinds.yml", "zzz_kinds.yml"):
        (root / name).write_text((pilot / name).read_text("utf-8"), "utf-8")
    for site in range(recorders):
        lines = ["bench:", "  children:", f"    site_{site:04d}:", "      vars:", f"        site_name: Phường {site}"]
        lines += [f"        site_network: 10.{site // 250}.{site % 250}", "      hosts:"]
        lines += [
            f"        s{site:04d}-cam-{n:02d}: {{ansible_host: {_address(site, n + 10)}, kind: camera, "
            f"vendor: generic, desk: Quầy {n}}}"
            for n in range(1, channels + 1)
        ]
        bound = ", ".join(f'"{n}": s{site:04d}-cam-{n:02d}' for n in range(1, channels + 1))
        lines.append(
            f"        s{site:04d}-nvr: {{ansible_host: {_address(site, 2)}, kind: nvr, vendor: "
            f"{MAKES[site % len(MAKES)][0]}, desk: P, channels_cameras: {{{bound}}}}}"
        )
        (root / f"site_{site:04d}.yml").write_text("\n".join(lines) + "\n", "utf-8")


def lab_spec(recorders: int, channels: int, passwords: dict[str, str]) -> dict[str, Any]:
    """Return the recorders, every channel bound to what the inventory says."""

    def bound(site: int, protocol: str) -> dict[str, Any]:
        return {
            str(n): {
                "name": f"Quầy {n}",
                "protocol": protocol,
                "address": _address(site, n + 10),
                "port": 80,
                "http_port": 80,
                "user": "ghihinh",
                "password": "Bench-pass-1",
                "enabled": True,
            }
            for n in range(1, channels + 1)
        }

    return {
        "devices": [
            {
                "name": f"s{site:04d}-nvr",
                "address": _address(site, 2),
                "personality": MAKES[site % len(MAKES)][1],
                "login": [fleet.USER, passwords[f"s{site:04d}-nvr"]],
                "factory": {"channels": bound(site, MAKES[site % len(MAKES)][2]), "recording": {"*": {"on": False}}},
            }
            for site in range(recorders)
        ],
        "http_port": 0,
        "https_port": -1,
        "rtsp_port": -1,
        "record_s": 0,
    }


@contextmanager
def recorders_of(recorders: int, channels: int) -> Iterator[tuple[Workspace, control.Lab, Path]]:
    """Make the workspace and its lab; both are gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="fleetctl-bench-"))
    lab_dir = root / "lab"
    try:
        write_inventory(root / "source", recorders, channels)
        fleet.write_overlay(root / "source", OVERLAY)
        init(root / "workspace", root / "source")
        workspace = open_workspace(root / "workspace")
        passwords = {}
        for site in range(recorders):
            name = f"s{site:04d}-nvr"
            workspace.vault.ensure(f"site_{site:04d}", {name: [fleet.USER]})
            passwords[name] = workspace.password(workspace.inventory.devices[name])
        lab = control.up(lab_spec(recorders, channels, passwords), lab_dir)
        fleet.write_overlay(root / "workspace" / "inventory", {"onvif_port": lab.ports["http"], **OVERLAY})
        yield open_workspace(root / "workspace"), lab, lab_dir
    finally:
        control.down(lab_dir)
        shutil.rmtree(root, ignore_errors=True)


def measure(recorders: int, channels: int) -> None:
    """Audit the recorders twice (the second knows what the first learned) and print what each took."""
    with recorders_of(recorders, channels) as (workspace, lab, lab_dir):
        for turn in ("first", "second"):
            control.forget(lab_dir)
            outcomes: Counter[Outcome] = Counter()
            with Watch(lab.pid) as lab_watch, Watch(psutil.Process().pid, without=lab.pid) as watch:
                begun = time.monotonic()
                for event in audit(workspace, "nvr", policy=Policy(per_site=8)):
                    if isinstance(event, Finished):
                        outcomes[event.outcome] += 1
                wall_s = time.monotonic() - begun
            calls = sum(control.counts(lab_dir).values())
            print(f"{turn} audit: {recorders} recorders of {channels} channels")
            print(f"outcomes             {dict(outcomes.most_common())}")
            print(f"wall                 {wall_s:.1f} s, {recorders / wall_s:.0f} recorders/s")
            print(f"client CPU           {watch.cpu_s:.1f} s, {watch.cpu_s / recorders * 1e3:.1f} ms/recorder")
            print(f"requests             {calls}, {calls / recorders:.1f} per recorder")
            print(f"peak memory, client  {watch.peak_mb:.0f} MB in all processes")
            print(f"lab                  {lab_watch.cpu_s / max(calls, 1) * 1e3:.3f} ms CPU per request")


def main() -> None:
    """Read the options and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recorders", type=int, default=500)
    parser.add_argument("--channels", type=int, default=16)
    told = parser.parse_args()
    measure(told.recorders, told.channels)


if __name__ == "__main__":
    main()
