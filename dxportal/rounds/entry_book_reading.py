"""Reading an entry workbook that comes back: what a person has changed in it, and what is wrong.

Nothing is written here. A cell is unchanged when it says what was issued (whatever has become of
the stored row since), or what is stored now; all else is something that was typed. Every cell that
cannot be taken is a fault with its address.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from openpyxl.utils import get_column_letter

from accounts.models import User
from dxportal.rounds.cells import FIELDS, Field
from dxportal.rounds.entry_book_cells import text_of, told
from dxportal.rounds.entry_book_file import ASK_FOR_XLSX, BookRefused, OpenBook, opened
from dxportal.rounds.entry_book_sheets import (
    FORMAT,
    ISSUE_SHEET,
    KEY_LABEL,
    NAME_LABEL,
    SHEETS,
    RowKey,
    digest,
    entry_label,
    plain,
    tidy,
    typed_of,
)
from dxportal.rounds.rows import ActualRow, Row, SettlementRow
from dxportal.rounds.writing import is_change, yen_of
from kpi.numbers import read_number
from plans.models import ReportingCycle, RoundItem

# The head of a sheet is looked for in so many rows; so many are read besides those of the items.
HEAD_ROWS, SPARE_ROWS = 30, 1_000
MEGABYTE = 1_000_000
NAMED_ROWS = 10


@dataclass(frozen=True)
class CellFault:
    """A cell that cannot be taken: its sheet and address, the item, what stands there, and why."""

    sheet: str
    cell: str
    name: str
    value: str
    reason: str

    @property
    def place(self) -> str:
        return f"{self.sheet}!{self.cell}" if self.cell else self.sheet


@dataclass
class RowEdit:
    """What was typed for one item: by field, as the verbs take it, with the cells it stands in.

    `version` is the one that was issued.
    """

    item_pk: int
    version: str
    sheet: str
    row: int
    typed: dict[str, str]
    cells: dict[str, str]

    def address(self, name: str) -> str:
        """The cell of a field; the first one for the row as a whole."""
        return self.cells.get(name) or next(iter(self.cells.values()), "")


@dataclass
class ReadBook:
    edits: list[RowEdit] = field(default_factory=list)
    faults: list[CellFault] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    row_count: int = 0


def refuse_too_large(size: int | None) -> None:
    if (size or 0) > settings.ENTRY_BOOK_MAX_MEGABYTES * MEGABYTE:
        raise BookRefused(
            f"ファイルが大きすぎます（{settings.ENTRY_BOOK_MAX_MEGABYTES}MBまで）。{ASK_FOR_XLSX}"
        )


def read_entry_book(
    file: IO[bytes], user: User, cycle: ReportingCycle, rows: Sequence[Row]
) -> ReadBook:
    """Read an uploaded workbook beside the person's rows as they are stored now.

    Raises BookRefused where it is no entry workbook of this round at all.
    """
    with opened(file) as book:
        found = ReadBook()
        _check_issue(book, user, cycle, found)
        kinds = [(name, kind) for name, kind in SHEETS.items() if name in book.names]
        if not kinds:
            raise BookRefused(f"記入するシート（実績値など）がありません。{ASK_FOR_XLSX}")
        known = {row.item.pk: row for row in rows}
        seen: dict[int, str] = {}
        for name, kind in kinds:
            count = sum(row.item.kind == kind for row in rows)
            _SheetReading(book, name, kind, known, seen, found).read(count)
        _tell_unknown(user, cycle, found)
        left_out = len(known.keys() - seen.keys())
        if left_out:
            found.notices.append(f"ブックにない項目が{left_out}件あります（変わりません）。")
    return found


def _check_issue(book: OpenBook, user: User, cycle: ReportingCycle, found: ReadBook) -> None:
    if ISSUE_SHEET not in book.names:
        raise BookRefused(f"この照会の入力ブックではありません。{ASK_FOR_XLSX}")
    issue = {
        str(key.value): str(value.value or "")
        for key, value, *_ in book.rows(ISSUE_SHEET, 20)
        if key.value is not None
    }
    if issue.get("format") != FORMAT:
        raise BookRefused("入力ブックの形式が変わりました。新しくダウンロードしてください。")
    if issue.get("cycle") != str(cycle.pk):
        told_of = f"{issue.get('plan', '')} {issue.get('fiscal_year', '')}年度"
        raise BookRefused(f"ほかの照会（{told_of}）の入力ブックです。照会を確かめてください。")
    if issue.get("user") != str(user):
        found.notices.append(
            f"{issue.get('user') or 'ほかの人'}さんがダウンロードしたブックです。"
            "あなたの入力として取り込みます。"
        )


class _UnknownItem(str):
    """The reason of a fault until it is known why the item is not the person's."""


