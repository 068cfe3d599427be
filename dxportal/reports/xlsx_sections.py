"""The printed forms of the sections that an office may add to its workbook."""

from decimal import Decimal
from typing import Any

from openpyxl.styles import PatternFill

from dxportal.reports import one_pages, sheets
from dxportal.reports.content import IndicatorRow, ReportContent, ReviewRow
from dxportal.reports.design import Chosen
from dxportal.reports.form import A3, A4, BOLD, CENTER, LEFT, RIGHT, Form, SheetCell
from dxportal.reports.plan_content import BudgetGroup, BudgetLine, PlainBar, PlainMeasure
from dxportal.reports.plan_rows import thousands
from dxportal.reports.rows import stage_legend
from dxportal.templatetags.report_paper import paper
from plans import fiscal_years
from plans.spreadsheets import HEAD_FILL, number_format
from plans.streamed_workbook import StreamedWorkbook
from projects.models.placements import Stage

YEN_IN_THOUSANDS = number_format(0, on_paper=True)
SECTION_FILL = PatternFill("solid", fgColor="C5D7FB")
STAGE_FILLS: dict[str, PatternFill] = {
    Stage.BUILD: PatternFill("solid", fgColor="C5D7FB"),
    Stage.OPERATE: PatternFill("solid", fgColor="E8EEFB"),
}


