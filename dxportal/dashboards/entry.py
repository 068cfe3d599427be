"""How far the entry of the year's round has come, by department and day."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from django.utils import timezone

from accounts.models import Department
from dxportal.dashboards.scope import Scope
from dxportal.rounds.board import NO_AREA
from dxportal.rounds.completeness import Completeness, in_order, with_not_yet
from kpi.charts import BarRow, Bars, Segment
from plans.models import Measure, ReportingCycle, RoundItem
from plans.tree_order import measures_in_order

State = RoundItem.State


@dataclass
class DepartmentEntry(Completeness):
    """One department's items of the round, with the days on which they were last entered."""

    days: Counter[date] = field(default_factory=Counter)

    def count(self, item: RoundItem, is_not_yet: bool) -> None:
        self.states[item.state] += 1
        self.not_yet += is_not_yet
        if item.entered_at is not None and item.state != State.UNTOUCHED:
            self.days[timezone.localdate(item.entered_at)] += 1


@dataclass(frozen=True)
class DayEntry:
    """What was entered on one day and up to it; `counts` is by department, in their order."""

    day: date
    counts: list[int]
    entered: int
    so_far: int


class RoundEntry:
    """The annual round of the year in the scope; no items where none was held, or kept."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @property
    def cycle(self) -> ReportingCycle | None:
        return self.scope.annual_round

    @cached_property
    def items(self) -> list[RoundItem]:
        """The round's items in the scope: of the department, area and narrowed things asked for."""
        if self.cycle is None:
            return []
        rows = with_not_yet(self.cycle.items.select_related("department"))
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
            part.count(item, item.is_not_yet)
        return in_order(found.values())

    @cached_property
    def areas(self) -> list[tuple[str, Completeness]]:
        """The items by the top measure that they stand under, in the plan's order."""
        if not self.items:
            return []
        tops: dict[int, Measure] = {}
        for measure in measures_in_order(self.scope.plan):  # parents before their children
            tops[measure.pk] = tops.get(measure.parent_id or 0, measure)
        found = {top.pk: (top.name, Completeness()) for top in tops.values()}
        nowhere = (NO_AREA, Completeness())
        for item in self.items:
            top = tops.get(item.measure_id or 0)
            _, part = found[top.pk] if top else nowhere
            part.states[item.state] += 1
            part.not_yet += item.is_not_yet
        return [area for area in [*found.values(), nowhere] if area[1].total]

    @cached_property
    def total(self) -> DepartmentEntry:
        total = DepartmentEntry(None)
        for part in self.departments:
            total.states.update(part.states)
            total.not_yet += part.not_yet
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
