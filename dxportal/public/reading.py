"""The only way to public rows: every page, file and chart for citizens reads through here.

A plan is public if it has a Publication and is no draft. Its own text, tree, targets and baselines
are the plan's. Of its figures (actuals, reviews, what schedules reached, budgets, corrections,
reports) those of the fiscal years are public whose annual round is in the state 公表, and of these
only what is approved: what is being entered or waits for approval is held back.

No name of a person, no comment, no evidence and no audit entry is ever read here.
"""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from django.db.models import Prefetch, QuerySet
from django.http import Http404

from budgets.models import BudgetEntry, StatedTotal
from budgets.sums import BudgetSums, Rows, sums_of
from dxportal.models import DataVersion, Publication, PublishedReport, ReportJob
from dxportal.public.state import PublicState, state_of
from kpi.models import Actual, Indicator, IndicatorUse, Target
from kpi.sheets import IndicatorSheet, indicator_sheet
from plans.models import (
    Correction,
    GlossaryTerm,
    Level,
    Mark,
    Measure,
    Phase,
    Plan,
    PlanRelation,
    PlanSection,
    ReferenceList,
    ReportingCycle,
    RoundItem,
    TargetState,
)
from plans.tree_order import measures_in_order
from projects.models import (
    Milestone,
    Placement,
    Project,
    ProjectDepartment,
    ProjectTag,
    Review,
    ScheduleEntry,
)

# Requests and forecasts are work inside of the house.
PUBLIC_STAGES = (
    BudgetEntry.Stage.INITIAL,
    BudgetEntry.Stage.SUPPLEMENTARY,
    BudgetEntry.Stage.TRANSFER,
    BudgetEntry.Stage.CARRYOVER,
    BudgetEntry.Stage.SETTLED,
)
APPROVED = (Actual.State.APPROVED, Actual.State.FINAL)
NOT_APPROVED = (RoundItem.State.DRAFT, RoundItem.State.SUBMITTED)


def published_plans() -> list["PublicPlan"]:
    """Every public plan, by organization."""
    found = _publications().order_by("plan__organization__code", "plan__name", "plan__pk")
    versions = Prefetch("plan__data_versions", _not_withdrawn(), to_attr="kept_versions")
    return [PublicPlan(publication) for publication in found.prefetch_related(versions)]


def published_plan(code: str, key: str) -> "PublicPlan":
    """The public plan of this organization and key. Raises Http404, for a draft too."""
    found = _publications().filter(plan__organization__code=code, plan__key=key).first()
    if found is None:
        raise Http404("公開されている計画ではありません。")
    return PublicPlan(found)


def _publications() -> QuerySet[Publication]:
    cycles = Prefetch("plan__cycles", _published_cycles(), to_attr="published_cycles")
    return (
        Publication.objects.exclude(plan__status=Plan.Status.DRAFT)
        .select_related("plan__organization")
        .prefetch_related(cycles)
    )


def _not_withdrawn() -> QuerySet[DataVersion]:
    return DataVersion.objects.filter(withdrawn_at__isnull=True)


def _published_cycles() -> QuerySet[ReportingCycle]:
    return ReportingCycle.objects.filter(
        kind=ReportingCycle.Kind.ANNUAL, state=ReportingCycle.State.PUBLISHED
    ).order_by("fiscal_year")


@dataclass(frozen=True)
class UsedIndicator:
    """An indicator with the place in the plan that uses it."""

    use: IndicatorUse
    sheet: IndicatorSheet


