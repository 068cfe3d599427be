"""Opening an uploaded workbook in bounded time and memory, and what its XML says of its rows.

Files come from outside. Before openpyxl sees one, its size, kind and packing are looked at, and
every part of it is run through once without keeping anything: what is too much is refused there.
"""

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any
from xml.parsers import expat

import openpyxl
from openpyxl.utils.cell import range_boundaries

from dxportal.planbook.reader import why_refused

MAX_UNPACKED_BYTES = 20_000_000
# What a spreadsheet program may leave of formats; what openpyxl holds in memory of it.
MAX_ROWS, MAX_CELLS_IN_ROW = 200_000, 16_384
MAX_OTHER_ELEMENTS, MAX_STRINGS = 100_000, 400_000
MAX_MERGES = 1_000
MAX_COLUMNS = 60
MAX_OTHER_XML_BYTES = 1_000_000
XML_NAMES = (".xml", ".rels")

_ZIP_MAGIC = b"PK"
_OLE_MAGIC = b"\xd0\xcf\x11\xe0"
_CHUNK = 65_536
ASK_FOR_XLSX = (
    "「Excelで入力する」の画面からダウンロードしたブックに記入し、.xlsxのまま保存してください。"
)


class BookRefused(Exception):
    """The file cannot be read as a whole; the sentence says why and what to do."""


@dataclass
class SheetMarks:
    """What openpyxl does not tell of a sheet that it reads row by row."""

    hidden_rows: set[int] = field(default_factory=set)
    # First and last column and row of each merged range.
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    # The lowest row in which anything stands.
    last_row: int = 0

    def is_merged(self, row: int, column: int) -> bool:
        return any(
            left <= column <= right and top <= row <= bottom
            for left, top, right, bottom in self.merges
        )


@dataclass(frozen=True)
class OpenBook:
    """A workbook that openpyxl reads row by row, with the marks of its sheets."""

    workbook: Any
    marks: dict[str, SheetMarks]

    @property
    def names(self) -> list[str]:
        return list(self.workbook.sheetnames)

    def rows(self, name: str, max_row: int) -> Iterator[tuple[Any, ...]]:
        """The cells of the first rows of a sheet; what it says of its own size is not believed."""
        sheet = self.workbook[name]
        sheet.reset_dimensions()
        try:
            yield from sheet.iter_rows(max_row=max_row, max_col=MAX_COLUMNS)
        except Exception as error:  # openpyxl raises many kinds where a sheet is broken
            raise _broken() from error

    def marks_of(self, name: str) -> SheetMarks:
        return self.marks[self.workbook[name]._worksheet_path]


@contextmanager
def opened(file: IO[bytes]) -> Iterator[OpenBook]:
    """The uploaded workbook. Raises BookRefused, as reading its rows does."""
    if reason := _why_refused(file):
        raise BookRefused(reason)
    try:
        with zipfile.ZipFile(file) as archive:
            _refuse_hidden_xml(archive)
            marks = {
                entry.filename: _run_through(archive, entry)
                for entry in archive.infolist()
                if entry.filename.endswith(XML_NAMES)
            }
        file.seek(0)
        workbook = openpyxl.load_workbook(file, read_only=True, keep_links=False)
    except BookRefused:
        raise
    except (RuntimeError, NotImplementedError, zlib.error, zipfile.BadZipFile) as error:
        raise BookRefused(
            "ファイルを展開できません。パスワードを外して保存し直してください。"
        ) from error
    except Exception as error:  # openpyxl raises many kinds for a broken file
        raise _broken() from error
    try:
        yield OpenBook(workbook, marks)
    finally:
        workbook.close()


def _broken() -> BookRefused:
    return BookRefused(f"Excelブックとして読めません（壊れている部分があります）。{ASK_FOR_XLSX}")


def _why_refused(file: IO[bytes]) -> str:
    file.seek(0)
    magic = file.read(4)
    if not magic.startswith((_ZIP_MAGIC, _OLE_MAGIC)):
        return f"Excelブック（.xlsx）ではありません（CSVなど）。{ASK_FOR_XLSX}"
    if reason := why_refused(file, MAX_UNPACKED_BYTES):
        return reason
    with zipfile.ZipFile(file) as archive:
        if "xl/workbook.xml" not in archive.namelist():
            return f"Excelブック（.xlsx）ではありません。{ASK_FOR_XLSX}"
    return ""


def _refuse_hidden_xml(archive: zipfile.ZipFile) -> None:
    """Parts under other names are not run through: much XML among them is not what Excel writes."""
    size = 0
    for entry in archive.infolist():
        if not entry.filename.endswith((*XML_NAMES, ".vml")):
            with archive.open(entry) as source:
                size += entry.file_size if b"<" in source.read(4) else 0
    if size > MAX_OTHER_XML_BYTES:
        raise _broken()


def _run_through(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> SheetMarks:
    scan = _Scan(entry.filename)
    with archive.open(entry) as source:
        while chunk := source.read(_CHUNK):
            scan.feed(chunk)
    scan.feed(b"", is_last=True)
    return scan.marks


class _Scan:
    """One pass over a part of the workbook, which counts and keeps next to nothing."""

    def __init__(self, name: str) -> None:
        self.marks = SheetMarks()
        self._is_sheet = name.startswith("xl/worksheets/sheet")
        self._limit = MAX_STRINGS if name.endswith("haredStrings.xml") else MAX_OTHER_ELEMENTS
        self._elements = self._rows = self._cells = self._row = 0
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._in_sheet if self._is_sheet else self._elsewhere
        self._parser.StartDoctypeDeclHandler = self._doctype

    def feed(self, chunk: bytes, is_last: bool = False) -> None:
        try:
            self._parser.Parse(chunk, is_last)
        except expat.ExpatError as error:
            raise _broken() from error

    def _doctype(self, *args: Any) -> None:
        raise BookRefused(f"Excelブックにない書き方（DOCTYPE）が含まれています。{ASK_FOR_XLSX}")

    def _elsewhere(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > self._limit:
            raise BookRefused(f"書式や文字列が多すぎて読めません。{ASK_FOR_XLSX}")

    def _in_sheet(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name in ("v", "t", "f"):
            self.marks.last_row = max(self.marks.last_row, self._row)
        elif name == "c":
            self._cells += 1
            if self._cells > MAX_CELLS_IN_ROW:
                raise _broken()
        elif name == "row":
            self._start_row(attributes)
        elif name == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _start_row(self, attributes: dict[str, str]) -> None:
        self._rows += 1
        self._cells = 0
        if self._rows > MAX_ROWS:
            raise BookRefused(
                f"行が多すぎます（{MAX_ROWS:,}行まで）。表の下の空の行を削除してください。"
            )
        number = attributes.get("r", "")
        self._row = int(number) if number.isdecimal() else self._row + 1
        if attributes.get("hidden") in ("1", "true"):
            self.marks.hidden_rows.add(self._row)

    def _merge(self, reference: str) -> None:
        if len(self.marks.merges) >= MAX_MERGES:
            raise BookRefused("セルの結合が多すぎます。結合を解除してください。")
        try:
            left, top, right, bottom = range_boundaries(reference)
        except ValueError as error:
            raise _broken() from error
        self.marks.merges.append((left or 1, top or 1, right or 16_384, bottom or 1_048_576))
