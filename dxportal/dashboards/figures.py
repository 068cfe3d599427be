"""What one scope counts: its marks, indicators, projects and money, each read when first asked."""

from functools import cached_property

from dxportal.dashboards.budgets import Budget
from dxportal.dashboards.indicator_values import IndicatorValues, RoleOutcomes
from dxportal.dashboards.indicators import IndicatorRoads
from dxportal.dashboards.projects import ProjectSchedule
from dxportal.dashboards.scope import Scope
from dxportal.dashboards.standing import Standing
from kpi.models import IndicatorUse


class Figures:
    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.standing = Standing(scope)
        self.values = IndicatorValues(scope)
        self.budget = Budget(scope)
        self.schedule = ProjectSchedule(scope)
        self.roads = IndicatorRoads(scope, self.values)

    @cached_property
    def outcomes(self) -> dict[str, RoleOutcomes]:
        return self.values.by_role()

    @cached_property
    def last_budget(self) -> Budget:
        return Budget(self.scope, self.scope.fiscal_year - 1)

    @property
    def has_last_year(self) -> bool:
        return self.scope.fiscal_year - 1 in self.scope.plan.fiscal_years

    @property
    def kpi(self) -> RoleOutcomes | None:
        return self.outcomes.get(IndicatorUse.Role.KPI)