def steps(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
    """進捗管理: each project's stages planned and done, and its indicators' figures of the year."""
    years = content.schedule_years
    widths = [16, 34, 18, 40, 24, 8, *[7] * len(years), 34, 14, 14]
    form = Form(workbook, "進捗管理", widths, A3)
    form.title(f"{content.plan_name}　進捗管理", f"スケジュール：{stage_legend()}")
    year = fiscal_years.short_form(content.fiscal_year)
    labels = [fiscal_years.short_form(number) for number in years]
    about = ["区分", "掲載先", "番号", "事業", "所管課", "予定・実績"]
    form.head([*about, *labels, "活動指標", f"{year}予定", f"{year}実績"])
    form.repeat_head()
    for area in content.areas:
        for step in area.steps:
            for project in step.projects:
                place = (area.short_title, "　＞　".join(step.path), project.code, project.title)
                names, planned, actual = (
                    "\n".join(texts)
                    for texts in (
                        [row.name_with_unit for row in project.indicators],
                        [row.current_planned for row in project.indicators],
                        [row.current_actual for row in project.indicators],
                    )
                )
                form.add(
                    [
                        *(form.cell(text) for text in (*place, project.departments, "予定")),
                        *(form.cell(stage, alignment=CENTER) for stage in project.planned),
                        form.cell(names),
                        form.cell(planned, alignment=RIGHT),
                        form.cell(actual, alignment=RIGHT),
                    ]
                )
                if content.has_actual_schedule:
                    form.add(
                        [
                            *(form.cell(text) for text in ("", "", "", "", "", "実績")),
                            *(form.cell(stage, alignment=CENTER) for stage in project.actual),
                            *(form.cell("") for _ in range(3)),
                        ]
                    )
    form.finish()


def roads(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
    """一枚概要: a page for each section: where it stands and goes, then its projects by year."""
    found = one_pages.roads_of(content)
    if not found:
        return
    years = content.schedule_years
    form = Form(workbook, "一枚概要", [18, 50, *[10] * len(years), 40, 14, 14], A3)
    form.title(f"{content.plan_name}　一枚概要", f"年度ごとの予定：{stage_legend()}　★リーディング")
    year = fiscal_years.short_form(content.fiscal_year)
    labels = [fiscal_years.short_form(number) for number in years]
    form.head(["番号", "事業", *labels, "指標（単位）", f"{year}予定", f"{year}実績"])
    form.repeat_head()
    for number, road in enumerate(found):
        if number:
            form.new_page()
        area, overview = road.area, road.area.overview
        form.band("　".join(filter(None, (area.pillar, area.title))), SECTION_FILL)
        said = (overview.summary or overview.result) if overview else ""
        states = "\n".join(text for state in road.states for text in state.texts)
        form.wide("進捗概要", said or "記載なし")
        form.wide("到達像", states or "記載なし")
        for part in road.parts:
            _road_part(form, part, len(years))
    form.finish()


def _road_part(form: Form, part: one_pages.RoadPart, years: int) -> None:
    mark = f"　進捗：{part.review.mark}" if part.review and part.review.mark else ""
    form.band(f"{part.title}{mark}", HEAD_FILL)
    for row in part.kpis:
        empty = (form.cell("") for _ in range(years + 1))
        form.add([form.cell("KPI"), *empty, *_year_figures(form, row)])
    for road in part.rows:
        project = road.project
        star = "★" if project.is_leading else ""
        way = _way(form, road.stretches)
        first, *others = project.indicators or (None,)
        names = (form.cell(text) for text in (project.code, star + project.title))
        form.add([*names, *way, *_year_figures(form, first)])
        for row in others:
            form.add([*(form.cell("") for _ in range(2 + years)), *_year_figures(form, row)])


def _way(form: Form, stretches: tuple[one_pages.Stretch, ...]) -> list[SheetCell]:
    """A cell for each run of years at one stage, told apart by its shade and by its words."""
    cells: list[SheetCell] = []
    for stretch in stretches:
        first = len(cells) + 3
        form.merge(first, first + stretch.years - 1)
        style: dict[str, Any] = {"alignment": CENTER}
        if stretch.stage in STAGE_FILLS:
            style["fill"] = STAGE_FILLS[stretch.stage]
        cells.append(form.cell(stretch.text, **style))
        cells += (form.cell("", **style) for _ in range(stretch.years - 1))
    return cells


def _year_figures(form: Form, row: IndicatorRow | None) -> list[SheetCell]:
    """An indicator's name with the year's figures, as numbers where they are."""
    if row is None:
        return [form.cell("") for _ in range(3)]
    cells = (row.current_planned_cell, row.current_actual_cell)
    return [form.cell(row.name_with_unit), *(form.figure(cell, row.decimals) for cell in cells)]


def measures_plain(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
    """施策別の取組: one line for each thing that is said of a measure."""
    form = Form(workbook, "施策別の取組", [18, 44, 24, 100], A4)
    form.title(f"{content.plan_name}　施策別の取組")
    form.head(["階層", "施策", "項目", "内容"])
    form.repeat_head()
    for row in content.plain:
        for label, text in plain_lines(row, content.plan_years) or [("", "")]:
            form.add([form.cell(value) for value in (row.level, row.title, label, text)])
    form.finish()


def plain_lines(row: PlainMeasure, years: tuple[int, ...]) -> list[tuple[str, str]]:
    """What is said of a measure as (label, text)."""
    lines = [("所管課", row.department)] if row.department else []
    lines += [*row.tags, *row.texts]
    lines += [(f"目指す状態（{phase}）", "\n".join(texts)) for phase, texts in row.states]
    lines += [("スケジュール", _bar_text(step, years)) for step in row.bars]
    for table in row.references:
        title = f"{table.title}（{table.as_of}）" if table.as_of else table.title
        said = ["　".join(filter(None, cells)) for cells in table.rows]
        if not table.has_figures:
            said = ["、".join(said)]
        lines.append((title, "\n".join([*said, *filter(None, [table.note])])))
    lines += [("注", f"{mark}　{term}　―　{text}") for mark, term, text in row.footnotes]
    if row.projects:
        lines.append(("事業", "\n".join(row.projects)))
    if row.source_note:
        lines.append(("出典注記", row.source_note))
    return lines


def _bar_text(step: PlainBar, years: tuple[int, ...]) -> str:
    lies = [
        f"{fiscal_years.short_form(year)}{mark}"
        for year, mark in zip(years, step.marks, strict=bool(step.marks))
        if mark
    ]
    what = f"{step.project}：{step.text}" if step.project else step.text
    outside = f"（{step.outside}）" if step.outside else ""
    return "　".join(filter(None, (step.period, what, " ".join(lies), outside)))


def budget(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
    part = sheets.budget_of(content, chosen.option("stage", "initial"))
    form = Form(workbook, "予算", [60, 30, 16, 18, 28], A4)
    if part is None:
        form.title(f"{content.plan_name}　予算", "この段階の予算の記載はありません。")
        form.finish()
        return
    form.title(f"{content.plan_name}　{content.year_name}{part.stage_name}")
    form.unit("（単位：千円）")
    form.head(["事業", "所管課", "区分", "金額", "備考"])
    form.repeat_head()
    for group in part.groups:
        _budget_group(form, group)
    _sum_line(form, "計", part.amount, part.stated)
    for tag in sheets.tags_shown(part, chosen.option("tags", "stated")):
        form.heading(f"{tag.scheme}：{tag.name}")
        for line in tag.lines:
            _budget_line(form, line)
        _sum_line(form, "計", tag.amount, tag.stated)
    form.finish()


def budget_sheet(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
    """予算の一枚概要: the sums of the plan's top levels by 区分, and of its priorities."""
    part = sheets.budget_of(content, chosen.option("stage", "initial"))
    title = f"{content.plan_name}　{content.year_name}の予算の一枚概要"
    if part is None:
        form = Form(workbook, "予算の概要", [60, 30], A4)
        form.title(title, "この段階の予算の記載はありません。")
        form.finish()
        return
    overview = one_pages.budget_overview(part)
    form = Form(workbook, "予算の概要", [60, *[14] * len(overview.categories), 12, 18, 18], A4)
    form.title(title, f"{part.stage_name}　再掲の事業は1回だけ数える")
    form.unit("（単位：千円）")
    form.head(["区分", *overview.categories, "事業", "金額", "資料の記載"])
    form.repeat_head()
    for line in overview.lines:
        _budget_sums(form, "　" * line.depth + line.label, line.categories, line)
    _budget_sums(form, overview.total.label, overview.total.categories, overview.total, part.stated)
    for tag in overview.tags:
        empty = [form.cell("") for _ in range(len(overview.categories) + 1)]
        amounts = (_amount_cell(form, yen, font=BOLD) for yen in (tag.amount, tag.stated))
        form.add([form.cell(f"{tag.scheme}：{tag.name}", font=BOLD), *empty, *amounts])
    form.finish()


def _budget_sums(
    form: Form,
    label: str,
    categories: tuple[int, ...],
    line: one_pages.BudgetSumLine,
    stated: int | None = None,
) -> None:
    style = {"font": BOLD} if line.depth == 0 else {}
    counts = (form.cell(count, alignment=RIGHT, **style) for count in (*categories, line.projects))
    amounts = (_amount_cell(form, yen, **style) for yen in (line.amount, stated))
    form.add([form.cell(label, **style), *counts, *amounts])


def _amount_cell(form: Form, yen: int | None, **style: Any) -> SheetCell:
    return form.cell(_thousands(yen), alignment=RIGHT, number_format=YEN_IN_THOUSANDS, **style)


def _thousands(yen: int | None) -> Decimal | None:
    return None if yen is None else Decimal(yen) / 1000


def _budget_group(form: Form, group: BudgetGroup) -> None:
    amount = form.cell(
        _thousands(group.amount), font=BOLD, alignment=RIGHT, number_format=YEN_IN_THOUSANDS
    )
    title = f"{group.title}（{group.counted}事業）"
    form.add([form.cell(title, font=BOLD), form.cell(""), form.cell(""), amount, form.cell("")])
    for line in group.lines:
        _budget_line(form, line)


def _budget_line(form: Form, line: BudgetLine) -> None:
    """The amount of a line that is not counted stands in its remark, so that a column adds up."""
    remark, amount = line.remark, line.amount
    if not line.is_counted and amount is not None:
        remark, amount = f"{remark}（{_thousands(amount):,.0f}）", None
    form.add(
        [
            *(form.cell(text) for text in (line.title, line.departments, line.category)),
            form.cell(_thousands(amount), alignment=RIGHT, number_format=YEN_IN_THOUSANDS),
            form.cell(remark),
        ]
    )


def _sum_line(form: Form, label: str, amount: int | None, stated: int | None) -> None:
    remark = "" if stated is None else f"資料の記載：{_thousands(stated):,.0f}"
    cell = form.cell(_thousands(amount), font=BOLD, alignment=RIGHT, number_format=YEN_IN_THOUSANDS)
    label_cell = form.cell(label, font=BOLD)
    form.add([label_cell, form.cell(""), form.cell(""), cell, form.cell(remark)])


def sheets_of_things(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
    """個票: the same facts as on the single pages, one line for each."""
    form = Form(workbook, "個票", [18, 50, 30, 90], A4)
    form.title(f"{content.plan_name}　個票")
    form.head(["番号・階層", "名称", "項目", "内容"])
    form.repeat_head()
    if chosen.option("of", "project") == "measure":
        for found in sheets.measure_sheets(content):
            about = (found.measure.level, found.measure.title)
            lines = [
                *plain_lines(found.measure, content.plan_years),
                *_review_lines(found.review),
                *_indicator_lines(found.kpis, content),
            ]
            for label, text in lines:
                form.add([form.cell(value) for value in (*about, label, text)])
    else:
        for sheet in sheets.project_sheets(content):
            about = (sheet.project.code, sheet.project.name)
            for label, text in _project_lines(sheet, content):
                form.add([form.cell(value) for value in (*about, label, text)])
    form.finish()


def _project_lines(sheet: sheets.ProjectSheet, content: ReportContent) -> list[tuple[str, str]]:
    project = sheet.project
    stages = zip(content.schedule_years, project.planned, strict=True)
    planned = "　".join(f"{fiscal_years.short_form(y)}{stage}" for y, stage in stages if stage)
    stages = zip(content.schedule_years, project.actual, strict=True)
    actual = "　".join(f"{fiscal_years.short_form(y)}{stage}" for y, stage in stages if stage)
    lines = [
        ("掲載先", sheet.place),
        ("リーディング", "★リーディングプロジェクト" if project.is_leading else ""),
        ("別名", "\n".join(project.aliases)),
        ("所管課", project.departments),
        ("概要", project.summary),
        *project.facts,
        ("スケジュール（予定）", planned),
        ("スケジュール（実績）", actual),
    ]
    lines += [
        (f"{stage}（千円）", "　".join(filter(None, (thousands(line.amount), *_said_of(line)))))
        for stage, line in sheet.budgets
    ]
    lines += _review_lines(sheet.review)
    lines += _indicator_lines(project.indicators, content)
    lines += [("出典注記", f"{note.sign}　{note.text}") for note in sheet.notes]
    return [(label, text) for label, text in lines if text]


def _said_of(line: BudgetLine) -> tuple[str, str]:
    return line.category, line.remark


def _review_lines(row: ReviewRow | None) -> list[tuple[str, str]]:
    """The year's marks and evaluation, as far as anything was written."""
    if row is None:
        return []
    lines = [
        ("進捗予定", row.planned_mark),
        ("進捗", row.mark),
        ("目標", row.goal),
        ("実績・評価・今後の対応", row.result),
        ("進捗概要", row.summary),
        *row.reasons,
    ]
    return [(label, text) for label, text in lines if text]


def _indicator_lines(
    rows: tuple[IndicatorRow, ...], content: ReportContent
) -> list[tuple[str, str]]:
    """Each indicator's targets, actuals, rate and texts."""
    year = fiscal_years.short_form(content.fiscal_year)
    lines = []
    for row in rows:
        for kind, cells in (("予定", row.planned), ("実績", row.actual)):
            figures = zip(content.years, cells, strict=True)
            text = "　".join(
                f"{fiscal_years.short_form(y)}：{cell.text}" for y, cell in figures if cell.text
            )
            lines.append((f"{row.name_with_unit}　{kind}", paper(text)))
        rate = "　".join(filter(None, (paper(row.achievement), row.reached_text, row.how)))
        lines.append((f"{row.name_with_unit}　{year}達成率", rate))
        lines.append((f"{row.name_with_unit}　算出式・設定根拠", row.definition))
        lines.append((f"{row.name_with_unit}　進捗状況・評価", row.comment))
    return [(label, text) for label, text in lines if text]


def summary(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
    found = sheets.summary_of(content)
    form = Form(workbook, "要約", [26, 60, 18, 18, 14], A4)
    form.title(f"{content.plan_name}　{content.year_name}の要約")
    form.heading("主な数値")
    for count in found.figures:
        form.add([form.cell(count.label), form.cell(count.number)])
    if found.budget:
        form.heading(f"{found.budget.stage_name}（単位：千円）")
        form.head(["区分", "事業", "金額"])
        for line in found.budget_lines:
            amount = _amount_cell(form, line.amount)
            form.add([form.cell(line.label), form.cell(line.projects, alignment=LEFT), amount])
    if content.totals.has_marks:
        form.heading("遅れている施策")
        form.head(["区分", "施策", "進捗予定", "進捗"])
        for late in content.totals.late:
            cells = (late.area, late.title, late.planned_mark, late.mark)
            form.add([form.cell(value) for value in cells])
    if content.totals.total.indicators:
        form.heading("目標との開きが大きいKPI・成果指標")
        form.head(["区分", "指標（単位）", "予定", "実績", "達成率（％）"])
        for deviation in found.deviations:
            row = deviation.row
            figures = (row.current_planned_cell, row.current_actual_cell)
            form.add(
                [
                    form.cell(deviation.area),
                    form.cell(row.name_with_unit),
                    *(form.figure(cell, row.decimals) for cell in figures),
                    form.cell(row.percent, number_format=number_format(1, on_paper=True)),
                ]
            )
    form.finish()


def errata(workbook: StreamedWorkbook, content: ReportContent, chosen: Chosen) -> None:
    form = Form(workbook, "正誤表", [8, 20, 44, 24, 24, 40, 16], A4)
    form.title(f"{content.plan_name}　正誤表")
    form.head(["頁", "章", "項目", "誤", "正", "理由", "訂正日"])
    form.repeat_head()
    for row in sheets.errata(content, chosen.option("since", "published")):
        label = f"{row.label}（{fiscal_years.short_form(row.fiscal_year)}{row.field}）"
        values = (row.page, row.section, label, row.before, row.after, row.reason)
        form.add([*(form.cell(value) for value in values), form.cell(row.at.date().isoformat())])
    form.finish()
