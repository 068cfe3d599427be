"""Plan against fact over the years: what starts, ends and slips, and why."""

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property

from dxportal.dashboards.scope import Scope
from kpi.gantt import Cell, Gantt, GanttGroup, GanttRow
from plans.models import Measure
from projects.models import Placement, Project, Review, ScheduleEntry, Stage

RANK = {Stage.STUDY: 1, Stage.BUILD: 2, Stage.OPERATE: 3}


@dataclass(frozen=True)
class ScheduledProject:
    """A project where it mainly stands, with its schedule and what was said of the year."""

    placement: Placement
    measure: Measure
    schedule: dict[int, ScheduleEntry]
    review: Review | None
    measure_review: Review | None
    fiscal_year: int

    @property
    def project(self) -> Project:
        return self.placement.project

    @property
    def entry(self) -> ScheduleEntry | None:
        return self.schedule.get(self.fiscal_year)

    @property
    def slips(self) -> bool:
        """In the year an earlier stage was reached than was planned."""
        return self.slips_in(self.fiscal_year)

    def slips_in(self, fiscal_year: int) -> bool:
        entry = self.schedule.get(fiscal_year)
        if entry is None or not entry.planned or not entry.actual:
            return False
        return RANK[Stage(entry.actual)] < RANK[Stage(entry.planned)]

    @property
    def slips_since(self) -> int:
        year = self.fiscal_year
        while self.slips_in(year - 1):
            year -= 1
        return year

    @property
    def is_marked_behind(self) -> bool:
        return self.review is not None and self.review.is_behind

    @property
    def is_late(self) -> bool:
        return self.slips or self.is_marked_behind

    @property
    def is_judged(self) -> bool:
        """Whether anything tells if it is late: both stages of the year, or a mark."""
        entry, review = self.entry, self.review
        has_stages = entry is not None and bool(entry.planned and entry.actual)
        return has_stages or (review is not None and review.mark_id is not None)

    @property
    def said(self) -> Review | None:
        """The project's own review, else that of the measure above it, for reason and effect."""
        return self.review or self.measure_review

    @property
    def is_said_of_measure(self) -> bool:
        return self.review is None and self.measure_review is not None

    @property
    def reason(self) -> str:
        review = self.said
        if review is None:
            return ""
        return "／".join(text for text in (review.delay_reason, review.shortfall_reason) if text)

    @property
    def effect(self) -> str:
        return self.said.effect if self.said else ""

    @property
    def planned_years(self) -> list[int]:
        return sorted(year for year, entry in self.schedule.items() if entry.planned)

    @property
    def first_year(self) -> int | None:
        """The stated first year, else the first one planned; None where neither is known."""
        planned = self.planned_years
        return self.project.first_fiscal_year or (planned[0] if planned else None)

    @property
    def start_said_by(self) -> Project | ScheduleEntry | None:
        """The row that tells the first year."""
        if self.project.first_fiscal_year:
            return self.project
        return self.schedule[self.planned_years[0]] if self.planned_years else None

    @property
    def last_year(self) -> int | None:
        """The stated last year alone: that a schedule stops does not say that a project ends."""
        return self.project.last_fiscal_year


class ProjectSchedule:
    """The scope's projects over the plan's years; two queries beside the scope's own."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    @cached_property
    def projects(self) -> list[ScheduledProject]:
        places = self.scope.primary_places
        pks = {place.project_id for place in places}
        schedule: dict[int, dict[int, ScheduleEntry]] = defaultdict(dict)
        for entry in self.scope.rows(ScheduleEntry.objects.order_by(), project_id=pks):
            schedule[entry.project_id][entry.fiscal_year] = entry
        reviews = self.scope.rows(
            Review.objects.select_related("mark", "measure").order_by(),
            plan_id={self.scope.plan.pk},
            fiscal_year={self.scope.fiscal_year},
        )
        of_projects = {row.project_id: row for row in reviews if row.project_id}
        of_measures = {row.measure_id: row for row in reviews if row.measure_id}
        return [
            ScheduledProject(
                placement=place,
                measure=self.scope.by_pk[place.measure_id],
                schedule=schedule[place.project_id],
                review=of_projects.get(place.project_id),
                measure_review=self._nearest(place.measure_id, of_measures),
                fiscal_year=self.scope.fiscal_year,
            )
            for place in places
        ]

    def _nearest(self, measure_id: int, reviews: dict[int | None, Review]) -> Review | None:
        line = self.scope.line_of(measure_id)
        return next((reviews[row.pk] for row in line if row.pk in reviews), None)

    @property
    def late(self) -> list[ScheduledProject]:
        return [row for row in self.projects if row.is_late]

    @property
    def judged(self) -> list[ScheduledProject]:
        return [row for row in self.projects if row.is_judged]

    @property
    def starting(self) -> list[ScheduledProject]:
        return [row for row in self.projects if row.first_year == self.scope.fiscal_year]

    @property
    def ending(self) -> list[ScheduledProject]:
        return [row for row in self.projects if row.last_year == self.scope.fiscal_year]

    @property
    def unreported(self) -> list[ScheduledProject]:
        """Something was planned for the year, and nothing is said of what came of it."""
        return [
            row for row in self.projects if row.entry and row.entry.planned and not row.entry.actual
        ]

    def gantt(self) -> Gantt | None:
        """Projects below the second level of the tree; None where nothing is scheduled."""
        groups: dict[int, list[GanttRow]] = {}
        for row in self.projects:
            if row.schedule:
                line = self.scope.line_of(row.measure.pk)
                group = line[-2] if len(line) > 1 else line[-1]
                groups.setdefault(group.pk, []).append(self._row(row))
        if not groups:
            return None
        return Gantt(
            "予定と実績",
            tuple(self.scope.plan.fiscal_years),
            tuple(
                GanttGroup(self.scope.by_pk[pk].title, tuple(rows)) for pk, rows in groups.items()
            ),
            self.scope.fiscal_year,
        )

    def _row(self, row: ScheduledProject) -> GanttRow:
        cells = []
        for year in self.scope.plan.fiscal_years:
            entry = row.schedule.get(year)
            cells.append(
                Cell(
                    RANK.get(entry.planned, 0) if entry else 0,
                    RANK.get(entry.actual, 0) if entry else 0,
                    entry.get_planned_display() if entry else "",
                    entry.get_actual_display() if entry else "",
                )
            )
        name = f"{row.placement.code} {row.placement.title}".strip()
        return GanttRow(name, tuple(cells), row.project.pk)
