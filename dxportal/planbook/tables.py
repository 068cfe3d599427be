"""Opens a city's own table, a workbook's sheet or a CSV file, and finds its head.

A head may stand in up to three rows, as with 「R3」 over 予定|実績: its parts are joined to
「R3 実績」. What a cell shows is read as text, so that each value can be understood or refused.
"""

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl

from dxportal.planbook.faults import Fault, PlanBookError
from dxportal.planbook.meanings import plain
from dxportal.planbook.reader import MAX_COLUMNS, OLE_MAGIC, why_refused

MAX_TABLE_ROWS = 20_000
MAX_HEAD_ROWS = 3
# How far down a head is looked for when it is not where the mapping says.
HEAD_WITHIN = 30


@dataclass
class Table:
    """One sheet, row by row as text; row 1 is `rows[0]`."""

    name: str
    rows: list[list[str]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    # Formulas without a result in the file, by row (from 1) and column (from 0).
    unsolved: dict[tuple[int, int], str] = field(default_factory=dict)

    def fault(self, row: int | None, column: str, value: str, reason: str) -> Fault:
        return Fault(self.name, row, column, value, reason)


@dataclass(frozen=True)
class Head:
    """Where a table's head stands, and its columns by position; "" is a column without any."""

    first_row: int
    depth: int
    names: list[str]

    @property
    def last_row(self) -> int:
        return self.first_row + self.depth - 1


def read_tables(path: Path, most_rows: int = MAX_TABLE_ROWS) -> list[Table]:
    """Every sheet of the file with its first rows. Raises PlanBookError for what is no table."""
    if not path.is_file():
        raise PlanBookError([Fault("", None, "", path.name, "ファイルがありません。")])
    with path.open("rb") as file:
        is_csv = file.read(4) != OLE_MAGIC and not zipfile.is_zipfile(path)
        reason = "" if is_csv else why_refused(file)
    if reason:
        raise PlanBookError([Fault("", None, "", path.name, reason)])
    return [_read_csv(path, most_rows)] if is_csv else list(_read_workbook(path, most_rows))


def read_table(path: Path, sheet_name: str = "") -> Table:
    """The named sheet, or the first. Raises PlanBookError, also when there is no such sheet."""
    tables = read_tables(path)
    if not sheet_name or not zipfile.is_zipfile(path):
        return tables[0]
    for table in tables:
        if plain(table.name) == plain(sheet_name):
            return table
    names = "、".join(f"「{table.name}」" for table in tables)
    raise PlanBookError(
        [Fault(sheet_name, None, "", "", f"このシートがありません（あるシート：{names}）。")]
    )


def _read_csv(path: Path, most_rows: int) -> Table:
    table = Table("表（CSV）")
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        reason = "ExcelブックでもCSVでもないか、文字コードがUTF-8でもCP932でもありません。"
        raise PlanBookError([table.fault(None, "", "", reason)])
    if "\0" in text:
        raise PlanBookError([table.fault(None, "", "", "CSVとして読めません。")])
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(text, newline="")), start=1):
            if _is_over(table, number, cells, most_rows):
                break
            table.rows.append([cell.strip() for cell in cells])
    except csv.Error as error:
        raise PlanBookError(
            [table.fault(None, "", "", f"CSVとして読めません（{error}）。")]
        ) from error
    return table


def _read_workbook(path: Path, most_rows: int) -> Iterator[Table]:
    """Each sheet; a formula counts with the result that the file keeps, as it was printed."""
    options: dict[str, Any] = {"read_only": True, "keep_links": False}
    try:
        shown = openpyxl.load_workbook(path, data_only=True, **options)
        written = openpyxl.load_workbook(path, data_only=False, **options)
    except Exception as error:  # openpyxl raises many kinds for a broken file
        raise PlanBookError(
            [Fault("", None, "", path.name, f"Excelブックとして開けません（{error}）。")]
        ) from error
    try:
        yield from _read_sheets(shown, written, most_rows)
    except PlanBookError:
        raise
    except Exception as error:  # sheets are read as one goes: each may turn out to be broken
        raise PlanBookError(
            [Fault("", None, "", path.name, f"Excelブックとして読めません（{error}）。")]
        ) from error
    finally:
        shown.close()
        written.close()


def _read_sheets(shown: Any, written: Any, most_rows: int) -> Iterator[Table]:
    for sheet, source in zip(shown.worksheets, written.worksheets, strict=True):
        table = Table(sheet.title)
        for one in (sheet, source):
            one.reset_dimensions()
        bounds: dict[str, Any] = {"max_row": most_rows + 1, "max_col": MAX_COLUMNS + 1}
        pairs = zip(sheet.iter_rows(**bounds), source.iter_rows(**bounds), strict=False)
        for number, (cells, sources) in enumerate(pairs, start=1):
            texts = [
                _shown(table, number, cell, origin)
                for cell, origin in zip(cells, sources, strict=False)
            ]
            if _is_over(table, number, texts, most_rows):
                break
            table.rows.append(texts)
        yield table


