"""One counter for the tests of the command: a camera of the lab, a real Linux desk and a Windows desk."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import yaml

from fleetctl.lab import control
from fleetctl.operations.initialising import init
from tests.hosts import machines
from tests.hosts.machines import Machine
from tests.lab.office import PILOT, Office
from tests.ran import Ran

CAMERA, DESK, WINDOWS = "quay-cam", "quay-desk", "quay-windows"
STANDARD: Final[dict[str, Any]] = {
    "ansible_user": "fleetctl",
    "ansible_password": "{{ (vault_secrets | from_yaml)[inventory_hostname][ansible_user].current }}",
    "identity_hostname": "{{ inventory_hostname }}",
    "time_ntp_servers": ["10.0.0.10", "10.0.0.11"],
    "time_ntp_from_dhcp": False,
    "time_zone": "Asia/Ho_Chi_Minh",
    "time_daylight_saving": False,
    "users_accounts": {"fleetctl": {"level": "administrator"}, "lanhdao": {"level": "user"}},
    "base_firewall_admin_networks": ["10.77.0.0/16"],
    "base_journal_days": 14,
    "desk_home_page": "https://hscv.example.vn/",
    "desk_shortcuts": {"hscv": {"name": "Hồ sơ công việc", "address": "https://hscv.example.vn/"}},
    "maintenance_window": "always",
}

KINDS: Final[dict[str, Any]] = {
    "platform_linux": {"vars": {"ansible_group_priority": 0, "ansible_become_password": "{{ ansible_password }}"}},
}


@dataclass
class Counter:
    """The workspace and the machine it looks after."""

    office: Office
    desk: Machine
    planned: Ran = field(init=False)
    applied: Ran = field(init=False)

    @property
    def password(self) -> str:
        """The password the vault has of the desk's account."""
        return self.office.passwords()[DESK, "fleetctl"]

    def root(self, command: str) -> str:
        """Run a shell line on the desk as root, with what opens sudo now."""
        self.desk.password = self.password or self.desk.password
        return self.desk.must(command)

    def set(self, **values: Any) -> None:
        """Give the desk variables of its own; none takes them away again."""
        path = self.office.inventory / "zz_test.yml"  # such a file may say a host's variables over again
        path.unlink(missing_ok=True)
        if values:
            path.write_text(json.dumps({"all": {"hosts": {DESK: values}}}, ensure_ascii=False), "utf-8")

    def refusals(self) -> int:
        """Return how many passwords the desk's sshd has refused, by its own journal."""
        return self.root("journalctl -u ssh -o cat --no-pager").count("Failed password")


@contextmanager
def opened(root: Path, network: machines.Network, repo: Path) -> Iterator[Counter]:
    """Boot the desk as an installer leaves it, start the lab and make the workspace."""
    with machines.booted([DESK], network, repo=repo) as up:
        desk = up[DESK]
        desk.must("ln -sf /usr/share/zoneinfo/Etc/UTC /etc/localtime")
        source = root / "source"
        source.mkdir(parents=True)
        (source / "zzz_kinds.yml").write_text((PILOT / "zzz_kinds.yml").read_text("utf-8"), "utf-8")
        hosts = {
            CAMERA: {"ansible_host": "10.40.1.11", "kind": "camera", "vendor": "hikvision", "desk": "Quầy 1"},
            DESK: {
                "ansible_host": desk.address,
                "kind": "desk",
                "platform": "linux",
                "factory_user": machines.USER,
                "factory_password": desk.password,
            },
            WINDOWS: {"ansible_host": "10.40.1.31", "kind": "desk", "platform": "windows"},
        }
        standard = STANDARD | {"desk_certificates": {"city": _authority(source.with_name("ca.pem"))}}
        site = {"quay": {"vars": {"site_name": "Phường Quầy"}, "hosts": hosts}}
        for name, told in {"kinds": KINDS, "standard": {"all": {"vars": standard}}, "site": site}.items():
            (source / f"{name}.yml").write_text(yaml.safe_dump(told, allow_unicode=True), "utf-8")
        init(root / "office", source)
        office = Office(root / "office")
        office.lab_up()
        try:
            yield Counter(office, desk)
        finally:
            office.lab_down()


def _authority(pem: Path) -> str:
    """Make a certificate authority and return its certificate."""
    command = "openssl req -x509 -newkey ed25519 -nodes -subj /CN=Fleet-Test-CA -days 30 -keyout /dev/null -out"
    subprocess.run([*command.split(), str(pem)], check=True, capture_output=True)
    return pem.read_text(encoding="ascii")


def rooms(pid: int) -> set[str]:
    """Return the folders of Ansible's runs that a fleetctl has open, itself or by its workers."""
    found = re.findall(r"fleetctl-ansible-(\d+)-(\d+)-\w+", "\n".join(_processes()))
    return {f"fleetctl-ansible-{own}-{began}-" for own, began in found if pid in (int(own), _parent(int(own)))}


def marked(folders: set[str]) -> list[str]:
    """Return the processes of Ansible's runs in those folders that are there now, by their command lines."""
    return [line for line in _processes() if any(folder in line for folder in folders)]


def read(*places: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield every file below some folders with what is in it; other programs may take theirs away meanwhile."""
    for place in places:
        for folder, _, names in os.walk(place):
            for path in (Path(folder, name) for name in names):
                with suppress(FileNotFoundError):
                    if path.is_file():
                        yield path, path.read_bytes()


def holding(secrets: Collection[str], files: Iterable[tuple[Path, bytes]]) -> list[Path]:
    """Return the files that hold one of the secrets."""
    sought = [secret.encode() for secret in secrets]
    return [path for path, data in files if any(secret in data for secret in sought)]


def _processes() -> list[str]:
    return subprocess.run(["ps", "-ww", "-eo", "args"], capture_output=True, text=True, check=True).stdout.splitlines()


def _parent(pid: int) -> int:
    listed = subprocess.run(["ps", "-o", "ppid=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return int(listed or 0)


def lab_camera(office: Office) -> dict[str, Any]:
    """Return what the camera really holds."""
    return control.state(office.lab_dir, CAMERA)
