"""Writes the spreadsheet: the blank form, or the filled one of an inventory. Passwords are never in it."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from fleetctl.inventory.sheets.columns import COLUMNS, KIND_WORDS

if TYPE_CHECKING:
    from openpyxl.worksheet.worksheet import Worksheet

DEVICES: Final = "Thiết bị"
NOTES: Final = "Hướng dẫn"
_BLANK_ROWS: Final = 300  # of the form that are made ready: text, with the list of kinds
_HEAD_COLOUR: Final = "1F4E79"
_NEEDED_COLOUR: Final = "C00000"


def written(rows: Sequence[Mapping[str, Any]], extra: Sequence[str] = ()) -> bytes:
    """Return the spreadsheet (XLSX) of rows by field; without rows the blank form. `extra` are more columns.

    Every cell is text, so that Excel makes no dates of ports and drops no zeros; what begins like a formula stays text.
    """
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = DEVICES
    headings = [column.vi for column in COLUMNS] + list(extra)
    sheet.append(headings)
    for row in rows:
        sheet.append([str(row.get(name, "")) or None for name in [*(c.field for c in COLUMNS), *extra]])
    _dress(sheet, len(rows), len(headings))
    _notes(book.create_sheet(NOTES))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _dress(sheet: Worksheet, rows: int, width: int) -> None:
    """Give the sheet its look, and each cell the form of text."""
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    for number in range(1, width + 1):
        column = COLUMNS[number - 1] if number <= len(COLUMNS) else None
        head = sheet.cell(1, number)
        head.font = Font(bold=True, color="FFFFFF")
        head.alignment = Alignment(vertical="center", wrap_text=True)
        head.fill = PatternFill("solid", fgColor=_NEEDED_COLOUR if column and column.needed else _HEAD_COLOUR)
        sheet.column_dimensions[get_column_letter(number)].width = column.width if column else 18
    last = 1 + max(rows, _BLANK_ROWS)
    for line in sheet.iter_rows(min_row=2, max_row=last, max_col=width):
        for cell in line:
            cell.number_format = "@"
            if cell.value is not None:
                cell.data_type = "s"
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = f"A1:{get_column_letter(width)}{1 + max(rows, 1)}"
    words = ",".join(names[0] for names in KIND_WORDS.values())
    kinds = DataValidation(type="list", formula1=f'"{words}"', allow_blank=True, showErrorMessage=True)
    kinds.error = words
    sheet.add_data_validation(kinds)
    letter = get_column_letter(next(n for n, column in enumerate(COLUMNS, 1) if column.field == "kind"))
    kinds.add(f"{letter}2:{letter}{last}")


def _notes(sheet: Worksheet) -> None:
    """Write what each column is for, with an example."""
    from openpyxl.styles import Alignment, Font

    lines = [("Tên cột", "Bắt buộc", "Nội dung", "Ví dụ", "In English")]
    lines += [(c.vi, "có" if c.needed else "", c.note_vi, c.example, f"{c.en}: {c.note_en}") for c in COLUMNS]
    for line in lines:
        sheet.append(line)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for letter, width in zip("ABCDE", (18, 10, 60, 34, 60), strict=True):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows(min_row=2):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            cell.number_format = "@"