def _is_over(table: Table, number: int, cells: Sequence[str], most_rows: int) -> bool:
    """Whether reading stops here; nothing beyond the bounds is dropped without a word."""
    if any(cells[MAX_COLUMNS:]):
        reason = f"列の数が上限（{MAX_COLUMNS}列）を超えています。"
        raise PlanBookError([table.fault(number, "", "", reason)])
    if number <= most_rows:
        return False
    if most_rows == MAX_TABLE_ROWS:
        reason = f"行数が上限（{MAX_TABLE_ROWS:,}行）を超えています。"
        table.faults.append(table.fault(number, "", "", reason))
    return True


def _shown(table: Table, row: int, cell: Any, source: Any) -> str:
    """What the cell shows, exactly: 0.808 in a cell of per cent is 80.8%."""
    value = cell.value
    if value is None and source.data_type == "f":
        table.unsolved[row, source.column - 1] = str(source.value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        number = Decimal(format(value, ".15g"))
        if "%" in str(getattr(cell, "number_format", "")):
            return f"{(number * 100).normalize():f}%"
        return f"{number.normalize():f}"
    if hasattr(value, "date"):
        return str(value.date().isoformat())
    return str(value).strip()


def heads_at(rows: Sequence[Sequence[str]], first_row: int, depth: int = 1) -> list[str]:
    """The head of each column, from `depth` rows down from `first_row` (counted from 1).

    A cell that is merged over several columns leaves the others empty: it counts for them where
    something stands below it. One that is merged downwards counts for its own column alone.
    """
    block = [list(row) for row in rows[first_row - 1 : first_row - 1 + depth]]
    width = max((len(row) for row in block), default=0)
    block = [row + [""] * (width - len(row)) for row in block]
    names: list[str] = []
    carried = [""] * len(block)
    for column in range(width):
        own = [" ".join(row[column].split()) for row in block]
        begins = next((level for level, text in enumerate(own) if text), len(own))
        carried[begins + 1 :] = [""] * len(carried[begins + 1 :])
        parts = list(own)
        for level in reversed(range(len(own))):
            has_below = any(parts[level + 1 :])
            if own[level]:
                carried[level] = own[level] if has_below else ""
            elif has_below:
                parts[level] = carried[level]
        names.append(" ".join(part for part in parts if part))
    while names and not names[-1]:
        names.pop()
    return _told_apart(names)


def _told_apart(names: list[str]) -> list[str]:
    """The second of two columns with the same head is 「R4〔2〕」."""
    seen: dict[str, int] = {}
    for index, name in enumerate(names):
        if not name:
            continue
        seen[plain(name)] = count = seen.get(plain(name), 0) + 1
        if count > 1:
            names[index] = f"{name}〔{count}〕"
    return names


def find_head(table: Table, wanted: Sequence[str], expected_row: int) -> Head:
    """The head that agrees best with the heads `wanted`; where none does, that of the row expected.

    The row that is expected is tried first, so that it wins where others agree as well.
    """
    keys = {plain(name) for name in wanted}
    rows = [expected_row, *(n for n in range(1, HEAD_WITHIN + 1) if n != expected_row)]
    best: tuple[int, Head] | None = None
    for row in rows:
        for depth in range(1, MAX_HEAD_ROWS + 1):
            if row + depth - 1 > len(table.rows):
                break
            names = heads_at(table.rows, row, depth)
            found = {plain(name) for name in names if name}
            score = 2 * len(found & keys) - len(found - keys)
            if best is None or score > best[0]:
                best = (score, Head(row, depth, names))
    return best[1] if best else Head(expected_row, 1, [])


def guess_head(table: Table) -> tuple[int, int]:
    """The row where the head most likely begins, and over how many rows it goes."""
    filled = [sum(bool(cell) for cell in row) for row in table.rows[:HEAD_WITHIN]]
    most = max(filled, default=0)
    first = next((i for i, count in enumerate(filled) if count * 2 > most), 0)
    if first and filled[first - 1] >= 3:
        return first, 2  # a row above with fewer cells: merged over those below
    row, below = [*table.rows[first : first + 2], [], []][:2]
    filled_below = [i for i, cell in enumerate(below) if cell]
    # A merged head leaves gaps, which the row below it fills.
    gaps = [i for i in filled_below if i >= len(row) or not row[i]]
    return first + 1, 2 if gaps and len(filled_below) <= 2 * len(gaps) else 1


def data_rows(table: Table, head: Head) -> Iterator[tuple[int, list[str]]]:
    """The rows below the head with their numbers; neither blank ones nor a head said again."""
    heads = [[plain(c) for c in row] for row in table.rows[head.first_row - 1 : head.last_row]]
    for number, cells in enumerate(table.rows[head.last_row :], start=head.last_row + 1):
        if any(cells) and [plain(cell) for cell in cells] not in heads:
            yield number, cells
