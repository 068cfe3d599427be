"""The order of the report: which node is a section, what stands in it, and what is counted."""

from dxportal.reports.content import (
    Area,
    LevelRow,
    ListGroup,
    MarkRow,
    Note,
    Notes,
    OutlineRow,
    ReportContent,
    StepGroup,
)
from dxportal.reports.indicator_facts import FactsByIndicator
from dxportal.reports.plan_rows import budget_parts, correction_rows, plain_measures
from dxportal.reports.rows import RowMaker, is_unapproved
from dxportal.reports.source import Source, read_source
from dxportal.reports.tables import machine_tables
from dxportal.reports.totals import totals_of
from kpi.models import IndicatorUse
from plans import fiscal_years
from plans.models import Measure, Plan
from projects.models import Placement

# From three levels on, the second one makes the sections (分野 > DX重点課題 > 課題 …).
DEEP_ENOUGH = 3


def report_of(plan: Plan, fiscal_year: int) -> ReportContent:
    """Everything that the report of this plan and fiscal year says."""
    return compose(read_source(plan, fiscal_year))


def compose(source: Source) -> ReportContent:
    composer = Composer(source)
    areas = tuple(composer.area(root) for root in composer.roots)
    plan, organization = source.plan, source.plan.organization
    first, last = (
        fiscal_years.long_form(year) for year in (plan.first_fiscal_year, plan.last_fiscal_year)
    )
    project_list, list_notes = composer.project_list()
    return ReportContent(
        organization=organization.name,
        organization_code=organization.code,
        plan_name=plan.name,
        edition=plan.edition,
        decided_on=plan.decided_on,
        as_of=plan.as_of,
        period=f"{first}～{last}",
        summary=plan.summary,
        fiscal_year=source.fiscal_year,
        years=tuple(composer.years),
        schedule_years=tuple(composer.schedule_years),
        relations=tuple(_relations(source)),
        levels=tuple(composer.level_rows()),
        marks=tuple(MarkRow(mark.symbol, mark.label, mark.threshold) for mark in source.marks),
        outline=tuple(composer.outline()),
        areas=areas,
        project_list=project_list,
        list_notes=list_notes,
        plan_notes=composer.plan_notes(),
        totals=totals_of(
            source,
            [
                (area, composer.members(root))
                for area, root in zip(areas, composer.roots, strict=True)
            ],
        ),
        tables=machine_tables(source),
        unapproved_count=sum(is_unapproved(actual) for actual in source.shown_actuals()),
        data_as_of=source.read_at,
        plan_years=tuple(plan.fiscal_years),
        plain=plain_measures(source),
        budgets=budget_parts(source),
        corrections=correction_rows(source, areas, project_list),
    )


