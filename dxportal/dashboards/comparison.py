"""The year's key figures beside those of the year before, each with the page it comes from."""

from dataclasses import dataclass

from dxportal.dashboards.budgets import Budget
from dxportal.dashboards.indicator_values import IndicatorValues
from dxportal.dashboards.scope import Scope
from dxportal.dashboards.standing import Standing
from kpi.models import IndicatorUse
from plans import fiscal_years


@dataclass(frozen=True)
class Compared:
    """One figure in two years; None where the year has nothing to count."""

    label: str
    before: int | None
    now: int | None
    unit: str
    link_before: str
    link_now: str

    @property
    def difference(self) -> int | None:
        if self.before is None or self.now is None:
            return None
        return self.now - self.before

    @property
    def difference_text(self) -> str:
        if self.difference is None:
            return "—"
        sign = "+" if self.difference > 0 else "±" if self.difference == 0 else "−"
        return f"{sign}{abs(self.difference):,}"


@dataclass(frozen=True)
class YearComparison:
    before: str
    now: str
    rows: list[Compared]


def compare_with_last_year(
    scope: Scope, standing: Standing, values: IndicatorValues, budget: Budget
) -> YearComparison | None:
    """None in the plan's first year."""
    year, last = scope.fiscal_year, scope.fiscal_year - 1
    if last not in scope.plan.fiscal_years:
        return None

    def link(name: str, of_year: int, **more: object) -> str:
        return scope.address(name, fiscal_year=of_year, **more)

    def counted(label: str, before: int, now: int, name: str, **more: object) -> Compared:
        return Compared(
            label, before, now, "件", link(name, last, **more), link(name, year, **more)
        )

    behind = [standing.behind(last), standing.behind(year)]
    marked = [standing.marked(last), standing.marked(year)]
    rows = [
        Compared(
            "遅れている施策",
            len(behind[0]) if marked[0] else None,
            len(behind[1]) if marked[1] else None,
            "件",
            link("dashboard", last) + "#behind-title",
            link("dashboard", year) + "#behind-title",
        ),
        counted("評価の記載がある施策", marked[0], marked[1], "dashboard"),
    ]
    role = IndicatorUse.Role.KPI.value
    kpi = [values.by_role(last).get(role), values.by_role(year).get(role)]
    if kpi[0] is not None and kpi[1] is not None:
        rows += [
            Compared(
                "目標に達したKPI", kpi[0].reached, kpi[1].reached, "件",
                kpi[0].reached_link, kpi[1].reached_link,
            ),
            Compared(
                "判定できるKPI", kpi[0].judged, kpi[1].judged, "件", kpi[0].link, kpi[1].link
            ),
        ]  # fmt: skip
    sums = [Budget(scope, last).total.amounts.current, budget.total.amounts.current]
    if any(amount is not None for amount in sums):
        rows.append(
            Compared(
                "予算現額", sums[0], sums[1], "円",
                link("dashboard:budgets", last), link("dashboard:budgets", year),
            )
        )  # fmt: skip
    return YearComparison(fiscal_years.long_form(last), scope.year.label, rows)
