"""A made-up fleet for measurements: an inventory of many sites, and the lab that stands for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from fleetctl.lab.personality import cameras as makes_of_cameras

PER_SITE: Final = 5
PER_AREA: Final = 50  # sites
USER: Final = "bench"


def address(number: int) -> str:
    """Return the loopback address of the camera of that number."""
    return f"127.{40 + number // 50000}.{number // 200 % 250}.{number % 200 + 10}"


def network(site: int) -> str:
    """Return the first three numbers of a site's network."""
    return f"10.{site // 250}.{site % 250}"


def names(count: int) -> list[str]:
    """Return the names of so many cameras."""
    return [f"s{n // PER_SITE:04d}-cam-{n % PER_SITE + 1}" for n in range(count)]


def write_inventory(root: Path, count: int, variables: dict[str, Any], standard: Path) -> None:
    """Write an inventory of `count` cameras into an empty folder; `standard` is a standard.yml to copy."""
    root.mkdir(parents=True)
    (root / "standard.yml").write_text(standard.read_text("utf-8"), "utf-8")
    write_overlay(root, variables)
    vendors = [name.removesuffix("-like") for name in sorted(makes_of_cameras())]
    cameras = names(count)
    for start in range(0, count, PER_SITE):
        site, area = start // PER_SITE, start // PER_SITE // PER_AREA
        folder = root / f"area_{area:03d}"
        folder.mkdir(exist_ok=True)
        lines = [f"area_{area:03d}:", "  children:", f"    site_{site:04d}:", "      vars:"]
        lines += [
            f"        site_name: Phường {site}",
            f"        site_network: {network(site)}",
            "      hosts:",
        ]
        for number in range(start, min(start + PER_SITE, count)):
            vendor = vendors[number % len(vendors)]
            lines.append(
                f"        {cameras[number]}: {{ansible_host: {address(number)}, kind: camera, vendor: {vendor}, "
                f"desk: Quầy {number % PER_SITE + 1}}}"
            )
        (folder / f"site_{site:04d}.yml").write_text("\n".join(lines) + "\n", "utf-8")


def write_overlay(root: Path, variables: dict[str, Any]) -> None:
    """Write variables of the whole fleet that outrank the standard's."""
    lines = ["all:", "  vars:", *(f"    {name}: {value}" for name, value in variables.items())]
    (root / "zz_bench.yml").write_text("\n".join(lines) + "\n", "utf-8")


def lab_spec(
    count: int, passwords: dict[str, str], *, latency_ms: float = 0.0, personality: str = ""
) -> dict[str, Any]:
    """Return the lab that stands for the inventory: factory-fresh but for one known login."""
    made = sorted(makes_of_cameras())
    return {
        "devices": [
            {
                "name": name,
                "address": address(number),
                "network_address": f"{network(number // PER_SITE)}.{number % PER_SITE + 10}",
                "personality": personality or made[number % len(made)],
                "login": [USER, passwords[name]],
            }
            for number, name in enumerate(names(count))
        ],
        "http_port": 0,
        "https_port": -1,
        "rtsp_port": -1,
        "latency_ms": latency_ms,
    }
