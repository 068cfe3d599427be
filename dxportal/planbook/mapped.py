"""Reads a city's own table by a mapping that was made once, as the plan's book with other cells.

What the plan holds now is taken as its book (as the writer exports it), and the table's values are
laid over it; loading that book, or a dry run of it, shows exactly what the table changes. An empty
cell says nothing: what is stored stays. What a column may mean is told in `meanings`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dxportal.models import ColumnMapping
from dxportal.planbook import mapped_cells
from dxportal.planbook.columns import Cells
from dxportal.planbook.faults import Fault
from dxportal.planbook.meanings import (
    CHECKING,
    NAMING,
    PROJECT_NAMING,
    MappedColumn,
    Meaning,
    mapping_fault,
    plain,
)
from dxportal.planbook.plan_index import Named, NotFound, PlanIndex, Subject
from dxportal.planbook.reader import Book, Row
from dxportal.planbook.sheets import columns_of
from dxportal.planbook.tables import Head, Table, data_rows, find_head, read_table
from dxportal.planbook.writer import lines_of
from plans.models import Plan

Columns = dict[int, MappedColumn]
Key = Mapping[str, str]
Rows = list[tuple[int, list[str]]]


def read_mapped(path: Path, mapping: ColumnMapping, plan: Plan) -> Book:
    """The plan's book with the values of the table, for `loader.load_book`.

    What is wrong with the table is in the book's `faults`, all of it, with rows and columns of the
    table; a row that changes something carries the table's row number. Raises PlanBookError where
    the file is no table or lacks the sheet. The book is that of this moment: what others change
    before it is loaded would be undone, so check the preview's digest when it is applied.
    """
    table = read_table(path, mapping.sheet_name)
    book = current_book(plan)
    book.faults += table.faults
    declared = [MappedColumn.of(entry) for entry in mapping.columns]
    if reason := mapping_fault(declared):
        book.faults.append(table.fault(None, "", "", f"対応表「{mapping.name}」：{reason}"))
        return book
    head = find_head(table, [column.head for column in declared], mapping.header_row)
    rows = list(data_rows(table, head))
    columns = _match(table, head, rows, declared, book)
    if columns is not None:
        _Reading(book, table, columns).read(rows)
    return book


def current_book(plan: Plan) -> Book:
    """The plan as its own book, as an export would write it."""
    sheets = {
        name: [
            Row(number, dict(zip(columns_of(name), line, strict=True)))
            for number, line in enumerate(lines, start=2)
        ]
        for name, lines in lines_of(plan).items()
    }
    return Book(sheets, row_count=sum(map(len, sheets.values())))


def _match(
    table: Table, head: Head, rows: Rows, declared: list[MappedColumn], book: Book
) -> Columns | None:
    """The mapping's columns by where they stand; None with faults where the heads differ."""
    by_head = {plain(column.head): column for column in declared}
    places = {plain(name): index for index, name in enumerate(head.names) if name}
    faults = [
        table.fault(
            head.last_row,
            column.head,
            "",
            f"対応表にある列「{column.head}」が、この表にありません。",
        )
        for key, column in by_head.items()
        if key not in places and column.means is not Meaning.IGNORE
    ]
    faults += [
        table.fault(
            head.last_row,
            head.names[index],
            "",
            f"対応表にない見出しです（{index + 1}列目）。対応表に加えてください。",
        )
        for key, index in places.items()
        if key not in by_head
    ]
    faults += _headless_cells(table, head, rows)
    book.faults += faults
    if faults:
        return None
    return {places[key]: column for key, column in by_head.items() if key in places}


def _headless_cells(table: Table, head: Head, rows: Rows) -> Iterator[Fault]:
    """The first value of each column that has values and no head."""
    named = {index for index, name in enumerate(head.names) if name}
    for number, cells in rows:
        for index, text in enumerate(cells):
            if text and index not in named:
                named.add(index)
                reason = "見出しのない列に値があります。"
                yield table.fault(number, f"{index + 1}列目", text, reason)


@dataclass(frozen=True)
class _Cell:
    """A filled cell with its place in the table."""

    row: int
    column: MappedColumn
    text: str


