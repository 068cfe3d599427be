"""From what was read of the plan's texts, budget and corrections to the rows of the report."""

from budgets import money
from budgets.models import BudgetEntry
from budgets.sums import (
    BudgetSums,
    Kind,
    Line,
    MeasureSum,
    Rows,
    Standing,
    TagLine,
    TagSum,
    sums_of,
)
from dxportal.reports.content import Area, ListGroup
from dxportal.reports.plan_content import (
    BudgetGroup,
    BudgetLine,
    BudgetPart,
    CorrectionRow,
    PlainBar,
    PlainMeasure,
    ReferenceTable,
    TagBudget,
)
from dxportal.reports.source import Source
from plans.models import Correction, Measure, ReferenceList, RoundItem, TermNote
from projects.bars import bar
from projects.models import Milestone

# Where a step lies in a year, and where it goes on without a stated end.
UNDER_WAY, GOES_ON = "■", "▶"
NO_AMOUNT = {
    Kind.ZERO_BUDGET: "ゼロ予算",
    Kind.CATEGORY_ALONE: "金額の記載なし",
    Kind.NOTHING: "金額・区分の記載なし",
}
STANDING = {Standing.REPEATED: "再掲", Standing.ELSEWHERE: "別の取組でも掲載"}


# Texts


def plain_measures(source: Source) -> tuple[PlainMeasure, ...]:
    """Every measure of the plan with its own texts, in the order of the tree."""
    return tuple(_plain(source, measure) for measure in source.measures)


def _plain(source: Source, measure: Measure) -> PlainMeasure:
    rows = source.plan_rows
    texts = (
        ("説明", measure.description),
        ("現状と課題", measure.situation),
        ("取組内容", measure.approach),
    )
    states: dict[str, list[str]] = {}
    for state in source.target_states_of.get(measure.pk, []):
        text = f"【{state.title}】{state.text}" if state.title else state.text
        text = f"{state.subject}　{text}" if state.subject else text
        states.setdefault(state.phase.name, []).append(text)
    tags: dict[str, list[str]] = {}
    for tag in rows.tags.get(measure.pk, []):
        tags.setdefault(tag.scheme.name, []).append(tag.name)
    return PlainMeasure(
        anchor=f"plain-{measure.pk}",
        depth=source.depths[measure.pk],
        level=measure.level.name,
        title=str(measure),
        department=str(measure.department or ""),
        is_repeat=measure.is_repeat,
        texts=tuple((label, text) for label, text in texts if text),
        tags=tuple((scheme, tuple_text(names)) for scheme, names in tags.items()),
        states=tuple((phase, tuple(said)) for phase, said in states.items()),
        bars=tuple(_bar(source, step) for step in rows.milestones.get(measure.pk, [])),
        references=tuple(_reference(row) for row in rows.references.get(measure.pk, [])),
        footnotes=tuple(_footnote(row) for row in rows.footnotes.get(measure.pk, [])),
        projects=tuple(
            f"{place}（{place.repeat_label}）" if place.repeat_label else str(place)
            for place in source.placements_of.get(measure.pk, [])
        ),
        source_note=_notes(source, measure),
    )


def _notes(source: Source, measure: Measure) -> str:
    """The source notes of a measure and of what stands at it, a line each."""
    rows = source.plan_rows
    said = [("", measure.source_note)]
    said += [
        (f"目指す状態（{state.phase.name}）：", state.source_note)
        for state in source.target_states_of.get(measure.pk, [])
    ]
    said += [
        (f"スケジュール「{step.text}」：", step.source_note)
        for step in rows.milestones.get(measure.pk, [])
    ]
    said += [(f"{row.title}：", row.source_note) for row in rows.references.get(measure.pk, [])]
    return "\n".join(f"{label}{note.strip()}" for label, note in said if note.strip())


def tuple_text(names: list[str]) -> str:
    return "、".join(names)


def _bar(source: Source, step: Milestone) -> PlainBar:
    years = list(source.plan.fiscal_years)
    lies = bar(step, years)
    marks = [""] * lies.before + [UNDER_WAY] * lies.span + [""] * lies.after
    if lies.goes_on:
        marks[lies.before + lies.span :] = [GOES_ON] * lies.after
    project = step.project.name if step.project else ""
    return PlainBar(step.text, step.period, project, tuple(marks))


def _reference(row: ReferenceList) -> ReferenceTable:
    return ReferenceTable(
        title=row.title,
        as_of=row.as_of,
        note=row.note,
        rows=tuple(
            (
                item.label,
                item.raw_text or (f"{item.figure}{item.unit}" if item.value is not None else ""),
                item.note,
            )
            for item in row.items.all()
        ),
    )


def _footnote(note: TermNote) -> tuple[str, str, str]:
    return note.mark, note.term.term, note.text or note.term.text


# Budget


def budget_parts(source: Source) -> tuple[BudgetPart, ...]:
    """The budget of the report's year at each stage of which there are entries or totals."""
    rows = source.plan_rows
    present = {row.stage for row in rows.entries} | {row.stage for row in rows.stated}
    return tuple(_budget(source, stage) for stage in BudgetEntry.Stage if stage in present)


