"""A workspace with a lab, driven as people do: by the command. What the lab counts at the wire is the judge."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fleetctl.cli.main import main
from fleetctl.lab import control
from fleetctl.operations import lab
from fleetctl.operations.initialising import init
from fleetctl.operations.workspace import Workspace, open_workspace
from tests.ran import Ran

ROOT = Path(__file__).resolve().parents[2]
PILOT = ROOT / "inventory" / "pilot"

MAKES = ("hikvision", "dahua", "axis", "bosch", "uniview", "reolink", "tapo", "generic")
MIXED = {f"mixed-{make}": f"10.30.1.{number}" for number, make in enumerate(MAKES, start=11)}
CHEAP = "mixed-tapo"  # says yes to everything and does little of it: never in step
IN_STEP = f"mixed:!{CHEAP}"
APP = ", ansible_user: admin"  # its one account is made in its maker's app


@dataclass
class Office:
    """A workspace on disk, and the lab that belongs to it."""

    root: Path
    lab_options: lab.Options = field(
        default_factory=lambda: lab.Options(http_port=0, https_port=0, rtsp_port=0, ssh_port=0)
    )

    # --- the command -------------------------------------------------------------------------------

    def run(self, *arguments: str) -> Ran:
        """Run `fleetctl ARGUMENTS` in this process; there is no terminal."""
        return self.printed(lambda: main(["--workspace", str(self.root), "--lang", "en", *arguments]))

    @staticmethod
    def printed(call: Callable[[], int]) -> Ran:
        """Return what a call printed and returned."""
        out, err, stdin = io.StringIO(), io.StringIO(), sys.stdin
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
                sys.stdin = io.StringIO()
                code = call()
        finally:
            sys.stdin = stdin
        return Ran(code, out.getvalue(), err.getvalue())

    def json(self, *arguments: str) -> Ran:
        """Run it with --json."""
        return self.run("--json", *arguments)

    def expect(self, code: int, *arguments: str) -> Ran:
        """Run it with --json; the exit code must be this one."""
        ran = self.json(*arguments)
        assert ran.code == code, ran
        return ran

    def discover(self, enough: Callable[[list[dict[str, Any]]], bool], *arguments: str) -> list[dict[str, Any]]:
        """Return what `discover` finds, as soon as that is enough: a lab that is held up answers late."""
        deadline = time.monotonic() + 60
        while True:
            found = [line for line in self.expect(0, "discover", *arguments).lines if line["type"] == "found"]
            if enough(found) or time.monotonic() > deadline:
                return found

    def child(self, *arguments: str, runner: Sequence[str] = ("-m", "fleetctl.cli.main")) -> subprocess.Popen[str]:
        """Begin it in a process of its own."""
        return subprocess.Popen(
            [sys.executable, *runner, "--workspace", str(self.root), "--lang", "en", *arguments],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )

    @staticmethod
    def ended(process: subprocess.Popen[str], within_s: float = 60.0) -> Ran:
        """Wait for the end of a child."""
        out, err = process.communicate(timeout=within_s)
        return Ran(process.returncode, out, err)

    # --- the workspace -----------------------------------------------------------------------------

    @property
    def workspace(self) -> Workspace:
        """The workspace, opened anew."""
        return open_workspace(self.root)

    @property
    def inventory(self) -> Path:
        return self.root / "inventory"

    @property
    def state(self) -> Path:
        return self.root / ".fleetctl"

    def passwords(self) -> dict[tuple[str, str], str]:
        """Return every password in the vault, by device and account."""
        workspace = self.workspace
        return {
            (device.name, account): told.current
            for device in workspace.inventory.devices.values()
            for account in dict.fromkeys((device.user, "lanhdao", "giamsat", "admin"))
            if (told := workspace.vault.entry(device.site, device.name, account)).current
        }

    def write(self, name: str, text: str) -> Path:
        """Write a file of the inventory."""
        path = self.inventory / name
        path.write_text(text, "utf-8")
        return path

    def overlay(self, text: str) -> Path:
        """Say more in the inventory, above everything else: after the lab's own overlay."""
        return self.write("zzy_test.yml", text)

    def lab_overlay_without(self, *beginnings: str) -> None:
        """Take devices out of the lab's own overlay as well."""
        path = self.inventory / lab.OVERLAY
        lines = path.read_text("utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.strip().startswith(beginnings)), "utf-8")

    def device_vars(self, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Give devices variables of their own in an overlay."""
        told = {"all": {"hosts": {name: dict(v) for name, v in values.items()}}}
        self.overlay(json.dumps(told, ensure_ascii=False))

    # --- the lab -----------------------------------------------------------------------------------

    @property
    def lab_dir(self) -> Path:
        return self.state / "lab"

    def lab_up(self) -> None:
        lab.up(self.workspace, self.lab_options)

    def lab_down(self) -> None:
        if self.lab_dir.exists():
            lab.down(self.workspace)

    def break_(self, device: str, fault: str, **arguments: Any) -> None:
        control.break_(self.lab_dir, device, fault, **arguments)

    def mend(self, *devices: str) -> None:
        for device in devices or self.names():
            control.mend(self.lab_dir, device)

    def names(self) -> list[str]:
        return sorted(self.workspace.inventory.devices)

    def writes(self, device: str = "") -> dict[str, int]:
        """Return the writing requests at the wire since `forget`, refused ones included."""
        return control.writes(self.lab_dir, device)

    def requests(self, device: str = "") -> int:
        """Return how many requests came to the wire since `forget`."""
        return sum(control.counts(self.lab_dir, device).values())

    def forget(self) -> None:
        control.forget(self.lab_dir)

    def real(self, device: str) -> dict[str, Any]:
        """Return what a device really holds."""
        return control.state(self.lab_dir, device)

    def wait(self, device: str, within_s: float = 30.0) -> None:
        """Wait until a device has started."""
        deadline = time.monotonic() + within_s
        while self.real(device)["dead"]:
            assert time.monotonic() < deadline, f"{device} does not come back"
            time.sleep(0.05)

    def wait_for_clock(self, device: str, within_s: float = 30.0) -> None:
        """Wait until a device that was given its servers has set its clock by them."""
        deadline = time.monotonic() + within_s
        while abs(self.real(device)["now"] - time.time()) > 10:
            assert time.monotonic() < deadline, f"the clock of {device} stays wrong"
            time.sleep(0.05)

    def locked(self) -> dict[str, Any]:
        """Return the devices on which an account is locked or has refused logins on record."""
        states = {name: self.real(name) for name in self.names()}
        return {n: (s["locked"], s["misses"]) for n, s in states.items() if s["locked"] or any(s["misses"].values())}

    def refused(self, device: str) -> int:
        """Return how many presented logins the device refused since `forget`."""
        return sum(e["outcome"] == "wrong-login" for e in control.log(self.lab_dir, device))

    # --- copies ------------------------------------------------------------------------------------

    def copy(self, root: Path, **options: Any) -> Office:
        """Return a copy of workspace and devices, the lab running (with options); this office's lab must be down."""
        shutil.copytree(self.root, root, ignore=shutil.ignore_patterns("control.sock"))
        made = Office(root, replace(self.lab_options, **options))
        made.lab_up()
        return made


def opened(root: Path, *, mixed: bool = False) -> Office:
    """Make a workspace of the pilot's cameras and start its lab; `mixed`: one camera of each make instead.

    Recorders, switches and hosts, which look at cameras by themselves, have tests of their own.
    """
    init(root, PILOT)
    office = Office(root)
    cameras_only(office.inventory)
    if mixed:
        for folder in office.inventory.iterdir():
            if folder.is_dir():
                shutil.rmtree(folder)
        hosts = "".join(
            f"        {name}: {{ansible_host: {address}, kind: camera, vendor: {name.partition('-')[2]}, "
            f"desk: Quầy {number}{APP if name == CHEAP else ''}}}\n"
            for number, (name, address) in enumerate(MIXED.items(), start=1)
        )
        office.write(
            "mixed.yml",
            "trung_tam:\n  children:\n    mixed:\n      vars:\n        site_name: Phường Mẫu\n"
            f"        site_network: 10.30.1\n      hosts:\n{hosts}",
        )
        office.workspace.vault.set("mixed", CHEAP, "admin", "admin")
    office.lab_up()
    return office


def cameras_only(inventory: Path) -> None:
    """Take everything but cameras out of the sites' files, and where those are plugged in."""
    for path in inventory.glob("*/*.yml"):
        kept: list[str] = []
        keeping = True
        for line in path.read_text("utf-8").splitlines(keepends=True):
            if re.match(r" {8}\S", line) and "hosts:" in "".join(kept):
                keeping = "kind: camera" in line
            elif not line.startswith(" " * 8):
                keeping = True
            if keeping:
                kept.append(line)
        path.write_text(re.sub(r", switch_port: [^,}]+", "", "".join(kept)), "utf-8")


def without(inventory: Path, *words: str) -> None:
    """Take the devices whose lines hold one of the words out of the sites' files."""
    for path in inventory.glob("*/*.yml"):
        lines = path.read_text("utf-8").splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not any(word in line for word in words)), "utf-8")


def without_digits(text: str) -> str:
    """Return a text with its numbers taken out, to compare what was said."""
    return re.sub(r"\d+(\.\d+)?", "#", text)
