"""Backups of cameras and recorders by the command: kept whole, shown without secrets, never put back."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator

import pytest

from fleetctl.operations import backups
from fleetctl.operations.initialising import init
from tests.lab.office import PILOT, Office

SITES = """\
vung:
  children:
    diem:
      vars: {site_name: Phường Điểm, site_network: 10.60.1, desk: Quầy 1}
      hosts:
        cam: {ansible_host: 10.60.1.11, kind: camera, vendor: hikvision}
        plain: {ansible_host: 10.60.1.12, kind: camera, vendor: axis}
        old-nvr: {ansible_host: 10.60.1.2, kind: nvr, vendor: hikvision}
        new-nvr: {ansible_host: 10.60.1.3, kind: nvr, vendor: hikvision, model: DS-7608NXI-I2/8P/S}
        dahua-nvr:
          {ansible_host: 10.60.1.4, kind: nvr, vendor: dahua, channels_cameras: {"1": cam}, channels_user: ghihinh}
"""


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Give a site with cameras and recorders that offer a backup, and some that do not."""
    root = tmp_path_factory.mktemp("backups") / "workspace"
    init(root, PILOT)
    made = Office(root)
    for folder in made.inventory.iterdir():
        if folder.is_dir():
            shutil.rmtree(folder)
    made.write("sites.yml", SITES)
    made.lab_up()
    try:
        made.expect(0, "adopt", "--yes")
        made.json("apply", "--yes", "--now", "--reason", "backups", "--limit", "cam,dahua-nvr")
        yield made
    finally:
        made.lab_down()


def test_what_offers_a_backup_is_kept_and_what_does_not_is_told_why(office: Office) -> None:
    office.forget()
    ran = office.expect(0, "device", "backup", "save", "--limit", "all")
    told = {name: one["outcome"] for name, one in ran.devices.items()}
    offers = dict.fromkeys(("cam", "old-nvr", "dahua-nvr"), "changed")
    assert told == {**offers, "plain": "unsupported", "new-nvr": "unsupported"}
    assert "announces no backup" in ran.devices["plain"]["reason"]
    assert "under a key" in ran.devices["new-nvr"]["reason"]
    again = office.expect(0, "device", "backup", "save", "--limit", "all")
    assert {again.devices[name]["outcome"] for name in offers} == {"unchanged"}
    assert office.writes() == {}
    for path in (office.root / "backups").rglob("*"):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_what_is_shown_has_no_secret_and_what_is_kept_is_whole(office: Office) -> None:
    workspace = office.workspace
    camera = workspace.inventory.devices["cam"]
    password = workspace.password(camera, "ghihinh")
    folder = office.root / "backups" / "diem"
    shown = (folder / "dahua-nvr.txt").read_text("utf-8")
    assert password not in shown
    assert json.loads(shown)["RemoteDevice"]["uuid:System_CONFIG_NETCAMERA_INFO_0"]["Password"] == "<secret>"
    whole = backups._whole(workspace, max((folder / "dahua-nvr").glob("*.vault")))
    assert password in whole["content"]
    assert whole["serial_number"] == office.real("dahua-nvr")["identity"]["serial_number"]
    (name, data) = json.loads(backups._whole(workspace, max((folder / "cam").glob("*.vault")))["content"])[0]
    assert name == "configuration.bin"
    assert len(data) > 4096, "it came beside the envelope and is here in base64"


def test_a_backup_of_a_camera_is_not_put_back(office: Office) -> None:
    office.forget()
    for name in ("cam", "dahua-nvr"):
        ran = office.json("device", "backup", "put", name, "--yes")
        assert ran.code == 0, "unsupported is told, and no fault"
        assert "puts no backup onto" in f"{ran.out}{ran.err}"
    assert office.writes() == {}
