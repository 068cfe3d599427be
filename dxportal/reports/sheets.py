"""What the shorter sections pick out of the report: key figures, 個票, sums, corrections."""

from dataclasses import dataclass

from dxportal.reports.content import (
    Count,
    IndicatorRow,
    LateRow,
    Note,
    ProjectRow,
    ReportContent,
    ReviewRow,
)
from dxportal.reports.one_pages import BudgetSumLine, budget_overview
from dxportal.reports.plan_content import (
    BudgetLine,
    BudgetPart,
    CorrectionRow,
    PlainMeasure,
    TagBudget,
)
from dxportal.reports.rows import stage_legend

# So many lines stand on the one page of the summary; the rest is counted there.
LATE_SHOWN, DEVIATIONS_SHOWN = 10, 8


@dataclass(frozen=True)
class Deviation:
    """An indicator that missed its target, by how much of it was reached."""

    area: str
    row: IndicatorRow


@dataclass(frozen=True)
class Summary:
    """One page for the council or the headquarters (議会・本部会議)."""

    figures: tuple[Count, ...]
    late: tuple[LateRow, ...]
    late_rest: int
    deviations: tuple[Deviation, ...]
    deviations_rest: int
    budget: BudgetPart | None
    budget_lines: tuple[BudgetSumLine, ...]  # by the top level, then the total


@dataclass(frozen=True)
class ProjectSheet:
    """The 個票 of one project, at its primary place."""

    place: str
    project: ProjectRow
    review: ReviewRow | None
    budgets: tuple[tuple[str, BudgetLine], ...]  # stage's name and line
    notes: tuple[Note, ...] = ()  # those of the list of projects that it refers to

    @property
    def is_short(self) -> bool:
        """So little that it follows the sheet before it on the same page."""
        return not (self.review or self.project.indicators)


@dataclass(frozen=True)
class MeasureSheet:
    """The 個票 of one measure, with its own review and indicators."""

    measure: PlainMeasure
    review: ReviewRow | None
    kpis: tuple[IndicatorRow, ...]

    @property
    def is_short(self) -> bool:
        """So little, but for the names of its projects, that it follows the sheet before it."""
        return not (self.review or self.kpis) and self.measure.is_empty


def summary_of(content: ReportContent) -> Summary:
    totals = content.totals
    missed = {
        row.indicator_id: Deviation(area.short_title, row)
        for area in reversed(content.areas)
        for row in area.kpis
        if row.reached is False and row.percent is not None
    }
    worst = sorted(missed.values(), key=lambda found: (found.row.percent, found.row.indicator_id))
    marks = zip(totals.mark_labels, totals.total.marks, strict=True)
    figures = [*totals.counts[:2]]
    if totals.has_marks:
        figures += (Count(f"進捗：{label}", number) for label, number in marks)
    if totals.total.indicators:
        figures += (
            Count("KPI・成果指標：達成", totals.total.reached),
            Count("KPI・成果指標：未達成", totals.total.missed),
            Count("KPI・成果指標：判定なし", totals.total.unjudged),
        )
    if totals.has_indicators:
        figures.append(Count("承認の済んでいない実績値", content.unapproved_count))
    budget = budget_of(content, "initial")
    overview = budget_overview(budget) if budget else None
    return Summary(
        figures=tuple(figures),
        late=totals.late[:LATE_SHOWN],
        late_rest=max(0, len(totals.late) - LATE_SHOWN),
        deviations=tuple(worst[:DEVIATIONS_SHOWN]),
        deviations_rest=max(0, len(worst) - DEVIATIONS_SHOWN),
        budget=budget,
        budget_lines=(
            (*(line for line in overview.lines if line.depth == 0), overview.total)
            if overview
            else ()
        ),
    )


def budget_of(content: ReportContent, stage: str) -> BudgetPart | None:
    return next((part for part in content.budgets if part.stage == stage), None)


def tags_shown(part: BudgetPart, choice: str) -> tuple[TagBudget, ...]:
    """The tags that the section of the budget shows: `stated`, `all` or `none`."""
    if choice == "none":
        return ()
    return tuple(tag for tag in part.tags if choice == "all" or tag.stated is not None)


def errata(content: ReportContent, since: str) -> tuple[CorrectionRow, ...]:
    """Corrections after the last publication (`published`), or all that there were (`all`)."""
    return tuple(row for row in content.corrections if since == "all" or row.is_after_publication)


def project_sheets(content: ReportContent) -> list[ProjectSheet]:
    reviews = {row.title: row for area in content.areas for row in area.reviews}
    budgets: dict[int, list[tuple[str, BudgetLine]]] = {}
    for part in content.budgets:
        for line in (line for group in part.groups for line in group.lines if line.is_counted):
            budgets.setdefault(line.project_id, []).append((part.stage_name, line))
    return [
        ProjectSheet(
            place="　＞　".join((group.title, *step.path)),
            project=project,
            review=reviews.get(f"事業：{project.code} {project.name}".replace("： ", "：")),
            budgets=tuple(budgets.get(project.project_id, ())),
            notes=tuple(note for note in content.list_notes if note.sign in signs(project)),
        )
        for group in content.project_list
        for step in group.groups
        for project in step.projects
        if project.is_primary
    ]


def signs(project: ProjectRow) -> set[str]:
    """The signs of all notes on a project (※1), on its indicators and on their figures."""
    return set(project.all_refs.split())


def measure_sheets(content: ReportContent) -> list[MeasureSheet]:
    """Of every measure of which anything is said beside its name."""
    reviews: dict[str, ReviewRow] = {}
    kpis: dict[str, list[IndicatorRow]] = {}
    for area in content.areas:
        for review in (*((area.overview,) if area.overview else ()), *area.reviews):
            reviews.setdefault(review.title, review)
        for row in area.kpis:
            kpis.setdefault(row.place, []).append(row)
    found = [
        MeasureSheet(row, reviews.get(row.title), tuple(kpis.get(row.title, ())))
        for row in content.plain
    ]
    return [
        sheet
        for sheet in found
        if not sheet.measure.is_empty or sheet.review or sheet.kpis or sheet.measure.projects
    ]


def signs_of(content: ReportContent) -> list[tuple[str, str]]:
    """What the signs mean that this report may use."""
    found = [
        (
            f"進捗予定・進捗　{mark.symbol}",
            mark.label
            if mark.threshold is None
            else f"{mark.label}（目安：達成率{mark.threshold.normalize()}%以上）",
        )
        for mark in content.marks
    ]
    if content.list_stage_years:
        found.append(("スケジュール", stage_legend()))
    if content.list_has_leading:
        found.append(("★", "リーディングプロジェクト"))
    if content.totals.has_indicators:
        found += (
            ("グラフ", "破線と白い点は予定、実線と塗った点は実績。点のない年度は数値がない。"),
            (
                "達成率",
                "指標ごとに定めた求め方による。算式は率の下に示す。求められないときは「—」。",
            ),
        )
    return found


def notes_by_part(content: ReportContent) -> list[tuple[str, tuple[Note, ...]]]:
    """All numbered notes, each with the part of the report whose numbering it belongs to."""
    parts: list[tuple[str, tuple[Note, ...]]] = [
        ("計画", content.plan_notes),
        *((area.short_title, area.notes) for area in content.areas),
        ("事業一覧", content.list_notes),
    ]
    return [(label, notes) for label, notes in parts if notes]
