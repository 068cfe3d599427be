"""The entry workbook: a person's rows of a round as a guarded sheet, to be filled in offline.

One sheet for each kind that is asked, a sheet that says how to fill it in, and one with the words
that may be chosen. Only the entry cells are unlocked (there is no password: the guard is against
slips). What comes back is read by `dxportal.rounds.entry_book_reading`.
"""

import datetime
from collections.abc import Sequence
from decimal import Decimal
from typing import IO, Any

from django.utils import timezone
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill, Protection
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from accounts.models import User
from dxportal.reports.form import A3, RIGHT, Form, SheetCell
from dxportal.rounds.cells import Field
from dxportal.rounds.entry_book_columns import columns_of
from dxportal.rounds.entry_book_sheets import (
    CODES_SHEET,
    FLAG_LABEL,
    FORMAT,
    GUIDE_SHEET,
    ISSUE_SHEET,
    KEY_LABEL,
    NAME_LABEL,
    PRELIMINARY,
    SETTLED,
    SHEETS,
    entry_label,
    words_of,
)
from dxportal.rounds.rows import Row
from plans import fiscal_years
from plans.models import ReportingCycle, RoundItem
from plans.spreadsheets import HEAD_ALIGNMENT, HEAD_FILL, HEAD_FONT, save, write_table

Kind = RoundItem.Kind
ENTRY_FILL = PatternFill("solid", fgColor="FFF7D6")
ENTRY_HEAD_FILL = PatternFill("solid", fgColor="FFE380")
GREY = Font(color="595959")
UNLOCKED = Protection(locked=False)
# From this length on a text may not fit the printed report.
LONG_TEXT = 2_000
ROOM_FOR_TEXT = 62.0  # points: four lines
_FIGURE_PROMPT = (
    "全角の数字、カンマ、▲、単位つきの数も読めます。数がないときは空欄のままにして、"
    "「値の状態」で該当なし・未集計を選びます。数式は使えません。"
)
_MONEY_PROMPT = "千円単位で入れます。円まで入れるときは「1,234,567円」と書きます。"


def file_name_of(cycle: ReportingCycle, rows: Sequence[Row]) -> str:
    departments = {str(row.item.department or "") for row in rows} - {""}
    of = f"_{departments.pop()}" if len(departments) == 1 else ""
    year = fiscal_years.long_form(cycle.fiscal_year)
    return f"入力ブック_{cycle.plan.name}_{year}{of}_{timezone.localdate():%Y%m%d}.xlsx"


def write_entry_book(
    cycle: ReportingCycle,
    rows: Sequence[Row],
    user: User,
    issued_at: datetime.datetime,
    file: IO[bytes],
) -> None:
    """Write the rows of a round into `file`; the same rows at the same moment, the same bytes."""
    workbook = Workbook()
    workbook.remove(workbook.active)  # type: ignore[arg-type]  # a new workbook has one
    workbook.properties.title = f"入力ブック {cycle}"
    workbook.properties.creator = str(cycle.plan.organization)
    workbook.properties.language = "ja"
    kinds = [(name, kind) for name, kind in SHEETS.items() if _of(rows, kind)]
    codes = _codes(rows)
    _guide(workbook, cycle, user, issued_at, [name for name, _ in kinds])
    for name, kind in kinds:
        _KindSheet(workbook, name, kind, cycle, _of(rows, kind), codes).write()
    write_table(workbook, CODES_SHEET, ["項目", "入れる語", "意味"], codes.table, [20, 24, 70])
    workbook[CODES_SHEET].protection.sheet = True
    _issue(workbook, cycle, user, issued_at)
    workbook.active = 1 if kinds else 0
    save(workbook, file, issued_at)


def _of(rows: Sequence[Row], kind: str) -> list[Row]:
    return [row for row in rows if row.item.kind == kind]


# The words that may be chosen


