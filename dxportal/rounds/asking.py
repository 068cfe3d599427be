"""What a round asks of whom: items made from the plan's indicators, projects and measures."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models, transaction
from django.dispatch import receiver

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import Department
from accounts.policy import Act
from kpi.models import Indicator
from plans.models import Level, Measure, Plan, ReportingCycle, RoundItem
from plans.signals import cycle_opened
from plans.tree_order import measures_in_order
from projects.models import Placement, ProjectDepartment, Review, ScheduleEntry

Kind = RoundItem.Kind
KIND_ORDER = list(Kind)


@dataclass(frozen=True)
class Suggestion:
    """What the past years of a plan were asked for."""

    asks_progress: bool
    review_levels: list[Level]


def suggestion_for(plan: Plan) -> Suggestion:
    reviews = Review.objects.filter(plan=plan)
    levels = Level.objects.filter(plan=plan, measures__reviews__plan=plan).distinct()
    placed = Placement.objects.filter(plan=plan).values("project_id")
    scheduled = ScheduleEntry.objects.filter(project__in=placed).exclude(actual="")
    return Suggestion(
        asks_progress=reviews.filter(project__isnull=False).exists() or scheduled.exists(),
        review_levels=list(levels),
    )


@receiver(cycle_opened, dispatch_uid="rounds.ask")
def _on_opening(cycle: ReportingCycle, **_: Any) -> None:
    ask(cycle)


def refresh(actor: Actor, cycle: ReportingCycle) -> int:
    """Ask for what has come into the plan since the round was opened; how many items are new.

    Items that are there stay as they are, with their department.
    """
    policy.require(actor, Act.MANAGE, cycle.plan.organization_id, what="照会の項目の更新", on=cycle)
    with transaction.atomic():
        made = ask(cycle)
        if made:
            after = {"items": made}
            audit.record(actor, "cycle.refresh", cycle, cycle.plan.organization_id, {}, after)
    return made


def ask(cycle: ReportingCycle) -> int:
    """Make the items that the round does not have yet; call it inside a transaction."""
    there = set(cycle.items.values_list("kind", "object_id"))
    new = [item for item in items_asked(cycle) if (item.kind, item.object_id) not in there]
    RoundItem.objects.bulk_create(new, batch_size=500)
    return len(new)


def items_asked(
    cycle: ReportingCycle, review_levels: Iterable[Level] | None = None
) -> list[RoundItem]:
    """All that the round asks for, in the plan's order, unsaved.

    A round that is not saved yet has no levels of its own: they are given.
    """
    if review_levels is None:
        review_levels = cycle.review_levels.all()
    return _Asking(cycle, {level.pk for level in review_levels}).items()


class _Asking:
    """One reading of the plan: its tree, its places and who leads what."""

    def __init__(self, cycle: ReportingCycle, levels: set[int]) -> None:
        self.cycle = cycle
        self.levels = levels
        self.measures = measures_in_order(cycle.plan)
        self.order = {measure.pk: index for index, measure in enumerate(self.measures)}
        self.by_pk = {measure.pk: measure for measure in self.measures}
        self.places = {
            place.project_id: place
            for place in Placement.objects.filter(plan=cycle.plan)
            .counted_once()
            .select_related("project")
        }
        self.leads: dict[int, Department] = {}
        for link in ProjectDepartment.objects.filter(plan=cycle.plan).select_related("department"):
            self.leads.setdefault(link.project_id, link.department)

    def items(self) -> list[RoundItem]:
        found: list[RoundItem] = []
        if self.cycle.asks_actuals:
            found += self._actuals()
        if self.cycle.asks_progress:
            found += self._of_projects(Kind.PROGRESS)
        if self.cycle.asks_settlements:
            found += self._of_projects(Kind.SETTLEMENT)
        found += self._reviews()
        found.sort(key=self._place_of)
        for position, item in enumerate(found, start=1):
            item.position = position
        return found

    def _place_of(self, item: RoundItem) -> tuple[int, int]:
        last = len(self.order)
        place = self.order.get(item.measure_id, last) if item.measure_id else last
        return place, KIND_ORDER.index(Kind(item.kind))

    def _item(
        self,
        kind: str,
        thing: models.Model,
        department: Department | None,
        measure_id: int | None,
        label: str = "",
    ) -> RoundItem:
        return RoundItem(
            cycle=self.cycle,
            kind=kind,
            object_id=thing.pk,
            label=(label or str(thing))[:300],
            department=department,
            measure_id=measure_id,
        )

    def _actuals(self) -> Iterator[RoundItem]:
        indicators = (
            Indicator.objects.in_plan(self.cycle.plan_id)
            .select_related("department")
            .prefetch_related("uses")
            .order_by("key")
        )
        for indicator in indicators:
            if not indicator.is_measured_in(self.cycle.fiscal_year):
                continue
            yield self._item(
                Kind.ACTUAL,
                indicator,
                indicator.department,
                self._measure_of(indicator),
                indicator.shown_name,
            )

    def _measure_of(self, indicator: Indicator) -> int | None:
        """Where the plan uses it: a KPI's measure before the place of a project."""
        uses = [use for use in indicator.uses.all() if use.plan_id == self.cycle.plan_id]
        for use in sorted(uses, key=lambda use: use.measure_id is None):
            if use.measure_id is not None:
                return int(use.measure_id)
            place = self.places.get(use.project_id or 0)
            if place is not None:
                return int(place.measure_id)
        return None

    def _of_projects(self, kind: str) -> Iterator[RoundItem]:
        for place in self.places.values():
            project = place.project
            if project.runs_in(self.cycle.fiscal_year):
                lead = self.leads.get(project.pk)
                yield self._item(kind, project, lead, place.measure_id, place.title)

    def _reviews(self) -> Iterator[RoundItem]:
        for measure in self.measures:
            if measure.level_id in self.levels and not measure.is_repeat:
                department = measure.department or self._lead_below(measure)
                yield self._item(Kind.REVIEW, measure, department, measure.pk)

    def _lead_below(self, measure: Measure) -> Department | None:
        """The department that leads most of the projects below; documents often name no other."""
        counts: dict[int, int] = {}
        by_pk: dict[int, Department] = {}
        for place in self.places.values():
            lead = self.leads.get(place.project_id)
            if lead is not None and self._is_below(place.measure_id, measure.pk):
                counts[lead.pk] = counts.get(lead.pk, 0) + 1
                by_pk[lead.pk] = lead
        if not counts:
            return None
        return by_pk[min(counts, key=lambda pk: (-counts[pk], pk))]

    def _is_below(self, pk: int | None, top: int) -> bool:
        while pk is not None and pk != top:
            pk = self.by_pk[pk].parent_id
        return pk == top
