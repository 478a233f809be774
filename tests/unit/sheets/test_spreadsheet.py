"""The department's spreadsheet: what is read of it, what is told of it, and what it does to an inventory."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from fleetctl.cli.main import main
from fleetctl.errors import InventoryError, UsageError
from fleetctl.inventory import sheets
from fleetctl.inventory.sheets.rows import key_of
from fleetctl.model import Kind
from fleetctl.operations import exporting, importing
from fleetctl.operations.workspace import Workspace, open_workspace

HEADINGS = (
    "Khu vực", "Phường/xã", "Mạng của điểm", "Tên thiết bị", "Loại", "Hãng", "Số serial", "Địa chỉ MAC", "Địa chỉ IP",
    "Vị trí", "Cổng switch", "Kênh", "Tài khoản", "Mật khẩu",
)  # fmt: skip
CAMERA = {"Phường/xã": "Phường Việt Hưng", "Mạng của điểm": "10.20.1", "Loại": "camera", "Hãng": "Hikvision"}

Merges = Sequence[str]
Sheet = Callable[..., Path]


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    """Write a workbook with a title above the headings; rows are by heading."""

    def write(*rows: dict[str, Any], merges: Merges = (), headings: Sequence[str] = HEADINGS) -> Path:
        book = Workbook()
        page = book.worksheets[0]
        page.title = "Danh sách"
        page.append(["DANH SÁCH THIẾT BỊ BỘ PHẬN MỘT CỬA"])
        page.append(list(headings))
        for row in rows:
            assert set(row) <= set(headings)
            page.append([row.get(heading) for heading in headings])
        for merge in merges:
            page.merge_cells(merge)
        path = tmp_path / "thiet-bi.xlsx"
        book.save(path)
        return path

    return write


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace with the standard and no site yet."""
    root = tmp_path / "w"
    assert main(["init", str(root)]) == 0
    for site in (root / "inventory").glob("*/*.yml"):
        site.unlink()
    return open_workspace(root)


def camera(number: int, **more: Any) -> dict[str, Any]:
    return {**CAMERA, "Địa chỉ IP": f"10.20.1.{10 + number}", "Vị trí": f"Quầy {number}", **more}


def faults(path: Path) -> list[str]:
    with pytest.raises(InventoryError) as caught:
        sheets.listed(sheets.read(path))
    return [str(fault) for fault in caught.value.faults]


def again(workspace: Workspace) -> Workspace:
    return open_workspace(workspace.root)


# --- reading -------------------------------------------------------------------------------------------


def test_headings_are_known_with_and_without_accents_and_in_english(sheet: Sheet) -> None:
    path = sheet(
        {"PHUONG / XA": "Xã An Khánh", "Kind": "Camera", "dia chi ip": "10.20.4.11"},
        headings=("PHUONG / XA", "Kind", "dia chi ip", "Ghi chú"),
    )
    (row,) = sheets.listed(sheets.read(path))
    assert (row.site, row.site_name, row.kind) == ("an_khanh", "Xã An Khánh", Kind.CAMERA)
    assert row.values["ansible_host"] == "10.20.4.11"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Phường Việt Hưng", "viet_hung"),
        ("Xã An Khánh", "an_khanh"),
        ("P. Đống Đa", "dong_da"),
        ("Phường 12", "s_12"),
        ("Thị trấn Trâu Quỳ", "trau_quy"),
        ("Xuân Phương", "xuan_phuong"),
    ],
)
def test_the_key_of_a_site_is_its_name_without_rank_and_accents(name: str, key: str) -> None:
    assert key_of(name) == key


def test_blank_rows_are_passed_over_and_a_site_merged_downwards_means_each_row(sheet: Sheet) -> None:
    rows = [camera(1), {}, camera(2), camera(3)]
    for row in rows[1:]:
        row.pop("Phường/xã", None)
    found = sheets.listed(sheets.read(sheet(*rows, merges=("B3:B6",))))
    assert [row.site for row in found] == ["viet_hung"] * 3
    assert [row.where.row for row in found] == [3, 5, 6]


