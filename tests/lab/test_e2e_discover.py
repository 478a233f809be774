"""Discover: who is on the network, judged at the wire: nobody is logged in to, nothing is written."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fleetctl.lab import control
from fleetctl.operations.initialising import init
from tests.lab.office import PILOT, Office

SITE = """\
# the list of the department, 3 March
tan_mai:
  vars: {site_name: Phường Tân Mai, site_network: 127.40.1}
  hosts:
    tan-mai-cam-01: {ansible_host: 127.40.1.11, kind: camera, vendor: hikvision, desk: Quầy 1}   # the door
"""
DEVICES = {
    "listed": ("127.40.1.11", "hikvision-like"),
    "nvr": ("127.40.1.2", "hikvision-nvr-like"),
    "dahua": ("127.40.1.12", "dahua-like"),
    "axis": ("127.40.1.13", "axis-like"),
    "shy": ("127.40.1.14", "generic-like"),
    "off": ("127.40.1.15", "hikvision-v58-like"),
    "behind": ("127.40.1.99", "hikvision-like"),
}
TELLING = ("listed", "nvr", "dahua", "axis", "off")  # by whom a MAC address is told without a login
FRESH = ("listed", "nvr", "axis", "off")


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """A workspace with one listed camera, and a network with more than that."""
    init(tmp_path / "office", PILOT)
    office = Office(tmp_path / "office")
    for folder in [path for path in office.inventory.iterdir() if path.is_dir()]:
        shutil.rmtree(folder)
    office.write("tan_mai.yml", SITE)
    devices = [
        {"name": name, "address": address, "personality": kind, **({"behind": "nvr"} if name == "behind" else {})}
        for name, (address, kind) in DEVICES.items()
    ]
    ports = dict.fromkeys(("http_port", "https_port", "rtsp_port", "discovery_port", "sadp_port", "dhip_port"), 0)
    control.up({"devices": devices, **ports, "record_s": 0}, office.lab_dir)
    control.change(office.lab_dir, "shy", "network", discovery="NonDiscoverable")
    try:
        yield office
    finally:
        control.down(office.lab_dir)


def found(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    names = {address: name for name, (address, _) in DEVICES.items()}
    return {names[line["address"]]: line for line in lines if line["type"] == "found"}


def heard(lines: list[dict[str, Any]]) -> bool:
    """Tell whether every device has said all that it says."""
    told = found(lines)
    return set(TELLING) <= {name for name, line in told.items() if line["mac_address"]} and "shy" in told


def test_everybody_near_by_is_seen_and_nobody_is_logged_in_to(office: Office) -> None:
    office.forget()
    told = found(office.discover(heard, "--range", "127.40.1.1-127.40.1.30"))
    assert set(told) == set(DEVICES) - {"behind"}
    assert {name for name, line in told.items() if line["factory_new"]} == set(FRESH)
    assert {name: line["vendor"] for name, line in told.items()} == {
        "listed": "hikvision", "nvr": "hikvision", "off": "hikvision", "dahua": "dahua", "axis": "axis", "shy": "",
    }  # fmt: skip
    for name in TELLING:
        real = office.real(name)["identity"]
        assert told[name]["mac_address"] == real["mac_address"]
        assert told[name]["serial_number"] == real["serial_number"]
    assert told["nvr"]["kind"] == "nvr"
    assert told["off"]["ways"] == ["sadp"], "its ONVIF is off from the factory"
    assert told["shy"]["ways"] == ["http"]
    assert (told["listed"]["standing"], told["listed"]["name"]) == ("expected", "tan-mai-cam-01")
    assert {line["standing"] for name, line in told.items() if name != "listed"} == {"stranger"}
    assert office.writes() == {}
    for name in DEVICES:
        assert {entry["user"] for entry in control.log(office.lab_dir, name)} <= {""}


def test_what_was_seen_is_written_into_the_site_and_every_other_byte_stays(office: Office) -> None:
    arguments = ("discover", "--range", "127.40.1.12-127.40.1.13", "--write", "tan_mai")
    refused = office.run(*arguments)
    assert (refused.code, "no terminal" in refused.err) == (2, True)
    office.discover(lambda _: len(office.workspace.inventory.devices) == len(TELLING), *arguments[1:], "--yes")
    devices = office.workspace.inventory.devices
    real = {name: office.real(name)["identity"] for name in DEVICES}
    assert devices["tan-mai-cam-01"].mac_address == real["listed"]["mac_address"]
    added = {d.endpoint.address: d for d in devices.values()}
    for name in ("nvr", "dahua", "axis", "off"):
        there = added[DEVICES[name][0]]
        assert (there.mac_address, there.serial_number) == tuple(
            real[name].get(k) for k in ("mac_address", "serial_number")
        )
        assert there.site == "tan_mai"
    assert added["127.40.1.2"].name == "tan-mai-nvr"
    text = (office.inventory / "tan_mai.yml").read_text("utf-8")
    for kept in (
        "# the list of the department, 3 March\n",
        "  vars: {site_name: Phường Tân Mai,",
        "desk: Quầy 1, ",
        "   # the door\n",
    ):
        assert kept in text
    again = found(office.discover(lambda lines: set(found(lines)) == set(TELLING)))
    assert {name: line["standing"] for name, line in again.items()} == {
        "listed": "known", "nvr": "known", "dahua": "known", "axis": "known", "off": "known",
    }  # fmt: skip


def test_where_two_have_one_address_it_is_said(office: Office) -> None:
    office.break_("listed", "duplicate-address")
    office.discover(lambda lines: sum(line["address"] == "127.40.1.11" for line in lines) == 2)
    ran = office.run("discover")
    assert ran.out.count("127.40.1.11") == 2
    assert "one at a time" in ran.err
