"""An indicator's values year by year, from rows that are already fetched."""

from collections.abc import Iterable
from dataclasses import dataclass

from kpi.achievement import Achievement, achievement_of, format_actual, format_target
from kpi.models import Actual, Indicator, Target
from plans import fiscal_years


@dataclass(frozen=True)
class YearValues:
    """One fiscal year of an indicator: its target in force, its actual, and the achievement."""

    indicator: Indicator
    fiscal_year: int
    target: Target | None
    actual: Actual | None

    @property
    def achievement(self) -> Achievement:
        return achievement_of(self.indicator, self.target, self.actual)

    @property
    def target_text(self) -> str:
        return format_target(self.indicator, self.target)

    @property
    def actual_text(self) -> str:
        return format_actual(self.indicator, self.actual)

    @property
    def label(self) -> str:
        return fiscal_years.short_form(self.fiscal_year)


def year_of(indicator: Indicator, fiscal_year: int) -> YearValues:
    """The values of one year (see `years_of`)."""
    return years_of(indicator, [fiscal_year])[0]


def years_of(indicator: Indicator, years: Iterable[int]) -> list[YearValues]:
    """The values of these years, in their order.

    Reads `targets.all()` and `actuals.all()`, so rows fetched `with_values()` need no query.
    """
    targets = {
        target.fiscal_year: target
        for target in indicator.targets.all()
        if target.is_current and target.kind == Target.Kind.TARGET
    }
    actuals = {
        actual.fiscal_year: actual
        for actual in indicator.actuals.all()
        if actual.kind == Actual.Kind.ACTUAL
    }
    return [YearValues(indicator, year, targets.get(year), actuals.get(year)) for year in years]


def years_with_values(indicator: Indicator) -> list[int]:
    """All fiscal years for which there is a target or an actual, first to last without gaps."""
    years = {row.fiscal_year for row in [*indicator.targets.all(), *indicator.actuals.all()]}
    return list(range(min(years), max(years) + 1)) if years else []
