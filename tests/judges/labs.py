"""A lab of its own for a test, with one fresh device of each personality and a login that all of them take."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleetctl.lab import control
from fleetctl.lab.personality import cameras

USER, PASSWORD = "admin", "Xa-Duong.Lam1"


@dataclass(frozen=True)
class Place:
    """One device of the lab, as a client finds it."""

    state_dir: Path
    name: str
    address: str
    ports: dict[str, int]
    serial_number: str

    def state(self) -> dict[str, Any]:
        """Return what the device holds."""
        return control.state(self.state_dir, self.name)

    def rtsp(self, path: str) -> str:
        """Return an RTSP address with the login in it."""
        return f"rtsp://{USER}:{PASSWORD}@{self.address}:{self.ports['rtsp']}{path}"


def personalities() -> list[str]:
    """Return the names of all makes of cameras the lab can play."""
    return list(cameras())


def spec(*, nat: bool = True, **more: Any) -> dict[str, Any]:
    """Return a lab's specification with one device of each personality; ports are free ones.

    Behind `nat` a device believes it has its factory address, else the one where it is reached.
    """
    devices: list[dict[str, Any]] = [
        {"name": name, "address": f"127.21.{number}.1", "personality": name, "login": [USER, PASSWORD]}
        for number, name in enumerate(personalities(), start=1)
    ]
    if not nat:
        devices = [device | {"network_address": device["address"]} for device in devices]
    return {"devices": devices, "http_port": 0, "https_port": 0, "rtsp_port": 0, "boot_s": 0.5, **more}


@contextlib.contextmanager
def running(state_dir: Path, **more: Any) -> Iterator[dict[str, Place]]:
    """Run such a lab; yields its devices by personality."""
    told = spec(**more)
    ports = dict(control.up(told, state_dir).ports)
    try:
        yield {
            device["name"]: Place(
                state_dir=state_dir,
                name=device["name"],
                address=device["address"],
                ports=ports,
                serial_number=control.state(state_dir, device["name"])["identity"]["serial_number"],
            )
            for device in told["devices"]
        }
    finally:
        control.down(state_dir)
