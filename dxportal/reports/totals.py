"""The report's totals (集計): every project and indicator is counted once, 再掲 never again."""

from collections import Counter
from collections.abc import Sequence

from dxportal.reports.content import Area, AreaTotals, Count, LateRow, Totals
from dxportal.reports.rows import is_unapproved, mark_text
from dxportal.reports.source import Source
from kpi.models import Actual, IndicatorUse, ValueStatus
from plans.models import Measure
from projects.models import Review

NO_MARK = "記載なし"


Section = tuple[Area, list[Measure]]  # with the measures that it covers


def totals_of(source: Source, sections: list[Section]) -> Totals:
    lines, late = [], []
    seen: set[int] = set()
    for area, members in sections:
        lines.append(_area_totals(source, area, members, seen))
        late += _late(area)
    project_marks = _marks_of(source, list(source.review_of_project.values()))
    return Totals(
        counts=tuple(_counts(source)),
        mark_labels=(*(mark_text(mark) for mark in source.marks), NO_MARK),
        behind=(*(mark.is_behind for mark in source.marks), False),
        areas=tuple(lines),
        total=_sum(lines, len(source.marks) + 1),
        statuses=tuple(_statuses(source)),
        late=tuple(late),
        project_marks=project_marks if any(project_marks) else (),
    )


def _area_totals(source: Source, area: Area, members: list[Measure], seen: set[int]) -> AreaTotals:
    """The marks and KPIs of a section; `seen` holds the indicators that were counted before.

    Marks are counted as the dashboards count them: of the measures at the levels that carry marks,
    with those that have none this year.
    """
    marked = [measure for measure in members if measure.level_id in source.marked_levels]
    marks = _marks_of(source, [source.review_of_measure.get(measure.pk) for measure in marked])
    judged = [row for row in area.kpis if row.indicator_id not in seen]
    judged = list({row.indicator_id: row for row in judged}.values())
    seen |= {row.indicator_id for row in judged}
    return AreaTotals(
        label=area.short_title,
        marks=marks,
        reached=sum(row.reached is True for row in judged),
        missed=sum(row.reached is False for row in judged),
        unjudged=sum(row.reached is None for row in judged),
    )


def _marks_of(source: Source, reviews: Sequence[Review | None]) -> tuple[int, ...]:
    """How many have which of the plan's marks, then how many none."""
    given = Counter(review.mark_id for review in reviews if review is not None)
    counts = [given[mark.pk] for mark in source.marks]
    return (*counts, len(reviews) - sum(counts))


def _sum(lines: list[AreaTotals], marks: int) -> AreaTotals:
    return AreaTotals(
        label="計",
        marks=tuple(sum(line.marks[i] for line in lines) for i in range(marks)),
        reached=sum(line.reached for line in lines),
        missed=sum(line.missed for line in lines),
        unjudged=sum(line.unjudged for line in lines),
    )


def _counts(source: Source) -> list[Count]:
    projects = {placement.project_id for placement in source.placements}
    leading = {placement.project_id for placement in source.placements if placement.is_leading}
    repeats = sum(not placement.is_primary for placement in source.placements)
    counts = [Count("事業（プロジェクト）", len(projects), "再掲は1回だけ数える")]
    if leading:
        counts.append(Count("うちリーディングプロジェクト", len(leading)))
    if repeats:
        counts.append(Count("再掲の掲載", repeats, "上の数に含まない"))
    for role in IndicatorUse.Role:
        used = {use.indicator_id for use in source.uses if use.role == role}
        if used:
            counts.append(Count(f"{role.label}（指標の数）", len(used)))
    return counts


def _statuses(source: Source) -> list[Count]:
    """What is known of the year's actuals, over all the plan's indicators, each once."""
    actuals: dict[int, Actual] = {
        actual.indicator_id: actual
        for actual in source.shown_actuals()
        if actual.fiscal_year == source.fiscal_year
    }
    rows = [
        Count(status.label, sum(actual.status == status for actual in actuals.values()))
        for status in ValueStatus
    ]
    rows.append(Count("記載がない（入力なし）", len(source.indicators) - len(actuals)))
    rows.append(Count("指標の計", len(source.indicators)))
    unapproved = sum(is_unapproved(actual) for actual in actuals.values())
    rows.append(Count("うち承認の済んでいない実績値", unapproved))
    return rows


def _late(area: Area) -> list[LateRow]:
    return [
        LateRow(area.short_title, row.title, row.planned_mark, row.mark, row.reasons)
        for row in (*((area.overview,) if area.overview else ()), *area.reviews)
        if row.is_behind
    ]
