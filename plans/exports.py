"""The base of all list exports: columns and rows are said once, CSV and xlsx are made here.

    class ProjectExporter(Exporter):
        identifier = "projects"
        title = "事業一覧"
        columns = (Column("事業名", lambda row: row.name), …)

    ProjectExporter(rows, fiscal_year=2024).file("csv", encoding="cp932")

The sheets are for machines as well as for people: one table, names in row 1, one value a cell,
numbers without commas or units, Western years, nothing is cut or guessed.
"""

import csv
import io
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import quote

from django.http import HttpResponse
from django.utils import timezone

from accounts.csv_cells import csv_text
from plans.spreadsheets import save, write_table
from plans.streamed_workbook import StreamedWorkbook

CP932 = "cp932"
ENCODINGS = {"utf-8": "utf-8-sig", CP932: CP932}
XLSX_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True)
class Column:
    """A column: its name and how a row's value is found. Decimals stay numbers."""

    label: str
    value: Callable[[Any], Any]
    width: float = 14


@dataclass(frozen=True)
class Uncarried:
    """A character that the encoding does not have, and the first place where it stands."""

    character: str
    row: int
    column: str
    count: int

    @property
    def code_point(self) -> str:
        return f"U+{ord(self.character):04X}"

    @property
    def name(self) -> str:
        return unicodedata.name(self.character, "")


class CannotEncode(Exception):
    """Some characters cannot be carried; nothing was written, because `?` would be a loss."""

    def __init__(self, uncarried: list[Uncarried]) -> None:
        self.uncarried = uncarried
        super().__init__("文字コードにない文字が含まれています。")


@dataclass(frozen=True)
class ExportedFile:
    name: str
    content_type: str
    content: bytes

    def response(self) -> HttpResponse:
        response = HttpResponse(self.content, content_type=self.content_type)
        response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(self.name)}"
        return response


class Exporter:
    """Renders `rows` (anything iterable, read once) by `columns`."""

    identifier: ClassVar[str]
    title: ClassVar[str]
    columns: ClassVar[tuple[Column, ...]]

    def __init__(self, rows: Iterable[Any], **context: Any) -> None:
        self._rows = rows
        self.context = context

    def rows(self) -> Iterator[Any]:
        """What the columns' value functions get, one after the other."""
        yield from self._rows

    def head(self) -> list[str]:
        return [column.label for column in self.columns]

    def cells(self) -> Iterator[list[Any]]:
        for row in self.rows():
            yield [column.value(row) for column in self.columns]

    def file(self, file_format: str, encoding: str = "utf-8") -> ExportedFile:
        """The finished file. Raises `CannotEncode` where a character would be lost."""
        name = f"{self.title}_{timezone.localdate():%Y%m%d}.{file_format}"
        if file_format == "xlsx":
            return ExportedFile(name, XLSX_TYPE, self._xlsx())
        codec = ENCODINGS[encoding]
        charset = "Shift_JIS" if encoding == CP932 else "utf-8"
        return ExportedFile(name, f"text/csv; charset={charset}", self._csv(codec))

    def _csv(self, codec: str) -> bytes:
        table = [self.head(), *([csv_text(value) for value in row] for row in self.cells())]
        if codec == CP932:
            self._require_carried(table, codec)
        text = io.StringIO()
        csv.writer(text, lineterminator="\r\n").writerows(table)
        return text.getvalue().encode(codec)

    def _require_carried(self, table: list[list[str]], codec: str) -> None:
        first: dict[str, tuple[int, str]] = {}
        counts: dict[str, int] = {}
        for number, row in enumerate(table, start=1):
            for label, text in zip(self.head(), row, strict=True):
                for character in uncarried_characters(text, codec):
                    first.setdefault(character, (number, label))
                    counts[character] = counts.get(character, 0) + 1
        if first:
            raise CannotEncode(
                [Uncarried(c, row, label, counts[c]) for c, (row, label) in first.items()]
            )

    def _xlsx(self) -> bytes:
        workbook = StreamedWorkbook()
        widths = [column.width for column in self.columns]
        write_table(workbook, self.title, self.head(), self.cells(), widths)
        content = io.BytesIO()
        save(workbook, content, timezone.now())
        return content.getvalue()


def uncarried_characters(text: str, codec: str) -> list[str]:
    try:
        text.encode(codec)
    except UnicodeEncodeError:
        return [character for character in text if not _carries(character, codec)]
    return []


def _carries(character: str, codec: str) -> bool:
    try:
        character.encode(codec)
    except UnicodeEncodeError:
        return False
    return True
