"""Tables as a workbook for Excel and LibreOffice: every cell text or number, never a formula, wide enough to read."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from fleetctl.reports import wording
from fleetctl.reports.csv import HEADINGS, rows
from fleetctl.reports.values import clean

if TYPE_CHECKING:
    from openpyxl import Workbook

    from fleetctl.reports.files import Run

_WIDEST: Final = 60
_LONGEST: Final = 32_000  # letters in a cell; Excel takes 32,767
_HEAD_COLOUR: Final = "1F4E79"

Cell = str | int | float | None


class Sheet(NamedTuple):
    """One sheet: its name, its headings, its rows."""

    name: str
    headings: Sequence[str]
    rows: Iterable[Sequence[Cell]]


def workbook(sheets: Iterable[Sheet]) -> bytes:
    """Return the workbook (XLSX). What devices answer is not ours: control characters go, nothing is a formula."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    for sheet in sheets:
        _add(book, sheet)
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def _add(book: Workbook, sheet: Sheet) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    page = book.create_sheet(sheet.name)
    told = [list(row) for row in sheet.rows]
    for number, heading in enumerate(sheet.headings):
        longest = max((len(str(row[number] or "")) for row in told), default=0)
        letter = get_column_letter(number + 1)
        page.column_dimensions[letter].width = min(_WIDEST, max(len(heading), longest) + 3)
    page.freeze_panes = "A2"
    page.auto_filter.ref = f"A1:{get_column_letter(len(sheet.headings))}{len(told) + 1}"
    head = []
    for heading in sheet.headings:
        cell = WriteOnlyCell(page, value=heading)
        cell.font, cell.fill = Font(bold=True, color="FFFFFF"), PatternFill("solid", fgColor=_HEAD_COLOUR)
        cell.alignment = Alignment(vertical="center", wrap_text=True)
        head.append(cell)
    page.append(head)
    for row in told:
        cells: list[object] = []
        for value in row:
            if isinstance(value, str) and value:
                cell = WriteOnlyCell(page, value=clean(value)[:_LONGEST])
                cell.data_type, cell.number_format = "s", "@"
                cells.append(cell)
            else:
                cells.append(None if isinstance(value, str) else value)
        page.append(cells)


def of_run(run: Run) -> bytes:
    """Return a run: its sites by outcome, and every difference; words in the reader's language, outcomes as in JSON."""
    say, tally = run.say, run.tally
    seen = sorted(tally.counts(), key=lambda outcome: outcome.rank)
    sites: list[list[Cell]] = []
    for site, records in tally.sites().items():
        counts = [sum(record.outcome is outcome for record in records) for outcome in seen]
        area = records[0].area if records else ""
        sites.append([area, site, run.site_names.get(site, ""), len(records), *counts])
    words = [wording.outcome_word(say, outcome, run.command) for outcome in seen]
    return workbook(
        [
            Sheet(say("Sites"), [say("Area"), say("Site"), say("Name"), say("Devices"), *words], sites),
            Sheet(say("What differs"), HEADINGS, rows(tally, run.site_names, run.changed_by, say)),
        ]
    )
