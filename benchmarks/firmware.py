"""A firmware roll-out over hundreds of simulated cameras: bad images, a kill in the middle of a ring, what came twice.

    python -m benchmarks.firmware                    300 cameras of 6 models at 100 sites
    python -m benchmarks.firmware --devices 60       a smaller one
    python -m benchmarks.firmware --memory           one camera, images of 2 and 200 MB: peak memory of each roll-out

Of one model the image breaks every camera's stream, of another one every fifth camera's; the other four are good. Once
`--kill-after` cameras have their image the command is ended with SIGKILL, and `--resume` takes it up. What the
lab counted at the wire is the judge: no camera may have got an image twice. `broken_promises` is what a roll-out says
of itself and did not keep: rings in their order, a bad image no further than its ring, before and after of each device.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import resource
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

from fleetctl.lab import control, firmware
from fleetctl.operations import lab
from fleetctl.operations.initialising import init
from fleetctl.operations.workspace import open_workspace
from fleetctl.resources import folder

# vendor, model, version now, version then, what the image does to which share of them
MODELS: Final[tuple[tuple[str, str, str, str, dict[str, float]], ...]] = (
    ("generic", "HI3516", "V1.07.21", "V1.08.03", {}),
    ("hikvision", "DS-2CD2012-I", "V5.2.0 build 140721", "V5.4.5 build 170124", {}),
    ("dahua", "IPC-HDW2431T", "2.800.0000000.16.R", "2.840.0000000.3.R, Build Date 2025-06-01", {"rtsp_off": 1.0}),
    ("axis", "P3245-LV", "11.9.60", "11.11.73", {"late_s": 2.0}),
    ("bosch", "AUTODOME IP starlight 5000i", "7.80.0128", "7.83.0027", {"no_stream": 1.0}),
    ("reolink", "E1 Zoom", "v3.1.0.2649", "v3.1.0.4366", {"no_stream": 0.2}),
)
PER_SITE: Final = 3
MORE_MB: Final = 20  # by which the peak may differ between a small image and a large one


def main() -> int:
    """Measure, print JSON, return 1 where something was sent twice or a bad image went further than it may."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--devices", type=int, default=300)
    parser.add_argument("--kill-after", type=int, default=40, metavar="IMAGES")
    parser.add_argument("--image-mb", type=float, default=2.0)
    parser.add_argument("--at-once", type=int, default=24)
    parser.add_argument("--memory", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fleetctl-firmware-") as place:
        root = Path(place) / "fleet"
        told = _memory(root) if given.memory else _measured(root, given)
    sys.stdout.write(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    if given.memory:
        return 0 if told["more_mb"] < MORE_MB else 1
    return 0 if told["sent_twice"] == 0 and not told["broken_promises"] else 1


def _measured(root: Path, given: argparse.Namespace) -> dict[str, Any]:
    init(root, folder("inventory/pilot"))
    _inventory(root / "inventory", given.devices)
    workspace = open_workspace(root)
    lab.up(workspace, lab.Options(http_port=0, https_port=0, rtsp_port=0, boot_s=1.0, flash_s=1.0))
    try:
        begun = time.monotonic()
        _run(root, "adopt", "--yes", codes=(0,))
        _run(root, "apply", "--yes", codes=(0, 1, 3))
        prepared_s = time.monotonic() - begun
        for number, (vendor, model, _, then, effects) in enumerate(MODELS):
            path = root / f"image-{number}.bin"
            path.write_bytes(firmware.made((model,), then, size=round(given.image_mb * 1e6), seed=number, **effects))
            version, _, build = then.partition(" build ")
            version, _, date = version.partition(", Build Date ")
            told = ("--vendor", vendor, "--model", model, "--version", version)
            _run(
                root,
                "firmware",
                "add",
                str(path),
                *told,
                *(("--build", build or date) if build or date else ()),
                codes=(0,),
            )
        control.forget(root / ".fleetctl" / "lab")
        return {"devices": given.devices, "prepared_s": round(prepared_s, 1)} | _rolled(root, given)
    finally:
        lab.down(open_workspace(root))


def _memory(root: Path) -> dict[str, Any]:
    """Measure the peak memory of a roll-out to one camera, with a small image and with a large one."""
    init(root, folder("inventory/pilot"))
    _inventory(root / "inventory", 1)
    lab.up(open_workspace(root), lab.Options(http_port=0, https_port=0, rtsp_port=0, boot_s=1.0, flash_s=1.0))
    vendor, model = MODELS[0][:2]
    peaks: dict[int, float] = {}
    try:
        _run(root, "adopt", "--yes", codes=(0,))
        _run(root, "apply", "--yes", codes=(0, 3))
        while abs(control.state(root / ".fleetctl" / "lab", "d000")["now"] - time.time()) > 1:
            time.sleep(0.1)
        for number, size_mb in enumerate((2, 200)):
            path, version = root / f"image-{size_mb}.bin", f"V2.0{number}.01"
            _sparse(path, model, version, size_mb * 1_000_000)
            words = ("--vendor", vendor, "--model", model, "--version", version)
            (added, *_) = _run(root, "firmware", "add", str(path), *words, codes=(0,))
            quick = ("--yes", "--soak", "0.01", "--flash-time", "5", "--min-uptime", "0")
            process = _child(root, "firmware", "roll", f"of-{size_mb}", *quick, "--image", added["sha256"])
            _, status, used = os.wait4(process.pid, 0)  # a few lines of output: they fit into the pipe
            step = json.loads(process.stdout.readline()) if process.stdout else {}
            if status or not step["changed"]:
                raise SystemExit(f"{size_mb} MB: {step}")
            peaks[size_mb] = round(used.ru_maxrss / 1024, 1)
    finally:
        lab.down(open_workspace(root))
    return {"peak_mb": peaks, "more_mb": round(peaks[200] - peaks[2], 1)}


def _sparse(path: Path, model: str, version: str, size: int) -> None:
    """Write an image of zeros, which takes no room on the disk."""
    sha256, zeros = hashlib.sha256(), bytes(1_000_000)
    for _ in range(size // len(zeros)):
        sha256.update(zeros)
    with path.open("wb") as file:
        file.write(firmware.head((model,), version, size, sha256.hexdigest(), {}))
        file.truncate(file.tell() + size)


def _inventory(inventory: Path, devices: int) -> None:
    for old in inventory.glob("*/*.yml"):
        old.unlink()
    for start in range(0, devices, PER_SITE):
        site = start // PER_SITE
        hosts = [
            f"        d{n:03d}: {{ansible_host: 10.{60 + n // 200}.{site % 200}.{n % 200 + 10}, kind: camera, "
            f"vendor: {MODELS[n % len(MODELS)][0]}, desk: Quầy {n % PER_SITE + 1}}}"
            for n in range(start, min(start + PER_SITE, devices))
        ]
        lines = ["khu:", "  children:", f"    site_{site:03d}:", "      vars:", f"        site_name: Phường {site}"]
        lines += [f"        site_network: 10.61.{site % 200}", "      hosts:", *hosts]
        (inventory / f"site_{site:03d}.yml").write_text("\n".join(lines) + "\n", "utf-8")
    targets = {model: then.replace(", Build Date ", " build ") for _, model, _, then, _ in MODELS}
    (inventory / "zz_bench.yml").write_text(json.dumps({"all": {"vars": {"firmware_target": targets}}}), "utf-8")


def _child(root: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [
        sys.executable,
        "-m",
        "fleetctl.cli.main",
        "--workspace",
        str(root),
        "--lang",
        "en",
        "--json",
        *arguments,
    ]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _run(root: Path, *arguments: str, codes: tuple[int, ...]) -> list[dict[str, Any]]:
    process = _child(root, *arguments)
    out, err = process.communicate()
    if process.returncode not in codes:
        raise SystemExit(f"fleetctl {' '.join(arguments)}: exit {process.returncode}\n{out[-2000:]}\n{err[-2000:]}")
    return [json.loads(line) for line in out.splitlines()]


def _rolled(root: Path, given: argparse.Namespace) -> dict[str, Any]:
    arguments = (
        "firmware",
        "roll",
        "soak",
        "--yes",
        "--soak",
        "0.05",
        "--flash-time",
        "1.5",
        "--per-site",
        "3",
        "--min-uptime",
        "0",
    )
    begun = time.monotonic()
    process = _child(root, *arguments, "--at-once", str(given.at_once))
    sent = _killed(root, process, given.kill_after)
    killed_s = time.monotonic() - begun
    before = _images(root, given.devices)
    then = [line for line in _run(root, "firmware", "status", "soak", codes=(0, 1, 3, 4)) if line["type"] == "step"]
    lines = _run(root, "firmware", "roll", "--resume", "soak", "--yes", codes=(0, 1, 3, 4))
    took_s = time.monotonic() - begun
    peak_mb = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    steps = [line for line in lines if line["type"] == "step"]
    counts = _images(root, given.devices)
    return {
        "killed_after_s": round(killed_s, 1),
        "images_when_killed": sent,
        "at_the_wire_when_killed": sum(before.values()),
        "standing_when_killed": dict(Counter(_standing(step) for step in then)),
        "took_s": round(took_s, 1),
        "peak_mb": round(peak_mb),
        "images_sent": sum(counts.values()),
        "sent_twice": sum(number > 1 for number in counts.values()),
        "models": {model: _model(model, steps, counts) for _, model, *_ in MODELS},
        "halted": lines[-1]["halted"],
        "broken_promises": _broken(steps, counts),
    }


def _standing(step: dict[str, Any]) -> str:
    where = f"ring {step['ring']}" if step["ring"] else "canaries"
    return f"{where}: {'at work' if step['uploads'] and step['outcome'] == 'pending' else step['outcome']}"


def _killed(root: Path, process: subprocess.Popen[str], after: int) -> int:
    """End the command once so many devices have their image by the journal, in the middle of a ring."""
    while process.poll() is None:
        time.sleep(0.2)
        with sqlite3.connect(f"file:{root}/.fleetctl/store.db?mode=ro", uri=True) as store:
            sent = int(store.execute("SELECT count(*) FROM journal WHERE event = 'Sent'").fetchone()[0])
        store.close()
        if sent >= after:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            return sent
    raise SystemExit(f"it ended before it could be killed: exit {process.returncode}\n{process.communicate()}")


def _images(root: Path, devices: int) -> dict[str, int]:
    """Return how many whole images each camera got, as the lab counts them."""
    found: dict[str, int] = {}
    for number in range(devices):
        name = f"d{number:03d}"
        counts = control.counts(root / ".fleetctl" / "lab", name)
        found[name] = sum(n for operation, n in counts.items() if operation.startswith("firmware:image"))
    return found


def _model(model: str, steps: list[dict[str, Any]], counts: dict[str, int]) -> dict[str, Any]:
    own = [step for step in steps if step["model"] == model]
    outcomes = Counter("changed" if s["changed"] and s["outcome"] == "unchanged" else s["outcome"] for s in own)
    reasons = sorted({s["reason"] for s in own if s["outcome"] == "failed"})[:3]
    images = sum(counts[s["name"]] for s in own)
    rings = [number for _, number in sorted(Counter(s["ring"] for s in own).items())]
    by_ring = [n for _, n in sorted(Counter(s["ring"] for s in own if counts[s["name"]]).items())]
    return {
        "devices": len(own),
        "rings": rings,
        "images": images,
        "images_by_ring": by_ring,
        "outcomes": dict(outcomes),
        "failures": reasons,
        "before_and_after": sum(_told(step) for step in own),
    }


def _told(step: dict[str, Any]) -> bool:
    """Tell whether the report has the version of a device before and after, as the device itself told them."""
    before, after = step["before"], step["after"]
    return bool(before and after and before["version"].startswith(step["from"]) and before != after)


def _broken(steps: list[dict[str, Any]], counts: dict[str, int]) -> list[str]:
    """Return what a roll-out promises and did not keep."""
    told = []
    for _, model, _, _, effects in MODELS:
        own = [step for step in steps if step["model"] == model]
        images = sum(counts[step["name"]] for step in own)
        share = effects.get("no_stream", 0.0)
        if share == 1.0:
            told += [f"{model}: {images} images of an image that breaks all"] * (images != 1)
        elif share:
            failed = min((s["ring"] for s in own if s["outcome"] == "failed"), default=0)
            if not failed or any(counts[s["name"]] for s in own if s["ring"] > failed):
                told.append(f"{model}: an image that breaks some went on after ring {failed}")
        elif any(not step["changed"] for step in own):
            told.append(f"{model}: not every device has the good image")
        told += [f"{s['name']}: no before and after" for s in own if s["changed"] and not _told(s)]
    return told


if __name__ == "__main__":
    sys.exit(main())
