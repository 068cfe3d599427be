"""Are we on track, where not, since when, why, and who acts."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from functools import cached_property

from dxportal.dashboards.scope import Scope
from kpi.charts import BarRow, Bars, Segment
from plans.models import Mark, Measure
from projects.models import Review


@dataclass
class Area:
    """The measures under one measure that carry marks: how many of which, and how many none."""

    measure: Measure | None
    counts: Counter[int] = field(default_factory=Counter)
    unmarked: int = 0

    @property
    def total(self) -> int:
        return sum(self.counts.values()) + self.unmarked

    @property
    def label(self) -> str:
        if self.measure is None:
            return "全体"
        return self.measure.short_name or self.measure.name


@dataclass(frozen=True)
class AreaLine:
    """An area with its counts in the order of the plan's marks, for the table."""

    area: Area
    counts: list[int]


@dataclass(frozen=True)
class Move:
    planned: Mark | None
    mark: Mark | None
    count: int

    @property
    def is_worse(self) -> bool:
        return bool(
            self.mark and self.mark.is_behind and not (self.planned and self.planned.is_behind)
        )


@dataclass(frozen=True)
class Late:
    """A measure behind its plan: since which year without a break, and who acts."""

    review: Review
    since: int
    in_charge: str

    @property
    def place(self) -> str:
        """The area that readers know it by: what stands above it."""
        measure = self.review.measure
        assert measure is not None
        area = measure.parent or measure
        return area.short_name or area.name


class Standing:
    """The marks of the scope's measures, of this year and of those before; two queries."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @cached_property
    def marks(self) -> list[Mark]:
        return list(self.scope.plan.marks.all())

    @cached_property
    def _all_years(self) -> dict[int, dict[int, Review]]:
        rows = self.scope.rows(
            Review.objects.filter(measure__isnull=False)
            .select_related("mark", "planned_mark")
            .order_by(),
            plan_id={self.scope.plan.pk},
        )
        found: dict[int, dict[int, Review]] = defaultdict(dict)
        for row in rows:
            if row.measure_id not in self.scope.by_pk:
                continue  # of a measure that was not there yet, or of a project
            row.measure = self.scope.by_pk[row.measure_id]
            found[row.measure_id][row.fiscal_year] = row
        return found

    def reviews(self, fiscal_year: int | None = None) -> list[Review]:
        """The year's reviews in the scope, in the tree's order."""
        year = fiscal_year or self.scope.fiscal_year
        inside = self.scope.measures_in_scope
        rows = [
            years[year]
            for measure, years in self._all_years.items()
            if measure in inside and year in years
        ]
        return sorted(rows, key=lambda row: self.scope.order[row.measure_id])

    def marked(self, fiscal_year: int | None = None) -> int:
        return sum(row.mark is not None for row in self.reviews(fiscal_year))

    def behind(self, fiscal_year: int | None = None) -> list[Review]:
        return [row for row in self.reviews(fiscal_year) if row.is_behind]

    @cached_property
    def late(self) -> list[Late]:
        return [
            Late(row, self._since(row), self.scope.in_charge(self.scope.by_pk[row.measure_id]))
            for row in self.behind()
        ]

    def _since(self, review: Review) -> int:
        """The first of the years in a row that end with this one; a year without a mark ends it."""
        years, year = self._all_years[review.measure_id], review.fiscal_year
        while year - 1 in years and years[year - 1].is_behind:
            year -= 1
        return year

    @cached_property
    def areas(self) -> list[AreaLine]:
        """Marked measures by the measure above them.

        What is marked is the level that carries marks in any year, so that a measure whose mark
        was forgotten this year counts as unmarked instead of vanishing.
        """
        levels = {
            row.measure.level_id
            for years in self._all_years.values()
            for row in years.values()
            if row.mark_id is not None and row.measure is not None
        }
        areas: dict[int | None, Area] = {}
        for measure in self.scope.measures:
            if measure.level_id not in levels or measure.pk not in self.scope.measures_in_scope:
                continue
            above = self.scope.by_pk.get(measure.parent_id)
            area = areas.setdefault(measure.parent_id, Area(above))
            review = self._all_years.get(measure.pk, {}).get(self.scope.fiscal_year)
            if review is not None and review.mark_id is not None:
                area.counts[review.mark_id] += 1
            else:
                area.unmarked += 1
        return [
            AreaLine(area, [area.counts[mark.pk] for mark in self.marks]) for area in areas.values()
        ]

    @cached_property
    def moves(self) -> list[Move]:
        """From the planned mark to the given one, with how many measures each."""
        pairs = Counter(
            (row.planned_mark, row.mark)
            for row in self.reviews()
            if row.mark is not None or row.planned_mark is not None
        )
        moves = [Move(planned, mark, count) for (planned, mark), count in pairs.items()]
        return sorted(moves, key=lambda move: (move.is_worse, -move.count))

    def area_chart(self) -> Bars | None:
        if not self.areas:
            return None
        segments = [
            Segment(f"{mark.symbol} {mark.label}", 3 if mark.is_behind else min(index + 1, 2))
            for index, mark in enumerate(self.marks)
        ]
        return Bars(
            "進捗の記号（施策の数）",
            (*segments, Segment("記載なし", 0)),
            tuple(
                BarRow(line.area.label, (*line.counts, line.area.unmarked)) for line in self.areas
            ),
        )
