"""The pilot's Linux hosts as real machines: `python -m tests.hosts.pilot up .pilot`, and `down .pilot`.

They boot beside the lab of that workspace and stay until they are taken down; a file of the inventory says where they
are. Needs root and Debian's systemd-container and mmdebstrap; without them the hosts are taken out of the inventory.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

from fleetctl.lab import control
from fleetctl.lab.personality import known
from fleetctl.model import Device, Kind
from fleetctl.operations import lab
from fleetctl.operations.workspace import STATE, Workspace, open_workspace
from tests.hosts import commune, machines, relay, repository
from tests.hosts.machines import Machine
from tests.lab.office import without

OVERLAY: Final = "zz_machines.yml"
PROGRAMS: Final = ("systemd-nspawn", "mmdebstrap", "ip", "dpkg-deb")
_READY_S: Final = 600.0  # the image is built the first time
HEAD: Final = "# Written by `make pilot`: where the pilot's machines are, and how an installer left them.\n"


def missing() -> str:
    """Return why there can be no machines here, "" if there can."""
    if os.geteuid() != 0:
        return "only root can boot them (sudo make pilot)"
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    return f"{', '.join(absent)} not found (apt-get install systemd-container mmdebstrap iproute2)" if absent else ""


def main(command: str, root: str, wanted: str = "yes") -> int:
    """Boot the machines of a workspace (`up`), keep them (`serve`), take them down (`down`)."""
    workspace = open_workspace(Path(root))
    if command == "down":
        return _down(workspace)
    if command == "serve":
        return _serve(workspace)
    if why := missing() if wanted == "yes" else "they take a quarter of an hour (sudo make pilot HOSTS=yes)":
        without(workspace.inventory_root, "platform: linux")
        sys.stdout.write(f"\nThe communes' Linux hosts, a recorder and a kiosk each, are left out: {why}.\n")
        return 0
    return _up(workspace)


def hosts(workspace: Workspace) -> list[Device]:
    """Return the Linux hosts of the inventory."""
    return [device for device in workspace.inventory.devices.values() if device.platform == "linux"]


def _file(workspace: Workspace) -> Path:
    return workspace.root / STATE / "machines.json"


def _up(workspace: Workspace) -> int:
    log = (workspace.root / STATE / "machines.log").open("wb")
    keeper = subprocess.Popen(
        [sys.executable, "-m", "tests.hosts.pilot", "serve", str(workspace.root)],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
    )  # fmt: skip
    until = time.monotonic() + _READY_S
    while not _file(workspace).exists():
        if keeper.poll() is not None or time.monotonic() > until:
            sys.stderr.write(Path(log.name).read_text("utf-8", "replace"))
            return 1
        time.sleep(0.1)
    sys.stdout.write(f"\n{len(hosts(workspace))} Linux hosts are up: real machines, as an installer leaves them.\n")
    return 0


def _down(workspace: Workspace) -> int:
    (workspace.inventory_root / OVERLAY).unlink(missing_ok=True)
    try:
        keeper = int(json.loads(_file(workspace).read_text("ascii"))["pid"])
        os.kill(keeper, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    until = time.monotonic() + 60
    while _file(workspace).exists() and time.monotonic() < until:
        time.sleep(0.1)
    return 0


def _serve(workspace: Workspace) -> int:
    """Keep the machines until SIGTERM."""
    devices = hosts(workspace)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with ExitStack() as stack:
        stack.callback(_file(workspace).unlink, missing_ok=True)
        network = stack.enter_context(machines.network())
        repo = workspace.root / STATE / "packages"
        repo.mkdir(exist_ok=True)
        repository.made(repo)
        up = stack.enter_context(machines.booted([d.name for d in devices], network, repo=repo))
        for device in devices:
            if device.kind is Kind.KIOSK:
                up[device.name].put("/etc/systemd/system/fleet-kiosk.service.d/headless.conf", commune.HEADLESS)
            else:
                stack.enter_context(relay.relayed(up[device.name], _ways(workspace, device)))
        (workspace.inventory_root / OVERLAY).write_text(overlay(workspace, up), "utf-8")
        _file(workspace).write_text(json.dumps({"pid": os.getpid()}), "ascii")
        signal.pause()
    return 0


def _cameras(workspace: Workspace, site: str = "") -> Iterator[Device]:
    for device in workspace.inventory.devices.values():
        if device.kind is Kind.CAMERA and site in ("", device.site):
            yield device


def _ways(workspace: Workspace, recorder: Device) -> Mapping[relay.Address, relay.Address]:
    """Return how the recorder's cameras are reached out of its machine: where the lab has them on loopback."""
    port = control.described(workspace.state / "lab").ports["rtsp"]
    return {(lab.address(c), port): (lab.address(c), port) for c in _cameras(workspace, recorder.site)}


def overlay(workspace: Workspace, up: Mapping[str, Machine]) -> str:
    """Return what the inventory says of the machines: where they are, and how an installer left them."""
    told: dict[str, dict[str, Any]] = {
        name: {"ansible_host": m.address, "factory_user": machines.USER, "factory_password": m.password}
        for name, m in up.items()
    }
    for device in hosts(workspace):
        if device.kind is Kind.NVR:  # one stream each, and time for it: the lab draws every picture
            first = next(_cameras(workspace, device.site)).name
            told[device.name] |= {"recorder_cameras": [first], "recorder_wait_s": 240}
    for camera in _cameras(workspace):
        told[camera.name] = {"recorder_stream_path": _second_stream(workspace, camera)}
    return f"{HEAD}all:\n  hosts:\n" + "".join(f"    {name}: {json.dumps(each)}\n" for name, each in told.items())


def _second_stream(workspace: Workspace, camera: Device) -> str:
    """Return the path of the smaller stream: the lab draws every picture, and that is work."""
    told = known()[lab.personality(workspace, camera)]
    profiles: Mapping[str, Any] = told.factory["profiles"]
    token = list(profiles)[min(1, len(profiles) - 1)]
    encoder = profiles[token]["VideoEncoder"]
    number = list(told.factory["encoders"]).index(encoder)
    return told.stream_path.format(profile=token, encoder=encoder, number=number, channel=number + 1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