def test_other_merged_cells_are_faults_with_their_place(sheet: Sheet) -> None:
    told = faults(sheet(camera(1), camera(2), merges=("I3:I4",)))
    assert told[0].startswith("thiet-bi.xlsx, Danh sách, I3: 2 x 1 cells are merged here. Mend: unmerge them")


@pytest.mark.parametrize(
    ("heading", "value", "said"),
    [
        ("Cổng switch", datetime.date(2026, 1, 3), "K3: Excel made a date or time of what was typed (2026-01-03"),
        ("Địa chỉ IP", datetime.date(2010, 2, 1), "I3: Excel made a date or time of what was typed (2010-02-01"),
        ("Địa chỉ IP", 10.2, "I3: Excel made the number 10.2 of what was typed"),
        ("Địa chỉ IP", "10.20.1.300", "I3: `10.20.1.300` is no IP address"),
        ("Địa chỉ IP", "=I2", "I3: this is a formula"),
        ("Số serial", "#N/A", "G3: this is Excel's error #N/A"),
        ("Số serial", 1.5e20, "G3: Excel made the number 1.5e+20 of what was typed"),
        ("Địa chỉ MAC", "44:19:b6:00:11", "H3: `44:19:b6:00:11` is no MAC address"),
        ("Loại", "camra", "E3: `camra` is no kind of device. Mend: did you mean camera?"),
        ("Loại", None, "E3: `Loại` is empty"),
        ("Kênh", "0", "L3: `0` is no channel"),
        ("Tên thiết bị", "cam 1", "D3: 'cam 1' cannot be a device's name"),
        ("Vị trí", "Quầy\u200b1", "J3: there are letters here that cannot be seen"),
        ("Tài khoản", "admin", "N3: account and password belong together"),
    ],
)  # fmt: skip
def test_what_a_cell_cannot_mean_is_told_by_sheet_row_and_column(
    sheet: Sheet, heading: str, value: Any, said: str
) -> None:
    row = camera(1)
    row[heading] = value
    assert any(said in each for each in faults(sheet(row)))


def test_all_faults_of_all_rows_are_told_at_once(sheet: Sheet) -> None:
    told = faults(sheet(camera(1, **{"Địa chỉ IP": "x"}), camera(2, Loại="xe"), camera(3, Kênh="b")))
    assert [each.split(": ")[0].rsplit(" ", 1)[1] for each in told] == ["E4", "I3", "L5"]


def test_the_same_mac_twice_names_the_other_row(sheet: Sheet) -> None:
    mac = {"Địa chỉ MAC": "44-19-B6-00-11-22"}
    (told,) = faults(sheet(camera(1, **mac), camera(2, **{"Địa chỉ MAC": "44:19:b6:00:11:22"})))
    assert "H4: 44:19:b6:00:11:22 stands in row 3 too" in told


def test_a_password_that_excel_changed_is_not_repeated_in_the_fault(sheet: Sheet) -> None:
    (told,) = faults(sheet(camera(1, **{"Tài khoản": "admin", "Mật khẩu": 12345.75})))
    assert "N3" in told
    assert "12345" not in told


def test_a_column_named_after_a_variable_sets_it_and_no_password_may(sheet: Sheet) -> None:
    headings = (*HEADINGS, "rtsp_port", "onvif_prt", "ansible_password")
    good = sheet(camera(1, rtsp_port="8554"), headings=headings)
    assert sheets.listed(sheets.read(good))[0].values["rtsp_port"] == 8554
    told = faults(sheet(camera(1, onvif_prt="1", ansible_password="x"), headings=headings))
    assert any("`onvif_prt` is no variable of the inventory. Mend: did you mean onvif_port?" in each for each in told)
    assert any("a password would stand in the inventory in clear" in each for each in told)


