"""The wide tables of the Word file: projects with their schedule, indicators with their years."""

from collections.abc import Sequence

from dxportal.reports.content import Area, Cell, IndicatorRow, Line, ProjectRow, ReportContent
from dxportal.reports.docx_document import LIST, LIST_SMALL, Report
from dxportal.reports.docx_markup import (
    BELOW,
    GROUP_FILL,
    SMALL,
    STEP_FILL,
    TINY,
    Box,
    Paragraph,
    Run,
    Table,
    goes_on,
    split_lines,
)
from dxportal.reports.rows import stage_legend
from dxportal.templatetags.report_paper import paper
from kpi.charts import Bars
from plans import fiscal_years

CHART_WIDTH, BARS_WIDTH = 86.0, 150.0  # millimetres, as on paper
CHARTS_IN_A_ROW = 3
FONT = "Report"  # kpi.charts wants one named; the picture's font is that of chart_pictures


def _years(years: Sequence[int]) -> list[str]:
    return [fiscal_years.short_form(year) for year in years]


def _stages(table: Table, cells: Sequence[str]) -> list[Box]:
    return [table.text(cell, align="center") for cell in cells]


def _path(path: Sequence[str], is_repeat: bool) -> str:
    return "　＞　".join(path) + ("（再掲）" if is_repeat else "")


# A section's projects


def step_table(report: Report, content: ReportContent, area: Area) -> None:
    report.heading(3, f"事業の進捗（スケジュールと{content.year_name}の活動指標）")
    if not area.steps:
        report.paragraph("事業の掲載はありません。", "ReportMissing")
        return
    both, year = content.has_actual_schedule, fiscal_years.short_form(content.fiscal_year)
    kind = "予定と実績" if both else "予定（実績の記載はありません）"
    remark = f"スケジュールは{kind}：{stage_legend()}　　★リーディングプロジェクト"
    report.paragraph(remark, "ReportRemark", keeps_next=True)
    stages: list[float | None] = [None] * len(content.schedule_years)
    widths = [24, 62, 34, *([9] if both else []), *stages, 40, 17, 17]
    with report.table(widths, "事業の進捗", SMALL) as table:
        kinds = ["区分"] if both else []
        figures = ["活動指標", f"{year}予定", f"{year}実績"]
        years = _years(content.schedule_years)
        table.head(["番号", "事業", "所管課", *kinds, *years, *figures], current=year)
        for step in area.steps:
            remark = "" if step.projects else "　事業の掲載なし"
            table.band(_path(step.path, step.is_repeat), STEP_FILL, step.refs, remark)
            for project in step.projects:
                _step_project(table, project, both)


def _step_project(table: Table, project: ProjectRow, both: bool) -> None:
    star = "★" if project.is_leading else ""
    rows = 2 if both else 1
    about = [
        table.text(project.code),
        table.text(f"{star}{project.title}", project.refs, bold=True),
        table.text(project.departments),
    ]
    figures = activities(table, project.indicators)
    table.row(
        [
            *(goes_on(box, rows) for box in about),
            *([table.text("予定", align="center")] if both else []),
            *_stages(table, project.planned),
            *(goes_on(box, rows) for box in figures),
        ],
        keeps_next=both,
    )
    if both:
        kind = table.text("実績", align="center")
        below = [*([BELOW] * 3), kind, *_stages(table, project.actual), *([BELOW] * 3)]
        table.row(below)


def activities(table: Table, rows: Sequence[IndicatorRow]) -> list[Box]:
    """The indicators of a project and the year's figures, a paragraph each."""
    style = f"{table.look.style}Figure"
    return [
        Box(tuple(Paragraph((Run(row.name_with_unit),)) for row in rows)),
        Box(tuple(Paragraph((Run(paper(row.current_planned)),), style) for row in rows)),
        Box(tuple(Paragraph((Run(paper(row.current_actual)),), style) for row in rows)),
    ]


# A section's indicators


