"""Reading the entry grid: all rows of a person's round in a fixed number of queries."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import User
from accounts.policy import Act
from budgets.models import BudgetEntry
from dxportal.rounds.cells import SETTLEMENT_STAGES
from dxportal.rounds.rows import ActualRow, ReviewRow, Row, SettlementRow
from kpi.models import Actual, Indicator, IndicatorUse, Target
from kpi.series import target_in_force
from plans import procedure
from plans.entering import RUNNING_STATES
from plans.models import Mark, Measure, ReportingCycle, RoundItem
from plans.tree_order import measure_path, measures_in_order
from projects.models import Project, ProjectDepartment, Review, ScheduleEntry

Kind = RoundItem.Kind
# What a project may spend in a year: 予算現額.
BUDGET_STAGES = (
    BudgetEntry.Stage.INITIAL,
    BudgetEntry.Stage.SUPPLEMENTARY,
    BudgetEntry.Stage.TRANSFER,
    BudgetEntry.Stage.CARRYOVER,
)


def enterable_items(user: User) -> "QuerySet[RoundItem]":
    """What this person may enter: their departments' items, and what has no department."""
    items = RoundItem.objects.visible_to(user)
    own = items.allowing(user, Act.ENTER).values("pk")
    nobodys = items.filter(department=None).allowing(user, Act.MANAGE).values("pk")
    return items.filter(Q(pk__in=own) | Q(pk__in=nobodys)).select_related(
        "cycle__plan__organization", "department", "entered_by", "submitted_by"
    )


def rounds_of(user: User) -> list[ReportingCycle]:
    """The running rounds that ask this person for something; open ones and near ends first."""
    cycles = (
        ReportingCycle.objects.visible_to(user)
        .filter(pk__in=enterable_items(user).values("cycle"), state__in=RUNNING_STATES)
        .select_related("plan__organization")
        .prefetch_related("extensions")
        .order_by("closes_at", "pk")
    )
    return sorted(cycles, key=lambda cycle: not cycle.accepts_entries())


def rows_of_round(user: User, cycle: ReportingCycle) -> list[Row]:
    """The person's rows in the plan's order."""
    items = enterable_items(user).filter(cycle=cycle).prefetch_related("evidence__added_by")
    found = list(items)
    for item in found:
        item.cycle = cycle
    return rows_of(cycle, found)


def row_of(item: RoundItem, with_places: bool = False) -> Row:
    """One row by itself, as it is stored now.

    Raises Locked for what has been deleted since the round was opened.
    """
    found = rows_of(item.cycle, [item], with_places)
    if not found:
        raise Locked(f"「{item}」は計画から削除されています。")
    return found[0]


def rows_of(
    cycle: ReportingCycle, items: Sequence[RoundItem], with_places: bool = True
) -> list[Row]:
    """The rows of these items of one round, in their order; without what has been deleted.

    `with_places`: whether each is told its way through the plan's tree, and where it is used.
    """
    return _Reading(cycle, items, with_places).rows()


