"""Sites of two cameras and one recorder, of each generation of recorders one."""

from __future__ import annotations

import shutil
import time
from pathlib import Path
from typing import Any

from fleetctl.lab import control
from fleetctl.operations import lab
from fleetctl.operations.initialising import init
from tests.lab.office import PILOT, Office

MODELS = {  # site -> vendor and model of its recorder
    "k": ("hikvision", "DS-7608NI-K2"),
    "q": ("hikvision", "DS-7616NI-Q2/16P"),
    "nxi": ("hikvision", "DS-7608NXI-I2/8P/S"),
    "m": ("hikvision", "DS-9632NI-M8"),
    "dahua": ("dahua", "DHI-NVR5216-EI"),
    "kbvision": ("kbvision", "KX-C4K8108N2"),
}
NVRS = tuple(f"{site}-nvr" for site in MODELS)
CAMERAS = {"1": "hikvision", "2": "dahua"}
QUICK = lab.Options(http_port=0, https_port=0, rtsp_port=0, record_s=0.5, retry_s=0.5)


def inventory() -> str:
    """Return sites of two cameras and one recorder, of each generation of recorders one."""
    lines = ["dau_ghi:", "  children:"]
    for number, (site, (vendor, model)) in enumerate(MODELS.items(), start=1):
        lines += [f"    {site}:", "      vars:", f"        site_name: Phường {site.upper()}"]
        lines += [f"        site_network: 10.31.{number}", "      hosts:"]
        lines += [
            f"        {site}-cam-{key}: {{ansible_host: 10.31.{number}.1{key}, kind: camera, vendor: {make}, "
            f"desk: Quầy {key}}}"
            for key, make in CAMERAS.items()
        ]
        bound = ", ".join(f'"{key}": {site}-cam-{key}' for key in CAMERAS)
        lines += [
            f"        {site}-nvr: {{ansible_host: 10.31.{number}.2, kind: nvr, vendor: {vendor}, model: {model}, "
            f"desk: Phòng kỹ thuật, channels_cameras: {{{bound}}}}}"
        ]
    return "\n".join(lines) + "\n"


def chains(office: Office, site: str, code: int = 0) -> dict[str, dict[str, Any]]:
    """Return what `site check` says of each camera."""
    ran = office.expect(code, "site", "check", site)
    return {line["camera"]: line for line in ran.lines if line["type"] == "chain"}


def wait_for(office: Office, nvr: str, channel: str, *, online: bool) -> None:
    deadline = time.monotonic() + 60
    while (office.real(nvr)["links"].get(channel, {}).get("state") == "online") is not online:
        assert time.monotonic() < deadline, office.real(nvr)["links"]
        time.sleep(0.1)


def forget_accounts(office: Office, camera: str, nvr: str, channel: str) -> None:
    """Reset a camera that does not lock, so that its recorder may knock again and again; wait until it was refused.

    One that locks would, after five knocks, lock the recorder out for half an hour: on a busy machine before the
    camera is taken in again.
    """
    office.break_(camera, "reset")
    office.wait(camera)
    control.change(office.lab_dir, camera, "lock", enabled=False)
    deadline = time.monotonic() + 60
    while office.real(nvr)["links"][channel]["state"] in ("online", "connecting", "unreachable"):
        assert time.monotonic() < deadline, office.real(nvr)["links"]
        time.sleep(0.1)


def only(root: Path, text: str) -> Office:
    """Return a workspace with the sites of `text` alone; its lab is down."""
    init(root, PILOT)
    office = Office(root, QUICK)
    for folder in [path for path in office.inventory.iterdir() if path.is_dir()]:
        shutil.rmtree(folder)
    office.write("recorders.yml", text)
    return office
