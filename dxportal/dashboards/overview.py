"""The answers of the first page, which the meeting room and the monthly mail give too."""

from typing import Any

from dxportal.dashboards.budgets import Budget
from dxportal.dashboards.comparison import compare_with_last_year
from dxportal.dashboards.entry import RoundEntry
from dxportal.dashboards.indicator_values import IndicatorValues, outcome_lines, worst
from dxportal.dashboards.indicators import IndicatorRoads
from dxportal.dashboards.leading import leading_projects
from dxportal.dashboards.projects import ProjectSchedule
from dxportal.dashboards.scope import Scope
from dxportal.dashboards.standing import Standing
from kpi.completeness import completeness
from kpi.models import IndicatorUse


def overview(scope: Scope) -> dict[str, Any]:
    """What the templates of all three need, by name."""
    standing, values, budget = Standing(scope), IndicatorValues(scope), Budget(scope)
    schedule, outcomes = ProjectSchedule(scope), values.by_role()
    key = (scope.plan.pk, scope.fiscal_year)
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
        "kpi": outcomes.get(IndicatorUse.Role.KPI),
        "worst": worst(outcomes),
        "at_risk": IndicatorRoads(scope, values).at_risk,
        "schedule": schedule,
        "budget": budget,
        "round": completeness([key], scope.indicators)[key],
        "cycle": RoundEntry(scope).cycle,
        "leading": leading_projects(scope),
        "comparison": compare_with_last_year(scope, standing, values, budget),
    }
