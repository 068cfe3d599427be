"""Sections of the Word file beyond the default: summary, budget, plan's texts, 個票 …"""

from collections.abc import Sequence

from django.utils import timezone

from budgets import money
from dxportal.reports import sheets
from dxportal.reports.content import IndicatorRow, ReportContent
from dxportal.reports.design import Chosen
from dxportal.reports.docx_document import UPRIGHT, Report
from dxportal.reports.docx_markup import STEP_FILL, Box, Paragraph, Run, Table
from dxportal.reports.docx_sections import overview_table, write_notes
from dxportal.reports.plan_content import BudgetLine, BudgetPart, PlainMeasure, TagBudget
from dxportal.reports.plan_rows import thousands
from dxportal.reports.sections import BY_KEY
from dxportal.templatetags.report_paper import paper
from plans import fiscal_years

# With so few columns of years there is room for words beside a step's time.
FEW_YEARS = 4


def write_summary(report: Report, content: ReportContent, chosen: Chosen) -> None:
    summary = sheets.summary_of(content)
    report.page(UPRIGHT)
    report.heading(1, f"{content.year_name}の要約")
    report.paragraph(f"データの時点：{content.as_of_text} 現在", "ReportRemark")
    report.heading(2, "主な数値")
    with report.table([None, 25], "主な数値") as table:
        table.head(["区分", "数"])
        for count in summary.figures:
            table.row([table.text(count.label), table.figure(str(count.number))])
    if summary.budget:
        report.heading(2, summary.budget.stage_name)
        _unit(report)
        with report.table([None, 20, 30, 45], summary.budget.stage_name) as table:
            table.head(["区分", "事業", "金額", "金額（億・万）"])
            for line in summary.budget_lines:
                words = "記載なし" if line.amount is None else money.in_words(line.amount)
                figures = (str(line.projects), thousands(line.amount), words)
                name = table.text(line.label, bold=True)
                table.row([name, *(table.figure(text) for text in figures)])
    if content.totals.has_marks:
        _late(report, summary)
    if content.totals.total.indicators:
        _deviations(report, content, summary)


def _late(report: Report, summary: sheets.Summary) -> None:
    report.heading(2, "遅れている施策")
    if summary.late:
        with report.table([30, None, 27, 27], "遅れている施策") as table:
            table.head(["区分", "施策", "進捗予定", "進捗"])
            for late in summary.late:
                texts = (late.area, late.title, late.planned_mark, late.mark)
                table.row([table.text(text) for text in texts])
    else:
        report.paragraph("遅れている施策はありません。", "ReportMissing")
    if summary.late_rest:
        report.paragraph(f"ほか{summary.late_rest}件（詳しくは集計の章）。", "ReportRemark")


def _deviations(report: Report, content: ReportContent, summary: sheets.Summary) -> None:
    report.heading(2, "目標との開きが大きいKPI・成果指標")
    if summary.deviations:
        rows = [found.row for found in summary.deviations]
        _year_figures(report, content, rows, [found.area for found in summary.deviations])
    else:
        report.paragraph("目標に届かなかった指標はありません。", "ReportMissing")
    if summary.deviations_rest:
        report.paragraph(f"ほか{summary.deviations_rest}件。", "ReportRemark")


def _year_figures(
    report: Report, content: ReportContent, rows: Sequence[IndicatorRow], places: Sequence[str]
) -> None:
    year = fiscal_years.short_form(content.fiscal_year)
    with report.table([30, None, 25, 25, 22], "KPI・成果指標") as table:
        table.head(["区分", "指標（単位）", f"{year}予定", f"{year}実績", "達成率"])
        for row, place in zip(rows, places, strict=True):
            figures = (row.current_planned, row.current_actual, row.achievement)
            table.row(
                [
                    table.text(place),
                    table.text(row.name_with_unit, bold=True),
                    *(table.figure(paper(figure)) for figure in figures),
                ]
            )


