"""How the changes of a plan book are shown: counts by sheet, then rows a page at a time."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from django.core.paginator import Page, Paginator

from dxportal.planbook.changes import Change, ChangeKind, Choice
from dxportal.planbook.labels import column_label, sheet_label
from dxportal.planbook.sheets import SHEET_NAMES
from plans.exports import Column, Exporter

# Two fields of the form a row; Django takes 1,000 fields.
ROWS_ON_A_PAGE = 200
# A sheet with more rows than this on its page is folded.
ROWS_SHOWN_OPEN = 20


@dataclass
class SheetSummary:
    """One sheet's counts, the page on which its rows begin, and what is chosen of them."""

    name: str
    counts: Counter[ChangeKind]
    page: int
    left_out: int = 0
    removed: int = 0

    @property
    def label(self) -> str:
        return sheet_label(self.name)

    @property
    def added(self) -> int:
        return self.counts[ChangeKind.ADDED]

    @property
    def changed(self) -> int:
        return self.counts[ChangeKind.CHANGED]

    @property
    def absent(self) -> int:
        return self.counts[ChangeKind.ABSENT]


@dataclass(frozen=True)
class Cell:
    label: str
    column: str
    before: str
    after: str


@dataclass(frozen=True)
class ShownRow:
    """One change with its box: on means that the book's row is taken, or the absent one removed."""

    change: Change
    is_taken: bool
    cells: list[Cell]


@dataclass(frozen=True)
class ShownSheet:
    name: str
    rows: list[ShownRow]

    @property
    def label(self) -> str:
        return sheet_label(self.name)

    @property
    def is_long(self) -> bool:
        return len(self.rows) > ROWS_SHOWN_OPEN

    @property
    def has_rows_of_book(self) -> bool:
        return any(not row.change.is_absent for row in self.rows)


@dataclass(frozen=True)
class ShownPage:
    page: Page
    sheets: list[ShownSheet]


def summary(changes: Sequence[Change], choice: Choice) -> list[SheetSummary]:
    """The sheets that differ, in the order of the rows shown."""
    found: dict[str, SheetSummary] = {}
    for index, change in enumerate(changes):
        sheet = found.setdefault(
            change.sheet, SheetSummary(change.sheet, Counter(), index // ROWS_ON_A_PAGE + 1)
        )
        sheet.counts[change.kind] += 1
        sheet.left_out += change.id in choice.left_out
        sheet.removed += change.id in choice.removed
    return list(found.values())


def shown_page(changes: Sequence[Change], choice: Choice, number: str | None) -> ShownPage:
    page = Paginator(changes, ROWS_ON_A_PAGE).get_page(number)
    sheets = [
        ShownSheet(name, [_row(change, choice) for change in group])
        for name, group in groupby(page.object_list, key=lambda change: change.sheet)
    ]
    return ShownPage(page, sheets)


def _row(change: Change, choice: Choice) -> ShownRow:
    is_taken = change.id in choice.removed if change.is_absent else change.id not in choice.left_out
    cells = [
        Cell(column_label(change.sheet, column), column, before, after)
        for column, (before, after) in change.fields.items()
    ]
    return ShownRow(change, is_taken, cells)


@dataclass(frozen=True)
class DoneSheet:
    label: str
    created: int
    updated: int
    deleted: int
    left_out: int


def done(counts: dict[str, dict[str, int]]) -> list[DoneSheet]:
    """What an applied book did, by sheet."""
    of = {name: counts.get(name, {}) for name in ("created", "updated", "deleted", "left_out")}
    touched = [name for name in SHEET_NAMES if any(name in found for found in of.values())]
    return [
        DoneSheet(sheet_label(name), **{key: found.get(name, 0) for key, found in of.items()})
        for name in touched
    ]


class FaultExporter(Exporter):
    """The faults of a book as a table."""

    identifier = "faults"
    title = "計画ブックの誤り"
    columns = (
        Column("シート", lambda fault: fault.sheet),
        Column("行", lambda fault: fault.row),
        Column("列", lambda fault: fault.column),
        Column("値", lambda fault: fault.value),
        Column("理由", lambda fault: fault.reason, width=60),
    )