def test_csv_of_excel_is_read_with_semicolons_and_a_bom(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Phường/xã;Loại;Địa chỉ IP\r\nXã An Khánh;đầu ghi;10.20.4.2\r\n", "utf-8-sig")
    assert sheets.listed(sheets.read(path))[0].kind is Kind.NVR
    path.write_bytes("Phường/xã;Loại;Địa chỉ IP\r\n".encode("cp1258", "replace"))
    with pytest.raises(UsageError, match="CSV UTF-8"):
        sheets.read(path)


def test_what_is_no_spreadsheet_is_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"not a zip")
    with pytest.raises(UsageError, match="not a spreadsheet"):
        sheets.read(path)
    book = Workbook()
    book.save(path)
    with pytest.raises(UsageError, match="no sheet has a row with the headings"):
        sheets.read(path)


# --- the form --------------------------------------------------------------------------------------------


def test_the_form_lists_no_device_and_its_headings_are_those_that_are_read(tmp_path: Path) -> None:
    path = tmp_path / "form.xlsx"
    path.write_bytes(sheets.written([]))
    assert sheets.read(path) == ()
    page = load_workbook(path)["Thiết bị"]
    assert [cell.value for cell in page[1]] == [column.vi for column in sheets.COLUMNS]
    assert page["I2"].number_format == "@"


def test_what_begins_like_a_formula_is_written_as_text(tmp_path: Path) -> None:
    path = tmp_path / "out.xlsx"
    path.write_bytes(sheets.written([{"desk": "=1+1", "site": "Xã An Khánh"}]))
    page = load_workbook(path)["Thiết bị"]
    desk = next(c for c in page[2] if c.value == "=1+1")
    assert desk.data_type == "s"


# --- into the inventory -----------------------------------------------------------------------------------


def test_an_empty_inventory_takes_a_spreadsheet_whole_and_the_same_one_again_changes_nothing(
    workspace: Workspace, sheet: Sheet
) -> None:
    area = {"Khu vực": "Long Biên"}
    recorder = {**CAMERA, **area, "Loại": "đầu ghi", "Hãng": "dahua", "Địa chỉ IP": "10.20.1.2"}
    login = {"Tài khoản": "admin", "Mật khẩu": "Cu-1234567"}
    rows = [camera(1, **area, Kênh=1), camera(2, **area, Kênh="2", **login), recorder]
    path = sheet(*rows)
    made = importing.planned(workspace, path)
    assert [row.name for row in made.new] == ["viet-hung-cam-01", "viet-hung-cam-02", "viet-hung-nvr"]
    importing.carry_out(workspace, made)
    after = again(workspace)
    assert after.inventory.devices["viet-hung-cam-01"].area == "long_bien"
    bindings = after.inventory.values("viet-hung-nvr")["channels_cameras"].value
    assert bindings == {"1": "viet-hung-cam-01", "2": "viet-hung-cam-02"}
    assert after.vault.entry("viet_hung", "viet-hung-cam-02", "admin").current == "Cu-1234567"
    written = (workspace.inventory_root / "long_bien" / "viet_hung.yml").read_text("utf-8")
    assert "Cu-1234567" not in written
    once_more = importing.planned(after, path)
    assert not once_more.writes
    assert once_more.unchanged == 3


def test_a_device_is_known_again_by_its_mac_and_every_other_byte_stays(workspace: Workspace, sheet: Sheet) -> None:
    mac = {"Địa chỉ MAC": "44:19:b6:00:11:22"}
    importing.carry_out(workspace, importing.planned(workspace, sheet(camera(1, **mac))))
    file = workspace.inventory_root / "viet_hung.yml"
    file.write_text(file.read_text("utf-8").replace("# Phường Việt Hưng", "# của chúng tôi"), "utf-8")
    before = file.read_text("utf-8")
    made = importing.planned(again(workspace), sheet(camera(9, **mac)))
    assert {(d.device, d.variable, d.before, d.after) for d in made.changed} == {
        ("viet-hung-cam-01", "ansible_host", "10.20.1.11", "10.20.1.19"),
        ("viet-hung-cam-01", "desk", "Quầy 1", "Quầy 9"),
    }
    importing.carry_out(again(workspace), made)
    assert file.read_text("utf-8") == before.replace("10.20.1.11", "10.20.1.19").replace("Quầy 1", "Quầy 9")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"Phường/xã": "Xã An Khánh", "Địa chỉ MAC": "44:19:b6:00:11:22"}, "viet-hung-cam-01 is at viet_hung"),
        ({"Tên thiết bị": "cam-x", "Địa chỉ MAC": "44:19:b6:00:11:22"}, "this is viet-hung-cam-01 in the inventory"),
        ({"Tên thiết bị": "cam-x"}, "10.20.1.11 is viet-hung-cam-01's address already"),
        ({"Tên thiết bị": "viet-hung-cam-01", "Kênh": "3"}, "viet_hung has 0 recorders"),
    ],
)
def test_what_contradicts_the_inventory_is_a_fault_and_nothing_is_imported(
    workspace: Workspace, sheet: Sheet, row: dict[str, Any], said: str
) -> None:
    importing.carry_out(
        workspace, importing.planned(workspace, sheet(camera(1, **{"Địa chỉ MAC": "44:19:b6:00:11:22"})))
    )
    with pytest.raises(InventoryError, match=said):
        importing.planned(again(workspace), sheet(camera(1, **row)))