class Composer:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.years = _value_years(source)
        self.schedule_years = _schedule_years(source)
        self.facts = FactsByIndicator(source, self.years)
        deepest = max(source.depths.values(), default=0) + 1
        self.section_depth = 1 if deepest >= DEEP_ENOUGH else 0
        self.roots = [measure for measure in source.measures if self._is_section(measure)]

    def _is_section(self, measure: Measure) -> bool:
        """A node of the section level; above it, one that would else be lost to the report."""
        depth = self.source.depths[measure.pk]
        if depth >= self.section_depth:
            return depth == self.section_depth
        return not self.source.children.get(measure.pk) or self._says_something(measure)

    def _says_something(self, measure: Measure) -> bool:
        source = self.source
        return any(
            measure.pk in rows
            for rows in (
                source.review_of_measure,
                source.uses_of_measure,
                source.placements_of,
                source.target_states_of,
            )
        )

    def members(self, root: Measure) -> list[Measure]:
        """The measures that a section covers; a node above the section level only itself."""
        if self.source.depths[root.pk] < self.section_depth:
            return [root]
        return list(self.source.under(root))

    def maker(self) -> RowMaker:
        return RowMaker(self.source, self.facts, self.schedule_years)

    def area(self, root: Measure) -> Area:
        maker, members = self.maker(), self.members(root)
        above = self.source.path_to(root)[:-1]
        overview = maker.review(root) if root.pk in self.source.review_of_measure else None
        root_refs = "" if overview else maker.notes.refer(str(root), root.source_note)
        return Area(
            anchor=f"area-{root.pk}",
            pillar="　".join(str(measure) for measure in above),
            level=root.level.name,
            title=str(root),
            short_title=root.short_name or root.name,
            department=str(root.department or ""),
            texts=tuple(
                (label, text)
                for label, text in (
                    ("説明", root.description),
                    ("現状と課題", root.situation),
                    ("取組内容", root.approach),
                )
                if text
            ),
            states=tuple(state for measure in members for state in maker.states(measure)),
            refs=overview.refs if overview else root_refs,
            overview=overview,
            reviews=(
                *(maker.review(measure) for measure in self._reviewed(root, members)),
                *(maker.project_review(place) for place in self._reviewed_projects(members)),
            ),
            steps=tuple(self._steps(root, members, maker)),
            kpis=tuple(
                maker.indicator(use, str(measure))
                for measure in members
                for use in self._uses(measure)
            ),
            notes=tuple(maker.notes.notes),
        )

    def _reviewed(self, root: Measure, members: list[Measure]) -> list[Measure]:
        """The measures of the section's table: its direct parts, and any other with a review.

        A part without a review stands there too, so that a missing one is seen; but a section
        without any review has no table at all.
        """
        reviews = self.source.review_of_measure
        if not any(measure.pk in reviews for measure in members if measure != root):
            return []
        return [
            measure
            for measure in members
            if measure != root and (measure.parent_id == root.pk or measure.pk in reviews)
        ]

    def _reviewed_projects(self, members: list[Measure]) -> list[Placement]:
        """Projects with a review of their own, once, where they mainly stand."""
        return [
            placement
            for placement in _primary_projects(self.source, members)
            if placement.project_id in self.source.review_of_project
        ]

    def _steps(
        self, root: Measure, members: list[Measure], maker: RowMaker, listing: bool = False
    ) -> list[StepGroup]:
        """The section's projects by the measure at which they are placed.

        The section's own table also names the ends of the tree at which no project stands.
        """
        groups = []
        for measure in members:
            placements = self.source.placements_of.get(measure.pk, [])
            is_end = not self.source.children.get(measure.pk) and measure != root
            if not placements and (listing or not is_end):
                continue
            path = self.source.path_to(measure)[self.source.depths[root.pk] + 1 :]
            groups.append(
                StepGroup(
                    path=tuple(str(part) for part in path) or (root.title,),
                    is_repeat=measure.is_repeat,
                    projects=tuple(maker.project(p, listing) for p in placements),
                    refs=self._step_refs(measure, maker, listing),
                )
            )
        return groups

    def _step_refs(self, measure: Measure, maker: RowMaker, listing: bool) -> str:
        return "" if listing else maker.notes.refer(str(measure), measure.source_note)

    def _uses(self, measure: Measure) -> list[IndicatorUse]:
        return self.source.uses_of_measure.get(measure.pk, [])

    def project_list(self) -> tuple[tuple[ListGroup, ...], tuple[Note, ...]]:
        """All projects of the plan, section by section, with notes of its own."""
        maker, groups = self.maker(), []
        for root in self.roots:
            steps = self._steps(root, self.members(root), maker, listing=True)
            if steps:
                above = self.source.path_to(root)[:-1]
                title = "　＞　".join(str(measure) for measure in [*above, root])
                groups.append(ListGroup(title, root.short_name or root.name, tuple(steps)))
        return tuple(groups), tuple(maker.notes.notes)

    def level_rows(self) -> list[LevelRow]:
        """How many nodes each level has; levels without a name of their own stay apart."""
        rows = []
        for level in self.source.levels:
            names = [m.short_name or m.name for m in self.source.measures if m.level_id == level.pk]
            rest = f" ほか{len(names) - 2}件" if len(names) > 2 else ""
            unnamed = f"（階層名の定めなし：{'、'.join(names[:2])}{rest}）"
            rows.append(LevelRow(level.name or unnamed, len(names)))
        return rows

    def outline(self) -> list[OutlineRow]:
        """The tree down to one level below the sections."""
        rows = []
        for measure in self.source.measures:
            depth = self.source.depths[measure.pk]
            if depth > self.section_depth + 1:
                continue
            below = list(self.source.under(measure))
            rows.append(
                OutlineRow(
                    depth=depth,
                    level=str(measure.level) if measure.level.name else "",
                    title=str(measure),
                    projects=len(_primary_projects(self.source, below)),
                    indicators=sum(len(self._uses(node)) for node in below),
                )
            )
        return rows

    def plan_notes(self) -> tuple[Note, ...]:
        """Notes on the plan itself, and on nodes above the sections."""
        notes = Notes()
        notes.refer(self.source.plan.name, self.source.plan.source_note)
        notes.refer(self.source.plan.organization.name, self.source.plan.organization.source_note)
        for measure in self.source.measures:
            if measure not in self.roots and self.source.depths[measure.pk] < self.section_depth:
                notes.refer(str(measure), measure.source_note)
        return tuple(notes.notes)


def _relations(source: Source) -> list[tuple[str, str, str]]:
    """The relations to other plans as they were written."""
    return [(row.get_kind_display(), row.name, row.note) for row in source.relations]


def _primary_projects(source: Source, measures: list[Measure]) -> list[Placement]:
    return [
        placement
        for measure in measures
        for placement in source.placements_of.get(measure.pk, [])
        if placement.is_primary
    ]


def _value_years(source: Source) -> range:
    """The plan's years and all for which one of its indicators has a figure."""
    years = {source.plan.first_fiscal_year, source.plan.last_fiscal_year}
    for indicator in source.indicators.values():
        years |= {target.fiscal_year for target in indicator.targets.all()}
    years |= {actual.fiscal_year for actual in source.shown_actuals()}
    return range(min(years), max(years) + 1)


def _schedule_years(source: Source) -> range:
    """The years of the schedules; the plan's own where there are none."""
    years = {year for entries in source.schedule_of.values() for year in entries}
    if not years:
        return source.plan.fiscal_years
    return range(min(years), max(years) + 1)