class _Codes:
    """The code table, and where in it the words of a field stand."""

    def __init__(self) -> None:
        self.table: list[tuple[str, str, str]] = []
        self._ranges: dict[str, str] = {}

    def add(self, name: str, label: str, words: Sequence[tuple[str, str]]) -> None:
        if words:
            first = len(self.table) + 2
            self.table += [(label, word, meaning) for word, meaning in words]
            self._ranges[name] = f"'{CODES_SHEET}'!$B${first}:$B${len(self.table) + 1}"

    def range_of(self, field: Field) -> str:
        """The cells with the words of a choice; empty where there are none."""
        return self._ranges.get("mark" if "mark" in field.name else field.name, "")


_STATUS_MEANINGS = {
    "報告済": "実績値を報告する（数値を入れて空欄のままでも、報告済になります）",
    "該当なし": "この年度は該当しない。実績値は空欄にします",
    "未集計": "まだ集計していない。実績値は空欄にします",
}


def _codes(rows: Sequence[Row]) -> _Codes:
    """What all rows together may choose from."""
    found: dict[str, dict[str, str]] = {}
    for row in rows:
        for name, choices in row.choices.items():
            words = found.setdefault("mark" if "mark" in name else name, {})
            words |= {label: "" for key, label in choices if key}
    codes = _Codes()
    statuses = [(word, _STATUS_MEANINGS.get(word, "")) for word in found.get("status", {})]
    codes.add("status", "値の状態", statuses)
    if statuses:
        flags = [(PRELIMINARY, "あとで変わることがある値"), (SETTLED, "変わる見込みのない値")]
        codes.add("is_preliminary", FLAG_LABEL, flags)
    codes.add("stage", "実績の段階", [(word, "") for word in found.get("stage", {})])
    codes.add("mark", "進捗予定・進捗", [(word, "") for word in found.get("mark", {})])
    return codes


# The sheets that are filled in


