"""The sections of the annual report as a Word file, as the templates of reports/pdf are for paper.

Every function writes one section into a `Report`; wide tables are in docx_tables.
"""

from collections.abc import Sequence

from dxportal.reports.content import Area, Note, ReportContent, ReviewRow, StateRow, Totals
from dxportal.reports.docx_document import AREA, COVER, UPRIGHT, WIDE, Report
from dxportal.reports.docx_markup import Box, Paragraph, Run, Table, split_lines
from dxportal.reports.docx_tables import bar_picture, indicator_table, step_table
from dxportal.reports.pdf import kpi_bars, mark_bars
from dxportal.reports.sheets import signs_of


def write_cover(report: Report, content: ReportContent) -> None:
    words = content.design.cover
    report.page(COVER)
    report.write(Paragraph((Run(words.numbers),), "Normal", align="right").markup())
    for _ in range(4):
        report.paragraph("", "CoverLine")
    report.paragraph(content.organization, "CoverLine")
    for _ in range(3):
        report.paragraph("", "CoverLine")
    report.paragraph(content.plan_name, "Title")
    report.paragraph(words.title or content.year_title, "Subtitle")
    if words.subtitle:
        report.paragraph(words.subtitle, "CoverLine")
    if content.edition:
        report.paragraph(f"（{content.edition}）", "CoverLine")
    for _ in range(6):
        report.paragraph("", "CoverLine")
    year = content.year_name
    unapproved = f"{content.unapproved_count}件（この報告書に載せた{year}までの実績値のうち）"
    with report.table([52, None], "この報告書について") as table:
        for label, text in (
            ("計画の期間", content.period),
            ("計画の策定", content.decided_on),
            ("資料の時点", content.as_of),
            ("時点", words.as_of),
            ("データの時点", f"{content.as_of_text} 現在"),
            ("承認の済んでいない実績値", unapproved),
        ):
            if text:
                table.row([table.text(label), table.text(text)])
    report.paragraph(
        f"実績は{year}までを載せています。空欄は記載がないことを示し、0とは別です。数値の前の△は負の数、"
        "「※」は章の終わりの出典注記の番号です。",
        "ReportRemark",
    )
    if words.foreword:
        report.page(UPRIGHT)
        report.paragraph("はじめに", "TOCHeading")
        report.text(words.foreword)


def write_contents(report: Report, content: ReportContent) -> None:
    report.page(UPRIGHT)
    report.paragraph("目次", "TOCHeading")
    report.contents()


def write_structure(report: Report, content: ReportContent) -> None:
    report.page(UPRIGHT)
    report.heading(1, "計画の組立て")
    report.text(content.summary)
    if content.relations:
        report.heading(2, "ほかの計画との関係")
        with report.table([30, 70, None], "ほかの計画との関係") as table:
            table.head(["関係", "計画", "注記"])
            for row in content.relations:
                table.row([table.text(text) for text in row])
    report.heading(2, "階層と数")
    with report.table([None, 30], "階層と数") as table:
        table.head(["階層", "数"])
        for level in content.levels:
            table.row([table.text(level.name), table.figure(str(level.count))])
        for count in content.totals.counts:
            label = f"{count.label}（{count.remark}）" if count.remark else count.label
            table.row([table.text(label), table.figure(str(count.number))])
    _signs(report, content)
    _outline(report, content)
    write_notes(report, content.plan_notes, 2)


def _outline(report: Report, content: ReportContent) -> None:
    """The tree of measures, with the numbers of what stands in it anywhere."""
    projects, indicators = content.outline_has_projects, content.outline_has_indicators
    heads = ["事業"] * projects + ["指標"] * indicators
    report.heading(2, "施策の体系")
    with report.table([30, None, *[20] * len(heads)], "施策の体系") as table:
        table.head(["階層", "名称", *heads])
        for line in content.outline:
            name = Run("　" * line.depth + line.title, bold=line.depth == 0)
            counts = [line.projects] * projects + [line.indicators] * indicators
            figures = (table.figure(str(count)) for count in counts)
            table.row([table.text(line.level), Box((Paragraph((name,)),)), *figures])
    if projects:
        remark = "事業の数は主たる掲載だけを数え、再掲は含みません。"
        report.paragraph(remark, "ReportRemark")
    if indicators:
        remark = "指標の数は、その施策と下の施策に置かれたKPI・成果指標の数です。"
        report.paragraph(remark, "ReportRemark")


def _signs(report: Report, content: ReportContent) -> None:
    signs = signs_of(content)
    if not signs:
        return
    report.heading(2, "記号の見方")
    with report.table([50, None], "記号の見方") as table:
        table.head(["記号", "意味"])
        for sign in signs:
            table.row([table.text(text) for text in sign])


