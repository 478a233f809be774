"""What the rows of a spreadsheet mean: devices with their sites, every fault told by its cell."""

from __future__ import annotations

import difflib
import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from fleetctl.errors import Fault, InventoryError
from fleetctl.inventory.devices import mac_of, wrong_text
from fleetctl.inventory.sheets.columns import COLUMNS, KIND_WORDS, folded, kinds_by_word
from fleetctl.inventory.sheets.reading import Row, Where
from fleetctl.inventory.variables import BY_NAME, Form
from fleetctl.model import Kind

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")
_NAME: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_RANKS: Final = re.compile(r"^(?:phuong|xa|thi tran|thi xa|p|x|tt)\.?\s+", re.IGNORECASE)
_CHANNELS: Final = 1024
_SITE_WIDE: Final = "site_"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One device as the spreadsheet lists it. `values` are the variables of its host that the row gives."""

    where: Where
    row: Row = field(repr=False)
    kind: Kind
    area: str  # as people read it, "" for none
    site: str  # key
    site_name: str
    site_values: Mapping[str, str]
    name: str  # "" where one is to be proposed
    values: Mapping[str, Any]
    recorder: str  # as written: a name; "" with a channel is the site's only one
    channel: int  # 0 for none
    user: str
    password: str = field(repr=False)


def key_of(name: str) -> str:
    """Return the inventory key of a place's name: `Phường Việt Hưng` is viet_hung."""
    plain = unicodedata.normalize("NFD", name.replace("đ", "d").replace("Đ", "D"))
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter)).lower()
    words = re.sub(r"[^a-z0-9]+", "_", _RANKS.sub("", bare.strip())).strip("_")
    return words if words[:1].isalpha() else f"s_{words}" if words else ""


def listed(rows: Sequence[Row], settings: Iterable[str] = ()) -> tuple[Listed, ...]:
    """Return the devices of rows; `settings` are the variables a column may be named after besides the known ones.

    Raises InventoryError with every fault of every row.
    """
    faults: list[Fault] = []
    known = {*BY_NAME, *settings}
    found = [each for row in rows if (each := _Meaning(row, known, faults).device()) is not None]
    _sites_agree(found, faults)
    _twice(found, faults)
    if faults:
        raise InventoryError(sorted(set(faults), key=lambda fault: (fault.file, str(fault), fault.line)))
    return tuple(found)


class _Meaning:
    """The meaning of one row; `faults` grows."""

    def __init__(self, row: Row, known: set[str], faults: list[Fault]) -> None:
        self._row, self._known, self._faults = row, known, faults
        self._good = True

    def _text(self, name: str) -> str:
        return self._row.texts.get(name, "")

    def _wrong(self, name: str, reason: str, mend: str) -> None:
        self._good = False
        self._faults.append(self._row.at(name).fault(reason, mend))

    def device(self) -> Listed | None:
        """Return the device, None where something is wrong."""
        for column in COLUMNS:
            if column.needed and not self._text(column.field):
                self._wrong(column.field, f"`{column.vi}` is empty", column.note_en)
        kind = self._kind()
        site = self._text("site_key") or key_of(self._text("site"))
        if self._text("site") and not _KEY.fullmatch(site):
            mend = "write lower-case letters, digits and _, beginning with a letter, into `Mã điểm`"
            self._wrong("site_key", f"{site!r} cannot be the key of a site", mend)
        name = self._text("name").lower()
        if name and not _NAME.fullmatch(name):
            self._wrong("name", f"{name!r} cannot be a device's name", "write letters, digits and -: viet-hung-cam-01")
        values = {**self._values(), **self._extra()}
        channel = self._channel(kind)
        user, password = self._text("user"), self._text("password")
        if bool(user) != bool(password):
            missing = "password" if user else "user"
            self._wrong(missing, "account and password belong together", "fill in both or none")
        if not self._good or kind is None:
            return None
        site_values = {key: told for key, told in self._row.texts.items() if key.startswith(_SITE_WIDE)}
        site_values.pop("site_key", None)
        return Listed(
            where=self._row.where, row=self._row, kind=kind, area=self._text("area"), site=site,
            site_name=self._text("site"), site_values=site_values, name=name, values={"kind": kind.value, **values},
            recorder=self._text("recorder").lower(), channel=channel, user=user, password=password,
        )  # fmt: skip

    def _kind(self) -> Kind | None:
        told = self._text("kind")
        if not told:
            return None
        kinds = kinds_by_word()
        found = kinds.get(folded(told))
        if found is None:
            near = difflib.get_close_matches(folded(told), kinds, 1, 0.7)
            forms = ", ".join(words[0] for words in KIND_WORDS.values())
            mend = f"did you mean {KIND_WORDS[kinds[near[0]]][0]}?" if near else f"write one of: {forms}"
            self._wrong("kind", f"`{told}` is no kind of device", mend)
        return found

    def _values(self) -> Mapping[str, Any]:
        """Return the variables that the ordinary columns set."""
        found: dict[str, Any] = {}
        for column in COLUMNS:
            told = self._text(column.field)
            if not told or not column.variable or column.field == "kind":
                continue
            if column.field == "vendor":
                told = folded(told)
            elif column.field == "address" and not _is_address(told):
                self._wrong("address", f"`{told}` is no IP address", "write it as 10.20.1.11")
                continue
            reason, mend = wrong_text(column.variable, told)
            if reason:
                self._wrong(column.field, reason, mend)
            found[column.variable] = mac_of(told) if column.field == "mac_address" and not reason else told
        return found

    def _extra(self) -> Mapping[str, Any]:
        """Return the variables of columns that are named after them."""
        fields = {column.field for column in COLUMNS}
        found: dict[str, Any] = {}
        for name, told in self._row.texts.items():
            if name in fields or name.startswith(_SITE_WIDE):
                continue
            if "password" in name:
                self._wrong(name, "a password would stand in the inventory in clear", "use the column `Mật khẩu`")
            elif name not in self._known:
                near = difflib.get_close_matches(name, self._known, 1)
                mend = f"did you mean {near[0]}?" if near else "see: fleetctl inventory check; or rename the column"
                self._wrong(name, f"`{name}` is no variable of the inventory", mend)
            else:
                found[name] = _plain(name, told)
        return found

    def _channel(self, kind: Kind | None) -> int:
        told, recorder = self._text("channel"), self._text("recorder")
        if not told and not recorder:
            return 0
        if kind is not None and kind is not Kind.CAMERA:
            self._wrong("channel" if told else "recorder", "only cameras are on a recorder's channel", "empty it")
        elif not told:
            self._wrong("channel", f"the channel on {recorder} is missing", "write its number")
        elif not (told.isascii() and told.isdecimal() and 1 <= int(told) <= _CHANNELS):
            self._wrong("channel", f"`{told}` is no channel", f"write a number from 1 to {_CHANNELS}")
        else:
            return int(told)
        return 0


