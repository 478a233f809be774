"""The columns of the spreadsheet as data: their headings, what they hold, and which variable they set."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from fleetctl.model import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """One column. `variable` is the device's inventory variable that its cells set, "" for what is no variable."""

    field: str
    vi: str
    en: str
    also: tuple[str, ...] = ()
    variable: str = ""
    grouping: bool = False  # cells merged downwards mean that each row has the value
    needed: bool = False
    example: str = ""
    note_vi: str
    note_en: str
    width: int = 16


COLUMNS: Final = (
    Column(
        field="area",
        vi="Khu vực",
        en="Area",
        also=("Cụm", "Quận huyện"),
        grouping=True,
        example="Long Biên",
        note_vi="Cụm hoặc địa bàn gồm nhiều điểm; để trống nếu không có",
        note_en="a cluster or district that groups sites; may be empty",
    ),
    Column(
        field="site",
        vi="Phường/xã",
        en="Site",
        also=("Phường", "Xã", "Xã/phường", "Tên phường", "Tên xã", "Điểm", "Tên điểm", "Đơn vị", "Site name"),
        grouping=True,
        needed=True,
        example="Phường Việt Hưng",
        note_vi="Tên phường hoặc xã, viết như người dân đọc",
        note_en="the commune or ward, as people write it",
        width=24,
    ),
    Column(
        field="site_key",
        vi="Mã điểm",
        en="Site key",
        also=("Mã phường", "Mã xã"),
        grouping=True,
        example="viet_hung",
        note_vi="Chữ thường không dấu, nối bằng _; để trống thì lấy theo tên",
        note_en="lower-case letters without accents, joined by _; made from the name if empty",
    ),
    Column(
        field="site_network",
        vi="Mạng của điểm",
        en="Site network",
        also=("Mạng", "Network"),
        grouping=True,
        example="10.20.1",
        note_vi="Ba số đầu của địa chỉ IP tại điểm",
        note_en="the first three numbers of the site's addresses",
    ),
    Column(
        field="name",
        vi="Tên thiết bị",
        en="Device",
        also=("Thiết bị", "Device name", "Name", "Tên"),
        example="viet-hung-cam-01",
        note_vi="Để trống thì fleetctl đặt tên",
        note_en="proposed if empty",
        width=22,
    ),
    Column(
        field="kind",
        vi="Loại",
        en="Kind",
        also=("Loại thiết bị", "Chủng loại", "Type"),
        variable="kind",
        needed=True,
        example="camera",
        note_vi="camera, đầu ghi, switch, kiosk, máy tính hoặc khác",
        note_en="camera, nvr, switch, kiosk, desk or other",
    ),
    Column(
        field="vendor",
        vi="Hãng",
        en="Vendor",
        also=("Hãng sản xuất", "Nhà sản xuất", "Maker", "Manufacturer"),
        variable="vendor",
        example="hikvision",
        note_vi="Tên hãng, một từ chữ thường",
        note_en="the maker, one word",
    ),
    Column(
        field="model",
        vi="Kiểu máy",
        en="Model",
        also=("Mẫu", "Model máy"),
        variable="model",
        example="DS-2CD2143G2-I",
        note_vi="Ghi trên nhãn",
        note_en="as on the label",
        width=20,
    ),
    Column(
        field="platform",
        vi="Hệ điều hành",
        en="Platform",
        also=("OS",),
        variable="platform",
        note_vi="linux hoặc windows (kiosk, máy tính, đầu ghi là máy tính); switch: như cisco_ios",
        note_en="linux or windows (kiosks, desks, PCs that record); of a switch: cisco_ios and so on",
    ),
    Column(
        field="serial_number",
        vi="Số serial",
        en="Serial number",
        also=("Serial", "S/N", "SN", "Số sê-ri", "Seri", "Số seri"),
        variable="serial_number",
        example="DS-2CD2143G2-I20230101AAWRK12345678",
        note_vi="Để trống cũng được: fleetctl adopt đọc từ thiết bị",
        note_en="may be empty: fleetctl adopt reads it from the device",
        width=28,
    ),
    Column(
        field="mac_address",
        vi="Địa chỉ MAC",
        en="MAC address",
        also=("MAC",),
        variable="mac_address",
        example="44:19:b6:00:11:22",
        note_vi="Ghi trên nhãn; để trống cũng được",
        note_en="as on the label; may be empty",
        width=20,
    ),
    Column(
        field="address",
        vi="Địa chỉ IP",
        en="IP address",
        also=("IP", "Địa chỉ", "Address"),
        variable="ansible_host",
        needed=True,
        example="10.20.1.11",
        note_vi="Địa chỉ đang dùng để truy cập thiết bị",
        note_en="at which the device is reached now",
        width=16,
    ),
    Column(
        field="desk",
        vi="Vị trí",
        en="Desk",
        also=("Quầy", "Vị trí lắp đặt", "Place"),
        variable="desk",
        example="Quầy 1",
        note_vi="Quầy, sảnh, phòng kỹ thuật",
        note_en="counter, hall, technical room",
        width=18,
    ),
    Column(
        field="switch_port",
        vi="Cổng switch",
        en="Switch port",
        also=("Cổng",),
        variable="switch_port",
        example="gi1/0/1",
        note_vi="Cổng của switch tại điểm mà thiết bị cắm vào",
        note_en="port of the site's switch that the device is plugged into",
    ),
    Column(
        field="switch",
        vi="Switch",
        en="Switch",
        variable="switch",
        note_vi="Chỉ cần khi điểm có nhiều switch",
        note_en="needed only where the site has several",
    ),
    Column(
        field="recorder",
        vi="Đầu ghi",
        en="Recorder",
        also=("NVR", "Tên đầu ghi"),
        grouping=True,
        example="viet-hung-nvr",
        note_vi="Đầu ghi ghi hình camera này",
        note_en="the recorder that records this camera",
        width=20,
    ),
    Column(
        field="channel",
        vi="Kênh",
        en="Channel",
        also=("Kênh ghi",),
        example="1",
        note_vi="Số kênh trên đầu ghi",
        note_en="its channel on the recorder",
        width=8,
    ),
    Column(
        field="user",
        vi="Tài khoản",
        en="Account",
        also=("Tên đăng nhập", "User", "Username"),
        example="admin",
        note_vi="Tài khoản hiện có trên thiết bị đang dùng; để trống nếu máy mới",
        note_en="a login that a device in use has; empty if it is factory-new",
    ),
    Column(
        field="password",
        vi="Mật khẩu",
        en="Password",
        also=("Pass",),
        note_vi="Của tài khoản đó; chỉ đưa vào kho mật khẩu, không ghi vào danh mục",
        note_en="of that account; goes into the vault only",
    ),
)
"""In the order of the form."""