def indicator_table(report: Report, content: ReportContent, area: Area) -> None:
    report.heading(3, "KPI・成果指標")
    if not area.kpis:
        report.paragraph("KPI・成果指標の記載はありません。", "ReportMissing")
        return
    dense, year = content.is_dense, fiscal_years.short_form(content.fiscal_year)
    name, said = (27, 30) if dense else (32, 37)
    years: list[float | None] = [None] * len(content.years)
    widths = [name, name, 9, *years, 22, said, 30 if dense else 40]
    with report.table(widths, "KPI・成果指標", SMALL) as table:
        labels = ["施策", "指標（単位）", "区分", *_years(content.years)]
        labels += [f"{year}達成率", "算出式・設定根拠", "進捗状況・評価"]
        table.head(labels, current=year)
        for row in area.kpis:
            _indicator(table, row, dense)
    _charts(report, area)


def _indicator(table: Table, row: IndicatorRow, dense: bool) -> None:
    judged = [row.reached_text] if row.reached is not None else []
    rate = Box(
        (
            Paragraph((Run(paper(row.achievement), bold=True, size=9),), align="center"),
            *(Paragraph((Run(text),), align="center") for text in judged),
            *(Paragraph((Run(text, size=7),)) for text in split_lines(paper(row.how))),
        )
    )
    table.row(
        [
            goes_on(table.text(row.place), 2),
            goes_on(table.text(row.name_with_unit, row.refs, bold=True), 2),
            table.text("予定", align="center"),
            *_figures(table, row.planned, dense),
            goes_on(rate, 2),
            goes_on(table.text(row.definition), 2),
            goes_on(table.text(row.comment), 2),
        ],
        keeps_next=True,
    )
    kind = table.text("実績", align="center")
    figures = _figures(table, row.actual, dense, bold=True)
    table.row([BELOW, BELOW, kind, *figures, BELOW, BELOW, BELOW])


def _figures(table: Table, cells: Sequence[Cell], dense: bool, bold: bool = False) -> list[Box]:
    return [table.figure(paper(cell.text), cell.refs, bold, _size(cell, dense)) for cell in cells]


def _size(cell: Cell, dense: bool) -> float:
    """A smaller type for what would not fit a year's column; 0 is the table's own."""
    if not cell.size_class:
        return 7 if dense else 0
    return 5 if dense or cell.size_class.strip() == "longer" else 6


def _charts(report: Report, area: Area) -> None:
    rows = [row for row in area.kpis if row.chart.numbers]
    if not rows:
        return
    report.gap()
    widths: list[float | None] = [None] * CHARTS_IN_A_ROW
    with report.table(widths, "KPI・成果指標のグラフ", style="ReportFigures") as table:
        for start in range(0, len(rows), CHARTS_IN_A_ROW):
            boxes = [_chart(report, row) for row in rows[start : start + CHARTS_IN_A_ROW]]
            table.row([*boxes, *[Box()] * (CHARTS_IN_A_ROW - len(boxes))])


def _chart(report: Report, row: IndicatorRow) -> Box:
    chart = row.chart
    svg = chart.svg(330, 180, font=FONT) or ""
    drawn = report.picture(svg, f"{chart.title}のグラフ", chart.description, CHART_WIDTH)
    place = Paragraph((Run(row.place, size=7),), "Normal", keeps_next=True)
    name = Paragraph((Run(row.name_with_unit),), "Caption")
    return Box((place, name, Paragraph(style="Normal", more=drawn)))


def bar_picture(report: Report, bars: Bars) -> None:
    """Bars across the page; nothing where there is nothing to count."""
    svg = bars.svg(600, font=FONT)
    if svg:
        drawn = report.picture(svg, bars.title, bars.description, BARS_WIDTH)
        report.write(Paragraph(more=drawn, keeps_next=True).markup())


# All projects

# Of code, star, name, summary, the summary beside many years, and department; on A3 and on A4.
LIST_WIDTHS = ((25, 9, 50, 72, 50, 32), (16, 6, 32, 32, 28, 19))


