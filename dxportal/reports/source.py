"""Everything that a report says, read at one moment and in a fixed number of queries."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from django.db import connection, transaction
from django.utils import timezone

from dxportal.reports.plan_source import PlanRows, read_plan_rows
from kpi.models import Actual, Indicator, IndicatorUse
from plans.models import Level, Mark, Measure, Phase, Plan, PlanRelation, TargetState
from plans.tree_order import measures_in_order
from projects.models import Placement, ProjectDepartment, Review, ScheduleEntry


@dataclass
class Source:
    """The rows of one plan, keyed so that nothing below needs the database again."""

    plan: Plan
    fiscal_year: int
    read_at: datetime.datetime
    relations: list[PlanRelation]
    marks: list[Mark]
    levels: list[Level]
    phases: list[Phase]
    measures: list[Measure]  # in the order of the tree
    placements: list[Placement]  # in the order of the plan
    uses: list[IndicatorUse]
    indicators: dict[int, Indicator]
    later_editions: frozenset[str]
    plan_rows: PlanRows
    # The levels whose measures carry marks, in any year: one without a mark this year counts too.
    marked_levels: frozenset[int]
    children: dict[int | None, list[Measure]] = field(default_factory=dict)
    depths: dict[int, int] = field(default_factory=dict)
    placements_of: dict[int, list[Placement]] = field(default_factory=dict)
    uses_of_measure: dict[int, list[IndicatorUse]] = field(default_factory=dict)
    uses_of_project: dict[int, list[IndicatorUse]] = field(default_factory=dict)
    review_of_measure: dict[int, Review] = field(default_factory=dict)
    review_of_project: dict[int, Review] = field(default_factory=dict)
    target_states_of: dict[int, list[TargetState]] = field(default_factory=dict)
    schedule_of: dict[int, dict[int, ScheduleEntry]] = field(default_factory=dict)

    def under(self, root: Measure) -> Iterator[Measure]:
        """The measure and all below it, in the order of the tree."""
        yield root
        for child in self.children.get(root.pk, []):
            yield from self.under(child)

    def path_to(self, measure: Measure) -> list[Measure]:
        """From the top of the tree down to the measure."""
        path = [measure]
        while path[0].parent_id is not None:
            path.insert(0, self._by_pk[path[0].parent_id])
        return path

    @cached_property
    def _by_pk(self) -> dict[int, Measure]:
        return {row.pk: row for row in self.measures}

    def shown_actuals(self) -> Iterator[Actual]:
        """The actuals that the report prints: of its own fiscal year and those before."""
        for indicator in self.indicators.values():
            for actual in indicator.actuals.all():
                if actual.kind == Actual.Kind.ACTUAL and actual.fiscal_year <= self.fiscal_year:
                    yield actual


@contextmanager
def one_state() -> Iterator[None]:
    """All reads inside see the same state of the database, whatever others commit meanwhile."""
    outermost = not connection.in_atomic_block
    with transaction.atomic():
        # PostgreSQL shows every statement the newest commits unless told; SQLite never does.
        if outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def read_source(plan: Plan, fiscal_year: int) -> Source:
    """Read a plan's report of a fiscal year."""
    with one_state():
        source = _read(plan.pk, fiscal_year)
    source.children = _grouped(source.measures, "parent_id")
    source.depths = _depths(source.measures)
    source.placements_of = _grouped(source.placements, "measure_id")
    source.uses_of_measure = _grouped(source.uses, "measure_id")
    source.uses_of_project = _grouped(source.uses, "project_id")
    return source


def _read(plan_id: int, fiscal_year: int) -> Source:
    plan = Plan.objects.select_related("organization").get(pk=plan_id)
    of_plan = {"plan_id": plan_id}
    measures = measures_in_order(plan)
    placements = (
        Placement.objects.filter(**of_plan)
        .select_related("project")
        .prefetch_related(
            ProjectDepartment.named_by(plan, "project__"), "project__aliases", "project__schedule"
        )
    )
    indicators = (
        Indicator.objects.in_plan(plan_id)
        .select_related("department")
        .prefetch_related("targets", "actuals", "definition_changes")
    )
    source = Source(
        plan=plan,
        fiscal_year=fiscal_year,
        read_at=timezone.now(),
        relations=list(PlanRelation.objects.filter(**of_plan)),
        marks=list(Mark.objects.filter(**of_plan)),
        levels=list(Level.objects.filter(**of_plan)),
        phases=list(Phase.objects.filter(**of_plan)),
        measures=measures,
        placements=list(placements),
        uses=list(IndicatorUse.objects.filter(**of_plan)),
        indicators={indicator.pk: indicator for indicator in indicators},
        later_editions=plan.later_editions,
        plan_rows=read_plan_rows(plan_id, fiscal_year),
        marked_levels=frozenset(
            Review.objects.filter(**of_plan, measure__isnull=False, mark__isnull=False)
            .values_list("measure__level_id", flat=True)
            .distinct()
        ),
    )
    for placement in source.placements:
        source.schedule_of[placement.project_id] = {
            entry.fiscal_year: entry for entry in placement.project.schedule.all()
        }
    reviews = Review.objects.filter(**of_plan, fiscal_year=fiscal_year)
    for review in reviews.select_related("planned_mark", "mark"):
        if review.measure_id is not None:
            source.review_of_measure[review.measure_id] = review
        elif review.project_id is not None:
            source.review_of_project[review.project_id] = review
    states = TargetState.objects.filter(measure__plan_id=plan_id).select_related("phase")
    source.target_states_of = _grouped(states, "measure_id")
    return source


def _grouped(rows: Iterable, name: str) -> dict:
    groups: dict = defaultdict(list)
    for row in rows:
        groups[getattr(row, name)].append(row)
    return dict(groups)


def _depths(measures: list[Measure]) -> dict[int, int]:
    """How deep each measure stands; parents come before their children in the tree's order."""
    depths: dict[int, int] = {}
    for measure in measures:
        above = -1 if measure.parent_id is None else depths[measure.parent_id]
        depths[measure.pk] = above + 1
    return depths