def write_budget(report: Report, content: ReportContent, chosen: Chosen) -> None:
    report.page(UPRIGHT)
    report.heading(1, "基本方針別の予算")
    budget = sheets.budget_of(content, chosen.option("stage", "initial"))
    if budget is None:
        missing = f"{content.year_name}のこの段階の予算の記載はありません。"
        report.paragraph(missing, "ReportMissing")
        return
    tags = sheets.tags_shown(budget, chosen.option("tags", "stated"))
    report.heading(2, f"総額（{content.year_name}{budget.stage_name}）")
    _unit(report)
    with report.table([None, 30, 30, 25], "総額") as table:
        table.head(["区分", "事業の合計", "資料の記載", "差"])
        whole = f"総額（{budget.counted}事業、うち金額のあるもの{budget.with_amount}）"
        named = [(f"{tag.scheme}：{tag.name}", tag) for tag in tags]
        rows: list[tuple[str, BudgetPart | TagBudget]] = [(whole, budget), *named]
        for label, one in rows:
            amounts = (one.amount, one.stated, one.difference)
            figures = (table.figure(thousands(amount)) for amount in amounts)
            table.row([table.text(label, bold=True), *figures])
    total = "記載なし" if budget.amount is None else money.in_words(budget.amount)
    remark = (
        f"総額は{total}。再掲の事業（金額のあるもの{budget.repeats}行）は金額を（　）で示し、"
        "合計に含みません。"
    )
    if budget.is_rounded:
        remark += "金額は千円未満を四捨五入しているため、内訳の和と合計が一致しないことがあります。"
    report.paragraph(remark, "ReportRemark")
    report.heading(2, "施策別の事業")
    _budget_groups(report, budget)
    for tag in tags:
        report.heading(2, f"{tag.scheme}：{tag.name}")
        stated = "" if tag.stated is None else f"（資料の記載：{thousands(tag.stated)}）"
        _unit(report)
        with report.table([None, 45, 20, 25, 27], tag.name) as table:
            table.head(["事業", "所管課", "区分", "金額", "備考"])
            _budget_lines(table, tag.lines)
            _sum_row(table, f"計{stated}", tag.amount)


def _unit(report: Report) -> None:
    report.paragraph("（単位：千円）", "ReportUnit", keeps_next=True)


def _budget_groups(report: Report, budget: BudgetPart) -> None:
    _unit(report)
    with report.table([None, 45, 20, 25, 27], "施策別の事業") as table:
        table.head(["事業", "所管課", "区分", "金額", "備考"])
        for group in budget.groups:
            _sum_row(
                table, f"{group.title}（{group.counted}事業）", group.amount, bool(group.lines)
            )
            _budget_lines(table, group.lines)
        _sum_row(table, "計", budget.amount)


def _sum_row(table: Table, label: str, amount: int | None, keeps_next: bool = False) -> None:
    name = Box((Paragraph((Run(label, bold=True),)),), span=3, fill=STEP_FILL)
    table.row([name, table.figure(thousands(amount), bold=True), Box()], keeps_next)


def _budget_lines(table: Table, lines: Sequence[BudgetLine]) -> None:
    for line in lines:
        amount = thousands(line.amount)
        if amount and not line.is_counted:
            amount = f"（{amount}）"
        about = (line.title, line.departments, line.category)
        boxes = [table.text(text) for text in about]
        table.row([*boxes, table.figure(amount), table.text(line.remark)])


def write_plain_measures(report: Report, content: ReportContent, chosen: Chosen) -> None:
    report.page(UPRIGHT)
    report.heading(1, "施策別の取組")
    for row in content.plain:
        again = "（再掲）" if row.is_repeat else ""
        report.heading(2 if row.depth == 0 else 3, f"{row.title}{again}", above=row.level)
        _plain_measure(report, content, row)
    if not content.plain:
        report.paragraph("施策はありません。", "ReportMissing")


def _plain_measure(report: Report, content: ReportContent, row: PlainMeasure) -> None:
    if row.department:
        report.paragraph(f"所管課：{row.department}", "ReportRemark")
    facts = [*row.tags, *row.texts]
    facts += [(f"目指す状態（{phase}）", "\n".join(texts)) for phase, texts in row.states]
    facts += [("事業", "\n".join(row.projects))] if row.projects else []
    for reference in row.references:
        lines = ["　".join(filter(None, item)) for item in reference.rows]
        if not reference.has_figures:
            lines = ["、".join(lines)]
        title = f"{reference.title}（{reference.as_of}）" if reference.as_of else reference.title
        facts.append((title, "\n".join(filter(None, (*lines, reference.note)))))
    facts += [(f"{mark}　{term}".strip(), text) for mark, term, text in row.footnotes]
    facts += [("出典注記", row.source_note)] if row.source_note else []
    if facts:
        with report.table([35, None], row.title) as table:
            for label, text in facts:
                table.row([table.text(label, bold=True), table.text(text)])
    if row.bars:
        report.paragraph("スケジュール", "Caption", keeps_next=True)
        _bars(report, content, row)


def _bars(report: Report, content: ReportContent, row: PlainMeasure) -> None:
    years = [fiscal_years.short_form(year) for year in content.plan_years]
    room = 35 if len(years) > FEW_YEARS else 62
    with report.table([None, room, *[11] * len(years)], f"{row.title}のスケジュール") as table:
        table.head(["取組", "時期", *years])
        for step in row.bars:
            name = f"{step.project}：{step.text}" if step.project else step.text
            period = f"{step.period}\n（{step.outside}）" if step.outside else step.period
            marks = (table.text(mark, align="center") for mark in step.marks)
            table.row([table.text(name), table.text(period.strip()), *marks])
    report.paragraph("■ 実施する年度　▶ 終わりの年度の記載がなく続くもの", "ReportRemark")