def write_projects(report: Report, content: ReportContent, is_small: bool = False) -> None:
    """The list of all projects on A3, or `is_small` on A4."""
    if not content.project_list:
        return
    report.page(LIST_SMALL if is_small else LIST)
    report.heading(1, "事業の一覧")
    report.paragraph(_list_remark(content), "ReportRemark", keeps_next=True)
    years: list[float | None] = [None] * len(content.list_years)
    stages = [6 if is_small else 10] * len(content.list_stage_years)
    columns = _about_columns(content, is_small)
    if years:
        columns += [("活動指標（単位）", 26 if is_small else 40), ("区分", 7 if is_small else 9)]
    names, about = [name for name, _ in columns], [width for _, width in columns]
    look = TINY if is_small else SMALL
    with report.table([*about, *years, *stages], "事業の一覧", look) as table:
        table.head(
            [
                *names,
                *_years(content.list_years),
                *(f"{year}\n予定" for year in _years(content.list_stage_years)),
            ],
            current=fiscal_years.short_form(content.fiscal_year),
        )
        for group in content.project_list:
            table.band(f"{group.title}（{group.count}）", GROUP_FILL)
            for step in group.groups:
                table.band(_path(step.path, step.is_repeat), STEP_FILL)
                for project in step.projects:
                    _listed_project(table, content, project)


def _about_columns(content: ReportContent, is_small: bool) -> list[tuple[str, float | None]]:
    """What is said of a project itself, and how wide; without columns that would stand empty.

    Without figures beside them the texts get the room.
    """
    code, star, name, summary, dense, department = LIST_WIDTHS[is_small]
    columns: list[tuple[str, float | None]] = [("番号", code)] * content.list_has_codes
    columns += [("リーディング", star)] * content.list_has_leading
    if not content.list_years:
        columns.append(("事業", name if content.list_has_summaries else None))
        columns += [("概要", None)] * content.list_has_summaries
        return [*columns, ("所管課", department if content.list_has_summaries else None)]
    columns.append(("事業", name))
    columns += [("概要", dense if content.is_dense else summary)] * content.list_has_summaries
    return [*columns, ("所管課", department)]


def _list_remark(content: ReportContent) -> str:
    figures = "活動指標の予定と実績は年度ごとの値です。" if content.list_years else ""
    stages = f"スケジュールは予定です。{stage_legend()}　　" if content.list_stage_years else ""
    none = "" if content.list_years else "活動指標の記載はありません。　　"
    star = "★リーディングプロジェクト　　" if content.list_has_leading else ""
    return f"{figures}{stages}{none}{star}（再掲）はほかの施策が主たる掲載の事業"


def _listed_project(table: Table, content: ReportContent, project: ProjectRow) -> None:
    for number, line in enumerate(project.lines, start=1):
        table.row(
            [
                *_about(table, content, project, line),
                *(_line(table, content, line) if content.list_years else ()),
                *(
                    goes_on(box, project.line_count) if line.is_first else BELOW
                    for box in _stages(table, project.planned)
                    if content.list_stage_years
                ),
            ],
            keeps_next=number < project.line_count,
        )


def _about(table: Table, content: ReportContent, project: ProjectRow, line: Line) -> list[Box]:
    """What `_about_columns` names."""
    codes, leading = content.list_has_codes, content.list_has_leading
    summaries = content.list_has_summaries
    if not line.is_first:
        return [BELOW] * (2 + codes + leading + summaries)
    name = table.text(project.title, project.refs, bold=True)
    below = (Paragraph((Run(line, size=7),)) for line in project.small_lines)
    boxes = [
        *[table.text(project.code)] * codes,
        *[table.text("★" if project.is_leading else "", align="center")] * leading,
        Box((*name.paragraphs, *below)),
        *[table.text(project.summary)] * summaries,
        table.text(project.departments),
    ]
    return [goes_on(box, project.line_count) for box in boxes]


def _line(table: Table, content: ReportContent, line: Line) -> list[Box]:
    """An indicator's name, 予定 or 実績, and the figures of the years."""
    if line.row is None:
        none = table.text("（活動指標の記載なし）")
        return [none, table.text(line.kind), *[Box()] * len(content.list_years)]
    name = goes_on(table.text(line.row.name_with_unit, line.row.refs), 2) if line.opens else BELOW
    kind = table.text(line.kind, align="center")
    is_actual = line.kind == "実績"
    return [name, kind, *_figures(table, line.cells, content.is_dense, bold=is_actual)]
