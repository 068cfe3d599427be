"""The answers of the first page, which the meeting room and the monthly mail give too."""

from typing import Any

from dxportal.dashboards.changes import ChangesSince, changes_since
from dxportal.dashboards.comparison import compare_with_last_year, compare_with_today
from dxportal.dashboards.entry import RoundEntry
from dxportal.dashboards.figures import Figures
from dxportal.dashboards.indicator_values import outcome_lines, worst
from dxportal.dashboards.leading import LeadingProject, leading_projects
from dxportal.dashboards.scope import Scope
from dxportal.dashboards.sources import (
    Sources,
    of_budget,
    of_indicators,
    of_last_year,
    of_marks,
    of_projects,
    sources_of,
)


def overview(scope: Scope) -> dict[str, Any]:
    """What the templates of all three need, by name."""
    figures = Figures(scope)
    standing, outcomes = figures.standing, figures.outcomes
    return {
        "marks": standing.marks,
        "areas": standing.areas,
        "area_chart": standing.area_chart(),
        "moves": standing.moves,
        "behind": standing.behind(),
        "late": standing.late,
        "marked": standing.marked(),
        "outcomes": outcomes,
        "outcome_lines": outcome_lines(outcomes),
        "kpi": figures.kpi,
        "worst": worst(outcomes),
        "apart": figures.values.apart,
        "at_risk": figures.roads.at_risk,
        "schedule": figures.schedule,
        "budget": (budget := figures.budget),
        # Of a plan that nobody has marked, its money says most.
        "budget_areas": [] if standing.marked() or budget.is_empty else budget.by_area(),
        "round": (entry := RoundEntry(scope)),
        "cycle": entry.cycle,
        "leading": (leading := leading_projects(figures)),
        "sources": _sources(figures, leading),
        **compared(figures),
    }


def _sources(figures: Figures, leading: list[LeadingProject]) -> Sources:
    found = sources_of(figures, of_marks, of_indicators, of_projects, of_budget)
    if figures.scope.past is None:
        of_last_year(found, figures)
    found.ask(item.entry for item in leading)
    found.ask(value.actual for item in leading for value, _ in item.indicators)
    return found


def compared(figures: Figures) -> dict[str, Any]:
    """With the year before; of a past day, with now and all that has changed since."""
    if figures.scope.past is None:
        return {"comparison": compare_with_last_year(figures), "changes": None}
    now = Figures(figures.scope.today)
    return {
        "comparison": compare_with_today(figures, now),
        "changes": changes_since(figures, now),
    }


def changed_since(figures: Figures) -> ChangesSince | None:
    """All that has changed since the past day that is shown; None where it is today."""
    if figures.scope.past is None:
        return None
    return changes_since(figures, Figures(figures.scope.today))
