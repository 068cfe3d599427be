"""How far the entry of the year's round has come, by department and day."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from django.utils import timezone

from accounts.models import Department
from dxportal.dashboards.scope import Scope
from kpi.charts import BarRow, Bars, Segment
from plans.models import ReportingCycle, RoundItem

State = RoundItem.State
ENTERED = (State.DRAFT, State.SUBMITTED, State.APPROVED, State.FINAL)


@dataclass
class DepartmentEntry:
    """One department's items of the round: how many in each state, entered on which days."""

    department: Department | None
    states: Counter[str] = field(default_factory=Counter)
    days: Counter[date] = field(default_factory=Counter)

    @property
    def label(self) -> str:
        return self.department.name if self.department else "所管課の記載なし"

    @property
    def total(self) -> int:
        return sum(self.states.values())

    @property
    def entered(self) -> int:
        return sum(self.states[state] for state in ENTERED)

    @property
    def missing(self) -> int:
        return self.states[State.UNTOUCHED]

    @property
    def submitted(self) -> int:
        return self.states[State.SUBMITTED] + self.approved

    @property
    def approved(self) -> int:
        return self.states[State.APPROVED] + self.states[State.FINAL]

    @property
    def percent(self) -> int | None:
        """Whole percent, rounded down so that 100 means all."""
        return 100 * self.entered // self.total if self.total else None


@dataclass(frozen=True)
class DayEntry:
    """What was entered on one day and up to it; `counts` is by department, in their order."""

    day: date
    counts: list[int]
    entered: int
    so_far: int


class RoundEntry:
    """The annual round of the year; two queries."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @cached_property
    def cycle(self) -> ReportingCycle | None:
        return ReportingCycle.objects.filter(
            plan=self.scope.plan,
            fiscal_year=self.scope.fiscal_year,
            kind=ReportingCycle.Kind.ANNUAL,
        ).first()

    @cached_property
    def items(self) -> list[RoundItem]:
        """The round's items in the scope: of the department, area and narrowed things asked for."""
        if self.cycle is None:
            return []
        rows = self.cycle.items.select_related("department")
        if self.scope.department is not None:
            below = Department.objects.descendants(self.scope.department, include_self=True)
            rows = rows.filter(department__in=[row.pk for row in below])
        if self.scope.measure is not None:
            rows = rows.filter(measure__in=self.scope.measures_in_area)
        if self.scope.tag is not None or self.scope.is_leading:
            fitting = self._fitting()
            return [row for row in rows if (row.kind, row.object_id) in fitting]
        return list(rows)

    def _fitting(self) -> set[tuple[str, int]]:
        projects = set(self.scope.projects.values_list("pk", flat=True))
        indicators = set(self.scope.indicators.values_list("pk", flat=True))
        kind = RoundItem.Kind
        return {
            *((kind.PROGRESS.value, pk) for pk in projects),
            *((kind.SETTLEMENT.value, pk) for pk in projects),
            *((kind.ACTUAL.value, pk) for pk in indicators),
            *((kind.REVIEW.value, pk) for pk in self.scope.measures_in_scope),
        }

    @cached_property
    def departments(self) -> list[DepartmentEntry]:
        found: dict[int | None, DepartmentEntry] = {}
        for item in self.items:
            part = found.setdefault(item.department_id, DepartmentEntry(item.department))
            part.states[item.state] += 1
            if item.entered_at is not None and item.state != State.UNTOUCHED:
                part.days[timezone.localdate(item.entered_at)] += 1
        return sorted(
            found.values(),
            key=lambda part: (
                part.department is None,
                part.department.position if part.department else 0,
                part.department.pk if part.department else 0,
            ),
        )

    @cached_property
    def total(self) -> DepartmentEntry:
        total = DepartmentEntry(None)
        for part in self.departments:
            total.states.update(part.states)
            total.days.update(part.days)
        return total

    @cached_property
    def days(self) -> list[DayEntry]:
        """The days on which something was last entered, the first one first."""
        by_day: dict[date, list[int]] = defaultdict(lambda: [0] * len(self.departments))
        for index, part in enumerate(self.departments):
            for day, count in part.days.items():
                by_day[day][index] = count
        found, so_far = [], 0
        for day in sorted(by_day):
            so_far += sum(by_day[day])
            found.append(DayEntry(day, by_day[day], sum(by_day[day]), so_far))
        return found

    @property
    def entered_without_day(self) -> int:
        """Entered by an import of old figures, which has no day of entry."""
        return self.total.entered - sum(self.total.days.values())

    def department_chart(self) -> Bars | None:
        if not self.departments:
            return None
        return Bars(
            "部局ごとの入力の状況",
            (
                Segment("承認済み", 3),
                Segment("提出済み", 2),
                Segment("下書き", 1),
                Segment("未着手", 0),
            ),
            tuple(
                BarRow(
                    part.label,
                    (
                        part.approved,
                        part.states[State.SUBMITTED],
                        part.states[State.DRAFT],
                        part.missing,
                    ),
                )
                for part in self.departments
            ),
        )

    def day_chart(self) -> Bars | None:
        if not self.days:
            return None
        return Bars(
            "日ごとの入力の累計",
            (Segment("前日まで", 1), Segment("その日", 3)),
            tuple(
                BarRow(f"{row.day.month}月{row.day.day}日", (row.so_far - row.entered, row.entered))
                for row in self.days
            ),
        )
