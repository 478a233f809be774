"""Two cameras as they come from the factory, at one address behind one switch: taken in by their ports."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleetctl.lab import control
from fleetctl.operations.initialising import init
from tests.lab.office import PILOT, Office

DEFAULT = "127.168.1.64"
PORTS = {"cam-a": "gi1/0/1", "cam-b": "gi1/0/2"}
OWN = {"cam-a": "127.43.1.11", "cam-b": "127.43.1.12"}
SITE = """\
tan_mai:
  vars: {{site_name: Phường Tân Mai, site_network: 127.43.1, onvif_port: {http}}}
  hosts:
    sw: {{ansible_host: 127.43.1.3, ansible_port: {ssh}, kind: switch, vendor: cisco,
         factory_user: admin, factory_password: admin}}
    cam-a: {{ansible_host: 127.43.1.11, kind: camera, vendor: hikvision, desk: Quầy 1, switch_port: gi1/0/1}}
    cam-b: {{ansible_host: 127.43.1.12, kind: camera, vendor: hikvision, desk: Quầy 2, switch_port: gi1/0/2}}
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A site whose switch is adopted and whose two cameras were plugged in as they came."""
    init(tmp_path / "office", PILOT)
    office = Office(tmp_path / "office")
    for folder in [path for path in office.inventory.iterdir() if path.is_dir()]:
        shutil.rmtree(folder)
    spec = {
        "devices": [
            {"name": name, "address": OWN[name], "personality": "hikvision-like", "network_address": DEFAULT}
            for name in PORTS
        ],
        "switches": [
            {
                "name": "sw",
                "address": "127.43.1.3",
                "dialect": "cisco_ios",
                "wiring": {port: name for name, port in PORTS.items()},
                "uplink": "gi1/0/28",
            }
        ],
        "boot_s": 0.3,
        **dict.fromkeys(("http_port", "https_port", "rtsp_port", "ssh_port", "sadp_port", "dhip_port"), 0),
        "discovery_port": 0,
    }
    lab = control.up(spec, office.lab_dir)
    office.write("tan_mai.yml", SITE.format(http=lab.ports["http"], ssh=lab.ports["ssh"]))
    try:
        office.expect(0, "adopt", "--yes", "--limit", "sw")
        yield office
    finally:
        control.down(office.lab_dir)


def address(office: Office, name: str) -> str:
    told: str = office.real(name)["network"]["address"]
    return told


def test_each_is_taken_in_by_its_port_and_gets_its_own_address(office: Office) -> None:
    lines = office.discover(
        lambda lines: sum(each["address"] == DEFAULT for each in lines) == 2,
        "--switches",
        "sw",
        "--site",
        "tan_mai",
        "--range",
        DEFAULT,
    )
    seen = {line["switch_port"]: line for line in lines if line["address"] == DEFAULT}
    assert {port: line["slots"] for port, line in seen.items()} == {port: [name] for name, port in PORTS.items()}
    ran = office.expect(0, "adopt", "--yes", "--limit", "camera", "--at", DEFAULT)
    assert ran.outcomes == {"cam-a": "changed", "cam-b": "changed"}
    assert {name: address(office, name) for name in PORTS} == OWN
    devices = office.workspace.inventory.devices
    for name in PORTS:
        assert devices[name].mac_address == office.real(name)["identity"]["mac_address"], "the one on its port"
        assert not office.real(name)["dead"], "its port is given back"
    plan = office.expect(3, "plan", "--limit", "camera")
    assert set(plan.outcomes.values()) == {"pending"}
    shut = [c for a in office.json("plan", "--limit", "sw").devices["sw"]["aspects"] for c in a["changes"]]
    assert not [c for c in shut if c["key"] in PORTS.values() and (c["actual"] or {}).get("enabled") is False]


def test_ports_of_a_call_that_was_killed_are_given_back_by_the_next(office: Office) -> None:
    child = office.child("adopt", "--yes", "--limit", "camera", "--at", DEFAULT)
    deadline = time.monotonic() + 60
    while not office.real("cam-b")["dead"]:
        assert time.monotonic() < deadline, "the port of the second camera is not shut"
        assert child.poll() is None, child.communicate()
        time.sleep(0.02)
    child.kill()
    child.communicate()
    ran = office.expect(0, "adopt", "--yes", "--limit", "camera", "--at", DEFAULT)
    assert set(ran.outcomes.values()) == {"changed"}
    assert {name: address(office, name) for name in PORTS} == OWN
    assert not any(office.real(name)["dead"] for name in PORTS)


def test_without_a_port_a_person_connects_them(office: Office) -> None:
    path = office.inventory / "tan_mai.yml"
    path.write_text(path.read_text("utf-8").replace(", switch_port: gi1/0/1", ""), "utf-8")
    office.forget()
    ran = office.run("adopt", "--yes", "--limit", "camera", "--at", DEFAULT)
    assert (ran.code, "cam-a" in ran.err, "switch_port" in ran.err) == (2, True, True)
    alone = office.json("adopt", "--yes", "--limit", "cam-a", "--at", DEFAULT)
    assert (alone.code, "2 devices answer" in alone.reason("cam-a")) == (1, True), "the other is still there"
    assert office.writes("cam-a") == office.writes("cam-b") == {}
