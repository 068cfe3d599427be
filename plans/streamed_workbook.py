"""A workbook whose rows go to the disk as they come, each made into XML at once.

openpyxl's own write-only sheet makes an object of every cell and an element of every part of it:
most of the time that a large workbook takes. Here a row is one text. Everything else, looks (fonts,
borders, formats) above all, stays openpyxl's: a cell names a look that the workbook has by its
number. `plans.spreadsheets` decides what stands in a cell; there are no formulas.
"""

import re
from collections.abc import Generator, Hashable, Iterable
from decimal import Decimal
from functools import cache
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

from lxml import etree
from openpyxl import Workbook
from openpyxl.compat import safe_string
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

# A literal carriage return would be read back as a line feed.
_RETURN = {"\r": "&#13;"}
_MARKUP = re.compile("[&<>\r]")


class Look(NamedTuple):
    """A set of settings that a cell of the workbook may have."""

    number: int
    wraps: bool
    settings: object  # held: their ids tell looks apart


class StreamedCell(NamedTuple):
    value: str | bool | int | float | Decimal | None
    look: Look


class StreamedWorkbook(Workbook):
    def __init__(self) -> None:
        super().__init__(write_only=True)
        self.looks: dict[Hashable, Look] = {}

    def create_sheet(self, title: str | None = None, index: int | None = None) -> Any:
        sheet = StreamedSheet(self, title)
        self._add_sheet(sheet, index)
        return sheet


class StreamedSheet(WriteOnlyWorksheet):
    """Takes rows of plain values and of `StreamedCell`; a plain text is a text, whatever it is."""

    def __init__(self, parent: Workbook, title: str | None) -> None:
        super().__init__(parent, title)
        # In the order in which they come, and not compared with each other as openpyxl's are.
        self.merged_cells: list[str] = []

    def append(self, row: Iterable[Any], height: float | None = None) -> None:
        """Add a row; one without a height in points is as high as the program makes it."""
        self._get_writer()
        if self._rows is None:
            self._rows = self._write_rows()
            next(self._rows)
        self._rows.send((row, height))

    def _write_rows(self) -> Generator[None, tuple[Iterable[Any], float | None], None]:
        stream = self._writer.xf.send(True)
        with stream.element("sheetData"):
            number = 1
            try:
                while True:
                    row = _row(number, *(yield))
                    stream.write(etree.fromstring(row))  # made here
                    number += 1
            except GeneratorExit:
                pass
        self._writer.xf.send(None)


def _row(number: int, values: Iterable[Any], height: float | None) -> str:
    high = "" if height is None else f' ht="{height}" customHeight="1"'
    cells = "".join(
        _cell(f"{_letter(column)}{number}", value)
        for column, value in enumerate(values, start=1)
        if value is not None
    )
    return f'<row r="{number}"{high}>{cells}</row>'


_letter = cache(get_column_letter)


def _cell(place: str, value: Any) -> str:
    look = ""
    if type(value) is StreamedCell:
        if value.look.number:
            look = f' s="{value.look.number}"'
        value = value.value
    if value is None:
        return f'<c r="{place}"{look}/>' if look else ""
    if isinstance(value, str):
        space = ' xml:space="preserve"' if value != value.strip() else ""
        text = escape(value, _RETURN) if _MARKUP.search(value) else value
        return f'<c r="{place}"{look} t="inlineStr"><is><t{space}>{text}</t></is></c>'
    kind = "b" if value is True or value is False else "n"
    return f'<c r="{place}"{look} t="{kind}"><v>{safe_string(value)}</v></c>'