KIND_WORDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.CAMERA: ("camera", "cam", "camera ip", "máy quay"),
    Kind.NVR: ("đầu ghi", "nvr", "đầu ghi hình", "recorder"),
    Kind.SWITCH: ("switch", "bộ chuyển mạch", "switch poe"),
    Kind.KIOSK: ("kiosk", "màn hình cảm ứng", "màn hình tra cứu", "màn hình"),
    Kind.DESK: ("máy tính", "desk", "pc", "máy tính quầy"),
    Kind.OTHER: ("khác", "other"),
}
"""What people call the kinds; the first word of each is the form's."""

_EXTRA: Final = re.compile(r"[a-z][a-z0-9]*(?:_[a-z0-9]+)+")


def folded(text: str) -> str:
    """Return a text without accents, capitals, spaces and punctuation, so that headings can be told apart by it."""
    plain = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    return "".join(letter for letter in plain.lower() if letter.isalnum() and letter.isascii())


@lru_cache(maxsize=1)
def _by_heading() -> Mapping[str, Column]:
    return {folded(word): column for column in COLUMNS for word in (column.vi, column.en, column.field, *column.also)}


@lru_cache(maxsize=1)
def kinds_by_word() -> Mapping[str, Kind]:
    """Return the kinds by what people call them, folded."""
    return {folded(word): kind for kind, words in KIND_WORDS.items() for word in words}


def column_of(heading: str) -> Column | str | None:
    """Return the column a heading means; a heading that is the name of an inventory variable as it is; else None."""
    told = heading.strip()
    known = _by_heading().get(folded(told))
    if known is not None:
        return known
    return told if _EXTRA.fullmatch(told) else None
