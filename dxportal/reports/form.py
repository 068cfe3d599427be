"""A sheet of a workbook that is printed as it is: paper, widths, heads that repeat, △ for minus."""

import unicodedata
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cache
from math import ceil
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell as WorkbookCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.pagebreak import Break

from dxportal.reports.content import Cell
from plans.spreadsheets import (
    BORDER,
    HEAD_ALIGNMENT,
    HEAD_FILL,
    HEAD_FONT,
    number_format,
    safe_cell,
    sheet_title,
)
from plans.streamed_workbook import StreamedCell, StreamedSheet

SheetCell = StreamedCell | WorkbookCell
A3, A4 = 8, 9  # as Excel numbers paper
LINE_HEIGHT, MAX_ROW_HEIGHT = 14.5, 409  # points; the second is Excel's limit
TITLE_FONT = Font(bold=True, size=14)
BOLD = Font(bold=True)
WRAP = Alignment(vertical="top", wrap_text=True)
CENTER = Alignment(horizontal="center", vertical="top", wrap_text=True)
RIGHT = Alignment(horizontal="right", vertical="top", wrap_text=True)
LEFT = Alignment(horizontal="left", vertical="top", wrap_text=True)


def text_width(text: str) -> float:
    """A text's width in a spreadsheet's units, half-width digits: full width counts double.

    A little more than that, because glyphs differ between the fonts of different machines.
    """
    return 1.1 * sum(map(_sign_width, text))


@cache
def _sign_width(sign: str) -> int:
    return 2 if unicodedata.east_asian_width(sign) in "FWA" else 1


def _lines(cell: SheetCell, width: float) -> int:
    """How many lines a cell's text takes when it is wrapped at the column's width."""
    text = cell.value
    if not isinstance(text, str) or (2.2 * len(text) <= width and "\n" not in text):
        return 1
    if not (cell.look.wraps if isinstance(cell, StreamedCell) else cell.alignment.wrap_text):
        return 1
    return sum(max(1, ceil(text_width(line) / width)) for line in text.split("\n"))


class Form:
    """A sheet that is printed: rows are added from the top, headings repeat on every page.

    Of a streamed workbook rows go to the disk as they come, but for those above the place where
    the sheet is frozen, which must be known before the first.
    """

    def __init__(
        self, workbook: Workbook, title: str, widths: Sequence[float], paper: int = A4
    ) -> None:
        self.sheet: Any = workbook.create_sheet(sheet_title(title, workbook.sheetnames))
        for index, width in enumerate(widths, start=1):
            self.sheet.column_dimensions[get_column_letter(index)].width = width
        self.widths, self.columns = widths, len(widths)
        self._waiting: list[tuple[list[SheetCell], float | None]] | None = []
        self.sheet.page_setup.orientation = "landscape"
        self.sheet.page_setup.paperSize = paper
        self.sheet.page_setup.fitToWidth, self.sheet.page_setup.fitToHeight = 1, 0
        self.sheet.sheet_properties.pageSetUpPr.fitToPage = True
        self.sheet.page_margins.left = self.sheet.page_margins.right = 0.4
        self.sheet.oddFooter.center.text = "&P / &N"
        self.sheet.oddHeader.right.text = "&A"

    @property
    def row(self) -> int:
        """The number of the row that was written last."""
        return self._row

    _row = 0

    def add(
        self, values: Iterable[Any], widths: Sequence[float] | None = None, **style: Any
    ) -> None:
        """A row: plain values get the style, cells that were made by `cell` keep their own.

        `widths` are what its cells have room for, where they do not stand in columns of their own.
        """
        style = {"alignment": WRAP, **style}
        cells = [
            value if isinstance(value, SheetCell) else safe_cell(self.sheet, value, **style)
            for value in values
        ]
        self._row += 1
        lines = max(map(_lines, cells, widths or self.widths), default=1)
        # Spreadsheet programs do not agree on fitting rows by themselves when they open a file.
        height = min(LINE_HEIGHT * lines + 3, MAX_ROW_HEIGHT) if lines > 1 else None
        if not isinstance(self.sheet, StreamedSheet):
            self.sheet.row_dimensions[self._row].height = height
            self.sheet.append(cells)
        elif self._waiting is None:
            self.sheet.append(cells, height)
        else:
            self._waiting.append((cells, height))

    def _write_waiting(self) -> None:
        for row in self._waiting or ():
            self.sheet.append(*row)
        self._waiting = None

    def cell(self, value: Any, **style: Any) -> SheetCell:
        return safe_cell(self.sheet, value, **{"alignment": WRAP, "border": BORDER, **style})

    def figure(self, cell: Cell, decimals: int, **style: Any) -> SheetCell:
        """A figure as a number where there is one, else what was written; △ for minus."""
        shown = cell.text if cell.value is None else cell.value
        if cell.value is not None and not cell.text.replace(",", "").lstrip("-").isascii():
            shown = cell.text  # 70以上: the comparison belongs to it
        style = {"alignment": RIGHT, "border": BORDER, **style}
        # Digits that were entered stay visible: 7,055.8 is not rounded to 7,056.
        entered = len(cell.text.partition(".")[2]) if isinstance(shown, Decimal) else 0
        pattern = number_format(max(decimals, entered), on_paper=True)
        return safe_cell(self.sheet, shown, number_format=pattern, **style)

    def band(self, text: str, fill: PatternFill) -> None:
        """A line across all columns, in bold."""
        self.merge(1, self.columns)
        first = self.cell(text, font=BOLD, fill=fill)
        self.add(
            [first, *(self.cell("", fill=fill) for _ in range(self.columns - 1))],
            widths=[sum(self.widths)],
        )

    def wide(self, label: str, text: str) -> None:
        """A label, and a text that has all other columns."""
        self.merge(2, self.columns)
        cells = [self.cell(label, font=BOLD), self.cell(text)]
        self.add(
            [*cells, *(self.cell("") for _ in range(self.columns - 2))],
            widths=[self.widths[0], sum(self.widths[1:])],
        )

    def merge(self, first: int, last: int) -> None:
        """Make one cell of these columns in the row that comes next, of a streamed workbook."""
        if first < last:
            row = self.row + 1
            cells = f"{get_column_letter(first)}{row}:{get_column_letter(last)}{row}"
            self.sheet.merged_cells.append(cells)

    def new_page(self) -> None:
        """What comes next begins on a page of its own."""
        self.sheet.row_breaks.append(Break(id=self.row))

    def title(self, text: str, remark: str = "") -> None:
        self.add([text], font=TITLE_FONT, alignment=Alignment())
        if remark:
            self.add([remark], alignment=Alignment())

    def unit(self, text: str) -> None:
        """A unit that holds for the table below, above its right edge as on paper."""
        self.add([*[None] * (self.columns - 1), text], alignment=Alignment(horizontal="right"))

    def heading(self, text: str) -> None:
        self.add([])
        self.add([text], font=BOLD, alignment=Alignment())

    def head(self, labels: Sequence[str]) -> None:
        self.add(labels, font=HEAD_FONT, fill=HEAD_FILL, border=BORDER, alignment=HEAD_ALIGNMENT)

    def repeat_head(self) -> None:
        """The last row and those above it stand on every page, and stay when scrolling."""
        self.sheet.print_title_rows = f"1:{self.row}"
        self.sheet.freeze_panes = f"A{self.row + 1}"
        self._write_waiting()

    def finish(self) -> None:
        self._write_waiting()
        self.sheet.print_area = f"A1:{get_column_letter(self.columns)}{max(1, self.row)}"
