"""What a lab consists of: the SPEC file that says which devices there are and where they listen."""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fleetctl.errors import UsageError

LOOPBACK = ipaddress.ip_network("127.0.0.0/8")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceSpec:
    """One simulated device.

    `address` is where the lab serves it (127.0.0.0/8); `network_address` is what the device itself believes
    (default: the personality's factory address). `login` replaces the factory's accounts. `factory` overlays
    sections of the personality's factory state: {"video": {...}}, see `personality.py`.
    """

    name: str
    address: str
    personality: str
    serial_number: str = ""
    mac_address: str = ""
    network_address: str = ""
    login: tuple[str, str] | None = None
    clock_offset_s: float | None = None
    behind: str = ""  # the recorder on whose own network it is: nobody else reaches it
    factory: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def renamed(self, name: str) -> DeviceSpec:
        """Return another device of the same make at the same address: its identity follows from its name."""
        return replace(self, name=name, serial_number="", mac_address="")


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchSpec:
    """One simulated switch.

    `dialect` is its console, `login` the account that a technician gave it; `wiring` says which device is plugged into
    which port, `uplink` which port leads to the rest of the network.
    """

    name: str
    address: str
    dialect: str
    login: tuple[str, str] = ("admin", "admin")
    wiring: Mapping[str, str] = field(default_factory=dict)
    uplink: str = ""
    serial_number: str = ""
    mac_address: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LabSpec:
    """A lab: devices and listeners. Port 0 picks a free one, -1 does not listen; `bind` is the interface."""

    devices: tuple[DeviceSpec, ...]
    switches: tuple[SwitchSpec, ...] = ()
    http_port: int = 8080
    https_port: int = 8443
    rtsp_port: int = 8554
    discovery_port: int = -1  # of WS-Discovery
    sadp_port: int = -1
    dhip_port: int = -1
    ssh_port: int = -1
    bind: str = "lo"
    strict: bool = False
    wsdl_dir: str = ""
    latency_ms: float = 0.0
    boot_s: float = 3.0  # how long a device is dead after a reboot or a power cut
    flash_s: float = 3.0  # how long it writes firmware before it starts with it
    minute_s: float = 60.0  # how long a minute is to a switch that is to start again in some minutes
    ntp_delay_s: float = 1.0  # how long a device takes to synchronise its clock
    ntp_servers: tuple[str, ...] = ()  # the ones that answer; empty: any does
    record_s: float = 10.0  # how often a recorder pulls a picture of each channel; 0: recorders stand still
    pulls: bool = True  # False: a recorder logs in and keeps empty footage, without a picture; for very many channels
    retry_s: float = 10.0  # how long after a failed login a recorder tries again
    segment_s: float = 300.0  # how long a recording gets before the next begins
    log_size: int = 50  # requests remembered per device


def load(path: Path) -> LabSpec:
    """Read a SPEC file (JSON); raises UsageError for what cannot be meant."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path}: not a lab specification: {error}") from None
    return parse(told, str(path))


def parse(told: Mapping[str, Any], where: str = "spec") -> LabSpec:
    """Build a LabSpec from plain values; raises UsageError naming the first thing wrong."""
    values = dict(told)
    try:
        devices = tuple(_device(entry, where) for entry in values.pop("devices", ()))
        values["switches"] = tuple(_switch(entry, where) for entry in values.pop("switches", ()))
        if "ntp_servers" in values:
            values["ntp_servers"] = tuple(values["ntp_servers"])
        spec = LabSpec(devices=devices, **values)
    except TypeError as error:
        raise UsageError(f"{where}: {error}") from None
    everything: list[DeviceSpec | SwitchSpec] = [*devices, *spec.switches]
    for name, taken in (("name", [d.name for d in everything]), ("address", [d.address for d in everything])):
        if len(set(taken)) != len(taken):
            twice = next(item for item in taken if taken.count(item) > 1)
            raise UsageError(f"{where}: two devices have the {name} {twice}")
    if spec.strict and not spec.wsdl_dir:
        raise UsageError(f"{where}: strict needs wsdl_dir, the folder of the official WSDL set")
    return spec


def _device(entry: Mapping[str, Any], where: str) -> DeviceSpec:
    values = dict(entry)
    if values.get("login") is not None:
        user, password = values["login"]
        values["login"] = (str(user), str(password))
    device = DeviceSpec(**values)
    _inside(device.name, device.address, where)
    return device


def _switch(entry: Mapping[str, Any], where: str) -> SwitchSpec:
    values = dict(entry)
    if "login" in values:
        user, password = values["login"]
        values["login"] = (str(user), str(password))
    switch = SwitchSpec(**values)
    _inside(switch.name, switch.address, where)
    return switch


def _inside(name: str, address: str, where: str) -> None:
    try:
        inside = ipaddress.ip_address(address) in LOOPBACK
    except ValueError:
        inside = False
    if not inside:
        raise UsageError(f"{where}: {name}: address {address!r} is not within 127.0.0.0/8")
