"""How complete the entry of a round is, by department."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import QuerySet

from accounts.models import Department
from kpi.models import Actual, Indicator, IndicatorUse, ValueStatus
from plans.models import Plan, ReportingCycle


@dataclass
class Completeness:
    """How many figures are asked for, and of how many something was entered.

    "Not yet counted" (未集計) is an answer, so it is entered; but it is counted apart, because
    a number is still to come.
    """

    department: Department | None = None
    owed: int = 0
    entered: int = 0
    not_yet: int = 0

    @property
    def missing(self) -> int:
        return self.owed - self.entered

    @property
    def percent(self) -> int | None:
        """Whole percent, rounded down so that 100 means all; None where nothing is asked for."""
        return 100 * self.entered // self.owed if self.owed else None

    def count(self, actual_status: str | None) -> None:
        self.owed += 1
        self.entered += actual_status is not None
        self.not_yet += actual_status == ValueStatus.NOT_YET


@dataclass
class RoundCompleteness:
    """One plan and fiscal year: the sum, and each department's part."""

    total: Completeness = field(default_factory=Completeness)
    by_department: list[Completeness] = field(default_factory=list)


Round = tuple[int, int]  # plan, fiscal year


def rounds_of(cycles: Iterable[ReportingCycle]) -> list[Round]:
    return [(cycle.plan_id, cycle.fiscal_year) for cycle in cycles]


def completeness(
    rounds: Iterable[Round], indicators: "QuerySet[Indicator]"
) -> dict[Round, RoundCompleteness]:
    """For each round, of these indicators those that its plan uses; three queries in all."""
    rounds = list(rounds)
    plans, years = {plan for plan, _ in rounds}, {year for _, year in rounds}
    used = indicators.filter(uses__plan__in=plans).distinct().select_related("department")
    rows = {row.pk: row for row in used.order_by("department__position", "pk")}
    pairs = set(
        IndicatorUse.objects.filter(plan__in=plans, indicator__in=used.order_by().values("pk"))
        .values_list("plan_id", "indicator_id")
    )  # fmt: skip
    statuses = {
        (indicator, year): status
        for indicator, year, status in Actual.objects.filter(
            indicator__in=used.order_by().values("pk"),
            fiscal_year__in=years,
            kind=Actual.Kind.ACTUAL,
        ).values_list("indicator_id", "fiscal_year", "status")
    }
    found = {}
    for plan, year in rounds:
        departments: dict[int | None, Completeness] = {}
        result = RoundCompleteness()
        for pk, row in rows.items():
            if (plan, pk) not in pairs or not row.is_measured_in(year):
                continue
            status = statuses.get((pk, year))
            part = departments.setdefault(row.department_id, Completeness(row.department))
            part.count(status)
            result.total.count(status)
        result.by_department = sorted(departments.values(), key=_place)
        found[(plan, year)] = result
    return found


def completeness_of(plan: Plan, fiscal_year: int) -> RoundCompleteness:
    """All indicators of a plan in one year."""
    key = (plan.pk, fiscal_year)
    return completeness([key], Indicator.objects.all())[key]


def _place(part: Completeness) -> tuple[bool, int, int]:
    department = part.department
    return (
        department is None,
        department.position if department else 0,
        department.pk if department else 0,
    )
