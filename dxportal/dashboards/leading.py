"""The leading projects with their schedule and activity indicators in the year."""

from collections import defaultdict
from dataclasses import dataclass

from dxportal.dashboards.scope import Scope
from kpi.filters import with_values_of
from kpi.models import Indicator, IndicatorUse
from kpi.outcomes import Outcome, outcome_of
from kpi.series import YearValues, year_of
from plans.models import Measure
from projects.models import Placement, Project, ScheduleEntry


@dataclass(frozen=True)
class LeadingProject:
    placement: Placement
    project: Project
    measure: Measure
    entry: ScheduleEntry | None
    indicators: list[tuple[YearValues, Outcome]]


def leading_projects(scope: Scope) -> list[LeadingProject]:
    """In the tree's order."""
    places = [place for place in scope.primary_places if place.is_leading]
    projects = [place.project_id for place in places]
    entries = {
        entry.project_id: entry
        for entry in ScheduleEntry.objects.filter(
            project__in=projects, fiscal_year=scope.fiscal_year
        )
    }
    indicators = _activity(scope, projects)
    return [
        LeadingProject(
            place,
            place.project,
            scope.by_pk[place.measure_id],
            entries.get(place.project_id),
            indicators.get(place.project_id, []),
        )
        for place in places
    ]


def _activity(scope: Scope, projects: list[int]) -> dict[int, list[tuple[YearValues, Outcome]]]:
    uses = list(
        IndicatorUse.objects.filter(plan=scope.plan, project__in=projects).order_by("position")
    )
    rows = with_values_of(
        Indicator.objects.filter(pk__in=[use.indicator_id for use in uses]), scope.fiscal_year
    )
    years = {row.pk: year_of(row, scope.fiscal_year, scope.plan.later_editions) for row in rows}
    found: dict[int, list[tuple[YearValues, Outcome]]] = defaultdict(list)
    for use in uses:
        value = years[use.indicator_id]
        found[use.project_id].append((value, outcome_of(value)))
    return found
