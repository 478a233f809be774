"""Cameras that only their recorder reaches, driven by the command: taken in, read and set through it, or told why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.office import Office
from tests.lab.recorders import only

SITES = """\
dau_ghi:
  children:
    poe:
      vars: {site_name: Phường PoE, site_network: 10.31.9}
      hosts:
        poe-nvr: {ansible_host: 10.31.9.2, kind: nvr, vendor: hikvision, model: DS-7608NXI-I2/8P/S, desk: Kho}
        poe-cam-1: {kind: camera, vendor: hikvision, behind: poe-nvr, channel: 1, desk: Quầy 1}
        poe-cam-2: {kind: camera, vendor: hikvision, behind: poe-nvr, channel: 2, desk: Quầy 2}
        cam-3: {ansible_host: 10.31.9.13, kind: camera, vendor: hikvision, desk: Quầy 3}
        cam-4: {ansible_host: 10.31.9.14, kind: camera, vendor: dahua, desk: Quầy 4}
"""
SET = "video,osd,identity"


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """Give a site whose recorder has been taken in, and has found its two cameras."""
    made = only(tmp_path / "poe", SITES)
    try:
        made.lab_up()
        made.expect(0, "adopt", "--yes", "--limit", "poe-nvr")
        deadline = time.monotonic() + 60
        while [link["state"] for link in made.real("poe-nvr")["links"].values()] != ["online", "online"]:
            assert time.monotonic() < deadline, made.real("poe-nvr")["links"]
            time.sleep(0.1)
        yield made
    finally:
        made.lab_down()


def test_cameras_behind_a_recorder_are_taken_in_read_and_set_through_it(office: Office) -> None:
    ran = office.expect(1, "apply", "--yes", "--limit", "poe-cam-1", "--aspect", SET)
    assert "Run: fleetctl adopt --limit poe-cam-1" in ran.reason("poe-cam-1")
    office.expect(0, "adopt", "--yes")
    device = office.workspace.inventory.devices["poe-cam-1"]
    assert device.serial_number == office.real("poe-nvr")["links"]["1"]["camera"]["serial"]
    office.forget()
    assert office.json("plan").code == 3
    assert office.writes() == {}
    ran = office.expect(0, "apply", "--yes", "--aspect", SET)
    assert ran.outcomes["poe-cam-1"] == "changed", ran.reason("poe-cam-1")
    for number in ("1", "2"):
        main, *_ = office.real(f"poe-cam-{number}")["encoders"].values()
        assert (main["width"], main["height"], main["kbps"], main["fps"]) == (1920, 1080, 2048, 15)
        texts = [osd.get("text") for osd in office.real(f"poe-cam-{number}")["osds"].values()]
        assert f"Phường PoE - Quầy {number}" in texts
        assert office.real("poe-nvr")["channels"][number]["name"] == f"poe-cam-{number}"
        assert office.real("poe-nvr")["channels"][number]["mode"] == "plugplay"
    assert office.writes("poe-cam-1") == office.writes("poe-cam-2") == {}, "nobody but the recorder speaks to them"
    ran = office.expect(0, "audit", "--aspect", SET)
    assert ran.outcomes["poe-cam-2"] == "unchanged", ran.reason("poe-cam-2")
    assert "the maker writes it as one of" in ran.reason("poe-cam-2")
    told = office.json("audit", "--limit", "poe-cam-1").devices["poe-cam-1"]
    beyond = {aspect["aspect"]: aspect for aspect in told["aspects"] if aspect["outcome"] == "unsupported"}
    assert "poe-nvr, which alone reaches it, does not offer this" in beyond["users"]["reason"]
    assert "its own clock" in beyond["time"]["reason"] or "of the camera's clock" in beyond["time"]["reason"]


def test_another_camera_plugged_into_that_port_is_never_written_to(office: Office) -> None:
    office.expect(0, "adopt", "--yes")
    listed = office.inventory / "recorders.yml"
    serial = office.workspace.inventory.devices["poe-cam-1"].serial_number
    listed.write_text(listed.read_text("utf-8").replace(serial, "DS-2CD2143G0-ANOTHER"), "utf-8")
    office.forget()
    ran = office.expect(1, "apply", "--yes", "--limit", "poe-cam-1,poe-cam-2", "--aspect", "video")
    assert "another device answers here" in ran.reason("poe-cam-1")
    assert ran.outcomes["poe-cam-2"] == "changed"
    told = {line["camera"]: line for line in office.json("site", "check", "poe").lines if line["type"] == "chain"}
    assert "the channel has another camera: serial number" in told["poe-cam-1"]["trouble"]
    assert told["poe-cam-2"]["online"], told["poe-cam-2"]


def test_a_camera_behind_a_recorder_without_power_is_told_by_its_recorder(office: Office) -> None:
    office.expect(0, "adopt", "--yes")
    office.break_("poe-cam-1", "unplug")
    deadline = time.monotonic() + 60
    while office.real("poe-nvr")["links"]["1"]["state"] == "online":
        assert time.monotonic() < deadline
        time.sleep(0.1)
    ran = office.json("audit", "--limit", "poe-cam-1,poe-cam-2", "--aspect", "video")
    assert (ran.outcomes["poe-cam-1"], ran.outcomes["poe-cam-2"]) == ("unreachable", "pending")
    assert "channel 1: the channel is offline" in ran.reason("poe-cam-1")


def test_the_recorders_wrong_password_is_presented_once_for_all_its_cameras(office: Office) -> None:
    office.expect(0, "adopt", "--yes")
    device = office.workspace.inventory.devices["poe-nvr"]
    office.workspace.vault.set(device.site, "poe-nvr", device.user, "Wrong-pass-99")
    office.forget()
    for _ in range(2):
        ran = office.expect(1, "audit", "--limit", "poe-cam-1,poe-cam-2")
        assert set(ran.outcomes.values()) == {"refused"}
    assert sum(office.real("poe-nvr")["misses"].values()) == 1


def test_what_onvif_does_not_know_of_a_camera_is_set_over_its_makers_own_interface(office: Office) -> None:
    office.overlay("all: {hosts: {cam-3: {video_main_smart_codec: true}, cam-4: {video_main_smart_codec: true}}}")
    office.expect(0, "adopt", "--yes", "--limit", "cam-3,cam-4")
    ran = office.expect(0, "apply", "--yes", "--limit", "cam-3,cam-4", "--aspect", "video")
    main, *_ = office.real("cam-3")["encoders"].values()
    assert (main["smart"], main["kbps"], main["fps"]) == (True, 2048, 15)
    assert ran.aspect("cam-3", "video")["gaps"] == []
    assert [gap["field"] for gap in ran.aspect("cam-4", "video")["gaps"]] == ["main_smart_codec"]
    office.expect(0, "audit", "--limit", "cam-3", "--aspect", "video")
    vault, device = office.workspace.vault, office.workspace.inventory.devices["cam-3"]
    vault.set(device.site, "cam-3", device.user, "Another-pass-99")  # known to nobody: not tried there at all
    assert office.json("audit", "--limit", "cam-3", "--aspect", "video").outcomes == {"cam-3": "refused"}
    assert sum(office.real("cam-3")["misses"].values()) == 1