class _Reading:
    """Everything that the items are about, fetched by kind."""

    def __init__(
        self, cycle: ReportingCycle, items: Sequence[RoundItem], with_places: bool = True
    ) -> None:
        self.cycle = cycle
        self.items = items
        self.with_places = with_places
        self.year = cycle.fiscal_year
        if with_places:
            self.measures = {measure.pk: measure for measure in measures_in_order(cycle.plan)}
        else:
            self.measures = Measure.objects.in_bulk(self._ids(Kind.REVIEW))
        self.marks = list(Mark.objects.filter(plan=cycle.plan))
        uses = ["uses__project"] if with_places else []
        indicators = Indicator.objects.prefetch_related("targets", "actuals", *uses)
        self.indicators = indicators.in_bulk(self._ids(Kind.ACTUAL))
        self.projects = Project.objects.in_bulk(self._ids(Kind.PROGRESS, Kind.SETTLEMENT))
        self._read_reviews()
        self._read_schedule()
        self._read_budgets()

    def _ids(self, *kinds: str) -> list[int]:
        return [item.object_id for item in self.items if item.kind in kinds]

    def _read_reviews(self) -> None:
        self.reviews: dict[tuple[str, int, int], Review] = {}
        found = Review.objects.filter(
            Q(project__in=self._ids(Kind.PROGRESS)) | Q(measure__in=self._ids(Kind.REVIEW)),
            plan=self.cycle.plan,
            fiscal_year__in=(self.year, self.year - 1),
        ).select_related("mark", "planned_mark")
        for review in found:
            kind = Kind.PROGRESS if review.project_id else Kind.REVIEW
            number = review.project_id or review.measure_id
            self.reviews[kind, number or 0, review.fiscal_year] = review

    def _read_schedule(self) -> None:
        wanted = self._ids(Kind.PROGRESS)
        entries = ScheduleEntry.objects.filter(project__in=wanted, fiscal_year=self.year)
        self.schedule = {entry.project_id: entry for entry in entries}
        self.departments: dict[int, list[str]] = defaultdict(list)
        if not self.with_places:
            return
        links = ProjectDepartment.objects.filter(plan=self.cycle.plan, project__in=wanted)
        for link in links.select_related("department"):
            self.departments[link.project_id].append(link.department.name)

    def _read_budgets(self) -> None:
        self.budgets: dict[int, list[BudgetEntry]] = defaultdict(list)
        entries = BudgetEntry.objects.filter(
            project__in=self._ids(Kind.SETTLEMENT), fiscal_year__in=(self.year, self.year - 1)
        )
        for entry in entries:
            self.budgets[entry.project_id].append(entry)

    def rows(self) -> list[Row]:
        made = (self._row(item) for item in self.items)
        return [row for row in made if row is not None]

    def _row(self, item: RoundItem) -> Row | None:
        """None for what has been deleted since the round was opened."""
        match item.kind:
            case Kind.ACTUAL:
                return self._actual(item)
            case Kind.SETTLEMENT:
                return self._settlement(item)
            case _:
                return self._review(item)

    def _path(self, item: RoundItem) -> list[Measure]:
        measure = self.measures.get(item.measure_id or 0)
        return measure_path(self.measures.values(), measure) if measure else []

    def _actual(self, item: RoundItem) -> Row | None:
        indicator = self.indicators.get(item.object_id)
        if indicator is None:
            return None
        kind, target_kind = Actual.Kind.ACTUAL, Target.Kind.TARGET
        if self.cycle.kind == ReportingCycle.Kind.INTERIM:
            kind, target_kind = Actual.Kind.INTERIM, Target.Kind.INTERIM
        actuals = {a.fiscal_year: a for a in indicator.actuals.all() if a.kind == kind}
        for actual in actuals.values():
            actual.indicator = indicator
        targets = [
            t
            for t in indicator.targets.all()
            if t.kind == target_kind and t.fiscal_year == self.year
        ]
        return ActualRow(
            item=item,
            path=self._path(item),
            indicator=indicator,
            actual=actuals.get(self.year),
            target=self._target_in_force(targets),
            past={year: a for year, a in actuals.items() if year < self.year},
            marks=self.marks,
            uses=self._uses(indicator),
        )

    def _target_in_force(self, targets: Sequence[Target]) -> Target | None:
        is_revised = any(target.revised_in for target in targets)
        later = self.cycle.plan.later_editions if is_revised else frozenset()
        return target_in_force(targets, later)

    def _uses(self, indicator: Indicator) -> list[IndicatorUse]:
        if not self.with_places:
            return []
        return [use for use in indicator.uses.all() if use.plan_id == self.cycle.plan_id]

    def _review(self, item: RoundItem) -> Row | None:
        is_progress = item.kind == Kind.PROGRESS
        things = self.projects if is_progress else self.measures
        thing = things.get(item.object_id)
        if thing is None:
            return None
        return ReviewRow(
            item=item,
            path=self._path(item),
            thing=thing,
            review=self.reviews.get((item.kind, item.object_id, self.year)),
            last_review=self.reviews.get((item.kind, item.object_id, self.year - 1)),
            schedule=self.schedule.get(item.object_id) if is_progress else None,
            marks=self.marks,
            departments="、".join(self.departments[item.object_id]) if is_progress else "",
        )

    def _settlement(self, item: RoundItem) -> Row | None:
        project = self.projects.get(item.object_id)
        if project is None:
            return None
        entries = self.budgets[item.object_id]
        amounts = [
            entry.amount
            for entry in entries
            if entry.fiscal_year == self.year
            and entry.stage in BUDGET_STAGES
            and entry.amount is not None
        ]
        own = {e.stage: e for e in entries if e.fiscal_year == self.year}
        last = {e.stage: e for e in entries if e.fiscal_year == self.year - 1}
        return SettlementRow(
            item=item,
            path=self._path(item),
            project=project,
            entries={stage: own[stage] for stage in SETTLEMENT_STAGES if stage in own},
            budget=sum(amounts) if amounts else None,
            last_settled=last.get(BudgetEntry.Stage.SETTLED),
        )


@dataclass(frozen=True)
class Group:
    """Rows that stand under one measure of the plan."""

    name: str
    rows: list[Row]
    is_returned: bool = False


@dataclass(frozen=True)
class Section:
    """The rows of one kind, returned ones first, then grouped as the plan is."""

    kind: str
    label: str
    groups: list[Group]

    @property
    def rows(self) -> list[Row]:
        return [row for group in self.groups for row in group.rows]


def sections_of(rows: Iterable[Row]) -> list[Section]:
    by_kind: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_kind[row.item.kind].append(row)
    return [
        Section(kind.value, kind.label, _groups(by_kind[kind])) for kind in Kind if by_kind[kind]
    ]


def _groups(rows: list[Row]) -> list[Group]:
    returned = [row for row in rows if row.item.is_returned]
    groups = [Group("差し戻された項目", returned, is_returned=True)] if returned else []
    names: dict[str, list[Row]] = {}
    for row in rows:
        if not row.item.is_returned:
            names.setdefault(row.path_text or "計画の体系に掲載のないもの", []).append(row)
    return groups + [Group(name, found) for name, found in names.items()]


def may_enter(actor: Actor, item: RoundItem) -> bool:
    """Whether the actor's roles allow entering this item at all."""
    return procedure.may_take(actor, item, procedure.Step.SUBMIT)
