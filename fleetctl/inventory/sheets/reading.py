"""Reads a spreadsheet into rows of texts, each cell with its place; says what Excel made of what was typed."""

from __future__ import annotations

import csv
import datetime
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from fleetctl.errors import CellFault, Fault, InventoryError, UsageError
from fleetctl.inventory.sheets.columns import COLUMNS, Column, column_of

MOST_ROWS: Final = 20_000
_MOST_BYTES: Final = 100_000_000  # of a file as it stands, and unpacked
_MOST_LETTERS: Final = 256
_LOOK_FOR_HEADINGS: Final = 30  # rows; above them stand titles
_ENOUGH_HEADINGS: Final = 3
_FORM: Final = "Get the form: fleetctl inventory import --form FILE.xlsx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """A cell's place; `sheet` is "" for CSV."""

    file: str
    sheet: str
    row: int
    column: int

    def fault(self, reason: str, mend: str) -> Fault:
        """Return a fault at this place."""
        return CellFault(file=self.file, line=self.row, column=self.column, reason=reason, mend=mend, sheet=self.sheet)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row: the text of each field or extra variable that is not empty, and where each column's cell is."""

    texts: Mapping[str, str]
    places: Mapping[str, Where]
    where: Where

    def at(self, field: str) -> Where:
        """Return the place of a field, the row's where the sheet has no such column."""
        return self.places.get(field, self.where)


@dataclass(frozen=True, slots=True)
class _Grid:
    """One sheet: its cells as they were typed, and the ranges (top, left, bottom, right) merged into one cell."""

    name: str
    cells: Sequence[Sequence[Any]]
    merged: tuple[tuple[int, int, int, int], ...] = ()