class _KindSheet:
    """The sheet of one kind."""

    def __init__(
        self,
        workbook: Workbook,
        name: str,
        kind: str,
        cycle: ReportingCycle,
        rows: Sequence[Row],
        codes: _Codes,
    ) -> None:
        self.name, self.kind, self.cycle, self.rows, self.codes = name, kind, cycle, rows, codes
        self.columns = columns_of(kind, cycle, rows)
        widths = [column.width for column in self.columns]
        self.form = Form(workbook, name, widths, paper=A3)
        self.sheet = self.form.sheet

    def write(self) -> None:
        year = fiscal_years.long_form(self.cycle.fiscal_year)
        self.form.title(f"{year}　{self.name}の入力（{self.cycle.plan.name}）")
        self.form.add(
            [
                "色の付いた「【入力】」の欄だけを記入してください。書き方は「記入のしかた」、"
                "選べる語は「コード表」のシートにあります。"
            ],
            alignment=Alignment(),
        )
        self.form.add(
            ["（単位：千円）"] if self.kind == Kind.SETTLEMENT else [], alignment=Alignment()
        )
        self._head()
        for number, row in enumerate(self.rows, start=1):
            self._row(number, row)
        self._guard()

    def _head(self) -> None:
        cells = [
            self.form.cell(
                column.label,
                font=HEAD_FONT,
                fill=ENTRY_HEAD_FILL if column.field else HEAD_FILL,
                alignment=HEAD_ALIGNMENT if column.label != KEY_LABEL else Alignment(),
            )
            for column in self.columns
        ]
        self.form.add(cells)
        self.head_row = self.form.row
        self.form.repeat_head()
        names = [column.label for column in self.columns]
        after_name = get_column_letter(names.index(NAME_LABEL) + 2)
        self.sheet.freeze_panes = f"{after_name}{self.head_row + 1}"

    def _row(self, number: int, row: Row) -> None:
        open_fields = set() if row.locked_reason else {field.name for field in row.fields}
        cells = []
        for column in self.columns:
            if column.field is None:
                value = number if column.label == "番号" else column.value(row)
                style = {"alignment": RIGHT} if column.is_figure else {}
                if column.label == KEY_LABEL:  # nobody sees it: it must not make its row higher
                    style = {"alignment": Alignment()}
                cells.append(self.form.cell(value, **style))
            else:
                cells.append(self._entry_cell(row, column.field, column.field.name in open_fields))
        self.form.add(cells)
        if self.kind in (Kind.PROGRESS, Kind.REVIEW):
            dimensions = self.sheet.row_dimensions[self.form.row]
            dimensions.height = max(dimensions.height or 0, ROOM_FOR_TEXT)

    def _entry_cell(self, row: Row, field: Field, is_open: bool) -> SheetCell:
        """A cell to fill in: a figure as a number where it is one, all else as text.

        Figures keep the general format: what a spreadsheet makes of "12%" or "1/2" is then seen in
        the cell, and by the reader, and not hidden behind a format of ours.
        """
        is_known = field.name in {known.name for known in row.fields}
        words = words_of(row, field) if is_known else ""
        style: dict[str, Any] = {}
        if field.kind == "figure":
            style["alignment"] = RIGHT
        if is_open:
            style |= {"fill": ENTRY_FILL, "protection": UNLOCKED}
        else:
            style["font"] = GREY
        cell = self.form.cell(_number(words) if field.kind == "figure" else words, **style)
        if field.kind in ("text", "choice", "flag"):
            cell.number_format = "@"  # type: ignore[union-attr]  # the book is no streamed one
        return cell

    def _guard(self) -> None:
        sheet, last = self.sheet, max(self.form.row, self.head_row + 1)
        protection = sheet.protection
        protection.sheet = True
        # These stay allowed: widths and heights, and picking rows out.
        protection.formatColumns = protection.formatRows = protection.autoFilter = False
        for index, column in enumerate(self.columns, start=1):
            letter = get_column_letter(index)
            if column.label == KEY_LABEL:
                sheet.column_dimensions[letter].hidden = True
            if column.field is not None and (rule := self._rule(column.field)):
                rule.add(f"{letter}{self.head_row + 1}:{letter}{last}")
                sheet.add_data_validation(rule)
        key_letter = get_column_letter(len(self.columns))
        sheet.auto_filter.ref = f"A{self.head_row}:{key_letter}{last}"
        self.form.finish()
        sheet.print_area = f"A1:{get_column_letter(len(self.columns) - 1)}{last}"

    def _rule(self, field: Field) -> DataValidation | None:
        """The input rule (入力規則) of a column."""
        if field.kind in ("choice", "flag"):
            words = self.codes.range_of(field)
            return _list_rule(words) if words else None
        if field.kind == "text":
            return DataValidation(
                type="textLength",
                operator="lessThanOrEqual",
                formula1=str(LONG_TEXT),
                allow_blank=True,
                errorStyle="warning",
                showErrorMessage=True,
                errorTitle="長い文です",
                error=f"{LONG_TEXT:,}文字を超えています。報告書の表に入りきらないことがあります。",
            )
        return DataValidation(
            allow_blank=True,
            showInputMessage=True,
            promptTitle=entry_label(field)[:32],
            prompt=_MONEY_PROMPT if self.kind == Kind.SETTLEMENT else _FIGURE_PROMPT,
        )


def _list_rule(words: str) -> DataValidation:
    return DataValidation(
        type="list",
        formula1=words,
        allow_blank=True,
        showErrorMessage=True,
        errorTitle="一覧にない語です",
        error="一覧から選んでください。取り消すときは空欄にします。",
    )


def _number(words: str) -> Decimal | str:
    try:
        return Decimal(words)
    except ArithmeticError:
        return words


# What goes with them