def _budget(source: Source, stage: BudgetEntry.Stage) -> BudgetPart:
    rows = source.plan_rows
    sums = sums_of(
        Rows(
            measures=source.measures,
            placements=source.placements,
            entries=[entry for entry in rows.entries if entry.stage == stage],
            links=rows.links,
            stated=[total for total in rows.stated if total.stage == stage],
        )
    )
    return BudgetPart(
        stage=stage.value,
        stage_name=stage.label,
        amount=sums.total.amount,
        stated=sums.stated.amount if sums.stated else None,
        counted=sums.total.project_count,
        with_amount=sums.total.amount_count,
        repeats=sums.repeat_count,
        is_rounded=not sums.is_exact_in_thousands,
        groups=tuple(_groups(source, sums)),
        tags=tuple(_tag_budget(tag) for tag in sums.tags if tag.lines or tag.stated),
    )


def _groups(source: Source, sums: BudgetSums) -> list[BudgetGroup]:
    return [
        _group(source.depths[node.measure.pk], node)
        for root in sums.roots
        for node in root.walk()
        if node.all_lines
    ]


def _group(depth: int, node: MeasureSum) -> BudgetGroup:
    name = f"{node.measure}（再掲）" if node.measure.is_repeat else str(node.measure)
    title = f"{node.measure.level.name}　{name}".strip()
    counted = node.sum
    lines = tuple(_line(line) for line in node.lines)
    return BudgetGroup(depth, title, counted.amount, counted.project_count, lines)


def _line(line: Line) -> BudgetLine:
    budget = line.budget
    said = (STANDING.get(line.standing, ""), NO_AMOUNT.get(budget.kind, ""))
    return BudgetLine(
        project_id=budget.project.pk,
        title=str(line.placement),
        departments=budget.project.department_names,
        category=budget.category_text,
        amount=line.amount,
        is_counted=line.is_counted,
        remark="、".join(text for text in said if text),
    )


def _tag_budget(tag: TagSum) -> TagBudget:
    return TagBudget(
        scheme=str(tag.tag.scheme),
        name=tag.tag.name,
        amount=tag.sum.amount,
        stated=tag.stated.amount if tag.stated else None,
        lines=tuple(_tag_line(line) for line in tag.lines),
    )


def _tag_line(line: TagLine) -> BudgetLine:
    said = ("" if line.is_counted else "再掲", NO_AMOUNT.get(line.budget.kind, ""))
    part = f"（{line.link.part}）" if line.link.part else ""
    return BudgetLine(
        project_id=line.budget.project.pk,
        title=f"{line.title}{part}",
        departments=line.budget.project.department_names,
        category=line.budget.category_text,
        amount=line.amount,
        is_counted=line.is_counted,
        remark="、".join(text for text in said if text),
    )


def thousands(yen: int | None) -> str:
    """An amount in thousands as paper shows it; "" where there is none."""
    if yen is None:
        return ""
    amount = money.thousands(yen)
    return f"△{-amount:,}" if amount < 0 else f"{amount:,}"


# Corrections


def correction_rows(
    source: Source, areas: tuple[Area, ...], projects: tuple[ListGroup, ...]
) -> tuple[CorrectionRow, ...]:
    """All corrections of the plan, each with where the last report before it shows the figure."""
    places = _places(source, areas, projects)
    return tuple(_correction(source, row, places) for row in source.plan_rows.corrections)


Places = dict[tuple[str, int], tuple[str, str]]


def _correction(source: Source, row: Correction, places: Places) -> CorrectionRow:
    item = row.item
    section, anchor = places.get((item.kind, item.object_id), ("", ""))
    before = [
        report
        for report in source.plan_rows.published
        if report.job.data_as_of and report.job.data_as_of < row.corrected_at
    ]
    pages: dict[str, int] = next(
        (report.job.design["pages"] for report in before if report.job.design.get("pages")), {}
    )
    page = pages.get(anchor) or pages.get(f"k-{anchor}") or pages.get(f"o-{anchor}") or ""
    return CorrectionRow(
        at=row.corrected_at,
        fiscal_year=item.cycle.fiscal_year,
        section=section,
        page=str(page),
        label=item.label,
        field=row.field,
        before=row.before,
        after=row.after,
        reason=row.reason,
        is_after_publication=bool(before),
    )


def _places(source: Source, areas: tuple[Area, ...], projects: tuple[ListGroup, ...]) -> Places:
    """Section and anchor (as the templates give it) of what rounds ask for; the first one wins."""
    found: Places = {}
    for area in areas:
        for number, row in enumerate(area.kpis, start=1):
            at = (area.short_title, f"kpi-{area.anchor}-{number}")
            found.setdefault((RoundItem.Kind.ACTUAL, row.indicator_id), at)
    for number, group in enumerate(projects, start=1):
        at = ("事業の一覧", f"projects-{number}")
        for project in (project for step in group.groups for project in step.projects):
            found.setdefault((RoundItem.Kind.PROGRESS, project.project_id), at)
            found.setdefault((RoundItem.Kind.SETTLEMENT, project.project_id), ("予算", "budget"))
            for row in project.indicators:
                found.setdefault((RoundItem.Kind.ACTUAL, row.indicator_id), at)
    by_anchor = {area.anchor: area for area in areas}
    for measure in source.measures:
        for node in source.path_to(measure):
            if section := by_anchor.get(f"area-{node.pk}"):
                at = (section.short_title, section.anchor)
                found.setdefault((RoundItem.Kind.REVIEW, measure.pk), at)
    return found
