"""The price list of a purchase plan: a CSV or a workbook with the columns item, name, unit_price and phase."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

from fleetctl.errors import Fault, InventoryError, UsageError

COLUMNS: Final = ("item", "name", "unit_price", "phase")
_MOST: Final = 10**12


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """One item: how people call it, the price of one in whole units of the currency, and its phase (0: not said)."""

    item: str
    name: str
    unit_price: int
    phase: int = 0


def read(path: Path) -> Mapping[str, Price]:
    """Return the prices by item. Raises UsageError for a file that cannot be read, InventoryError with every fault."""
    try:
        lines = list(_workbook(path) if path.suffix.lower() == ".xlsx" else _csv(path))
    except (OSError, UnicodeDecodeError, csv.Error, BadZipFile, KeyError, ValueError) as error:
        raise UsageError(
            f"--prices {path} cannot be read: {error}. Give a CSV in UTF-8, or a workbook (.xlsx)"
        ) from None
    heads = [str(cell or "").strip().lower() for cell in lines[0]] if lines else []
    if missing := [name for name in ("item", "unit_price") if name not in heads]:
        raise UsageError(f"--prices {path}: there is no column {missing[0]}. Its columns are {', '.join(COLUMNS)}")
    found: dict[str, Price] = {}
    faults: list[Fault] = []
    for number, line in enumerate(lines[1:], 2):
        told = dict(zip(heads, (str("" if cell is None else cell).strip() for cell in line), strict=False))
        if not any(told.values()):
            continue
        wrong = _wrong(told, found)
        if wrong:
            faults.append(Fault(file=str(path), line=number, column=1, reason=wrong[0], mend=wrong[1]))
        else:
            item = told["item"]
            phase = int(told.get("phase") or 0)
            found[item] = Price(
                item=item, name=told.get("name") or item, unit_price=_whole(told["unit_price"]), phase=phase
            )
    if faults:
        raise InventoryError(faults)
    return found


def _csv(path: Path) -> Iterator[Sequence[Any]]:
    text = path.read_text("utf-8-sig")
    dialect = ";" if text.partition("\n")[0].count(";") > text.partition("\n")[0].count(",") else ","
    return csv.reader(io.StringIO(text, newline=""), delimiter=dialect)


def _workbook(path: Path) -> Iterator[Sequence[Any]]:
    from openpyxl import load_workbook

    book = load_workbook(path, read_only=True, data_only=True)
    try:
        yield from book.worksheets[0].iter_rows(values_only=True)
    finally:
        book.close()


def _wrong(told: Mapping[str, str], found: Mapping[str, Price]) -> tuple[str, str] | None:
    if not told["item"]:
        return "it names no item", "write what is bought: camera, nvr, disk"
    if told["item"] in found:
        return f"{told['item']} stands there twice", "remove one of them"
    if _whole(told.get("unit_price", "")) < 0:
        return f"unit_price is {told.get('unit_price')!r}", "write a whole number, without currency: 3500000"
    if told.get("phase") and told["phase"] not in tuple("123456789"):
        return f"phase is {told['phase']!r}", "write a number from 1 to 9, or nothing"
    return None


def _whole(told: str) -> int:
    """Return a whole number, -1 for what is none; points and blanks between thousands are passed over."""
    plain = told.removesuffix(".0").replace(".", "").replace(",", "").replace(" ", "").replace("\N{NO-BREAK SPACE}", "")
    return int(plain) if plain.isascii() and plain.isdigit() and int(plain) < _MOST else -1
