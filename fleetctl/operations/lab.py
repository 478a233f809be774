"""The lab of a workspace: every camera of its inventory, simulated on loopback."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from fleetctl.errors import UsageError
from fleetctl.files import replace
from fleetctl.lab import control
from fleetctl.lab.faults import KNOWN
from fleetctl.lab.personality import known
from fleetctl.model import Device, Kind
from fleetctl.operations.workspace import Workspace

OVERLAY: Final = "zz_lab.yml"
ACTIVATED: Final = ("admin", "Lab-activated-1")  # what a technician gave cameras that come without a password
HEAD: Final = """\
# Written by `fleetctl lab up`, removed by `fleetctl lab down`: the lab's addresses instead of the real ones.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the lab is set up. A port that another program has is replaced by a free one, and so is 0."""

    http_port: int = 8080
    https_port: int = 8443
    rtsp_port: int = 8554
    latency_ms: float = 0.0
    strict: bool = False
    wsdl_dir: Path | None = None


def up(workspace: Workspace, options: Options | None = None) -> int:
    """Start the lab and return how many devices it has; raises UsageError when it runs already."""
    options = options or Options()
    folder = _folder(workspace)
    if running(workspace):
        raise UsageError("the lab is up already; see: fleetctl lab status, or end it: fleetctl lab down")
    (workspace.inventory_root / OVERLAY).unlink(missing_ok=True)
    cameras = [d for d in workspace.inventory.devices.values() if d.kind is Kind.CAMERA]
    if not cameras:
        raise UsageError("the inventory has no cameras to simulate")
    spec = {
        "devices": [_spec(workspace, device) for device in cameras],
        "http_port": _free(options.http_port),
        "https_port": _free(options.https_port),
        "rtsp_port": _free(options.rtsp_port),
        "latency_ms": options.latency_ms,
        "strict": options.strict,
        "wsdl_dir": str(options.wsdl_dir or ""),
    }
    control.up(spec, folder)
    _write_overlay(workspace, cameras, control.described(folder).ports)
    return len(cameras)


def running(workspace: Workspace) -> bool:
    """Return whether this workspace's lab answers."""
    return control.running(_folder(workspace))


def down(workspace: Workspace) -> bool:
    """End the lab; its devices keep their state for the next `lab up`. False if none ran."""
    ended = control.down(_folder(workspace))
    (workspace.inventory_root / OVERLAY).unlink(missing_ok=True)
    return ended


def status(workspace: Workspace) -> Mapping[str, Any]:
    """Return the lab's devices, ports, what is broken and how many requests came; raises Unreachable."""
    return control.status(_folder(workspace))


def break_(workspace: Workspace, device: str, fault: str, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """Break a lab device as the field does; returns the arguments in force. Raises UsageError for what there is not."""
    return control.break_(_folder(workspace), device, fault, **arguments)


def mend(workspace: Workspace, device: str, fault: str = "") -> list[str]:
    """End one fault of a lab device, or all; returns which were ended."""
    return control.mend(_folder(workspace), device, fault)


def faults() -> Mapping[str, str]:
    """Return every fault by name, with what it does."""
    return {name: doc for name, (doc, _) in KNOWN.items()}


def _folder(workspace: Workspace) -> Path:
    return workspace.state / "lab"


def personality(workspace: Workspace, device: Device) -> str:
    """Return the lab personality that stands for a device: that of the driver its vendor means, else the plain one."""
    driver = workspace.registry.driver_of(device, device.vendor, device.model).name
    names = sorted(known())
    return next((n for n in names if n.startswith(driver)), "generic-like")


def given_login(workspace: Workspace, device: Device) -> bool:
    """Return whether the lab stands for a technician who gave the device a login: it comes with none that is known."""
    fresh = known()[personality(workspace, device)].fresh
    driver = workspace.registry.driver_of(device, device.vendor, device.model)
    return fresh == "activation" or (fresh == "login" and not driver.default_logins)


def address(device: Device) -> str:
    """Return the loopback address that stands for a device's: 10.20.1.11 is 127.20.1.11."""
    try:
        told = ipaddress.IPv4Address(device.endpoint.address)
    except ValueError:
        raise UsageError(f"{device.name}: the lab needs an IPv4 address, not {device.endpoint.address}") from None
    return str(ipaddress.IPv4Address((127 << 24) | (int(told) & 0xFFFFFF)))


def _spec(workspace: Workspace, device: Device) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": device.name,
        "address": address(device),
        "personality": personality(workspace, device),
        "network_address": device.endpoint.address,  # a technician gave it that; the lab reaches it by another
    }
    if given_login(workspace, device):
        told["login"] = list(ACTIVATED)
    return told


def _free(port: int) -> int:
    """Return the port if nobody listens there on loopback, else 0: the lab then picks one."""
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _write_overlay(workspace: Workspace, cameras: list[Device], ports: Mapping[str, int]) -> None:
    lines = [HEAD, "all:", "  vars:"]
    lines += [f"    onvif_port: {ports['http']}", f"    rtsp_port: {ports['rtsp']}", '    maintenance_window: "always"']
    lines += ["  hosts:"]
    for device in cameras:
        told = f"ansible_host: {address(device)}"
        if given_login(workspace, device):
            told += f", factory_user: {ACTIVATED[0]}, factory_password: {ACTIVATED[1]}"
        lines.append(f"    {device.name}: {{{told}}}")
    replace(workspace.inventory_root / OVERLAY, ("\n".join(lines) + "\n").encode("utf-8"))
