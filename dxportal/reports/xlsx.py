"""The annual report as a workbook: printed forms for people, plain tables for machines.

The forms (表紙, 進捗・評価, KPI, 事業一覧, 集計) are laid out to be printed as they are, with paper
size, print titles and widths. The tables after them hold the same facts in long format, one
table a sheet.
"""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from math import ceil
from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import Cell as WorkbookCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from dxportal.reports.content import Area, Cell, IndicatorRow, Note, ReportContent
from dxportal.reports.rows import stage_legend
from plans import fiscal_years
from plans.spreadsheets import (
    BORDER,
    HEAD_ALIGNMENT,
    HEAD_FILL,
    HEAD_FONT,
    number_format,
    safe_cell,
    save,
    sheet_title,
    write_table,
)

Progress = Callable[[str, int], None]

A3, A4 = 8, 9  # as Excel numbers paper
LINE_HEIGHT, MAX_ROW_HEIGHT = 14.5, 409  # points; the second is Excel's limit
TITLE_FONT = Font(bold=True, size=14)
BOLD = Font(bold=True)
WRAP = Alignment(vertical="top", wrap_text=True)
CENTER = Alignment(horizontal="center", vertical="top", wrap_text=True)
RIGHT = Alignment(horizontal="right", vertical="top", wrap_text=True)


def write_xlsx(content: ReportContent, target: Path, progress: Progress) -> None:
    """Write the report into `target`."""
    workbook = Workbook()
    workbook.remove(workbook.active)  # type: ignore[arg-type]  # a new workbook has one
    workbook.properties.title = content.title
    workbook.properties.creator = content.organization
    workbook.properties.language = "ja"
    for percent, step, write in (
        (10, "表紙", _cover),
        (20, "進捗・評価の様式", _progress_sheet),
        (35, "KPIの様式", _kpi_sheet),
        (50, "事業一覧の様式", _project_sheet),
        (65, "集計の様式", _totals_sheet),
        (70, "出典注記", _notes_sheet),
    ):
        progress(step, percent)
        write(workbook, content)
    for number, table in enumerate(content.tables):
        progress(f"データ：{table.title}", 72 + number)
        title = f"データ_{table.title}"
        write_table(workbook, title, table.head, table.rows)
    progress("ファイルの書出し", 85)
    save(workbook, target, content.data_as_of)


def text_width(text: str) -> float:
    """A text's width in a spreadsheet's units, half-width digits: full width counts double.

    A little more than that, because glyphs differ between the fonts of different machines.
    """
    wide = sum(unicodedata.east_asian_width(sign) in "FWA" for sign in text)
    return 1.1 * (len(text) + wide)


class Form:
    """A sheet that is printed: rows are added from the top, headings repeat on every page."""

    def __init__(
        self, workbook: Workbook, title: str, widths: Sequence[float], paper: int = A4
    ) -> None:
        self.sheet: Worksheet = workbook.create_sheet(sheet_title(title, workbook.sheetnames))
        for index, width in enumerate(widths, start=1):
            self.sheet.column_dimensions[get_column_letter(index)].width = width
        self.widths, self.columns = widths, len(widths)
        self.sheet.page_setup.orientation = "landscape"
        self.sheet.page_setup.paperSize = paper
        self.sheet.page_setup.fitToWidth, self.sheet.page_setup.fitToHeight = 1, 0
        self.sheet.sheet_properties.pageSetUpPr.fitToPage = True
        self.sheet.page_margins.left = self.sheet.page_margins.right = 0.4
        self.sheet.oddFooter.center.text = "&P / &N"
        self.sheet.oddHeader.right.text = "&A"

    @property
    def row(self) -> int:
        """The number of the row that was written last."""
        return self._row

    _row = 0

    def add(self, values: Iterable[Any], **style: Any) -> None:
        """A row: plain values get the style, cells that were made by `cell` keep their own."""
        style = {"alignment": WRAP, **style}
        cells = [
            value if isinstance(value, WorkbookCell) else safe_cell(self.sheet, value, **style)
            for value in values
        ]
        self.sheet.append(cells)
        self._row += 1
        lines = max(map(self._lines, cells, self.widths), default=1)
        if lines > 1:
            # Spreadsheet programs do not agree on fitting rows by themselves when they open a file.
            height = min(LINE_HEIGHT * lines + 3, MAX_ROW_HEIGHT)
            self.sheet.row_dimensions[self._row].height = height

    @staticmethod
    def _lines(cell: WorkbookCell, width: float) -> int:
        """How many lines a cell's text takes when it is wrapped at the column's width."""
        if not isinstance(cell.value, str) or not cell.alignment.wrap_text:
            return 1
        return sum(max(1, ceil(text_width(line) / width)) for line in cell.value.split("\n"))

    def cell(self, value: Any, **style: Any) -> WorkbookCell:
        return safe_cell(self.sheet, value, **{"alignment": WRAP, "border": BORDER, **style})

    def figure(self, cell: Cell, decimals: int, **style: Any) -> WorkbookCell:
        """A figure as a number where there is one, else what was written; △ for minus."""
        shown = cell.text if cell.value is None else cell.value
        if cell.value is not None and not cell.text.replace(",", "").lstrip("-").isascii():
            shown = cell.text  # 70以上: the comparison belongs to it
        style = {"alignment": RIGHT, "border": BORDER, **style}
        # Digits that were entered stay visible: 7,055.8 is not rounded to 7,056.
        entered = len(cell.text.partition(".")[2]) if isinstance(shown, Decimal) else 0
        pattern = number_format(max(decimals, entered), on_paper=True)
        return safe_cell(self.sheet, shown, number_format=pattern, **style)

    def title(self, text: str, remark: str = "") -> None:
        self.add([text], font=TITLE_FONT, alignment=Alignment())
        if remark:
            self.add([remark], alignment=Alignment())

    def heading(self, text: str) -> None:
        self.add([])
        self.add([text], font=BOLD, alignment=Alignment())

    def head(self, labels: Sequence[str]) -> None:
        self.add(labels, font=HEAD_FONT, fill=HEAD_FILL, border=BORDER, alignment=HEAD_ALIGNMENT)

    def repeat_head(self) -> None:
        """The last row and those above it stand on every page, and stay when scrolling."""
        self.sheet.print_title_rows = f"1:{self.row}"
        self.sheet.freeze_panes = f"A{self.row + 1}"

    def finish(self) -> None:
        self.sheet.print_area = f"A1:{get_column_letter(self.columns)}{max(1, self.row)}"


