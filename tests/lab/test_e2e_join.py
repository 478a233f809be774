"""The whole way of five wards: from the department's spreadsheet to sites that are in step and accepted."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from fleetctl.inventory import sheets
from fleetctl.operations import lab
from fleetctl.operations.initialising import init
from tests.lab.office import PILOT, Office
from tests.lab.recorders import wait_for

WARDS = {  # key -> name, makers of its cameras
    "tan_mai": ("Phường Tân Mai", ("hikvision", "dahua")),
    "bach_mai": ("Phường Bạch Mai", ("axis",)),
    "ngoc_ha": ("Phường Ngọc Hà", ("dahua",)),
    "dai_mo": ("Phường Đại Mỗ", ("hikvision",)),
    "son_dong": ("Xã Sơn Đồng", ("uniview",)),
}
RECORDER = "tan-mai-nvr"
LAB = lab.Options(
    http_port=0, https_port=0, rtsp_port=0, ssh_port=0, factory_new=True, record_s=0.5, retry_s=0.5, boot_s=0.3
)


def listed(path: Path) -> int:
    """Write the department's spreadsheet; returns how many devices it lists."""
    rows = []
    for number, (name, makers) in enumerate(WARDS.values(), start=1):
        ward = {"area": "Cụm 4", "site": name, "site_network": f"10.42.{number}"}
        rows += [
            ward | {"kind": "camera", "vendor": vendor, "address": f"10.42.{number}.{n}", "desk": f"Quầy {n - 10}"}
            for n, vendor in enumerate(makers, start=11)
        ]
        if number == 1:
            rows += [ward | {"kind": "đầu ghi", "vendor": "dahua", "model": "DHI-NVR5216-EI", "address": "10.42.1.2"}]
            for key, row in enumerate([r for r in rows if r["kind"] == "camera"], start=1):
                row["channel"] = str(key)
    path.write_bytes(sheets.written(rows))
    return len(rows)


def test_five_wards_from_a_spreadsheet_to_their_acceptance(tmp_path: Path) -> None:
    init(tmp_path / "office", PILOT)
    office = Office(tmp_path / "office", LAB)
    for folder in [path for path in office.inventory.iterdir() if path.is_dir()]:
        shutil.rmtree(folder)
    devices = listed(tmp_path / "danh-sach.xlsx")
    told = office.expect(0, "inventory", "import", str(tmp_path / "danh-sach.xlsx"), "--yes").lines[-1]
    assert (told["new"], told["changed"]) == (devices, 1), "the recorder's channels follow from the cameras' rows"
    assert set(office.workspace.inventory.sites()) == set(WARDS)
    office.lab_up()
    try:
        found = office.discover(lambda lines: len(lines) == devices)
        assert {line["name"]: line["standing"] for line in found} == dict.fromkeys(office.names(), "expected")
        assert set(office.expect(0, "adopt", "--yes").outcomes.values()) == {"changed"}
        found = office.discover(lambda lines: len(lines) == devices)
        assert {line["standing"] for line in found} <= {"known", "presumed"}
        office.expect(0, "apply", "--yes", "--canary", "0")
        for channel in ("1", "2"):
            wait_for(office, RECORDER, channel, online=True)
        office.forget()
        assert set(office.expect(0, "apply", "--yes").outcomes.values()) == {"unchanged"}
        assert office.writes() == {}
        for site, (name, makers) in WARDS.items():
            ran = office.json("--lang", "vi", "site", "accept", site)
            assert ran.code in (0, 1, 3), ran  # open points, as the days that are recorded, stand in the record
            (told,) = [line for line in ran.lines if line["type"] == "acceptance"]
            assert {Path(file["path"]).suffix for file in told["files"]} == {".pdf", ".html"}
            assert sum(bool(camera["picture"]) for camera in told["record"]["cameras"]) == len(makers)
            assert name in json.dumps(told["record"], ensure_ascii=False)
        rows = {line["site"]: line for line in office.expect(0, "status").lines if line["type"] == "site"}
        assert set(rows) == set(WARDS)
        for row in rows.values():
            assert (row["listed"], row["listed"]) == (row["adopted"], row["in_step"])
            assert row["accepted"]
        assert office.locked() == {}
    finally:
        office.lab_down()
