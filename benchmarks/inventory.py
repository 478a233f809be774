"""How long 5,000 devices take to load: `python -m benchmarks.inventory [DEVICES]`.

Makes an inventory of sites with ten devices each, whose standard is the pilot's, in a temporary folder, then
loads it in fresh processes: cold (no cache), warm (from the cache), and with every setting of every device
asked for. Seconds of CPU include the imports; memory is the peak of that process.
"""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

DEVICES = 5000
PER_SITE = 10
SITES_PER_AREA = 15
PILOT = Path(__file__).parent.parent / "inventory" / "pilot"
SEALED = "vault_secrets: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n" + f"  {'0123456789abcdef' * 5}\n" * 40
VENDORS = ("hikvision", "dahua", "axis", "bosch", "generic")


def write_fleet(root: Path, devices: int) -> None:
    """Write an inventory of that many devices."""
    root.mkdir(parents=True)
    for name in ("standard.yml", "kinds.yml", "zzz_kinds.yml"):
        shutil.copy(PILOT / name, root / name)
    for number in range((devices + PER_SITE - 1) // PER_SITE):
        area = root / f"area_{number // SITES_PER_AREA:02}"
        area.mkdir(exist_ok=True)
        count = min(PER_SITE, devices - number * PER_SITE)
        (area / f"site_{number:04}.yml").write_text(_site(area.name, number, count), encoding="utf-8")
        vault = root / "group_vars" / f"site_{number:04}" / "vault.yml"
        vault.parent.mkdir(parents=True)
        vault.write_text(SEALED, encoding="utf-8")


def _site(area: str, number: int, count: int) -> str:
    network = f"10.{number // 250}.{number % 250}"
    lines = [f"{area}:", "  children:", f"    site_{number:04}:", "      vars:"]
    lines += [f"        site_name: Phường số {number}", f"        site_network: {network}"]
    lines += ["        # a site's own rate", "        video_main_frame_rate_fps: 12", "      hosts:"]
    for index in range(1, count + 1):
        serial = f"SN{number:04}{index:03}"
        lines.append(
            f"        site-{number:04}-cam-{index:02}: {{ansible_host: {network}.{10 + index}, kind: camera, "
            f"vendor: {VENDORS[(number + index) % len(VENDORS)]}, desk: Quầy {index}, serial_number: {serial}}}"
        )
    return "\n".join(lines) + "\n"


def measure(root: Path, cache: str, ask: str) -> None:
    """Load once and print what it cost; runs in a process of its own."""
    from fleetctl import inventory
    from fleetctl.catalog import load as catalog

    aspects = catalog().aspects
    begun, wall = time.process_time(), time.perf_counter()
    loaded = inventory.load(root, aspects, cache=Path(cache) if cache else None)
    told = {"devices": len(loaded.devices), "load_cpu_s": time.process_time() - begun}
    if ask:
        begun_asking = time.process_time()
        told["values"] = sum(1 for name in loaded.devices for _ in loaded.values(name).values())
        told["values_cpu_s"] = time.process_time() - begun_asking
    told["load_wall_s"] = time.perf_counter() - wall
    told["process_cpu_s"] = time.process_time()
    told["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told))


def main(devices: int) -> None:
    """Print one line for each way of loading."""
    with tempfile.TemporaryDirectory() as folder:
        root, cache = Path(folder) / "inventory", Path(folder) / "cache"
        write_fleet(root, devices)
        for label, kept, ask in (
            ("cold, no cache", "", ""),
            ("cold, cache written", str(cache), ""),
            ("warm", str(cache), ""),
            ("cold, every value", "", "ask"),
            ("warm, every value", str(cache), "ask"),
        ):
            command = [sys.executable, "-m", "benchmarks.inventory", "--measure", str(root), kept, ask]
            done = subprocess.run(command, capture_output=True, check=True, text=True)
            told = json.loads(done.stdout)
            print(f"{label:22} " + "  ".join(f"{key} {value:.2f}" for key, value in told.items()))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        measure(Path(sys.argv[2]), sys.argv[3], sys.argv[4])
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else DEVICES)