class _Reading:
    """One reading: finds what each row speaks of, and lays its values over the plan's book."""

    def __init__(self, book: Book, table: Table, columns: Columns) -> None:
        self.book, self.table, self.columns = book, table, columns
        self.index = PlanIndex(book)
        self.overlay = Overlay(book)
        self.names_projects = any(c.means in PROJECT_NAMING for c in columns.values())

    def read(self, rows: Rows) -> None:
        for number, cells in rows:
            self._tell_unsolved(number)
            filled = [
                _Cell(number, column, cells[index])
                for index, column in sorted(self.columns.items())
                if index < len(cells) and cells[index] and column.means is not Meaning.IGNORE
            ]
            if filled:
                self._read_row(filled)

    def _tell_unsolved(self, row: int) -> None:
        """A formula whose result nobody has worked out is not an empty cell."""
        for index, column in self.columns.items():
            formula = self.table.unsolved.get((row, index), "")
            if formula and column.means is not Meaning.IGNORE:
                reason = "数式の計算結果がファイルにありません。Excelで開いて保存し直してください。"
                self._fault(row, column.head, formula, reason)

    def _read_row(self, filled: list[_Cell]) -> None:
        named = [Named(c.column, c.text) for c in filled if c.column.means in NAMING | CHECKING]
        values = [c for c in filled if c.column.means not in NAMING | CHECKING]
        try:
            subject = self.index.find(named, self.names_projects)
            indicator = self._indicator(subject, named, values)
        except NotFound as error:
            if error.named is None:
                self._fault(filled[0].row, "", "", error.reason)
            else:
                self._fault(filled[0].row, error.named.column.head, error.named.text, error.reason)
            return
        if not self._agrees(filled, subject, indicator):
            return
        for cell in values:
            try:
                self._lay(cell, subject, indicator)
            except ValueError as error:
                self._fault(cell.row, cell.column.head, cell.text, str(error))

    def _indicator(self, subject: Subject, named: list[Named], values: list[_Cell]) -> str:
        """The indicator of the row, if it names one or has values that need one; else ""."""
        name = next((n for n in named if n.column.means is Meaning.INDICATOR_NAME), None)
        needs = any(c.column.means in (Meaning.TARGET, Meaning.ACTUAL) for c in values)
        if name is None and subject == Subject():
            raise NotFound(None, "行を見分ける列がすべて空欄で、どの行か分かりません。")
        return self.index.indicator_of(subject, name) if name or needs else ""

    def _agrees(self, filled: list[_Cell], subject: Subject, indicator: str) -> bool:
        """Whether the columns that check the row say the same as the plan; else faults."""
        agrees = True
        for cell in filled:
            reason = ""
            if cell.column.means is Meaning.UNIT and indicator:
                unit = self.index.indicators[indicator].get("unit", "")
                if not mapped_cells.says_the_same(cell.text, unit):
                    reason = f"登録されている単位「{unit or 'なし'}」と違います。"
            elif cell.column.means is Meaning.DEPARTMENT_CHECK:
                reason = self._department_fault(cell.text, subject, indicator)
            if reason:
                agrees = False
                self._fault(cell.row, cell.column.head, cell.text, reason)
        return agrees

    def _department_fault(self, text: str, subject: Subject, indicator: str) -> str:
        keys = self.index.departments_of(subject)
        if not keys and indicator:
            key = self.index.indicators[indicator].get("department", "")
            keys = [key] if key else []
        names = {plain(self.index.departments[key]["name"]) for key in keys}
        printed = (
            {plain(text)} if plain(text) in names else set(map(plain, mapped_cells.names_in(text)))
        )
        if printed <= names:
            return ""
        known = "、".join(self.index.departments[key]["name"] for key in keys) or "なし"
        return f"登録されている所管課（{known}）と違います。"

    def _lay(self, cell: _Cell, subject: Subject, indicator: str) -> None:
        """Lay one value over the book. Raises ValueError with the reason where it cannot be."""
        match cell.column.means:
            case Meaning.TARGET:
                self._lay_target(cell, indicator)
            case Meaning.ACTUAL:
                key = {"indicator": indicator, **_year(cell), "kind": "actual"}
                stored = self.overlay.find("values", key)
                found = self.index.indicators[indicator]
                self._put("values", key, cell, mapped_cells.actual(cell.text, found, stored))
            case Meaning.SCHEDULE_PLANNED | Meaning.SCHEDULE_ACTUAL as means:
                key = {"project": subject.project, **_year(cell)}
                column = "planned" if means is Meaning.SCHEDULE_PLANNED else "actual"
                stored = self.overlay.find("schedule", key)
                self._put("schedule", key, cell, mapped_cells.schedule(cell.text, column, stored))
            case Meaning.BUDGET:
                key = {
                    "project": subject.project,
                    **_year(cell),
                    "stage": cell.column.stage,
                    "number": str(cell.column.number),
                }
                stored = self.overlay.find("budgets", key)
                changes = mapped_cells.amount(cell.text, cell.column.unit, stored)
                self._put("budgets", key, cell, changes)
            case _:
                self._lay_about(cell, subject)

    def _lay_target(self, cell: _Cell, indicator: str) -> None:
        """Over the target that is current; the revisions before it stay."""
        key = {"indicator": indicator, **_year(cell), "kind": "target"}
        current = self.overlay.find("values", {**key, "is_current": "1"})
        if current:
            key["revision"] = current["revision"]
        found = self.index.indicators[indicator]
        self._put("values", key, cell, mapped_cells.target(cell.text, found, current))

    def _lay_about(self, cell: _Cell, subject: Subject) -> None:
        """What a project or measure is called, is about, belongs to."""
        if subject == Subject():
            raise ValueError("事業か施策の行でないため、この列は取り込めません。")
        match cell.column.means:
            case Meaning.LEADING:
                key = self._placement_key(subject)
                stored = self.overlay.find("placements", key)
                self._put("placements", key, cell, mapped_cells.leading(cell.text, stored))
            case Meaning.NEW_NAME:
                self._lay_prose(cell, subject, "name", "name")
            case Meaning.SUMMARY:
                self._lay_prose(cell, subject, "summary", "description")
            case Meaning.DEPARTMENT:
                self._lay_departments(cell, subject)
            case Meaning.TAGS:
                self._lay_tags(cell, subject)

    def _lay_prose(self, cell: _Cell, subject: Subject, of_project: str, of_measure: str) -> None:
        """A text, where the plan shows it: a placement's own wording comes before the project's."""
        if subject.measure:
            sheet, key, column = "measures", {"key": subject.measure}, of_measure
        elif self.overlay.find("placements", self._placement_key(subject)).get(of_project):
            sheet, key, column = "placements", self._placement_key(subject), of_project
        else:
            sheet, key, column = "projects", {"key": subject.project}, of_project
        stored = self.overlay.find(sheet, key)
        self._put(sheet, key, cell, mapped_cells.prose(cell.text, column, stored))

    @staticmethod
    def _placement_key(subject: Subject) -> dict[str, str]:
        assert subject.placement is not None  # every project was found by its placement
        measure, project, code = subject.placement
        return {"measure": measure, "project": project, "code": code}

    def _lay_departments(self, cell: _Cell, subject: Subject) -> None:
        """Departments are added; one that the table leaves out is not taken away, but told of."""
        try:
            keys = [self.index.department_named(cell.text)]
        except ValueError:
            keys = [self.index.department_named(name) for name in mapped_cells.names_in(cell.text)]
        stored = self.index.departments_of(subject)
        if subject.measure:
            if len(keys) > 1:
                raise ValueError("施策の所管課は1つだけです。")
            changes = {} if keys == stored else {"department": keys[0]}
            self._put("measures", {"key": subject.measure}, cell, changes)
            return
        if left_out := [key for key in stored if key not in keys]:
            names = "、".join(self.index.departments[key]["name"] for key in left_out)
            raise ValueError(
                f"登録済みの所管課（{names}）は取込では外せません。事業の画面で直してください。"
            )
        for position, key in enumerate(keys, start=1):
            if key not in stored:
                place = {"project": subject.project, "department": key}
                self._put("project_departments", place, cell, {"position": str(position)})

    def _lay_tags(self, cell: _Cell, subject: Subject) -> None:
        """Tags are added by their names; those that the table leaves out stay."""
        for name in mapped_cells.names_in(cell.text):
            found = [t["key"] for t in self.index.cells("tags") if plain(t["name"]) == plain(name)]
            if len(found) != 1:
                problem = "登録されていません" if not found else "2つ以上あります"
                raise ValueError(f"「{name}」というタグが{problem}。")
            if subject.measure:
                key = {"tag": found[0], "measure": subject.measure}
                sheet = "measure_tags"
            else:
                place = self._placement_key(subject)
                key = {"tag": found[0], "project": subject.project, "measure": place["measure"]}
                sheet = "project_tags"
            if not self.overlay.find(sheet, key):
                self._put(sheet, key, cell, {}, new=True)

    def _put(self, sheet: str, key: Key, cell: _Cell, changes: Cells, new: bool = False) -> None:
        """Lay the changed cells; two rows of the table that say different things are a fault."""
        said = (sheet, *key.values(), cell.column.means.value)
        before = self.overlay.said.setdefault(said, cell)
        if plain(before.text) != plain(cell.text):
            raise ValueError(f"{before.row}行目では「{before.text}」で、同じものの値が違います。")
        if changes or new:
            self.overlay.put(sheet, key, changes, cell.row)

    def _fault(self, row: int, column: str, value: str, reason: str) -> None:
        self.book.faults.append(self.table.fault(row, column, value, reason))


