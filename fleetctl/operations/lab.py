"""The lab of a workspace: every camera and recorder of its inventory, simulated on loopback."""

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
from fleetctl.lab.switch import dialect
from fleetctl.model import Device, Kind
from fleetctl.operations.workspace import Workspace
from fleetctl.protocols.ssh import platforms

PLAYED: Final = (Kind.CAMERA, Kind.NVR)
OVERLAY: Final = "zz_lab.yml"
ACTIVATED: Final = ("admin", "Lab-activated-1")  # what a technician gave cameras that come without a password
TECHNICIAN: Final = ("technician", "Lab-console-1")  # who gave a switch its first login, by its serial console
HEAD: Final = """\
# Written by `fleetctl lab up`, removed by `fleetctl lab down`: the lab's addresses instead of the real ones.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the lab is set up. A port that another program has is replaced by a free one, and so is 0.

    `factory_new`: what must be activated was not, by anybody.
    """

    http_port: int = 8080
    https_port: int = 8443
    rtsp_port: int = 8554
    ssh_port: int = 8022
    minute_s: float = 60.0
    latency_ms: float = 0.0
    factory_new: bool = False
    strict: bool = False
    wsdl_dir: Path | None = None
    record_s: float = 10.0  # how often a recorder pulls a picture of each channel
    pulls: bool = True  # whether it pulls pictures at all, or only logs in
    retry_s: float = 10.0  # how long after a failed login a recorder tries again
    boot_s: float = 3.0  # how long a device is dead when it starts
    flash_s: float = 3.0  # how long it writes firmware before


def up(workspace: Workspace, options: Options | None = None) -> int:
    """Start the lab and return how many devices it has; raises UsageError when it runs already."""
    options = options or Options()
    folder = _folder(workspace)
    if running(workspace):
        raise UsageError("the lab is up already; see: fleetctl lab status, or end it: fleetctl lab down")
    (workspace.inventory_root / OVERLAY).unlink(missing_ok=True)
    devices = [d for d in workspace.inventory.devices.values() if d.kind in PLAYED and not d.is_host]
    switches = [d for d in workspace.inventory.devices.values() if d.kind is Kind.SWITCH]
    if not devices and not switches:
        raise UsageError("the inventory has no cameras, recorders or switches to simulate")
    spec = {
        "devices": [_spec(workspace, device, number, options) for number, device in enumerate(devices)],
        "switches": [_switch(workspace, device) for device in switches],
        "ssh_port": _free(options.ssh_port) if switches else -1,
        "http_port": _free(options.http_port),
        "https_port": _free(options.https_port),
        "rtsp_port": _free(options.rtsp_port),
        **dict.fromkeys(("discovery_port", "sadp_port", "dhip_port"), 0),  # `discover` asks the lab where
        "latency_ms": options.latency_ms,
        "minute_s": options.minute_s,
        "strict": options.strict,
        "wsdl_dir": str(options.wsdl_dir or ""),
        "record_s": options.record_s,
        "pulls": options.pulls,
        "retry_s": options.retry_s,
        "boot_s": options.boot_s,
        "flash_s": options.flash_s,
    }
    control.up(spec, folder)
    _write_overlay(workspace, devices, switches, control.described(folder).ports, options)
    return len(devices) + len(switches)


def ports(workspace: Workspace) -> Mapping[str, int]:
    """Return the ports of a lab that is up, by name: where its devices answer in the place of the usual ones."""
    return control.described(_folder(workspace)).ports if running(workspace) else {}


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
    """Return the lab personality that stands for a device: of its model, else of its vendor, else the plain one."""
    kind = "recorder" if device.kind is Kind.NVR else "camera"
    makes = {name: told for name, told in sorted(known().items()) if told.kind == kind}
    if found := next((n for n, told in makes.items() if device.model and told.model == device.model), ""):
        return found
    driver = workspace.registry.driver_of(device, device.vendor, device.model).name
    starts = (driver,) if kind == "camera" else (f"{device.vendor}-nvr", f"{driver}-nvr")
    plain = "generic-like" if kind == "camera" else "onvif-nvr-like"
    return next((n for start in starts for n in makes if n.startswith(f"{start}-like")), None) or next(
        (n for start in starts for n in makes if n.startswith(start)), plain
    )


