"""The annual report as a workbook: printed forms for people, plain tables for machines.

The forms are those of the report's sections in their order, laid out to be printed as they are,
with paper size, print titles and widths. The tables after them hold the same facts in long format,
one table a sheet. Rows go to the disk as they are made: a large plan does not fill the memory.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from openpyxl.styles import Alignment

from dxportal.reports import xlsx_sections
from dxportal.reports.content import Area, IndicatorRow, Line, ProjectRow, ReportContent
from dxportal.reports.design import Chosen
from dxportal.reports.form import A3, A4, BOLD, CENTER, LEFT, Form, SheetCell
from dxportal.reports.rows import stage_legend
from dxportal.reports.sections import kinds_of
from dxportal.reports.sheets import notes_by_part, signs_of
from plans import fiscal_years
from plans.spreadsheets import number_format, save, write_table
from plans.streamed_workbook import StreamedWorkbook

Progress = Callable[[str, int], None]
Writer = Callable[[StreamedWorkbook, ReportContent, Chosen], None]


def write_xlsx(content: ReportContent, target: Path, progress: Progress) -> None:
    """Write the report into `target`."""
    workbook = StreamedWorkbook()
    workbook.properties.title = content.title
    workbook.properties.creator = content.organization
    workbook.properties.language = "ja"
    written: set[Writer] = set()
    for kind, chosen in kinds_of(content):
        for write in FORMS.get(kind.key, ()):
            # 進捗・評価 stands in two sections: a workbook has it once.
            if write not in written:
                progress(f"{kind.label}の様式", 10 + 4 * len(written))
                write(workbook, content, chosen)
                written.add(write)
    progress("出典注記", 70)
    _notes_sheet(workbook, content)
    if numbers := content.design.cover.numbers:
        for sheet in workbook.worksheets:  # the forms; those for machines follow
            text = f"{numbers.replace('&', '&&')}　&A"
            sheet.oddHeader.right.text = text  # type: ignore[union-attr]  # every form has one
    for number, table in enumerate(content.tables):
        progress(f"データ：{table.title}", 72 + number)
        title = f"データ_{table.title}"
        write_table(workbook, title, table.head, table.rows)
    progress("ファイルの書出し", 85)
    save(workbook, target, content.data_as_of)


def _cover(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
    form = Form(workbook, "表紙", [34, 90])
    form.sheet.page_setup.fitToHeight = 1
    form.title(content.title)
    form.add([])
    words = content.design.cover
    for label, text in (
        ("様式番号", words.form_number),
        ("資料番号", words.document_number),
        ("副題", words.subtitle),
        ("時点", words.as_of),
        ("はじめに", words.foreword),
    ):
        if text:
            form.add([form.cell(label, font=BOLD), form.cell(text, alignment=LEFT)])
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
        if value != "":
            form.add([form.cell(label, font=BOLD), form.cell(value, alignment=LEFT)])
    form.heading("この帳票の見方")
    for line in (
        f"実績は{content.year_name}までを載せています。空欄は記載がないことを示し、0とは別です。",
        "「データ_」で始まるシートは機械可読の表です（1シート1表、1行目が見出し、年度は西暦、単位は別の列）。",
        "データのシートにあるコードの意味は「データ_コード表」にあります。",
        *(f"{sign}：{meaning}" for sign, meaning in signs_of(content) if sign != "グラフ"),
    ):
        form.add([line], alignment=Alignment())
    form.heading("階層と数")
    for level in content.levels:
        form.add([form.cell(level.name), form.cell(level.count, alignment=LEFT)])
    for count in content.totals.counts:
        form.add([form.cell(count.label), form.cell(count.number, alignment=LEFT)])
    form.finish()


def _progress_sheet(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
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


def _kpi_sheet(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
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


def _project_sheet(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
    """事業一覧, without the columns that would stand empty."""
    if not content.project_list:
        return
    columns = _project_columns(content)
    paper = A4 if chosen.option("paper", "a3") == "a4" else A3
    form = Form(workbook, "事業一覧", [width for _, width in columns], paper)
    legend = f"スケジュール：{stage_legend()}" if content.list_stage_years else ""
    form.title(f"{content.plan_name}　事業の一覧", legend)
    form.head([name for name, _ in columns])
    form.repeat_head()
    for group in content.project_list:
        for step in group.groups:
            place = (
                group.short_title,
                step.path[0],
                step.path[-1] if len(step.path) > 1 else "",
            )
            for project in step.projects:
                for line in project.lines:
                    form.add(_project_line(form, content, place, project, line))
    form.finish()


def _project_columns(content: ReportContent) -> list[tuple[str, float]]:
    """The heads of the list of projects with their widths."""
    free = 2 if not content.list_years else 1  # the room of the figures
    columns: list[tuple[str, float]] = [("区分", 14 * free), ("施策", 26), ("掲載先", 26)]
    columns += [("番号（PID）", 14)] * content.list_has_codes
    columns += [("リーディング", 8)] * content.list_has_leading
    columns.append(("事業", 32 * free))
    columns += [("概要", 44 * free)] * content.list_has_summaries
    columns.append(("所管課", 20 * free))
    if content.list_years:
        columns += [("活動指標", 24), ("単位", 8), ("予定・実績", 7)]
    columns += [(fiscal_years.short_form(year), 10) for year in content.list_years]
    columns += [(f"{fiscal_years.short_form(year)}予定", 6) for year in content.list_stage_years]
    return [*columns, ("出典注記", 12)]


def _project_line(
    form: Form, content: ReportContent, place: tuple[str, ...], project: ProjectRow, line: Line
) -> list[SheetCell]:
    """What `_project_columns` names; what is said of the project itself only in its first line."""

    def of_project(text: str, **style: Any) -> SheetCell:
        return form.cell(text if line.is_first else "", **style)

    cells = [form.cell(text) for text in place]
    if content.list_has_codes:
        cells.append(form.cell(project.code))
    if content.list_has_leading:
        cells.append(of_project("★" if project.is_leading else ""))
    cells.append(of_project("\n".join((project.title, *project.small_lines))))
    if content.list_has_summaries:
        cells.append(of_project(project.summary))
    cells.append(of_project(project.departments))
    if content.list_years:
        name = line.row.name if line.row and line.opens else ""
        unit = line.row.unit if line.row else ""
        cells += [form.cell(text) for text in (name, unit, line.kind)]
        decimals = line.row.decimals if line.row else 0
        figures = [form.figure(cell, decimals) for cell in line.cells]
        cells += figures or [form.cell("") for _ in content.list_years]
    if content.list_stage_years:
        cells += [of_project(stage, alignment=CENTER) for stage in project.planned]
    return [*cells, of_project(project.all_refs)]


def _totals_sheet(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
    totals = content.totals
    form = Form(workbook, "集計", [34, *[14] * max(4, len(totals.mark_labels) + 1)])
    form.title(f"{content.plan_name}　{content.year_name}の集計")
    if totals.has_marks:
        form.heading("進捗の記号")
        form.head(["区分", *totals.mark_labels, "計"])
        for line in [*totals.areas, totals.total]:
            form.add([form.cell(value) for value in (line.label, *line.marks, line.issues)])
        if totals.project_marks:
            marks = ("（別掲）事業の評価", *totals.project_marks, sum(totals.project_marks))
            form.add([form.cell(value) for value in marks])
    if totals.total.indicators:
        form.heading("KPI・成果指標の達成（複数の施策に置かれた指標は1回だけ数える）")
        form.head(["区分", "達成", "未達成", "判定なし", "計"])
        for line in [*totals.areas, totals.total]:
            counts = (line.label, line.reached, line.missed, line.unjudged, line.indicators)
            form.add([form.cell(value) for value in counts])
    if totals.has_indicators:
        form.heading(f"{content.year_name}の実績値の状態（全指標）")
        form.head(["状態", "数"])
        for count in totals.statuses:
            form.add([form.cell(count.label), form.cell(count.number)])
    form.heading("数")
    form.head(["区分", "数"])
    for count in totals.counts:
        form.add([form.cell(count.label), form.cell(count.number)])
    form.finish()


def _notes_sheet(workbook: StreamedWorkbook, content: ReportContent) -> None:
    """All numbered notes of the forms, each with the part of the report that it belongs to."""
    form = Form(workbook, "出典注記", [24, 8, 60, 90])
    form.title("出典注記", "番号は、区分ごとに付けています。")
    form.head(["区分", "番号", "対象", "注記"])
    form.repeat_head()
    for label, notes in notes_by_part(content):
        for note in notes:
            form.add([form.cell(value) for value in (label, note.sign, note.about, note.text)])
    form.finish()


# Which forms a section has in the workbook; the tables for machines are always there.
FORMS: dict[str, tuple[Writer, ...]] = {
    "cover": (_cover,),
    "roads": (xlsx_sections.roads,),
    "areas": (_progress_sheet, _kpi_sheet),
    "overviews": (_progress_sheet,),
    "steps": (xlsx_sections.steps,),
    "kpis": (_kpi_sheet,),
    "projects": (_project_sheet,),
    "measures_plain": (xlsx_sections.measures_plain,),
    "budget_sheet": (xlsx_sections.budget_sheet,),
    "budget_by_measure": (xlsx_sections.budget,),
    "sheets": (xlsx_sections.sheets_of_things,),
    "summary": (xlsx_sections.summary,),
    "totals": (_totals_sheet,),
    "errata": (xlsx_sections.errata,),
}