def _year(cell: _Cell) -> dict[str, str]:
    year = cell.column.fiscal_year
    if year is None:
        raise ValueError("対応表のこの列に年度がありません。")
    return {"fiscal_year": str(year)}


class Overlay:
    """The book's rows by their cells, to be looked up and changed; `said` is who said what."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.said: dict[tuple[str, ...], Any] = {}
        self.places: dict[tuple[str, ...], dict[tuple[str, ...], int]] = {}

    def find(self, sheet: str, key: Key) -> Cells:
        """The cells of the row with this key; none at all where there is no such row."""
        place = self._place(sheet, key)
        return {} if place is None else self.book.sheets[sheet][place].cells

    def put(self, sheet: str, key: Key, cells: Cells, row: int) -> None:
        """Change the row with this key, or add it; it then stands at the table's row."""
        rows = self.book.sheets.setdefault(sheet, [])
        place = self._place(sheet, key)
        if place is None:
            self.places[(sheet, *key)][tuple(key.values())] = len(rows)
            rows.append(Row(row, {**key, **cells}))
            self.book.row_count += 1
        else:
            rows[place] = Row(row, {**rows[place].cells, **cells})

    def _place(self, sheet: str, key: Key) -> int | None:
        by = (sheet, *key)
        if by not in self.places:
            self.places[by] = {
                tuple(row.cells.get(name, "") for name in key): index
                for index, row in enumerate(self.book.sheets.get(sheet, []))
            }
        return self.places[by].get(tuple(key.values()))
