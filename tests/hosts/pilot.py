"""The pilot's Linux hosts as real machines, which stay until they are taken down:

    python -m tests.hosts.pilot up .pilot auto      boot them beside the workspace's lab (yes, no: wanted or not)
    python -m tests.hosts.pilot at .pilot viet-hung-rec systemctl stop chrony     what a hand at its console does
    python -m tests.hosts.pilot down .pilot

A file of the inventory says where they are. Needs root and Debian's systemd-container and mmdebstrap; without them the
hosts are taken out of the inventory.
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
from tests.hosts import commune, fake_reader, image, machines, relay, repository
from tests.hosts.machines import Machine
from tests.lab.office import without

OVERLAY: Final = "zz_machines.yml"
PROGRAMS: Final = ("systemd-nspawn", "mmdebstrap", "ip", "dpkg-deb", "nsenter")
_READY_S: Final = 600.0  # the image is built the first time
HEAD: Final = "# Written by `make pilot`: where the pilot's machines are, and how an installer left them.\n"


# A barcode reader: plugged in while this unit runs.
READER: Final = f"""[Service]
ExecStart=/usr/bin/python3 {commune.READER} {{plugged}}
[Install]
WantedBy=multi-user.target
"""


HINTS: Final = """\
Hands at the consoles of the Linux hosts, from here; `fleetctl audit -l 'viet-hung-rec:viet-hung-kiosk'` there tells:
  make pilot-at NAME=viet-hung-rec RUN='systemctl stop chrony'
  make pilot-at NAME=viet-hung-rec RUN='nft add rule inet fleet input tcp dport 8080 accept'
  make pilot-at NAME=viet-hung-kiosk RUN='systemctl stop barcode-reader'   unplugs the barcode reader
`fleetctl apply -l viet-hung-rec` mends the recorder; no command plugs a reader in but `systemctl start barcode-reader`.
"""


def missing() -> str:
    """Return why there can be no machines here, "" if there can."""
    if os.geteuid() != 0:
        return "only root can boot them (sudo make pilot)"
    absent = [name for name in PROGRAMS if shutil.which(name) is None]
    if absent:
        return f"{', '.join(absent)} not found (apt-get install systemd-container mmdebstrap iproute2)"
    return ""


def main(command: str, root: str, *rest: str) -> int:
    """Boot the machines of a workspace (`up`; `serve` keeps them), work `at` one, give `hints`, end them (`down`)."""
    workspace = open_workspace(Path(root))
    if command == "down":
        return _down(workspace)
    if command == "serve":
        return _serve(workspace)
    if command == "at":
        return _at(workspace, *rest)
    if command == "hints":
        sys.stdout.write(HINTS if _file(workspace).exists() else "")
        return 0
    wanted = rest[0]
    why = "as asked (HOSTS=no)" if wanted == "no" else missing()
    if not why:
        return _up(workspace)
    sys.stdout.write(f"\nThe communes' Linux hosts, a recorder and a kiosk each, are left out: {why}.\n")
    without(workspace.inventory_root, "platform: linux")
    return 1 if wanted == "yes" else 0


def hosts(workspace: Workspace) -> list[Device]:
    """Return the Linux hosts of the inventory."""
    return [device for device in workspace.inventory.devices.values() if device.platform == "linux"]


def _file(workspace: Workspace) -> Path:
    return workspace.root / STATE / "machines.json"


def _up(workspace: Workspace) -> int:
    if not image.there():
        sys.stdout.write("\nThe image of the Linux hosts is made first, once: some minutes, 1.3 GB in .cache.\n")
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
    count = len(hosts(workspace))
    sys.stdout.write(
        f"\n{count} Linux hosts are up, a recorder and a kiosk in each commune: real machines, as an installer leaves "
        "them.\nThey take most of the time from here on; without them: make pilot HOSTS=no\n"
    )
    return 0


def _at(workspace: Workspace, name: str, *command: str) -> int:
    """Run a command as root on a machine, as somebody at its console would; returns its exit code."""
    spaces: Mapping[str, str] = json.loads(_file(workspace).read_text("ascii"))["machines"]
    if name not in spaces:
        sys.stderr.write(f"{name} is none of the machines: {', '.join(spaces)}\n")
        return 2
    entered = ("nsenter", "--mount", "--uts", "--ipc", "--net", "--pid", f"--target={machines.init(spaces[name])}")
    return subprocess.run([*entered, "--", *command], check=False).returncode


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
    os.nice(10)  # the lab's cameras and recorders keep their time while Ansible is at work on all machines
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
                commune.headless(up[device.name])
                _plug_in(workspace, device.name, up[device.name])
            else:
                stack.enter_context(relay.relayed(up[device.name], _ways(workspace, device)))
        (workspace.inventory_root / OVERLAY).write_text(overlay(workspace, up), "utf-8")
        spaces = {name: machine.namespace for name, machine in up.items()}
        _file(workspace).write_text(json.dumps({"pid": os.getpid(), "machines": spaces}), "ascii")
        signal.pause()
    return 0


def _plug_in(workspace: Workspace, name: str, kiosk: Machine) -> None:
    """Give a kiosk the barcode readers that its inventory says are there."""
    readers: Mapping[str, Mapping[str, Any]] = workspace.inventory.values(name)["barcode_readers"].value
    plugged = " ".join(f"{told['connection']}:{reader}" for reader, told in readers.items())
    kiosk.put(commune.READER, Path(fake_reader.__file__).read_text("utf-8"))
    kiosk.put("/etc/systemd/system/barcode-reader.service", READER.format(plugged=plugged))
    kiosk.must("systemctl enable --quiet --now barcode-reader")


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
        name: {"ansible_host": m.address, "factory_user": machines.USER} for name, m in up.items()
    }
    for device in hosts(workspace):
        if device.kind is Kind.NVR:  # one stream each, and time for it: the lab draws every picture
            first = next(_cameras(workspace, device.site)).name
            told[device.name] |= {"recorder_cameras": [first], "recorder_wait_s": 240}
    for camera in _cameras(workspace):
        told[camera.name] = {"recorder_stream_path": _second_stream(workspace, camera)}
    lines = {name: json.dumps(each)[1:-1] for name, each in told.items()}
    for name, machine in up.items():
        lines[name] += (
            f', "factory_password": !vault {json.dumps(workspace.vault.identities.encrypt(machine.password))}'
        )
    return f"{HEAD}all:\n  hosts:\n" + "".join(f"    {name}: {{{line}}}\n" for name, line in lines.items())


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
