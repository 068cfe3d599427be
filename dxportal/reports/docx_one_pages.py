"""The Word file's sheets that say a whole thing at once: a section's road, the year's budget."""

from budgets import money
from dxportal.reports import sheets
from dxportal.reports.content import ReportContent
from dxportal.reports.design import Chosen
from dxportal.reports.docx_document import WIDE, Report
from dxportal.reports.docx_markup import SMALL, STEP_FILL, Box, Paragraph, Run, Table
from dxportal.reports.docx_tables import activities
from dxportal.reports.one_pages import (
    BudgetOverview,
    Road,
    RoadPart,
    RoadRow,
    budget_overview,
    roads_of,
)
from dxportal.reports.plan_content import TagBudget
from dxportal.reports.plan_rows import thousands
from dxportal.reports.rows import stage_legend
from dxportal.templatetags.report_paper import paper
from plans import fiscal_years

STAGE_FILL = {"build": "C5D7FB", "operate": "E8EEFB"}


def write_roads(report: Report, content: ReportContent, chosen: Chosen) -> None:
    for number, road in enumerate(roads_of(content)):
        report.page(WIDE)
        if not number:
            report.heading(1, "一枚概要")
        report.heading(2, road.area.title)
        _road(report, content, road)


def _road(report: Report, content: ReportContent, road: Road) -> None:
    overview = road.area.overview
    said = (overview.summary or overview.result) if overview else ""
    states = [f"{text}（{state.phase}）" for state in road.states for text in state.texts]
    with report.table([25, None, 25, None], "進捗概要と到達像", SMALL) as table:
        label = f"進捗概要\n{overview.mark}" if overview and overview.mark else "進捗概要"
        texts = (label, said or "記載なし", "到達像", "\n".join(states) or "記載なし")
        table.row([table.text(text, bold=at % 2 == 0) for at, text in enumerate(texts)])
    remark = f"年度ごとの予定：{stage_legend()}　　★リーディングプロジェクト"
    report.paragraph(remark, "ReportRemark", keeps_next=True)
    year = fiscal_years.short_form(content.fiscal_year)
    years = [fiscal_years.short_form(one) for one in content.schedule_years]
    widths = [22, 66, *[None] * len(years), 50, 17, 17]
    with report.table(widths, f"{road.area.short_title}の道のり", SMALL) as table:
        head = ["番号", "事業", *years, "指標（単位）", f"{year}予定", f"{year}実績"]
        table.head(head, current=year)
        for part in road.parts:
            _part(table, content, part)
            for row in part.rows:
                _row(table, row, len(years))


def _part(table: Table, content: ReportContent, part: RoadPart) -> None:
    year = fiscal_years.short_form(content.fiscal_year)
    mark = f"　進捗：{part.review.mark}" if part.review and part.review.mark else ""
    lines = [Paragraph((Run(part.title + mark, bold=True),))]
    for row in part.kpis:
        planned, actual = (
            paper(text) or "記載なし" for text in (row.current_planned, row.current_actual)
        )
        rate = f"（達成率 {paper(row.achievement)}）" if row.percent is not None else ""
        said = f"KPI　{row.name_with_unit}：{year}予定 {planned}、実績 {actual}{rate}"
        lines.append(Paragraph((Run(said),)))
    table.row([Box(tuple(lines), span=table.columns, fill=STEP_FILL)], keeps_next=bool(part.rows))


def _row(table: Table, row: RoadRow, years: int) -> None:
    star = "★" if row.project.is_leading else ""
    way = [
        Box(
            (Paragraph((Run(one.text),), align="center"),),
            span=one.years,
            fill=STAGE_FILL.get(one.stage, ""),
        )
        for one in row.stretches
    ]
    name = table.text(f"{star}{row.project.title}", bold=True)
    about = [table.text(row.project.code), name]
    empty = [Box()] * years
    table.row([*about, *(way or empty), *activities(table, row.project.indicators)])


def write_budget_sheet(report: Report, content: ReportContent, chosen: Chosen) -> None:
    part = sheets.budget_of(content, chosen.option("stage", "initial"))
    report.page(WIDE)
    report.heading(1, "予算の一枚概要")
    if part is None:
        missing = f"{content.year_name}のこの段階の予算の記載はありません。"
        report.paragraph(missing, "ReportMissing")
        return
    overview = budget_overview(part)
    headline = f"{content.plan_name}（{content.year_name}{part.stage_name}）　総額"
    report.paragraph(f"{headline} {_in_words(part.amount)}（{part.counted}事業）", "Caption")
    if overview.tags:
        with report.table([None] * len(overview.tags), "重点の合計", SMALL) as table:
            table.head([f"{tag.scheme}\n{tag.name}" for tag in overview.tags])
            totals = (_in_words(tag.amount) for tag in overview.tags)
            table.row([table.text(total, bold=True, align="center") for total in totals])
            table.row([_tag_lines(tag) for tag in overview.tags])
    report.paragraph("（単位：千円）", "ReportUnit", keeps_next=True)
    _sums(report, overview)
    stated = "" if part.stated is None else f"資料の記載は{_in_words(part.stated)}です。"
    report.paragraph(f"再掲の事業は1回だけ数えます。{stated}", "ReportRemark")


def _in_words(yen: int | None) -> str:
    return "記載なし" if yen is None else money.in_words(yen)


def _tag_lines(tag: TagBudget) -> Box:
    return Box(
        tuple(
            Paragraph(
                (
                    Run(f"●{line.title}"),
                    Run("" if line.amount is None else f"　{money.in_words(line.amount)}"),
                    Run(f"【{line.category}】" if line.category else ""),
                    Run(f"（{line.remark}）" if line.remark else ""),
                )
            )
            for line in tag.lines
        )
    )


def _sums(report: Report, overview: BudgetOverview) -> None:
    widths = [None, *[20] * len(overview.categories), 20, 30]
    with report.table(widths, "施策別の金額", SMALL) as table:
        table.head(["区分", *overview.categories, "事業", "金額"])
        for line in (*overview.lines, overview.total):
            is_bold = line.depth == 0
            counts = [*line.categories, line.projects]
            table.row(
                [
                    table.text("　" * line.depth + line.label, bold=is_bold),
                    *(table.figure(str(count), bold=is_bold) for count in counts),
                    table.figure(thousands(line.amount), bold=is_bold),
                ]
            )
