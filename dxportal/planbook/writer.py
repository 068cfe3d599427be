"""Writes a plan as a plan book: CSV files (a folder or a zip), or a workbook with the same sheets.

What is written reads back as the same plan: export, load into an empty database and export again
gives the same bytes, because rows stand in the order of their keys and not of their creation.
"""

import csv
import datetime
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

from django.db import transaction
from django.utils import timezone

from dxportal.planbook.columns import Column, Kind
from dxportal.planbook.plan_rows import rows_of_plan
from dxportal.planbook.reader import escape
from dxportal.planbook.sheets import IDENTIFIERS, SHEET_NAMES, SHEETS, columns_of
from plans.exports import ENCODINGS, CannotEncode, Uncarried, uncarried_characters
from plans.models import Plan
from plans.spreadsheets import save, write_table
from plans.streamed_workbook import StreamedWorkbook

Line = tuple[str, ...]
Lines = dict[str, list[Line]]
FIGURES = {Kind.INTEGER, Kind.DECIMAL, Kind.FISCAL_YEAR, Kind.BOOLEAN}


def write_plan(plan: Plan, target: Path) -> dict[str, int]:
    """Write the book to `target` (`.xlsx`, else a folder); the number of rows by sheet.

    All sheets are read in one transaction, so that they show one state of the plan.
    """
    book = lines_of(plan)
    if target.suffix == ".xlsx":
        write_workbook(book, target)
    else:
        _write_folder(book, target)
    return {name: len(lines) for name, lines in book.items()}


def lines_of(plan: Plan) -> Lines:
    """Every sheet's rows in their order, all of one moment."""
    with transaction.atomic():
        return {name: sorted(_lines(plan, name), key=_sort_key) for name in SHEET_NAMES}


def _write_folder(book: Lines, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, lines in book.items():
        (folder / f"{name}.csv").write_bytes(_csv(name, lines, ENCODINGS["utf-8"]))


def write_zip(book: Lines, file: IO[bytes], encoding: str = "utf-8") -> None:
    """The CSV files in one zip. Raises CannotEncode where a character would be lost."""
    codec = ENCODINGS[encoding]
    if uncarried := list(_uncarried(book, codec)):
        raise CannotEncode(uncarried)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, lines in book.items():
            archive.writestr(f"{name}.csv", _csv(name, lines, codec))


def _csv(name: str, lines: list[Line], codec: str) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns_of(name))
    writer.writerows(map(escape, line) for line in lines)
    return text.getvalue().encode(codec)


def _uncarried(book: Lines, codec: str) -> Iterator[Uncarried]:
    """Each character that the encoding does not have, with its first place and its number."""
    first: dict[str, tuple[int, str]] = {}
    counts = Counter[str]()
    for name, lines in book.items():
        for number, line in enumerate(lines, start=2):
            for column, text in zip(columns_of(name), line, strict=True):
                for character in uncarried_characters(text, codec):
                    first.setdefault(character, (number, f"{name} の {column}"))
                    counts[character] += 1
    for character, (row, place) in first.items():
        yield Uncarried(character, row, place, counts[character])


def write_workbook(book: Lines, file: Path | IO[bytes]) -> None:
    """The sheets as an .xlsx workbook."""
    workbook = StreamedWorkbook()
    for name, lines in book.items():
        columns = columns_of(name)
        kinds = [column.kind for column in columns.values()]
        rows = (list(map(_number, line, kinds)) for line in lines)
        write_table(workbook, name, list(columns), rows)
    save(workbook, file, timezone.now())


def _lines(plan: Plan, name: str) -> Iterator[Line]:
    columns = columns_of(name)
    for sheet in SHEETS:
        if sheet.name != name:
            continue
        own = {column.name for column in sheet.columns}
        for row in rows_of_plan(plan, sheet):
            yield tuple(
                _text(getattr(row, columns[column].field), columns[column]) if column in own else ""
                for column in columns
            )


def _text(value: Any, column: Column) -> str:
    """A value as the book writes it: nothing as nothing, decimals without idle zeros."""
    if value is None:
        return ""
    if column.kind is Kind.REFERENCE:
        return str(getattr(value, IDENTIFIERS[column.refers_to]))
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, Decimal):
        return format(value.normalize(), "f")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value)


def _number(text: str, kind: Kind) -> Any:
    """A cell of a workbook: figures as numbers, everything else as text."""
    return Decimal(text) if text and kind in FIGURES else text


def _sort_key(line: Line) -> list[tuple[int, int, str]]:
    """Rows by their cells from the left, digits as numbers: 観光1-2 before 観光1-10."""
    return [
        (0, int(part), "") if part.isdigit() and part.isascii() else (1, 0, part)
        for cell in line
        for part in [*re.findall(r"[0-9]+|[^0-9]+", cell), ""]
    ]