class _SheetReading:
    """One sheet, row by row."""

    def __init__(
        self,
        book: OpenBook,
        name: str,
        kind: str,
        known: dict[int, Row],
        seen: dict[int, str],
        found: ReadBook,
    ) -> None:
        self.book, self.name, self.kind = book, name, kind
        self.known, self.seen, self.found = known, seen, found
        self.marks = book.marks_of(name)
        self.columns: dict[str, int] = {}
        self.hidden: list[int] = []
        self.missing: set[str] = set()

    def read(self, count: int) -> None:
        limit = HEAD_ROWS + count + SPARE_ROWS
        rows = enumerate(self.book.rows(self.name, limit), start=1)
        if not self._read_head(rows):
            return
        for number, cells in rows:
            self._read_row(number, cells)
        if self.hidden:
            numbers = "、".join(map(str, self.hidden[:NAMED_ROWS]))
            more = "ほか" if len(self.hidden) > NAMED_ROWS else ""
            self.found.notices.append(
                f"シート「{self.name}」の非表示の行（{numbers}行目{more}）も読みました。"
            )
        if self.marks.last_row > limit:
            self._fault(f"A{self.marks.last_row}", "", "", "表よりずっと下に値があります。")

    def _fault(self, cell: str, item: str, value: str, reason: str) -> None:
        self.found.faults.append(CellFault(self.name, cell, item, value, reason))

    # The head

    def _read_head(self, rows: Iterator[tuple[int, tuple[Any, ...]]]) -> bool:
        wanted = plain(KEY_LABEL)
        for number, cells in rows:
            labels = [plain(str(cell.value or "")) for cell in cells]
            if wanted in labels:
                return self._read_labels(number, labels)
            if number >= HEAD_ROWS:
                break
        self._fault("", "", "", f"見出しの行が見つかりません。{ASK_FOR_XLSX}")
        return False

    def _read_labels(self, number: int, labels: list[str]) -> bool:
        names = {KEY_LABEL: KEY_LABEL, NAME_LABEL: NAME_LABEL}
        names |= {field.name: entry_label(field) for field in FIELDS[self.kind]}
        for name, label in names.items():
            places = [index for index, text in enumerate(labels) if text == plain(label)]
            if len(places) == 1:
                self.columns[name] = places[0]
            elif places:
                cell = f"{get_column_letter(places[1] + 1)}{number}"
                self._fault(cell, "", label, "同じ見出しの列が2つあります。")
        if NAME_LABEL not in self.columns or KEY_LABEL not in self.columns:
            self._fault("", "", "", f"「{NAME_LABEL}」の列がありません。{ASK_FOR_XLSX}")
            return False
        return True

    # The rows

    def _read_row(self, number: int, cells: tuple[Any, ...]) -> None:
        key_cell = cells[self.columns[KEY_LABEL]]
        name = tidy(str(cells[self.columns[NAME_LABEL]].value or ""))
        place = f"{get_column_letter(self.columns[NAME_LABEL] + 1)}{number}"
        if key_cell.value is None:
            if first := self._first_typed(number, cells):
                self._fault(*first, "行の鍵がありません。行の挿入や貼り付けは元に戻してください。")
            return
        key = RowKey.read(str(key_cell.value), self.kind)
        if key is None:
            self._fault(place, name, "", "行の鍵が壊れています。ダウンロードし直してください。")
            return
        if reason := self._why_not(key, name, place):
            self._fault(place, name, name, reason)
            return
        self.found.row_count += 1
        if number in self.marks.hidden_rows:
            self.hidden.append(number)
        self._read_cells(number, cells, key, self.known[key.item_pk])

    def _first_typed(self, number: int, cells: tuple[Any, ...]) -> tuple[str, str, str] | None:
        for name, index in self.columns.items():
            if cells[index].value is not None and name != KEY_LABEL:
                value = told(cells[index])
                return f"{get_column_letter(index + 1)}{number}", "", value
        return None

    def _why_not(self, key: RowKey, name: str, place: str) -> str:
        if first := self.seen.get(key.item_pk):
            return f"同じ項目の行が2つあります（もう1つは{first}）。"
        self.seen[key.item_pk] = f"{self.name}!{place}"
        row = self.known.get(key.item_pk)
        if row is None:
            return _UnknownItem(key.item_pk)
        if row.item.kind != self.kind:
            return "ほかのシートの行です。"
        if digest(name) != key.name:
            return (
                f"名称がこの行のもの（「{row.title}」）と違います。一部の列だけを並べ替えたり、"
                "書き換えたりしていませんか。"
            )
        return ""

    def _read_cells(self, number: int, cells: tuple[Any, ...], key: RowKey, row: Row) -> None:
        edit = RowEdit(key.item_pk, key.version, self.name, number, {}, {})
        faults = len(self.found.faults)
        for wanted in FIELDS[self.kind]:
            index = self.columns.get(wanted.name)
            if index is None:
                if key.was_issued(self.kind, wanted) and wanted.name not in self.missing:
                    self.missing.add(wanted.name)
                    self._fault("", "", "", f"列「{entry_label(wanted)}」がありません。")
                continue
            address = f"{get_column_letter(index + 1)}{number}"
            try:
                if self.marks.merges and self.marks.is_merged(number, index + 1):
                    raise ValueError("結合されたセルです。結合を解除して入れ直してください。")
                typed = self._typed(row, key, wanted, cells[index])
            except ValueError as error:
                self._fault(address, row.title, told(cells[index]), str(error))
                continue
            if typed is not None:
                edit.typed[wanted.name], edit.cells[wanted.name] = typed, address
        if not edit.typed or len(self.found.faults) > faults:
            return
        if row.locked_reason:
            values = "、".join(edit.typed.values())
            self._fault(edit.address(""), row.title, values[:200], row.locked_reason)
        else:
            self.found.edits.append(edit)

    def _typed(self, row: Row, key: RowKey, wanted: Field, cell: Any) -> str | None:
        """What was typed into a cell, None for an unchanged one. Raises ValueError."""
        text = text_of(cell)
        if not key.was_issued(self.kind, wanted):
            if text:
                raise ValueError("この項目では使わない欄です。空欄にしてください。")
            return None
        if key.is_untouched(self.kind, wanted, text):
            return None
        if wanted.name not in {known.name for known in row.fields}:
            raise ValueError("この項目では使わない欄になりました。空欄にしてください。")
        typed = typed_of(row, wanted, text)
        if wanted.kind == "figure" and typed:
            _require_figure(row, wanted, typed)
        return typed if is_change(row, {wanted.name: typed}) else None


