"""How far the entry of a round has come, counted in its items: the one way for every page.

Entered is what somebody has touched: a draft, or whatever came after. "Not yet counted" (未集計) is
an answer, so it is entered; but it is counted apart, because a number is still to come.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from accounts.models import Department
from dxportal.rounds.board import NO_DEPARTMENT
from kpi.models import Actual, ValueStatus
from plans.models import ReportingCycle, RoundItem

State = RoundItem.State


@dataclass
class Completeness:
    """So many items in each state, of one department or of all."""

    department: Department | None = None
    states: Counter[str] = field(default_factory=Counter)
    not_yet: int = 0

    @property
    def label(self) -> str:
        return self.department.name if self.department else NO_DEPARTMENT

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def missing(self) -> int:
        return self.states[State.UNTOUCHED]

    @property
    def entered(self) -> int:
        return self.total - self.missing

    @property
    def submitted(self) -> int:
        return self.states[State.SUBMITTED] + self.approved

    @property
    def approved(self) -> int:
        return self.states[State.APPROVED] + self.states[State.FINAL]

    @property
    def percent(self) -> int | None:
        """Whole percent, rounded down so that 100 means all; None where nothing is asked for."""
        return 100 * self.entered // self.total if self.total else None


@dataclass
class RoundCompleteness:
    """One round: the sum, and each department's part in the order of the house."""

    total: Completeness = field(default_factory=Completeness)
    departments: list[Completeness] = field(default_factory=list)


def with_not_yet(items: "QuerySet[RoundItem]") -> "QuerySet[RoundItem]":
    """The items, each with `is_not_yet`: whether its figure is said to be still to come."""
    said = Actual.objects.filter(
        indicator_id=OuterRef("object_id"),
        fiscal_year=OuterRef("cycle__fiscal_year"),
        status=ValueStatus.NOT_YET,
    )
    interim = ReportingCycle.Kind.INTERIM
    of_the_year = ~Q(cycle__kind=interim) & Exists(said.filter(kind=Actual.Kind.ACTUAL))
    of_its_middle = Q(cycle__kind=interim) & Exists(said.filter(kind=Actual.Kind.INTERIM))
    is_figure = Q(kind=RoundItem.Kind.ACTUAL)
    return items.annotate(is_not_yet=is_figure & (of_the_year | of_its_middle))


def completeness(items: "QuerySet[RoundItem]") -> dict[int, RoundCompleteness]:
    """How complete these items are, by the number of their round; two queries in all."""
    counts = (
        with_not_yet(items)
        .order_by()
        .values("cycle_id", "department_id", "state")
        .annotate(count=Count("pk"), not_yet=Count("pk", filter=Q(is_not_yet=True)))
    )
    rows = list(counts)
    departments = Department.objects.in_bulk({row["department_id"] for row in rows} - {None})
    parts: dict[int, dict[int | None, Completeness]] = defaultdict(dict)
    found: dict[int, RoundCompleteness] = defaultdict(RoundCompleteness)
    for row in rows:
        pk = row["department_id"]
        of_round = parts[row["cycle_id"]]
        part = of_round.setdefault(pk, Completeness(departments.get(pk)))
        for counted in (part, found[row["cycle_id"]].total):
            counted.states[row["state"]] += row["count"]
            counted.not_yet += row["not_yet"]
    for cycle_id, of_round in parts.items():
        found[cycle_id].departments = in_order(of_round.values())
    return dict(found)


def in_order(parts: Iterable[Completeness]) -> list[Completeness]:
    """In the order of the house, what no department answers for last."""

    def place(part: Completeness) -> tuple[bool, int, int]:
        department = part.department
        return (
            department is None,
            department.position if department else 0,
            department.pk if department else 0,
        )

    return sorted(parts, key=place)