def read(path: Path) -> tuple[Row, ...]:
    """Read every sheet that has the headings of devices; blank rows are left out.

    Raises InventoryError with all faults at once, UsageError for what is no spreadsheet, OSError.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise UsageError(f"{path} is larger than {_MOST_BYTES // 1_000_000} MB: that is no list of devices")
    match path.suffix.lower():
        case ".xlsx" | ".xlsm":
            grids = _workbook(path)
        case ".csv" | ".txt":
            grids = (_Grid("", _csv(path)),)
        case ".xls":
            raise UsageError(f"{path} is in Excel's old format. Save it as .xlsx")
        case _:
            raise UsageError(f"{path} is neither .xlsx nor .csv. {_FORM}")
    faults: list[Fault] = []
    rows: list[Row] = []
    headed = False
    for grid in grids:
        found = _headings(grid)
        if found is not None:
            headed = True
            rows += _Sheet(path.name, grid, *found, faults).rows()
    if not headed:
        raise UsageError(
            f"{path}: no sheet has a row with the headings of devices (Phường/xã, Loại, Địa chỉ IP). {_FORM}"
        )
    if len(rows) > MOST_ROWS:
        raise UsageError(f"{path} has more than {MOST_ROWS} rows of devices; split it")
    if faults:
        raise InventoryError(faults)
    return tuple(rows)


def _workbook(path: Path) -> tuple[_Grid, ...]:
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(path) as packed:
            if sum(each.file_size for each in packed.infolist()) > _MOST_BYTES:
                raise UsageError(f"{path} unpacks to more than {_MOST_BYTES // 1_000_000} MB: not opened")
        book = load_workbook(path, data_only=False)
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, SyntaxError) as error:
        raise UsageError(f"{path} is not a spreadsheet that can be read ({error}). Save it anew as .xlsx") from error
    grids = []
    for sheet in book.worksheets:
        last = min(sheet.max_row, MOST_ROWS + _LOOK_FOR_HEADINGS + 1)
        cells = [list(row) for row in sheet.iter_rows(max_row=last, values_only=True)]
        merged = tuple((r.min_row, r.min_col, r.max_row, r.max_col) for r in sheet.merged_cells.ranges)
        grids.append(_Grid(sheet.title, cells, merged))
    return tuple(grids)


def _csv(path: Path) -> list[list[str]]:
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text. Save it from Excel as `CSV UTF-8`") from error
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = max(",;\t", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise UsageError(f"{path} is not CSV that can be read: {error}") from error


def _headings(grid: _Grid) -> tuple[int, dict[int, Column | str]] | None:
    """Return the number of the heading row (from 0) and what its columns mean; None for a sheet without one."""
    for number, row in enumerate(grid.cells[:_LOOK_FOR_HEADINGS]):
        told = {
            at: column
            for at, value in enumerate(row)
            if isinstance(value, str) and (column := column_of(value)) is not None
        }
        if sum(isinstance(column, Column) for column in told.values()) >= _ENOUGH_HEADINGS:
            return number, told
    return None


class _Sheet:
    """Turns one sheet's cells into rows; `faults` grows."""

    def __init__(
        self, file: str, grid: _Grid, heading: int, columns: Mapping[int, Column | str], faults: list[Fault]
    ) -> None:
        self._grid, self._heading, self._columns, self._faults = grid, heading, columns, faults
        self._origin = Where(file=file, sheet=grid.name, row=1, column=1)
        self._spread: dict[tuple[int, int], Any] = {}  # cells that a merge downwards gives their value

    def rows(self) -> Iterator[Row]:
        """Yield the rows with something in them."""
        if not self._columns_once():
            return
        self._merges()
        for number in range(self._heading + 1, len(self._grid.cells)):
            row = self._row(number)
            if row is not None:
                yield row

    def _at(self, row: int, column: int) -> Where:
        return replace(self._origin, row=row + 1, column=column + 1)

    def _columns_once(self) -> bool:
        """Tell each column that stands there twice, and each that is needed and missing."""
        seen: set[str] = set()
        good = True
        for at, column in self._columns.items():
            name = column.field if isinstance(column, Column) else column
            if name in seen:
                reason = f"the column `{self._grid.cells[self._heading][at]}` stands here twice"
                self._faults.append(self._at(self._heading, at).fault(reason, "delete or rename one of them"))
                good = False
            seen.add(name)
        for needed in COLUMNS:
            if needed.needed and needed.field not in seen:
                reason = f"there is no column `{needed.vi}` ({needed.en})"
                self._faults.append(self._at(self._heading, 0).fault(reason, "add it; it is needed in every row"))
                good = False
        return good

    def _merges(self) -> None:
        for top, left, bottom, right in self._grid.merged:
            if bottom - 1 <= self._heading:
                continue
            column = self._columns.get(left - 1)
            down_only = left == right and isinstance(column, Column) and column.grouping
            if down_only:
                value = self._grid.cells[top - 1][left - 1]
                self._spread |= {(row, left - 1): value for row in range(top, bottom)}
            elif any(at in self._columns for at in range(left - 1, right)):
                place = self._at(top - 1, left - 1)
                reason = f"{bottom - top + 1} x {right - left + 1} cells are merged here"
                self._faults.append(place.fault(reason, "unmerge them and write the value into each row"))

    def _row(self, number: int) -> Row | None:
        texts: dict[str, str] = {}
        places: dict[str, Where] = {}
        cells = self._grid.cells[number]
        own = False
        for at, column in self._columns.items():
            place = self._at(number, at)
            value = cells[at] if at < len(cells) else None
            spread = (number, at) in self._spread
            name = column.field if isinstance(column, Column) else column
            told = self._spread[number, at] if spread else value
            text = self._secret(told, place) if name == "password" else self._text(told, place)
            places[name] = place
            if text:
                texts[name] = text
                own = own or not spread
        if not own:
            return None
        return Row(texts=texts, places=places, where=self._at(number, min(self._columns)))

    def _text(self, value: Any, place: Where) -> str:
        """Return a cell's text; what Excel made something else of is a fault."""
        match value:
            case None:
                return ""
            case bool():
                return self._wrong(place, f"Excel made {value} of what was typed", "format the column as text")
            case int():
                return str(value)
            case float() if value.is_integer() and abs(value) < 1e15:
                return str(int(value))
            case float():
                reason = f"Excel made the number {value!r} of what was typed"
                return self._wrong(place, reason, "format the column as text and type it again")
            case datetime.datetime() | datetime.date() | datetime.time() | datetime.timedelta():
                reason = f"Excel made a date or time of what was typed ({value})"
                return self._wrong(place, reason, "format the column as text and type it again")
            case str():
                return self._words(value, place)
            case _:
                return self._wrong(place, f"this cannot be read ({type(value).__name__})", "type it as text")

    def _secret(self, value: Any, place: Where) -> str:
        """Return a password as it was typed; what is told of a wrong one does not hold it."""
        if value is None:
            return ""
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if not isinstance(value, str) or not value.isprintable() or len(value) > _MOST_LETTERS:
            return self._wrong(place, "Excel made something else of this password", "format the column as text")
        return value

    def _words(self, value: str, place: Where) -> str:
        text = " ".join(value.replace("\u00a0", " ").split())
        if text.startswith("="):
            return self._wrong(place, "this is a formula", "copy the column and paste its values")
        if text.startswith("#") and text.rstrip("!?").upper() in ("#N/A", "#REF", "#VALUE", "#NAME", "#DIV/0", "#NULL"):
            return self._wrong(place, f"this is Excel's error {text}", "type the value")
        if len(text) > _MOST_LETTERS:
            return self._wrong(place, f"{len(text)} letters in one cell", f"at most {_MOST_LETTERS}")
        if any(not letter.isprintable() for letter in text):
            return self._wrong(place, "there are letters here that cannot be seen", "type the value again")
        return text

    def _wrong(self, place: Where, reason: str, mend: str) -> str:
        self._faults.append(place.fault(reason, mend))
        return ""