def write_areas(report: Report, content: ReportContent) -> None:
    chapter = ""
    for area, name in zip(content.areas, content.chapters, strict=True):
        report.page(WIDE if area.is_brief else AREA)
        _area_heading(report, area, name if name != chapter else "")
        chapter = name
        year = content.year_name
        if area.is_brief:
            missing = f"{year}の総括と目標・進捗・評価、到達像の記載はありません。"
            report.paragraph(missing, "ReportMissing")
        else:
            _area_texts(report, content, area)
            report.page(WIDE)
        step_table(report, content, area)
        indicator_table(report, content, area)
        write_notes(report, area.notes, 3)


def write_overviews(report: Report, content: ReportContent) -> None:
    """The texts of every section, without its tables of projects and indicators."""
    for number, area in enumerate(content.areas):
        report.page(AREA)
        if not number:
            report.heading(1, "総括と到達像")
        _area_heading(report, area)
        if area.is_brief:
            missing = f"{content.year_name}の総括と目標・進捗・評価、到達像の記載はありません。"
            report.paragraph(missing, "ReportMissing")
        else:
            _area_texts(report, content, area)


def write_steps(report: Report, content: ReportContent) -> None:
    report.page(WIDE)
    report.heading(1, "進捗管理")
    for area in content.areas:
        report.heading(2, area.title)
        step_table(report, content, area)


def write_kpis(report: Report, content: ReportContent) -> None:
    report.page(WIDE)
    report.heading(1, "KPI・成果指標")
    for area in content.areas:
        if area.kpis:
            report.heading(2, area.title)
            indicator_table(report, content, area)


def _area_heading(report: Report, area: Area, chapter: str = "") -> None:
    """The section's heading, after that of the chapter which begins with it."""
    if chapter:
        report.heading(1, chapter)
    report.heading(2, area.title, above=area.level)
    said = [f"所管課：{area.department}"] if area.department else []
    said += [f"出典注記：{area.refs}"] if area.refs else []
    if said:
        report.paragraph("　".join(said), "ReportRemark")


def _area_texts(report: Report, content: ReportContent, area: Area) -> None:
    for label, text in area.texts:
        report.heading(3, label)
        report.text(text)
    overview_table(report, content.year_name, area.overview)
    if area.states:
        _states(report, area.states)
    report.heading(3, f"{content.year_name}の目標・進捗・評価")
    if area.reviews:
        _reviews(report, content.year_name, area.reviews)
    else:
        missing = f"{content.year_name}の目標・進捗・評価の記載はありません。"
        report.paragraph(missing, "ReportMissing")


def overview_table(report: Report, year: str, row: ReviewRow | None) -> None:
    if row is None:
        report.heading(3, f"{year}の総括")
        report.paragraph(f"{year}の総括の記載はありません。", "ReportMissing")
        return
    report.heading(3, f"{year}の総括" + (f"　進捗：{row.mark}" if row.mark else ""))
    said = [
        ("目標", row.goal),
        ("実績・評価・今後の対応", row.result),
        ("進捗概要", row.summary),
        *row.reasons,
    ]
    said = [(label, text) for label, text in said if text]
    if said:
        with report.table([30, None], f"{year}の総括") as table:
            for label, text in said:
                table.row([table.text(label, bold=True), table.text(text)])


def _states(report: Report, states: Sequence[StateRow]) -> None:
    report.heading(3, "到達像")
    with report.table([40, 25, None], "到達像") as table:
        table.head(["施策", "期", "到達像"])
        for row in states:
            texts = table.text(row.texts[0]) if len(row.texts) == 1 else _listed(table, row.texts)
            table.row([table.text(row.title, row.refs, bold=True), table.text(row.phase), texts])


def _listed(table: Table, texts: Sequence[str]) -> Box:
    style = f"{table.look.style}List"
    return Box(tuple(Paragraph((Run(f"・{text}"),), style) for text in texts))


def _mark(table: Table, text: str, is_behind: bool = False) -> Box:
    paragraph = Paragraph((Run(text, bold=is_behind),), align="center")
    return Box((paragraph,), is_heavy=is_behind)


def _said(result: str, summary: str, reasons: Sequence[tuple[str, str]], table: Table) -> Box:
    """What was written on a year, the reasons each under their own label."""
    paragraphs = [*table.text(result).paragraphs] if result else []
    paragraphs += table.text(summary).paragraphs if summary else []
    for label, text in reasons:
        first, *rest = split_lines(text)
        paragraphs.append(Paragraph((Run(label, bold=True), Run(f"　{first}"))))
        paragraphs += [Paragraph((Run(line),)) for line in rest]
    return Box(tuple(paragraphs))