_GUIDE = (
    "黄色の「【入力】」の欄だけを記入します。ほかの欄は保護されています（パスワードはありません）。",
    "記入したら上書き保存し、ポータルの「Excelで入力する」の画面で読み込みます。",
    "読み込んでも、すぐには変わりません。何がどう変わるかを1行ずつ確かめてから取り込みます。",
    "触れていない欄は変わりません。入っている値を消すと、その入力の取消になります。",
    "数値は、全角の数字、カンマ、▲、％、単位つきでも読めます。どう読んだかは確認の画面に出ます。",
    "「約120」「※」「集計中」「－」は数値として読めません。補足はコメントに書いてください。",
    "0、空欄、該当なし、未集計は別のものです。数がないときは「値の状態」で選びます。",
    "決算の欄は千円単位です。円まで入れるときは「1,234,567円」と書きます。",
    "数式、セルの結合は使えません。ほかの表から写すときは「値の貼り付け」を使ってください。",
    "行の並べ替えは、行全体で行ってください。行を消しても、その項目は変わりません。",
    "使い終わるまでに、ほかの人が同じ項目を変えたときは、両方の値を示してお尋ねします。",
)
_EXAMPLE_HEAD = (
    "名称",
    "単位",
    "前年度実績",
    "目標",
    "【入力】実績値",
    "【入力】速報・確定",
    "【入力】値の状態",
    "【入力】コメント",
    "こう読まれます",
)
_EXAMPLES = (
    ("（例）講座の受講者数", "人", "1,150", "1,200", "１，２３４", "確定", "", "", "1,234人"),
    (
        "（例）手続の利用率",
        "％",
        "61.0",
        "70.0",
        "68.5%",
        "速報",
        "",
        "確定は8月",
        "68.5％（速報）",
    ),
    ("（例）苦情の件数", "件", "3", "0", "0", "確定", "報告済", "", "0件（空欄とは別です）"),
    ("（例）満足度調査", "％", "72.0", "75.0", "", "", "未集計", "集計は9月末", "未集計"),
    ("（例）廃止した事業の数", "件", "2", "―", "", "", "該当なし", "", "該当なし"),
)


def _guide(
    workbook: Workbook,
    cycle: ReportingCycle,
    user: User,
    issued_at: datetime.datetime,
    sheets: Sequence[str],
) -> None:
    form = Form(workbook, GUIDE_SHEET, [26, 8, 12, 10, 17, 17, 17, 24, 26])
    form.title(f"記入のしかた（{cycle}）")
    moment = timezone.localtime(issued_at)
    form.add([f"{user}　{moment:%Y年%-m月%-d日 %H:%M}発行"], alignment=Alignment())
    if end := cycle.deadline:
        form.add([f"入力期限：{end.last_day:%Y年%-m月%-d日}{end.last_time}"], alignment=Alignment())
    form.add([f"記入するシート：{'、'.join(sheets)}"], alignment=Alignment())
    form.add([])
    for number, line in enumerate(_GUIDE, start=1):
        form.add([f"{number}. {line}"], alignment=Alignment())
    form.heading("記入例")
    form.head(_EXAMPLE_HEAD)
    for example in _EXAMPLES:
        form.add(
            [
                form.cell(text, **({"fill": ENTRY_FILL} if label.startswith("【") else {}))
                for label, text in zip(_EXAMPLE_HEAD, example, strict=True)
            ]
        )
    form.finish()
    form.sheet.protection.sheet = True


def _issue(
    workbook: Workbook, cycle: ReportingCycle, user: User, issued_at: datetime.datetime
) -> None:
    rows = [
        ("format", FORMAT),
        ("cycle", str(cycle.pk)),
        ("plan", cycle.plan.name),
        ("fiscal_year", str(cycle.fiscal_year)),
        ("user", str(user)),
        ("issued_at", issued_at.isoformat(timespec="seconds")),
    ]
    sheet = write_table(workbook, ISSUE_SHEET, ["項目", "値"], rows)
    sheet.sheet_state = "hidden"
    sheet.protection.sheet = True