def write_sheets(report: Report, content: ReportContent, chosen: Chosen) -> None:
    """A page for each measure or project; a short one follows on the same page."""
    report.page(UPRIGHT)
    report.heading(1, "個票")
    if chosen.option("of", "project") == "measure":
        _measure_sheets(report, content)
        return
    for number, sheet in enumerate(sheets.project_sheets(content)):
        project = sheet.project
        if number and not sheet.is_short:
            report.page(UPRIGHT)
        report.heading(2, f"{project.code}　{project.name}".strip())
        stages = "、".join(
            f"{fiscal_years.short_form(year)} {stage}"
            for year, stage in zip(content.schedule_years, project.planned, strict=True)
            if stage
        )
        actual = "、".join(
            f"{fiscal_years.short_form(year)} {stage}"
            for year, stage in zip(content.schedule_years, project.actual, strict=True)
            if stage
        )
        facts = [
            ("掲載", sheet.place),
            ("リーディング", "★" if project.is_leading else ""),
            ("別名", "\n".join(project.aliases)),
            ("所管課", project.departments),
            ("概要", project.summary),
            *project.facts,
            ("スケジュール（予定）", stages),
            ("スケジュール（実績）", actual),
            *((f"予算（{stage}、千円）", _amount(line)) for stage, line in sheet.budgets),
        ]
        with report.table([35, None], project.name) as table:
            for label, text in facts:
                if text:
                    table.row([table.text(label, bold=True), table.text(text)])
        if sheet.review:
            overview_table(report, content.year_name, sheet.review)
        _indicators(report, content, project.indicators)


def _amount(line: BudgetLine) -> str:
    return "　".join(filter(None, (thousands(line.amount), line.category, line.remark)))


def _indicators(report: Report, content: ReportContent, rows: Sequence[IndicatorRow]) -> None:
    if not rows:
        return
    report.heading(3, "指標")
    years = [fiscal_years.short_form(year) for year in content.years]
    with report.table([45, 12, *[None] * len(years)], "指標") as table:
        table.head(["指標（単位）", "区分", *years])
        for row in rows:
            for kind, cells in (("予定", row.planned), ("実績", row.actual)):
                figures = (table.figure(paper(cell.text), cell.refs, size=7) for cell in cells)
                name = row.name_with_unit if kind == "予定" else ""
                table.row([table.text(name, bold=True), table.text(kind), *figures], kind == "予定")


def _measure_sheets(report: Report, content: ReportContent) -> None:
    for number, sheet in enumerate(sheets.measure_sheets(content)):
        if number and not sheet.is_short:
            report.page(UPRIGHT)
        report.heading(2, sheet.measure.title)
        _plain_measure(report, content, sheet.measure)
        if sheet.review:
            overview_table(report, content.year_name, sheet.review)
        _indicators(report, content, sheet.kpis)


def write_errata(report: Report, content: ReportContent, chosen: Chosen) -> None:
    rows = sheets.errata(content, chosen.option("since", "published"))
    report.page(UPRIGHT)
    report.heading(1, "正誤表")
    if not rows:
        report.paragraph("訂正はありません。", "ReportMissing")
        return
    with report.table([11, 25, None, 25, 25, 30, 21], "正誤表") as table:
        table.head(["頁", "章", "項目", "誤", "正", "理由", "訂正日"])
        for row in rows:
            at, year = timezone.localtime(row.at), fiscal_years.short_form(row.fiscal_year)
            texts = (
                row.page,
                row.section,
                f"{row.label}（{year}{row.field}）",
                paper(row.before) or "（記載なし）",
                paper(row.after) or "（記載なし）",
                row.reason,
                f"{at.year}.{at.month}.{at.day}",
            )
            table.row([table.text(text) for text in texts])
    remark = (
        "頁は、訂正の前に公表した報告書（PDF）の頁です。空欄は、その報告書に頁がないか、"
        "分からないものです。"
    )
    report.paragraph(remark, "ReportRemark")


def write_all_notes(report: Report, content: ReportContent, chosen: Chosen) -> None:
    report.page(UPRIGHT)
    report.heading(1, BY_KEY["notes"].label)
    parts = sheets.notes_by_part(content)
    for label, notes in parts:
        write_notes(report, notes, 2, label)
    if not parts:
        report.paragraph("出典注記はありません。", "ReportMissing")