def _require_figure(row: Row, wanted: Field, typed: str) -> None:
    """Raise ValueError where a figure cannot be read as one."""
    if isinstance(row, SettlementRow):
        try:
            yen_of(wanted.name, typed)
        except ValidationError as error:
            raise ValueError("".join(error.messages)) from error
    elif isinstance(row, ActualRow) and not (
        wanted.name == "value" and row.indicator.is_qualitative
    ):
        read_number(typed, row.indicator.unit if wanted.name == "value" else "")


def _tell_unknown(user: User, cycle: ReportingCycle, found: ReadBook) -> None:
    """Say of rows that are not the person's whether they are somebody else's, or of nothing."""
    numbers = [int(f.reason) for f in found.faults if isinstance(f.reason, _UnknownItem)]
    items = RoundItem.objects.visible_to(user).filter(pk__in=numbers).select_related("department")
    visible = {item.pk: item for item in items}

    def why(number: int) -> str:
        item = visible.get(number)
        if item is None:
            return "この項目は照会にありません。ブックをダウンロードし直してください。"
        if item.cycle_id != cycle.pk:
            return "ほかの照会の項目です。"
        return f"この項目は、ほかの部局（{item.department or '事務局'}）が入力します。"

    found.faults = [
        CellFault(f.sheet, f.cell, f.name, f.value, why(int(f.reason)))
        if isinstance(f.reason, _UnknownItem)
        else f
        for f in found.faults
    ]
