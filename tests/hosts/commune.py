"""One commune for the tests: a recorder and a kiosk that are real hosts, and two cameras of the lab."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from fleetctl.lab import control
from tests.hosts import fake_reader, relay
from tests.hosts.fleet import Fleet
from tests.hosts.machines import Machine

NVR, KIOSK = "viet-hung-nvr", "viet-hung-kiosk"
CAMERAS: Final = {"viet-hung-cam-01": "hikvision", "viet-hung-cam-02": "dahua"}
CAMERA_SECRET, LEADER_SECRET = "Camera's secret 1", "Hà Nội 1010: leader's secret"
KEY: Final = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGfleetfleetfleetfleetfleetfleetfleetfleet kythuat"
READERS: Final = {
    "quay-1": {"connection": "serial", "vendor_id": "0c2e", "product_id": "0b6a"},
    "quay-2": {"connection": "keyboard", "vendor_id": "05e0", "product_id": "1200"},
}
READER: Final = "/srv/reader.py"
PICTURES_S: Final = 5  # pictures a second of the cameras' streams; each second begins with a whole one
VARIABLES: Final[dict[str, Any]] = {
    "site_name": "Phường Việt Hưng",
    "identity_hostname": "{{ inventory_hostname }}",
    "time_zone": "Asia/Ho_Chi_Minh",
    "time_daylight_saving": False,
    "time_ntp_from_dhcp": False,
    "users_accounts": {"fleetctl": {"level": "administrator"}, "lanhdao": {"level": "user"}},
    "users_accounts_site": {"kythuat": {"level": "operator"}},
    "users_authorized_keys": {"kythuat": [KEY]},
    "users_operator_commands": ["/usr/bin/systemctl restart motion.service"],
    "users_exclusive": True,
    "base_packages": ["fleet-demo"],
    "base_syslog_server": "10.0.0.9",
    "base_firewall_admin_networks": ["10.77.0.0/16"],
    "base_firewall_open": {"page": {"port": 8443, "from": ["10.20.1.0/24", "fd00:20::/64"]}},
    "recorder_clip_s": 5,
    "recorder_stale_after_s": 20,
    "recorder_stream_paths": {  # the smaller streams: the lab draws every picture
        "hikvision": "/Streaming/Channels/102",
        "dahua": "/cam/realmonitor?channel=1&subtype=1&unicast=true&proto=Onvif",
    },
}

# No screen, no graphics card, no user namespaces in a container: what a kiosk has by nature is told here.
HEADLESS: Final = """[Unit]
Conflicts=
[Service]
TTYPath=
StandardInput=null
UtmpIdentifier=
Environment=WLR_BACKENDS=headless WLR_RENDERER=pixman WLR_LIBINPUT_NO_DEVICES=1 LIBGL_ALWAYS_SOFTWARE=1
Environment="FLEET_KIOSK_FLAGS=--disable-gpu --no-sandbox"
"""
PAGE: Final = '<meta charset="utf-8"><title>Một cửa</title><body style="background:#00ff00"><h1>Việt Hưng</h1>'


@contextmanager
def prepared(boot: Callable[..., Fleet], folder: Path) -> Iterator[Fleet]:
    """Boot the commune's hosts as an installer leaves them, beside a lab of cameras that the recorder reaches."""
    fleet = boot(NVR, KIOSK, **VARIABLES)
    fleet.hosts = {
        NVR: {"kind": "nvr", "time_ntp_servers": ["10.0.0.10", "10.0.0.11"], "time_serve_to": ["10.77.0.0/16"]},
        KIOSK: {
            "kind": "kiosk",
            "time_ntp_servers": [fleet[NVR].address],
            "kiosk_address": "http://127.0.0.1/",
            "kiosk_rotation": "90",
            "kiosk_printer": "socket://10.20.1.40:9100",
            "kiosk_printer_model": "raw",
            "kiosk_touch_calibration": [0.0, 1.0, 0.0, -1.0, 0.0, 1.0],
            "kiosk_live_views": {"Quầy 1": "http://10.20.1.2:8081/1/stream"},
            "barcode_readers": READERS,
        },
    }
    devices = [
        {
            "name": name,
            "address": f"127.20.77.{number}",
            "personality": f"{make}-like",
            "login": ("fleetctl", CAMERA_SECRET),
        }
        for number, (name, make) in enumerate(CAMERAS.items(), 11)
    ]
    for number, (name, make) in enumerate(CAMERAS.items(), 11):
        fleet.devices[name] = {"kind": "camera", "vendor": make, "ansible_host": f"10.20.1.{number}"}
        fleet.secrets[name] = {"fleetctl": {"current": CAMERA_SECRET}}
    for name in (NVR, KIOSK):
        fleet.secrets[name] = {"lanhdao": {"current": LEADER_SECRET}}
    lab = control.up({"devices": devices, "http_port": 0, "https_port": -1, "rtsp_port": 0}, folder / "lab")
    for name in CAMERAS:  # few pictures: the lab draws and encodes each, as long as the recorder records
        encoders = control.state(folder / "lab", name)["encoders"]
        few = {token: {**told, "fps": PICTURES_S, "gov": PICTURES_S} for token, told in encoders.items()}
        control.change(folder / "lab", name, "encoders", **few)
    ways = {(f"10.20.1.{n}", 554): (f"127.20.77.{n}", lab.ports["rtsp"]) for n in (11, 12)}
    try:
        _furnish(fleet[KIOSK])
        with relay.relayed(fleet[NVR], ways):
            yield fleet
    finally:
        control.down(folder / "lab")


def headless(kiosk: Machine) -> None:
    """Tell a kiosk's machine that it has no screen."""
    kiosk.put("/etc/systemd/system/fleet-kiosk.service.d/headless.conf", HEADLESS)


def _furnish(kiosk: Machine) -> None:
    headless(kiosk)
    kiosk.put("/srv/www/index.html", PAGE)
    kiosk.put(READER, Path(fake_reader.__file__).read_text("utf-8"))
    kiosk.must("systemd-run --quiet --unit=www python3 -m http.server -d /srv/www 80")
    plugged = " ".join(f"{told['connection']}:{name}" for name, told in READERS.items())
    kiosk.must(f"systemd-run --quiet --unit=reader python3 {READER} {plugged}")
