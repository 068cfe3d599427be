"""Turns CSV files (a folder or a zip) or an .xlsx workbook into rows of text with their addresses.

Files come from outside, so what they may cost is bounded before they are opened.
"""

import csv
import datetime
import io
import re
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO

import openpyxl

from dxportal.planbook.columns import Cells
from dxportal.planbook.faults import Fault, PlanBookError
from dxportal.planbook.sheets import SHEET_NAMES, SHEETS, columns_of, required_columns

MAX_UNPACKED_BYTES = 300_000_000
MAX_CSV_BYTES = 60_000_000  # a CSV file is held as a whole
# A whole book is held while it is checked, about 3 kB a row: this keeps it below 900 MB.
MAX_ROWS = 200_000
MAX_COLUMNS = 100
OLE_MAGIC = b"\xd0\xcf\x11\xe0"


def escape(text: str) -> str:
    """A text as a CSV cell carries it: 機械可読性 rules allow no line break inside a record."""
    return re.sub(r"\\(?=[n\\\n])", r"\\\\", text).replace("\n", r"\n")


def unescape(cell: str) -> str:
    """What `escape` wrote. A backslash that stands before anything else is itself."""
    return re.sub(r"\\([n\\])", lambda found: "\n" if found[1] == "n" else "\\", cell)


@dataclass(frozen=True)
class Row:
    """One row: its number as a person counts them in the sheet, and its cells as text."""

    number: int
    cells: Cells


@dataclass
class Book:
    """The sheets that were found, and what was wrong with reading them."""

    sheets: dict[str, list[Row]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    row_count: int = 0


def read_book(path: Path) -> Book:
    """Read a plan book. Raises PlanBookError where the file or folder is no plan book at all."""
    if path.is_dir():
        book = _read_files(
            path, ((file.name, file.read_bytes) for file in sorted(path.glob("*.csv")))
        )
    elif path.is_file() and _is_zip_of_csv(path):
        book = _read_zip(path)
    elif path.is_file():
        book = _read_workbook(path)
    else:
        raise PlanBookError([Fault("", None, "", str(path), "ファイルもフォルダもありません。")])
    for sheet in SHEETS:
        if sheet.required and sheet.name not in book.sheets:
            book.faults.append(Fault(sheet.name, None, "", "", "必要なシートがありません。"))
    return book


def _read_files(path: Path, files: Iterable[tuple[str, Callable[[], bytes]]]) -> Book:
    """A book from CSV files by name, each read when its turn has come."""
    book = Book()
    found = False
    for name, read in files:
        found = True
        sheet = name.removesuffix(".csv")
        if sheet not in SHEET_NAMES:
            book.faults.append(_unknown_sheet(sheet))
        elif sheet in book.sheets:
            book.faults.append(Fault(sheet, None, "", name, "同じ名前のファイルが2つあります。"))
        elif (text := _decode(name, read(), book)) is not None:
            lines = csv.reader(io.StringIO(text, newline=""), strict=True)
            _add_sheet(book, sheet, _unescaped(_numbered(lines, sheet, book)))
    if not found:
        raise PlanBookError([Fault("", None, "", path.name, "CSVファイルが1つもありません。")])
    return book


def _is_zip_of_csv(path: Path) -> bool:
    with path.open("rb") as file:
        return is_zip_of_csv(file)


def is_zip_of_csv(file: IO[bytes]) -> bool:
    """A workbook is a zip too; this is one with CSV files in it."""
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.endswith(".csv") for name in archive.namelist())
    except zipfile.BadZipFile:
        return False


def _read_zip(path: Path) -> Book:
    _refuse_dangerous(path)
    try:
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if not _is_beside_the_files(name)]
            files = [(PurePosixPath(name).name, partial(archive.read, name)) for name in names]
            return _read_files(path, sorted(files, key=lambda file: file[0]))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, zlib.error) as error:
        # A password, an unknown way of packing, or content that is not what its head says.
        reason = f"ZIPファイルを展開できません（{error}）。パスワードなしで作り直してください。"
        raise PlanBookError([Fault("", None, "", path.name, reason)]) from error


def _is_beside_the_files(name: str) -> bool:
    """Folders, and what macOS leaves in a zip."""
    return name.endswith("/") or PurePosixPath(name).name[:1] in ("", ".") or "__MACOSX" in name


def _decode(name: str, data: bytes, book: Book) -> str | None:
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    sheet = name.removesuffix(".csv")
    book.faults.append(Fault(sheet, None, "", name, "文字コードがUTF-8でもCP932でもありません。"))
    return None


def _numbered(
    lines: Iterable[list[str]], sheet: str, book: Book
) -> Iterator[tuple[int, list[str]]]:
    try:
        yield from enumerate(lines, start=1)
    except csv.Error as error:
        book.faults.append(Fault(sheet, None, "", "", f"CSVとして読めません（{error}）。"))


def _unescaped(rows: Iterator[tuple[int, list[str]]]) -> Iterator[tuple[int, list[str]]]:
    for number, cells in rows:
        yield number, [unescape(cell) for cell in cells]


