"""Large synthetic plan books, made from a real one by repeating it under new keys."""

import csv
from collections.abc import Iterator
from pathlib import Path

from dxportal.planbook.columns import Cells, Kind
from dxportal.planbook.reader import read_book
from dxportal.planbook.sheets import columns_of

# Sheets that an organization or a plan has once; the rows of all others are repeated.
ONCE = {
    "organization", "departments", "department_successions", "plan", "plan_relations", "marks",
    "levels", "phases", "tag_schemes", "tags", "cycles", "stated_totals",
}  # fmt: skip
# Columns that tell rows apart without being a key that other sheets refer to.
OWN_NAMES = {"glossary": "term", "correspondences": "table"}


def enlarge(source: Path, target: Path, times: int, code: str, name: str) -> int:
    """Write a book `times` as large as `source`, of another organization; the number of rows."""
    book = read_book(source)
    target.mkdir(parents=True, exist_ok=True)
    total = 0
    for sheet, rows in book.sheets.items():
        columns = columns_of(sheet)
        with (target / f"{sheet}.csv").open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.DictWriter(file, list(columns), lineterminator="\n")
            writer.writeheader()
            for copy in range(1 if sheet in ONCE else times):
                for row in rows:
                    cells = dict(_renamed(sheet, row.cells, copy))
                    if sheet == "organization":
                        cells |= {"code": code, "name": name}
                    writer.writerow(cells)
                    total += 1
    return total


def _renamed(sheet: str, cells: Cells, copy: int) -> Iterator[tuple[str, str]]:
    columns = columns_of(sheet)
    for name, text in cells.items():
        column = columns[name]
        refers = column.kind is Kind.REFERENCE and column.refers_to not in ONCE
        is_key = sheet not in ONCE and name in ("key", OWN_NAMES.get(sheet))
        yield name, f"{text}@{copy}" if copy and text and (refers or is_key) else text