class PublicPlan:
    """One public plan, and the rows of it that citizens may read; each kind is fetched once."""

    def __init__(self, publication: Publication) -> None:
        self.publication = publication
        self.plan: Plan = publication.plan
        self.cycles: list[ReportingCycle] = publication.plan.published_cycles  # type: ignore[attr-defined]  # fetched by _publications
        self.years: tuple[int, ...] = tuple(cycle.fiscal_year for cycle in self.cycles)

    @property
    def code(self) -> str:
        return self.plan.organization.code

    @property
    def key(self) -> str:
        return self.plan.key

    @property
    def newest_year(self) -> int | None:
        return self.years[-1] if self.years else None

    def require_year(self, fiscal_year: int) -> int:
        """The year, if it is published. Raises Http404."""
        if fiscal_year not in self.years:
            raise Http404("公表されている年度ではありません。")
        return fiscal_year

    @cached_property
    def state(self) -> PublicState:
        return state_of(self.publication, self.years)

    @cached_property
    def _held_back(self) -> frozenset[tuple[str, int, int]]:
        """What is written but not approved, in any round of the house: kind, thing, year."""
        items = RoundItem.objects.filter(
            cycle__plan__organization_id=self.plan.organization_id,
            cycle__fiscal_year__in=self.years,
            state__in=NOT_APPROVED,
        )
        return frozenset(items.values_list("kind", "object_id", "cycle__fiscal_year"))

    def _is_out(self, kind: str, object_id: int | None, fiscal_year: int) -> bool:
        is_held = (kind, object_id, fiscal_year) in self._held_back
        return fiscal_year in self.years and not is_held

    @property
    def outline(self) -> tuple[object, ...]:
        """All that pages of many plans tell of this one, without a query of its own."""
        publication = self.publication
        return (
            (publication.pk, publication.published_at, publication.licence),
            (publication.contact, publication.introduction, self.plan.updated_at),
            (self.plan.organization.name, self.years),
            [version.pk for version in self.versions],
        )

    @property
    def last_kept_at(self) -> datetime.datetime:
        """When the newest version of the data was kept; of a plan without any, its publication."""
        newest = self.versions[0].kept_at if self.versions else self.publication.published_at
        return max(newest, self.publication.published_at)

    # The plan's own text

    @cached_property
    def levels(self) -> list[Level]:
        return list(Level.objects.filter(plan=self.plan).order_by("depth", "pk"))

    @cached_property
    def marks(self) -> list[Mark]:
        return list(Mark.objects.filter(plan=self.plan).order_by("position", "pk"))

    @cached_property
    def phases(self) -> list[Phase]:
        return list(Phase.objects.filter(plan=self.plan))

    @cached_property
    def relations(self) -> list[PlanRelation]:
        return list(PlanRelation.objects.filter(plan=self.plan))

    @cached_property
    def sections(self) -> list[PlanSection]:
        return list(PlanSection.objects.filter(plan=self.plan))

    @cached_property
    def glossary(self) -> list[GlossaryTerm]:
        return list(GlossaryTerm.objects.filter(plan=self.plan))

    @cached_property
    def references(self) -> list[ReferenceList]:
        lists = ReferenceList.objects.filter(plan=self.plan)
        return list(lists.prefetch_related("items"))

    @cached_property
    def measures(self) -> list[Measure]:
        """In the tree's order."""
        return measures_in_order(self.plan)

    def measure(self, pk: int) -> Measure:
        """Raises Http404 for a measure of any other plan."""
        return _found(self.measures, pk)

    def target_states(self, measure: Measure) -> list[TargetState]:
        rows = TargetState.objects.filter(measure=measure).select_related("phase")
        return list(rows.order_by("phase__first_fiscal_year", "position"))

    def milestones(self, measure: Measure) -> list[Milestone]:
        rows = Milestone.objects.filter(measure=measure).select_related("project")
        return list(rows.order_by("position", "pk"))

    # Projects

    @cached_property
    def placements(self) -> list[Placement]:
        """Every place of every project, in the tree's order."""
        order = {measure.pk: index for index, measure in enumerate(self.measures)}
        rows = (
            Placement.objects.filter(plan=self.plan)
            .select_related("project")
            .prefetch_related(ProjectDepartment.named_by(self.plan, "project__"))
        )
        return sorted(rows, key=lambda row: (order[row.measure_id], row.position, row.pk))

    @cached_property
    def primary_placements(self) -> list[Placement]:
        """Each project once, where it mainly stands."""
        return [place for place in self.placements if place.is_primary]

    def project(self, pk: int) -> Project:
        """Raises Http404 for a project that does not stand in the plan."""
        return _found([place.project for place in self.placements], pk)

    def project_milestones(self, project: Project) -> list[Milestone]:
        rows = Milestone.objects.filter(measure__plan=self.plan, project=project)
        return list(rows.order_by("position", "pk"))

    @cached_property
    def tags(self) -> list[ProjectTag]:
        rows = ProjectTag.objects.filter(measure__plan=self.plan)
        return list(rows.select_related("tag__scheme"))

    @cached_property
    def schedule(self) -> dict[int, dict[int, ScheduleEntry]]:
        """By project and year, without what was reached in years that are not published."""
        rows = ScheduleEntry.objects.filter(
            project__in=[place.project_id for place in self.primary_placements],
            fiscal_year__range=(self.plan.first_fiscal_year, self.plan.last_fiscal_year),
        )
        found: dict[int, dict[int, ScheduleEntry]] = defaultdict(dict)
        for row in rows:
            if not self._is_out(RoundItem.Kind.PROGRESS, row.project_id, row.fiscal_year):
                # A note of the year may tell what was reached, so it waits too.
                row.actual, row.source_note = "", ""
            if row.planned or row.actual or row.text:
                found[row.project_id][row.fiscal_year] = row
        return found

    # Indicators

    @cached_property
    def _later(self) -> frozenset[str]:
        """Editions whose revised targets do not hold here: later ones, and every draft."""
        drafts = Plan.objects.filter(
            organization_id=self.plan.organization_id, status=Plan.Status.DRAFT
        )
        return self.plan.later_editions | frozenset(drafts.values_list("key", flat=True))

    @cached_property
    def indicators(self) -> dict[int, Indicator]:
        """By number, in the order of their uses; with public targets and actuals alone."""
        order = {use.indicator_id: None for use in self.uses}
        found = self._with_values(Indicator.objects.filter(pk__in=order)).in_bulk()
        return {pk: self._named(found[pk]) for pk in order if pk in found}

    def indicator(self, pk: int) -> Indicator:
        """Raises Http404 for an indicator that the plan does not use."""
        if "indicators" in self.__dict__:
            return _found(self.indicators.values(), pk)
        used = Indicator.objects.filter(pk=pk, uses__plan=self.plan).distinct()
        return self._named(_found(self._with_values(used), pk))

    def _named(self, indicator: Indicator) -> Indicator:
        """A nameless one is named after its use in this plan, never in one that is not public."""
        if indicator.is_nameless:
            uses = (use for use in self.uses if use.indicator_id == indicator.pk)
            indicator.used_for = next((use.place_name for use in uses), "")
        return indicator

    def _with_values(self, indicators: QuerySet[Indicator]) -> QuerySet[Indicator]:
        years = (self.plan.first_fiscal_year, self.plan.last_fiscal_year)
        targets = Target.objects.filter(fiscal_year__range=years)
        actuals = Actual.objects.filter(
            kind=Actual.Kind.ACTUAL, fiscal_year__in=self.years, state__in=APPROVED
        )
        return indicators.select_related("department").prefetch_related(
            Prefetch("targets", targets.exclude(revised_in__in=self._later)),
            Prefetch("actuals", actuals),
        )

    def sheet(self, indicator: Indicator) -> IndicatorSheet:
        """Its values over the plan's years."""
        _make_current(indicator)
        return indicator_sheet(indicator, self.plan.fiscal_years, self.newest_year)

    @cached_property
    def uses(self) -> list[IndicatorUse]:
        """In the tree's order: those of measures, then those of projects by their main place."""
        order = {measure.pk: index for index, measure in enumerate(self.measures)}
        places = {place.project_id: i for i, place in enumerate(self.primary_placements)}
        rows = list(IndicatorUse.objects.filter(plan=self.plan))
        measures = {measure.pk: measure for measure in self.measures}
        projects = {place.project_id: place.project for place in self.placements}
        for use in rows:
            if use.measure_id in measures:
                use.measure = measures[use.measure_id]
            if use.project_id in projects:
                use.project = projects[use.project_id]
        return sorted(
            rows,
            key=lambda use: (
                use.measure_id is None,
                order.get(use.measure_id, 0) if use.measure_id else places.get(use.project_id, 0),
                use.position,
                use.pk,
            ),
        )

    def used_by(
        self, measures: Iterable[Measure] = (), project: Project | None = None
    ) -> list[UsedIndicator]:
        """The indicators of these measures, or of the project."""
        wanted = {measure.pk for measure in measures}
        uses = [
            use
            for use in self.uses
            if use.measure_id in wanted or (project is not None and use.project_id == project.pk)
        ]
        return [UsedIndicator(use, self.sheet(self.indicators[use.indicator_id])) for use in uses]

    # Figures of published years

    @cached_property
    def reviews(self) -> list[Review]:
        """Of measures and projects of the plan, the newest year first."""
        rows = (
            Review.objects.filter(plan=self.plan, fiscal_year__in=self.years)
            .select_related("mark", "planned_mark")
            .defer("entered_by")
            .order_by("-fiscal_year", "pk")
        )
        kinds = RoundItem.Kind
        return [
            row
            for row in rows
            if self._is_out(kinds.REVIEW, row.measure_id, row.fiscal_year)
            and (
                row.project_id is None
                or self._is_out(kinds.PROGRESS, row.project_id, row.fiscal_year)
            )
        ]

    def reviews_in(self, fiscal_year: int | None) -> dict[int, Review]:
        """The reviews of a year by their measure."""
        return {
            row.measure_id: row
            for row in self.reviews
            if row.fiscal_year == fiscal_year and row.measure_id is not None
        }

    @cached_property
    def budgets(self) -> list[BudgetEntry]:
        rows = (
            BudgetEntry.objects.in_plan(self.plan.pk)
            .filter(fiscal_year__in=self.years, stage__in=PUBLIC_STAGES)
            .select_related("project")
            .order_by("fiscal_year", "project__key", "stage", "number")
        )
        return [
            row
            for row in rows
            if row.stage != BudgetEntry.Stage.SETTLED
            or self._is_out(RoundItem.Kind.SETTLEMENT, row.project_id, row.fiscal_year)
        ]

    def budget_sums(self, fiscal_year: int, stage: str) -> BudgetSums:
        """What the year's entries of a stage sum to."""
        entries = [
            row for row in self.budgets if row.fiscal_year == fiscal_year and row.stage == stage
        ]
        stated = StatedTotal.objects.filter(
            plan=self.plan, fiscal_year__in=self.years, stage__in=PUBLIC_STAGES
        ).filter(fiscal_year=fiscal_year, stage=stage)
        return sums_of(
            Rows(
                measures=self.measures,
                placements=self.placements,
                entries=entries,
                links=self.tags,
                stated=list(stated.select_related("tag__scheme")),
            )
        )

    @cached_property
    def corrections(self) -> list[Correction]:
        rows = Correction.objects.filter(
            item__cycle__in=[cycle.pk for cycle in self.cycles],
        )
        return list(
            rows.select_related("item__cycle", "item__department")
            .defer("corrected_by")
            .order_by("-corrected_at", "-pk")
        )

    @cached_property
    def reports(self) -> list[PublishedReport]:
        rows = PublishedReport.objects.filter(
            plan=self.plan,
            fiscal_year__in=self.years,
            withdrawn_at__isnull=True,
            job__state=ReportJob.State.DONE,
        )
        return list(rows.select_related("job").defer("published_by"))

    @cached_property
    def versions(self) -> list[DataVersion]:
        """The kept states of the open data, the newest first; none with a year taken back."""
        fetched: list[DataVersion] | None = getattr(self.plan, "kept_versions", None)
        found = _not_withdrawn().filter(plan=self.plan) if fetched is None else fetched
        return [version for version in found if set(version.fiscal_years) <= set(self.years)]

    def report(self, pk: int) -> PublishedReport:
        return _found(self.reports, pk)


def _found(rows: Iterable, pk: int):  # type: ignore[no-untyped-def,type-arg]  # of whatever kind the rows are
    for row in rows:
        if row.pk == pk:
            return row
    raise Http404("公開されているものではありません。")


def _make_current(indicator: Indicator) -> None:
    """Of each year's public targets the last one holds: a later edition's is not there."""
    last: dict[tuple[int, str], Target] = {}
    for target in indicator.targets.all():
        target.is_current = False
        key = (target.fiscal_year, target.kind)
        if key not in last or target.revision > last[key].revision:
            last[key] = target
    for target in last.values():
        target.is_current = True
