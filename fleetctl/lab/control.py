"""Starts, asks and ends a lab from another process.

`up` starts the simulator detached and waits until it answers; all else talks to it over a Unix socket whose place is
in STATE_DIR/lab.json.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from fleetctl.errors import FleetctlError, Unreachable, UsageError
from fleetctl.lab.spec import LabSpec, parse

START_S: Final = 60.0
STOP_S: Final = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Lab:
    """A running lab: its process, the authority that clients trust, its ports by name.

    Names of ports: http, https, rtsp, ssh, and discovery, sadp, dhip (UDP).
    """

    pid: int
    ports: Mapping[str, int]
    ca_file: Path


def up(spec: LabSpec | Mapping[str, Any], state_dir: Path) -> Lab:
    """Start a lab and wait until it answers. One that runs there already is left running.

    Raises UsageError for a bad specification, Unreachable if it does not come up.
    """
    if running(state_dir):
        return described(state_dir)
    told = spec if isinstance(spec, LabSpec) else parse(spec)
    state_dir.mkdir(parents=True, exist_ok=True)
    path = state_dir / "spec.json"
    path.write_text(json.dumps(asdict(told), ensure_ascii=False), encoding="utf-8")
    (state_dir / "lab.json").unlink(missing_ok=True)
    with (state_dir / "lab.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fleetctl.lab.server", str(path), str(state_dir)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if (state_dir / "lab.json").exists():
            return described(state_dir)
        if process.poll() is not None:
            break
        time.sleep(0.02)
    tail = (state_dir / "lab.log").read_text(encoding="utf-8", errors="replace")[-500:]
    raise Unreachable(f"the lab did not come up: {tail.strip() or 'no word why'}; see {state_dir / 'lab.log'}")


def _told(state_dir: Path) -> dict[str, Any]:
    try:
        told: dict[str, Any] = json.loads((state_dir / "lab.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise Unreachable(f"no lab runs in {state_dir}; start one: fleetctl lab up") from None
    return told


def described(state_dir: Path) -> Lab:
    """Return the lab that was started in a state folder; raises Unreachable if none was."""
    told = _told(state_dir)
    return Lab(pid=int(told["pid"]), ports=told["ports"], ca_file=Path(told["ca_file"]))


def running(state_dir: Path) -> bool:
    """Tell whether a lab answers in a state folder."""
    try:
        ask(state_dir, "status")
    except FleetctlError:
        return False
    return True


def down(state_dir: Path) -> bool:
    """End a lab; its devices' state stays on disk. False if none ran."""
    try:
        number = described(state_dir).pid
        ask(state_dir, "stop")
    except FleetctlError:
        (state_dir / "lab.json").unlink(missing_ok=True)
        return False
    deadline = time.monotonic() + STOP_S
    while _alive(number):
        if time.monotonic() > deadline:
            os.kill(number, signal.SIGKILL)
            deadline += STOP_S
        time.sleep(0.01)
    (state_dir / "lab.json").unlink(missing_ok=True)
    return True


def _alive(number: int) -> bool:
    """Tell whether a process lives; one that is over and waits for us, its parent, is over."""
    try:
        if os.waitpid(number, os.WNOHANG)[0] == number:
            return False
    except ChildProcessError:
        pass
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True


def ask(state_dir: Path, command: str, **arguments: Any) -> Any:
    """Send one command and return what came of it; raises UsageError for what the lab refuses, Unreachable."""
    path = _told(state_dir)["control"]
    try:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(30)
            line.connect(path)
            line.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
            with line.makefile("rb") as reader:
                told = json.loads(reader.readline() or b'{"error": "the lab went away"}')
    except OSError as error:
        raise Unreachable(f"the lab in {state_dir} does not answer: {error}") from None
    if "error" in told:
        raise UsageError(str(told["error"]))
    return told["ok"]


def status(state_dir: Path) -> dict[str, Any]:
    """Return the number of devices, ports, what is broken, how many requests came, and invalid messages."""
    told: dict[str, Any] = ask(state_dir, "status")
    return told


def break_(state_dir: Path, device: str, fault: str, **arguments: Any) -> dict[str, Any]:
    """Break a device; see `faults.KNOWN` for names and arguments. Returns the arguments in force."""
    told: dict[str, Any] = ask(state_dir, "break", device=device, fault=fault, arguments=arguments)
    return told


def mend(state_dir: Path, device: str, fault: str = "") -> list[str]:
    """End one fault of a device, or all; returns which were ended."""
    told: list[str] = ask(state_dir, "mend", device=device, fault=fault)
    return told


def state(state_dir: Path, device: str) -> dict[str, Any]:
    """Return everything a device holds, section by section, with its identity, clock and faults."""
    told: dict[str, Any] = ask(state_dir, "state", device=device)
    return told


def change(state_dir: Path, device: str, section: str, *, by: Sequence[str] = (), **values: Any) -> None:
    """Change a section of a device behind everybody's back, as its own web page would.

    `by`: the account and the address that the device has in its log for it; without, its log has nothing.
    """
    ask(state_dir, "set", device=device, section=section, values=values, by=list(by))


def footage(state_dir: Path, device: str, channel: int, start: float, end: float, kb: float = 0.0) -> None:
    """Put a recording of the past onto a recorder's disk, without pictures: times in the recorder's clock (UTC)."""
    ask(state_dir, "footage", device=device, channel=str(channel), start=start, end=end, kb=kb)


def log(state_dir: Path, device: str) -> list[dict[str, Any]]:
    """Return the last requests to a device: time, operation ("tds:GetNTP"), user, outcome."""
    told: list[dict[str, Any]] = ask(state_dir, "log", device=device)
    return told


def counts(state_dir: Path, device: str = "") -> dict[str, int]:
    """Return how often each operation was asked for, of one device or of all."""
    told: dict[str, int] = ask(state_dir, "counts", device=device)
    return told


def writes(state_dir: Path, device: str = "") -> dict[str, int]:
    """Return how often each writing operation was asked for, refused ones included."""
    told: dict[str, int] = ask(state_dir, "writes", device=device)
    return told


def forget(state_dir: Path, device: str = "") -> None:
    """Empty the logs and counts, of one device or of all."""
    ask(state_dir, "forget", device=device)


def reboot(state_dir: Path, device: str, boot_s: float | None = None) -> None:
    """Take a device down for some seconds."""
    ask(state_dir, "reboot", device=device, **({} if boot_s is None else {"boot_s": boot_s}))
