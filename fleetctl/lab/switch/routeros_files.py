"""RouterOS' files and packages: what is copied to the root, what of it the next start takes, what it tells of itself.

Sources: MikroTik, RouterOS documentation: Files, Resource, Upgrading and installation, User.
"""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from fleetctl.lab.switch import storage

if TYPE_CHECKING:
    from fleetctl.lab.switch.unit import SimSwitch

FACTORY = "7.12.1"
MODEL = "CRS318-16P-2S+"
FLASH_FREE = 4_325_376  # of 16 MB: a package does not go there


def version(switch: SimSwitch) -> str:
    return switch.version or FACTORY


def resource(switch: SimSwitch) -> str:
    """Its board keeps the root of its files in memory, so that `flash` is among them."""
    free_mib, hdd_kib = storage.free(switch) / 2**20, FLASH_FREE / 2**10
    return (
        f"                   uptime: {span(switch)}\n                  version: {version(switch)} (stable)\n"
        "               build-time: 2023-11-17 11:38:45\n         factory-software: 6.48.6\n"
        f"              free-memory: {free_mib:.1f}MiB\n             total-memory: 256.0MiB\n"
        "                      cpu: ARM\n                cpu-count: 1\n                 cpu-load: 3%\n"
        f"           free-hdd-space: {hdd_kib:.1f}KiB\n          total-hdd-space: 16.0MiB\n"
        f"        architecture-name: arm\n               board-name: {MODEL}\n                 platform: MikroTik\n"
    )


def span(switch: SimSwitch) -> str:
    """Return how long it has been up: 2w3d14h22m11s, without what is nothing."""
    left, told = max(0, int(time.time() - switch.up_at)), ""
    for unit, seconds in (("w", 604800), ("d", 86400), ("h", 3600), ("m", 60)):
        told += f"{left // seconds}{unit}" if left >= seconds else ""
        left %= seconds
    return f"{told}{left}s" if left or not told else told


_IF = re.compile(r":if \(\[:len \[/file find name=(\S+?)\]\] > 0\) do=\{(.+?)\} else=\{(.+?)\}")
_FILE = re.compile(r':put \[/file get \[/file find name="([^"]+)"\] (size|package-version)\]')


def printed(switch: SimSwitch, line: str) -> str | None:
    """Return what a line of its language prints of files and resources, None for what is no such line."""
    if (found := _IF.fullmatch(line)) is not None:
        there = found[1] == "flash" or found[1] in switch.files
        return printed(switch, found[2] if there else found[3])
    if line == ":put [/system resource get free-memory]":
        return f"{storage.free(switch)}\n"
    if line == ":put [/system resource get free-hdd-space]":
        return f"{FLASH_FREE}\n"
    if (found := _FILE.fullmatch(line)) is None:
        return None
    if (file := switch.files.get(found[1])) is None:
        return "no such item\n"
    image = file["image"] or {}
    return f"{file['size'] if found[2] == 'size' else image.get('version', '')}\n"


def start(switch: SimSwitch) -> None:
    """Take the packages in the root that are for this board and newer; the root is empty after a start."""
    for name, told in switch.files.items():
        image, before = told["image"], switch.version
        if name.endswith(".npk") and image and _numbers(image["version"]) > _numbers(version(switch)):
            storage.started_with(switch, name, MODEL)
            switch.version = switch.version or before
    switch.lose_files()


def _numbers(told: str) -> list[int]:
    return [int(part) for part in told.split(".")] if re.fullmatch(r"[\d.]+", told) else []


def takes_file(switch: SimSwitch, user: str, path: str) -> str:
    """Return the name of a file that is copied there: only the group `full` has the policy `ftp`."""
    group = switch.running.top.get(f"user {user}", "").partition(" ")[0]
    if group != "full":
        raise PermissionError("not enough permissions")
    return path.lstrip("/")