def _cover(workbook: Workbook, content: ReportContent) -> None:
    form = Form(workbook, "表紙", [34, 90])
    form.title(content.title)
    form.add([])
    for label, value in (
        ("団体", content.organization),
        ("全国地方公共団体コード", content.organization_code),
        ("計画", content.plan_name),
        ("版", content.edition),
        ("計画の期間", content.period),
        ("計画の策定", content.decided_on),
        ("資料の時点", content.as_of),
        ("報告の年度", fiscal_years.both_form(content.fiscal_year)),
        ("データの時点", content.as_of_text),
        ("承認の済んでいない実績値", content.unapproved_count),
    ):
        form.add([form.cell(label, font=BOLD), form.cell(value, alignment=_LEFT)])
    form.heading("この帳票の見方")
    for line in (
        f"実績は{content.year_name}までを載せています。空欄は記載がないことを示し、0とは別です。",
        "「データ_」で始まるシートは機械可読の表です（1シート1表、1行目が見出し、年度は西暦、単位は別の列）。",
        "データのシートにあるコードの意味は「データ_コード表」にあります。",
        f"スケジュールの記号：{stage_legend()}",
        "進捗の記号：" + "　".join(f"{mark.symbol}{mark.label}" for mark in content.marks),
    ):
        form.add([line], alignment=Alignment())
    form.heading("階層と数")
    for level in content.levels:
        form.add([form.cell(level.name), form.cell(level.count, alignment=_LEFT)])
    for count in content.totals.counts:
        form.add([form.cell(count.label), form.cell(count.number, alignment=_LEFT)])
    form.finish()


_LEFT = Alignment(horizontal="left", vertical="top", wrap_text=True)


def _progress_sheet(workbook: Workbook, content: ReportContent) -> None:
    form = Form(workbook, "進捗・評価", [16, 26, 44, 13, 13, 54, 44, 10], A3)
    form.title(f"{content.plan_name}　{content.year_name}の目標・進捗・評価")
    form.head(
        [
            "区分",
            "施策",
            "目標",
            "進捗予定",
            "進捗",
            "実績・評価・今後の対応",
            "理由と影響",
            "出典注記",
        ]
    )
    form.repeat_head()
    for area in content.areas:
        for row in [*([area.overview] if area.overview else []), *area.reviews]:
            style = {"font": BOLD} if row.is_behind else {}
            form.add(
                [
                    form.cell(area.short_title),
                    form.cell(row.title),
                    form.cell(row.goal),
                    form.cell(row.planned_mark, alignment=CENTER),
                    form.cell(row.mark, alignment=CENTER, **style),
                    form.cell("\n".join(text for text in (row.result, row.summary) if text)),
                    form.cell("\n".join(f"{label}：{text}" for label, text in row.reasons)),
                    form.cell(row.refs),
                ]
            )
        if not area.overview and not area.reviews:
            missing = f"{content.year_name}の目標・進捗・評価の記載はありません。"
            form.add(
                [form.cell(area.short_title), form.cell(area.title), form.cell(missing)]
                + [form.cell("")] * 5
            )
    form.finish()


def _kpi_sheet(workbook: Workbook, content: ReportContent) -> None:
    years = len(content.years)
    form = Form(workbook, "KPI", [14, 28, 28, 8, 7, *[11] * years, 11, 9, 26, 40, 44, 14], A3)
    form.title(f"{content.plan_name}　KPI・成果指標の予定と実績")
    form.head(
        [
            "区分",
            "施策",
            "指標",
            "単位",
            "予定・実績",
            *(fiscal_years.short_form(year) for year in content.years),
            f"{fiscal_years.short_form(content.fiscal_year)}達成率（％）",
            "判定",
            "算式",
            "算出式・設定根拠",
            "進捗状況・評価",
            "出典注記",
        ]
    )
    form.repeat_head()
    for area in content.areas:
        for row in area.kpis:
            _add_kpi(form, area, row)
        if not area.kpis:
            form.add(
                [form.cell(area.short_title), form.cell("KPI・成果指標の記載はありません。")]
                + [form.cell("")] * (form.columns - 2)
            )
    form.finish()