def _read_workbook(path: Path) -> Book:
    _refuse_dangerous(path)
    book = Book()
    try:
        workbook = openpyxl.load_workbook(path, read_only=True, data_only=False, keep_links=False)
    except Exception as error:  # openpyxl raises many kinds for a broken file
        raise PlanBookError(
            [Fault("", None, "", path.name, f"Excelブックとして開けません（{error}）。")]
        ) from error
    try:
        for worksheet in workbook.worksheets:
            if worksheet.title.startswith("_"):
                continue
            if worksheet.title not in SHEET_NAMES:
                book.faults.append(_unknown_sheet(worksheet.title))
                continue
            worksheet.reset_dimensions()
            rows = worksheet.iter_rows(max_row=MAX_ROWS + 1, max_col=MAX_COLUMNS)
            _add_sheet(book, worksheet.title, _cell_texts(rows, worksheet.title, book))
    except PlanBookError:
        raise
    except Exception as error:  # sheets are read as one goes: each may turn out to be broken
        raise PlanBookError(
            [
                *book.faults,
                Fault("", None, "", path.name, f"Excelブックとして読めません（{error}）。"),
            ]
        ) from error
    finally:
        workbook.close()
    return book


def _refuse_dangerous(path: Path) -> None:
    with path.open("rb") as file:
        reason = why_refused(file)
    if reason:
        raise PlanBookError([Fault("", None, "", path.name, reason)])


def why_refused(file: IO[bytes], max_unpacked: int = MAX_UNPACKED_BYTES) -> str:
    """Why this file is not even opened; empty where it may be. Reads its head and its index.

    `max_unpacked` is what it may at most have when unpacked, in bytes.
    """
    file.seek(0)
    if file.read(4) == OLE_MAGIC:
        return (
            "パスワード付き、または古い形式（.xls）です。パスワードなしの.xlsxで保存してください。"
        )
    try:
        with zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except zipfile.BadZipFile:
        return "Excelブック（.xlsx）でも、CSVのZIPファイルでもありません。"
    if any(entry.filename.endswith("vbaProject.bin") for entry in entries):
        return "マクロを含むブックは読み込めません。.xlsxで保存し直してください。"
    # What the index says is what unpacking may at most give: zipfile stops there.
    if sum(entry.file_size for entry in entries) > max_unpacked:
        return f"展開後の大きさが上限（{max_unpacked // 1_000_000}MB）を超えています。"
    csv_bytes = sum(entry.file_size for entry in entries if entry.filename.endswith(".csv"))
    if csv_bytes > MAX_CSV_BYTES:
        return "展開後のCSVの大きさが上限（60MB）を超えています。"
    return ""


def _cell_texts(rows: Iterable, sheet: str, book: Book) -> Iterator[tuple[int, list[str]]]:
    for number, row in enumerate(rows, start=1):
        if number > MAX_ROWS:  # blank rows count here, so that nothing below them is dropped
            book.faults.append(
                Fault(sheet, number, "", "", f"行数が上限（{MAX_ROWS:,}行）を超えています。")
            )
            return
        texts = []
        for cell in row:
            if cell.data_type == "f":
                book.faults.append(
                    Fault(sheet, number, cell.column_letter, str(cell.value), "数式は使えません。")
                )
            texts.append(_as_text(cell.value))
        yield number, texts


def _as_text(value: object) -> str:
    """A workbook's typed cell as the text that the same cell has in CSV."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    if isinstance(value, datetime.datetime):
        return value.date().isoformat()
    return str(value)


def _add_sheet(book: Book, name: str, rows: Iterator[tuple[int, list[str]]]) -> None:
    _, header = next(rows, (1, []))
    while header and not header[-1]:
        header.pop()
    known = columns_of(name)
    for column in header:
        if column not in known:
            book.faults.append(Fault(name, 1, column, "", "この列は計画ブックにありません。"))
        elif header.count(column) > 1:
            book.faults.append(Fault(name, 1, column, "", "同じ列が2つあります。"))
    for column in sorted(required_columns(name) - set(header)):
        book.faults.append(Fault(name, 1, column, "", "必要な列がありません。"))
    book.sheets[name] = []
    for number, cells in rows:
        stripped = [cell.strip() for cell in cells]
        if any(stripped):
            _refuse_too_many(book, name, number)
            book.sheets[name].append(Row(number, dict(zip(header, stripped, strict=False))))


def _refuse_too_many(book: Book, name: str, number: int) -> None:
    """Stop at once where a book is larger than what is held in memory."""
    book.row_count += 1
    if book.row_count > MAX_ROWS:
        reason = f"行数が上限（全シートで{MAX_ROWS:,}行）を超えています。"
        raise PlanBookError([*book.faults, Fault(name, number, "", "", reason)])


def _unknown_sheet(name: str) -> Fault:
    names = "、".join(SHEET_NAMES)
    return Fault(
        name, None, "", "", f"この名前のシートは計画ブックにありません（使える名前：{names}）。"
    )