def given_login(workspace: Workspace, device: Device, *, factory_new: bool = False) -> bool:
    """Return whether the lab stands for a technician who gave the device a login: it comes with none that is known."""
    fresh = known()[personality(workspace, device)].fresh
    driver = workspace.registry.driver_of(device, device.vendor, device.model)
    if device.behind:
        return False  # its recorder gives it its first password
    if driver.first_account and (factory_new or device.kind is Kind.NVR):
        return False  # adopt gives it its first password
    return fresh == "activation" or (fresh == "login" and not driver.default_logins)


def address(device: Device, number: int = 0) -> str:
    """Return the loopback address that stands for a device's: 10.20.1.11 is 127.20.1.11.

    What is behind a recorder has its `number` in a network of the lab's own: the inventory need not know where it is.
    """
    if device.behind:
        return str(ipaddress.IPv4Address((127 << 24) | (254 << 16) | (number + 1)))
    try:
        told = ipaddress.IPv4Address(device.endpoint.address)
    except ValueError:
        raise UsageError(f"{device.name}: the lab needs an IPv4 address, not {device.endpoint.address}") from None
    return str(ipaddress.IPv4Address((127 << 24) | (int(told) & 0xFFFFFF)))


def _spec(workspace: Workspace, device: Device, number: int, options: Options) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": device.name,
        "address": address(device, number),
        "personality": personality(workspace, device),
        "network_address": device.endpoint.address,  # a technician gave it that; the lab reaches it by another
    }
    if given_login(workspace, device, factory_new=options.factory_new):
        told["login"] = list(ACTIVATED)
    if device.behind:
        told["behind"] = device.behind
        told["network_address"] = device.endpoint.address or f"192.168.254.{device.channel + 1}"
    return told


def _switch(workspace: Workspace, switch: Device) -> dict[str, Any]:
    """Return a switch with every device of the inventory plugged in where the inventory says."""
    told = platforms.of(switch)
    wiring = {each.port: each.name for each in workspace.wired(switch).neighbours if each.port}
    return {
        "name": switch.name,
        "address": address(switch),
        "dialect": told.name,
        "login": list(TECHNICIAN),
        "wiring": wiring,
        "uplink": dialect.of(told.name).ports[-1],
    }


def _free(port: int) -> int:
    """Return the port if nobody listens there on loopback, else 0: the lab then picks one."""
    with socket.socket() as trial:
        try:
            trial.bind(("127.0.0.1", port))
        except OSError:
            return 0
    return port


def _write_overlay(
    workspace: Workspace,
    devices: list[Device],
    switches: list[Device],
    ports: Mapping[str, int],
    options: Options,
) -> None:
    lines = [HEAD, "all:", "  vars:"]
    lines += [
        f"    onvif_port: {ports['http']}",
        f"    rtsp_port: {ports['rtsp']}",
        '    maintenance_window: "always"',
        "    channels_port: 80",
    ]
    lines += ["  hosts:"]
    for device in devices:
        told = f"ansible_host: {address(device)}" if not device.behind else ""
        if given_login(workspace, device, factory_new=options.factory_new):
            told += f"{', ' if told else ''}factory_user: {ACTIVATED[0]}, factory_password: {ACTIVATED[1]}"
        lines.append(f"    {device.name}: {{{told}}}")
    for device in switches:
        told = f"ansible_host: {address(device)}, ansible_port: {ports['ssh']}"
        lines.append(f"    {device.name}: {{{told}, factory_user: {TECHNICIAN[0]}, factory_password: {TECHNICIAN[1]}}}")
    replace(workspace.inventory_root / OVERLAY, ("\n".join(lines) + "\n").encode("utf-8"))
