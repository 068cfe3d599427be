"""The leading projects with their schedule and activity indicators in the year."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from dxportal.dashboards.figures import Figures
from dxportal.dashboards.scope import Scope
from kpi.filters import with_values_of
from kpi.models import Indicator
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


def leading_projects(figures: Figures) -> list[LeadingProject]:
    """In the tree's order, from what the page has read of schedule and indicators already."""
    found = [row for row in figures.schedule.projects if row.placement.is_leading]
    indicators = _activity(figures, {row.placement.project_id for row in found})
    return [
        LeadingProject(
            row.placement,
            row.project,
            row.measure,
            row.entry,
            indicators.get(row.placement.project_id, []),
        )
        for row in found
    ]


def _activity(figures: Figures, projects: set[int]) -> dict[int, list[tuple[YearValues, Outcome]]]:
    scope, values = figures.scope, figures.values
    uses = [use for use in values.all_uses if use.project_id in projects]
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