def _add_kpi(form: Form, area: Area, row: IndicatorRow) -> None:
    about = [form.cell(area.short_title), form.cell(row.place), form.cell(row.name)]
    form.add(
        [
            *about,
            form.cell(row.unit),
            form.cell("予定"),
            *(form.figure(cell, row.decimals) for cell in row.planned),
            form.cell(row.percent, number_format=number_format(1, on_paper=True)),
            form.cell(row.reached_text),
            form.cell(row.how),
            form.cell(row.definition),
            form.cell(row.comment),
            form.cell(row.all_refs),
        ]
    )
    form.add(
        [
            *(form.cell("") for _ in about),
            form.cell(row.unit),
            form.cell("実績"),
            *(form.figure(cell, row.decimals, font=BOLD) for cell in row.actual),
            *(form.cell("") for _ in range(6)),
        ]
    )


def _project_sheet(workbook: Workbook, content: ReportContent) -> None:
    years, stages = len(content.years), len(content.schedule_years)
    widths = [14, 26, 26, 14, 8, 32, 44, 20, 24, 8, 7, *[10] * years, *[6] * stages, 12]
    form = Form(workbook, "事業一覧", widths, A3)
    form.title(f"{content.plan_name}　事業の一覧", f"スケジュール：{stage_legend()}")
    form.head(
        [
            "区分",
            "施策",
            "掲載先",
            "番号（PID）",
            "リーディング",
            "事業",
            "概要",
            "所管課",
            "活動指標",
            "単位",
            "予定・実績",
            *(fiscal_years.short_form(year) for year in content.years),
            *(f"{fiscal_years.short_form(year)}予定" for year in content.schedule_years),
            "出典注記",
        ]
    )
    form.repeat_head()
    for group in content.project_list:
        for step in group.groups:
            for project in step.projects:
                for line in project.lines:
                    first = line.is_first
                    figures = [
                        form.figure(cell, line.row.decimals if line.row else 0)
                        for cell in line.cells
                    ] or [form.cell("")] * years
                    form.add(
                        [
                            form.cell(group.short_title),
                            form.cell(step.path[0]),
                            form.cell(step.path[-1] if len(step.path) > 1 else ""),
                            form.cell(project.code),
                            form.cell("★" if project.is_leading and first else ""),
                            form.cell(project.title if first else ""),
                            form.cell(project.summary if first else ""),
                            form.cell(project.departments if first else ""),
                            form.cell(line.row.name if line.row and line.opens else ""),
                            form.cell(line.row.unit if line.row else ""),
                            form.cell(line.kind),
                            *figures,
                            *(
                                form.cell(stage if first else "", alignment=CENTER)
                                for stage in project.planned
                            ),
                            form.cell(project.all_refs if first else ""),
                        ]
                    )
    form.finish()


def _totals_sheet(workbook: Workbook, content: ReportContent) -> None:
    totals = content.totals
    form = Form(workbook, "集計", [34, *[14] * max(4, len(totals.mark_labels) + 1)])
    form.title(f"{content.plan_name}　{content.year_name}の集計")
    form.heading("進捗の記号")
    form.head(["区分", *totals.mark_labels, "計"])
    for line in [*totals.areas, totals.total]:
        form.add([form.cell(value) for value in (line.label, *line.marks, line.issues)])
    form.heading("KPI・成果指標の達成（複数の施策に置かれた指標は1回だけ数える）")
    form.head(["区分", "達成", "未達成", "判定なし", "計"])
    for line in [*totals.areas, totals.total]:
        counts = (line.label, line.reached, line.missed, line.unjudged, line.indicators)
        form.add([form.cell(value) for value in counts])
    form.heading(f"{content.year_name}の実績値の状態（全指標）")
    form.head(["状態", "数"])
    for count in totals.statuses:
        form.add([form.cell(count.label), form.cell(count.number)])
    form.finish()


def _notes_sheet(workbook: Workbook, content: ReportContent) -> None:
    """All numbered notes of the forms, each with the part of the report that it belongs to."""
    form = Form(workbook, "出典注記", [24, 8, 60, 90])
    form.title("出典注記", "番号は、区分ごとに付けています。")
    form.head(["区分", "番号", "対象", "注記"])
    form.repeat_head()
    parts: list[tuple[str, tuple[Note, ...]]] = [
        ("計画", content.plan_notes),
        *((area.short_title, area.notes) for area in content.areas),
        ("事業一覧", content.list_notes),
    ]
    for label, notes in parts:
        for note in notes:
            form.add([form.cell(value) for value in (label, note.sign, note.about, note.text)])
    form.finish()
