"""The acceptance record as a PDF: A4, its own fonts, the same bytes for the same record.

fpdf2 draws it: pure Python, no library of the system. The fonts come with fleetctl, so that the letters of Vietnamese
are there on every machine, and the same.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from fpdf import FPDF, FontFace
from fpdf.enums import MethodReturnValue, TableBordersLayout, XPos, YPos

from fleetctl.reports.acceptance import Document, Part, Picture, Row

FONTS: Final = Path(__file__).parent / "fonts"
FAMILY: Final = "DejaVu"
MARGIN_MM: Final = 15.0
GREY, DARK, LINE, HEAD = (110, 110, 110), (20, 20, 20), (190, 190, 190), (236, 240, 245)
COLOURS: Final = {
    "pass": (20, 110, 50),
    "fail": (180, 20, 30),
    "waived": (40, 70, 150),
    "unsupported": GREY,
}
_SIGN_MM: Final = 42.0
_ACROSS: Final = 2  # pictures beside each other
_GAP_MM: Final = 6.0


class _Page(FPDF):
    """A4 pages with the record's name above and its number, hash and page below."""

    def __init__(self, told: Document) -> None:
        super().__init__(format="A4")
        self.told = told
        self.set_margins(MARGIN_MM, MARGIN_MM, MARGIN_MM)
        self.set_auto_page_break(True, margin=MARGIN_MM + 4)
        self.add_font(FAMILY, "", FONTS / "DejaVuSansCondensed.ttf")
        self.add_font(FAMILY, "B", FONTS / "DejaVuSansCondensed-Bold.ttf")
        self.set_creation_date(told.begun)
        self.set_title(f"{told.title}: {told.place}")
        self.set_author("fleetctl")
        self.set_lang(told.lang)
        self.alias_nb_pages("{pages}")

    def header(self) -> None:
        if self.page_no() == 1:
            return
        self.set_font(FAMILY, "", 8)
        self.set_text_color(*GREY)
        self.cell(
            0, 5, f"{self.told.title} · {self.told.place} · {self.told.number}", new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
        self.set_draw_color(*LINE)
        self.line(MARGIN_MM, self.get_y(), self.w - MARGIN_MM, self.get_y())
        self.ln(3)
        self.set_text_color(*DARK)

    def footer(self) -> None:
        self.set_y(-MARGIN_MM)
        self.set_font(FAMILY, "", 7)
        self.set_text_color(*GREY)
        self.cell(0, 5, f"{self.told.digest_label}: {self.told.digest}")
        self.set_x(MARGIN_MM)
        page = self.told.page.format(n=f"{self.page_no()}/{{pages}}")
        self.cell(0, 5, page, align="R")

    def room(self, height_mm: float) -> None:
        """Begin a new page unless so much is left on this one."""
        if self.will_page_break(height_mm):
            self.add_page()


def pdf(told: Document) -> bytes:
    """Return the PDF."""
    page = _Page(told)
    page.add_page()
    _head(page, told)
    for part in told.parts:
        _part(page, part)
    _pictures(page, told)
    _signatures(page, told)
    out = io.BytesIO()
    page.output(out)
    return out.getvalue()


def _head(page: _Page, told: Document) -> None:
    page.set_text_color(*DARK)
    for line, style, size in ((told.state[0], "B", 11), (told.state[1], "B", 10)):
        page.set_font(FAMILY, style, size)
        page.cell(0, 6, line, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    middle = page.w / 2
    page.line(middle - 22, page.get_y() + 0.5, middle + 22, page.get_y() + 0.5)
    page.ln(8)
    page.set_font(FAMILY, "B", 17)
    page.cell(0, 9, told.title, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font(FAMILY, "B", 12)
    page.multi_cell(0, 7, told.place, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.set_font(FAMILY, "", 10)
    page.cell(0, 6, told.number, align="C", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(4)
    label_mm = 38.0
    for name, value in told.facts:
        page.set_font(FAMILY, "B", 9.5)
        page.cell(label_mm, 5.5, name)
        page.set_font(FAMILY, "", 9.5)
        page.multi_cell(0, 5.5, value, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(2)
    page.set_font(FAMILY, "B", 9.5)
    page.multi_cell(0, 5.5, told.verdict, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _title(page: _Page, text: str, *, room_mm: float = 30.0) -> None:
    page.ln(4)
    page.room(room_mm)
    page.set_font(FAMILY, "B", 11.5)
    page.set_text_color(*DARK)
    page.cell(0, 7, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    page.ln(1)


def _part(page: _Page, part: Part) -> None:
    _title(page, part.title)
    page.set_font(FAMILY, "", 8)
    if part.note:
        page.set_font(FAMILY, "", 9.5)
        page.multi_cell(0, 5, part.note, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    if not part.rows:
        return
    page.set_draw_color(*LINE)
    with page.table(
        col_widths=part.widths,
        line_height=4.1,
        padding=(0.8, 1.2),
        text_align="LEFT",
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(emphasis="BOLD", fill_color=HEAD, color=DARK),
        v_align="T",
    ) as table:
        table.row(part.columns)
        for row in part.rows:
            _row(table, row)
    page.set_text_color(*DARK)


def _row(table: object, row: Row) -> None:
    made = table.row()  # type: ignore[attr-defined]
    last = len(row.cells) - 1
    for n, cell in enumerate(row.cells):
        told = bool(row.mark) and n == last
        colour = COLOURS.get(row.mark, COLOURS["fail"]) if told else DARK
        made.cell(cell, style=FontFace(color=colour, emphasis="BOLD" if told else ""))


def _pictures(page: _Page, told: Document) -> None:
    width = (page.epw - _GAP_MM * (_ACROSS - 1)) / _ACROSS
    height = width * 9 / 16
    _title(page, told.pictures_title, room_mm=height + 24)
    for begin in range(0, len(told.pictures), _ACROSS):
        row = told.pictures[begin : begin + _ACROSS]
        captions = max(_caption(page, each, width, dry=True) for each in row)
        page.room(height + captions + 5)
        top = page.get_y()
        for n, each in enumerate(row):
            left = MARGIN_MM + n * (width + _GAP_MM)
            if each.jpeg is None:
                page.set_draw_color(*LINE)
                page.rect(left, top, width, height)
            else:
                page.image(io.BytesIO(each.jpeg), left, top, width, height, keep_aspect_ratio=True)
            page.set_xy(left, top + height + 1)
            _caption(page, each, width, dry=False)
        page.set_xy(MARGIN_MM, top + height + captions + 4)


def _caption(page: _Page, each: Picture, width: float, *, dry: bool) -> float:
    page.set_font(FAMILY, "", 8)
    told = page.multi_cell(width, 4, each.caption, dry_run=dry, output=MethodReturnValue.HEIGHT)
    return float(told)  # type: ignore[arg-type]


def _signatures(page: _Page, told: Document) -> None:
    _title(page, told.signatures_title, room_mm=_SIGN_MM + 16)
    width = page.epw / len(told.signatures)
    top = page.get_y()
    for n, who in enumerate(told.signatures):
        page.set_xy(MARGIN_MM + n * width, top)
        page.set_font(FAMILY, "B", 9.5)
        page.multi_cell(width, 5, who, align="C", new_x=XPos.LEFT, new_y=YPos.NEXT)
        page.set_font(FAMILY, "", 8)
        page.set_text_color(*GREY)
        page.cell(width, 5, told.signed, align="C")
        page.set_text_color(*DARK)
    page.set_xy(MARGIN_MM, top + _SIGN_MM)
