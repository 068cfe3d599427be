"""The leading projects with their schedule and activity indicators in the year."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from dxportal.dashboards.indicator_values import IndicatorValues
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


def leading_projects(scope: Scope, values: IndicatorValues) -> list[LeadingProject]:
    """In the tree's order; `values` are what the page has read of the indicators already."""
    places = [place for place in scope.primary_places if place.is_leading]
    projects = [place.project_id for place in places]
    entries = {
        entry.project_id: entry
        for entry in scope.rows(
            ScheduleEntry.objects.order_by(), project_id=projects, fiscal_year=[scope.fiscal_year]
        )
    }
    indicators = _activity(scope, values, projects)
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


def _activity(
    scope: Scope, values: IndicatorValues, projects: list[int]
) -> dict[int, list[tuple[YearValues, Outcome]]]:
    uses = list(
        IndicatorUse.objects.filter(plan=scope.plan, project__in=projects).order_by("position")
    )
    year = scope.fiscal_year
    years = {pk: of_indicator[year] for pk, of_indicator in values.years.items()}
    years |= _not_read(scope, {use.indicator_id for use in uses} - set(years))
    found: dict[int, list[tuple[YearValues, Outcome]]] = defaultdict(list)
    for use in uses:
        if use.indicator_id not in years:
            continue  # not there yet on the past day
        value = years[use.indicator_id]
        found[use.project_id].append((value, outcome_of(value)))
    return found


def _not_read(scope: Scope, pks: set[int]) -> dict[int, YearValues]:
    """A project's indicators of other departments, which the page's conditions leave out."""
    if not pks:
        return {}
    rows: Iterable[Indicator] = with_values_of(
        Indicator.objects.filter(pk__in=pks), scope.fiscal_year
    )
    if scope.past is not None:
        rows = scope.past.indicators(rows)
    return {row.pk: year_of(row, scope.fiscal_year, scope.plan.later_editions) for row in rows}