def _plain(name: str, told: str) -> Any:
    """Return a text of an extra column as the variable's own form has it; what does not fit the check tells."""
    form = BY_NAME[name].form if name in BY_NAME else Form.ANY
    if form is Form.TEXT:
        return told
    if told.lower() in ("true", "false"):
        return told.lower() == "true"
    return int(told) if told.isascii() and told.isdecimal() else told


def _is_address(told: str) -> bool:
    try:
        ipaddress.ip_address(told)
    except ValueError:
        return False
    return True


def _sites_agree(found: Sequence[Listed], faults: list[Fault]) -> None:
    """Tell rows of one site that say different things of it."""
    first: dict[tuple[str, str], tuple[str, Listed]] = {}
    for each in found:
        for what, column, told in (
            ("area", "area", each.area),
            ("name", "site", each.site_name),
            *((name, name, value) for name, value in each.site_values.items()),
        ):
            if not told:
                continue
            other, row = first.setdefault((each.site, what), (told, each))
            if other != told:
                reason = f"the site {each.site} has {what} `{told}` here and `{other}` in row {row.where.row}"
                faults.append(each.row.at(column).fault(reason, "write the same in both, or another Mã điểm"))


def _twice(found: Sequence[Listed], faults: list[Fault]) -> None:
    """Tell names, serial numbers, MACs, addresses, ports and channels that two rows give."""
    seen: dict[tuple[str, ...], Listed] = {}
    for each in found:
        values = each.values
        keys: list[tuple[tuple[str, ...], str, str]] = []
        if each.name:
            keys.append((("name", each.name), "name", each.name))
        if serial := values.get("serial_number"):
            keys.append((("serial", str(values.get("vendor", "")), serial), "serial_number", serial))
        if mac := values.get("mac_address"):
            keys.append((("mac", mac), "mac_address", mac))
        if not values.get("behind"):
            keys.append((("address", each.site, values["ansible_host"]), "address", values["ansible_host"]))
        if port := values.get("switch_port"):
            keys.append((("port", each.site, str(values.get("switch", "")), port), "switch_port", port))
        if each.channel:
            told = f"channel {each.channel} of {each.recorder or 'the recorder'}"
            keys.append((("channel", each.site, each.recorder, str(each.channel)), "channel", told))
        for key, column, told in keys:
            first = seen.setdefault(key, each)
            if first is not each:
                other = first.row.at(column)
                place = f"row {other.row}" + (f" of sheet {other.sheet}" if other.sheet != each.where.sheet else "")
                faults.append(each.row.at(column).fault(f"{told} stands in {place} too", "correct one of them"))