def _reviews(report: Report, year: str, rows: Sequence[ReviewRow]) -> None:
    with report.table([27, 45, 21, 21, None], f"{year}の目標・進捗・評価") as table:
        table.head(["施策", "目標", "進捗予定", "進捗", "実績・評価・今後の対応、理由と影響"])
        for row in rows:
            table.row(
                [
                    table.text(row.title, row.refs, bold=True),
                    table.text(row.goal),
                    _mark(table, row.planned_mark),
                    _mark(table, row.mark, row.is_behind),
                    _said(row.result, row.summary, row.reasons, table),
                ]
            )


def write_totals(report: Report, content: ReportContent) -> None:
    totals, year = content.totals, content.year_name
    report.page(UPRIGHT)
    report.heading(1, "集計")
    report.heading(2, "数")
    with report.table([70, 20, None], "数") as table:
        table.head(["区分", "数", "数え方"])
        for count in totals.counts:
            table.row(
                [table.text(count.label), table.figure(str(count.number)), table.text(count.remark)]
            )
    if totals.has_indicators:
        report.heading(2, f"{year}の実績値の状態（活動指標を含む全指標）")
        with report.table([70, 20], "実績値の状態") as table:
            table.head(["状態", "数"])
            for count in totals.statuses:
                table.row([table.text(count.label), table.figure(str(count.number))])
    if totals.has_marks:
        report.heading(2, f"進捗の記号（{year}）")
        for bars in mark_bars(content):
            bar_picture(report, bars)
        lines = [(line.label, *line.marks, line.issues) for line in (*totals.areas, totals.total)]
        _counts(report, "進捗の記号", ["施策", *totals.mark_labels, "計"], lines)
        if totals.project_marks:
            counts = zip(totals.mark_labels, totals.project_marks, strict=True)
            said = "、".join(f"{label} {number}" for label, number in counts)
            report.paragraph(f"（別掲）事業の評価：{said}", "ReportRemark")
    if totals.total.indicators:
        _achievements(report, content)
    if totals.has_marks:
        _late(report, totals)
    if not totals.has_marks and not totals.has_indicators:
        report.paragraph(f"{year}の進捗の記号と指標の記載はありません。", "ReportMissing")


def _achievements(report: Report, content: ReportContent) -> None:
    totals = content.totals
    report.heading(2, f"KPI・成果指標の達成（{content.year_name}）")
    for bars in kpi_bars(content):
        bar_picture(report, bars)
    lines = [
        (line.label, line.reached, line.missed, line.unjudged, line.indicators)
        for line in (*totals.areas, totals.total)
    ]
    _counts(report, "KPI・成果指標の達成", ["施策", "達成", "未達成", "判定なし", "計"], lines)
    report.paragraph(
        "判定なしは、数値の実績・目標か望ましい方向の定めがないものです。複数の施策に置かれた指標は、"
        "初めの1回だけ数えます。",
        "ReportRemark",
    )


def _counts(
    report: Report, caption: str, head: list[str], lines: Sequence[tuple[object, ...]]
) -> None:
    """A line for each section; the last one is the sum."""
    with report.table([50, *[None] * (len(head) - 1)], caption) as table:
        table.head(head)
        for number, (label, *counts) in enumerate(lines, start=1):
            is_sum = number == len(lines)
            table.row(
                [
                    table.text(str(label), bold=is_sum),
                    *(table.figure(str(count), bold=is_sum) for count in counts),
                ],
                keeps_next=number == len(lines) - 1,
            )


def _late(report: Report, totals: Totals) -> None:
    report.heading(2, "遅れている施策")
    if not totals.late:
        report.paragraph("遅れている施策はありません。", "ReportMissing")
        return
    with report.table([27, 45, 21, 21, None], "遅れている施策") as table:
        table.head(["区分", "施策", "進捗予定", "進捗", "理由と影響"])
        for row in totals.late:
            table.row(
                [
                    table.text(row.area),
                    table.text(row.title, bold=True),
                    _mark(table, row.planned_mark),
                    _mark(table, row.mark, True),
                    _said("", "", row.reasons, table),
                ]
            )


def write_notes(
    report: Report, notes: Sequence[Note], level: int, heading: str = "出典注記"
) -> None:
    if notes:
        report.heading(level, heading)
    for note in notes:
        report.paragraph(f"{note.sign}　{note.about}　―　{note.text}", "ReportNote")