def test_a_channel_is_taken_from_no_camera(workspace: Workspace, sheet: Sheet) -> None:
    recorder = {**CAMERA, "Loại": "nvr", "Địa chỉ IP": "10.20.1.2"}
    importing.carry_out(workspace, importing.planned(workspace, sheet(camera(1, Kênh=1), recorder)))
    with pytest.raises(InventoryError, match=r"channel 1 of viet-hung-nvr is viet-hung-cam-01's"):
        importing.planned(again(workspace), sheet(camera(2, Kênh=1)))


def test_what_the_standard_cannot_render_is_told_before_anything_is_written(workspace: Workspace, sheet: Sheet) -> None:
    with pytest.raises(InventoryError, match="site_network"):
        importing.planned(workspace, sheet(camera(1, **{"Mạng của điểm": None})))
    assert not (workspace.inventory_root / "viet_hung.yml").exists()


def test_a_file_that_moved_since_it_was_seen_stops_the_import(workspace: Workspace, sheet: Sheet) -> None:
    importing.carry_out(workspace, importing.planned(workspace, sheet(camera(1))))
    made = importing.planned(again(workspace), sheet(camera(1, **{"Vị trí": "Sảnh"})))
    file = workspace.inventory_root / "viet_hung.yml"
    file.write_text(file.read_text("utf-8") + "# mới\n", "utf-8")
    with pytest.raises(InventoryError, match="changed by somebody else"):
        importing.carry_out(again(workspace), made)


def test_the_exported_spreadsheet_imports_as_no_change_and_has_no_password(
    workspace: Workspace, sheet: Sheet, tmp_path: Path
) -> None:
    recorder = {**CAMERA, "Loại": "nvr", "Địa chỉ IP": "10.20.1.2"}
    login = {"Tài khoản": "admin", "Mật khẩu": "Cu-1234567"}
    importing.carry_out(workspace, importing.planned(workspace, sheet(camera(1, Kênh=1, **login), recorder)))
    out = tmp_path / "out.xlsx"
    out.write_bytes(exporting.exported(again(workspace), ""))
    made = importing.planned(again(workspace), out)
    assert (made.writes, made.unchanged) == (False, 2)
    texts = [cell.value for page in load_workbook(out) for row in page for cell in row]
    assert "Cu-1234567" not in texts


def test_the_command_asks_shows_and_tells(
    workspace: Workspace, sheet: Sheet, capsys: pytest.CaptureFixture[str]
) -> None:
    path = str(sheet(camera(1)))
    assert main(["--workspace", str(workspace.root), "inventory", "import", path]) == 2  # no terminal, no --yes
    assert main(["--workspace", str(workspace.root), "--lang", "vi", "inventory", "import", path, "--yes"]) == 0
    told = capsys.readouterr()
    assert "1 thiết bị mới, 1 điểm mới" in told.out
    assert "viet-hung-cam-01" in told.out
    form = str(Path(path).with_name("form.xlsx"))
    assert main(["inventory", "import", "--form", form]) == 0
    assert Path(form).exists()
