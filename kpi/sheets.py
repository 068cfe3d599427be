"""Everything that a page shows of one indicator over the years (個票), from prefetched rows."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import cached_property

from kpi.charts import Chart, indicator_chart
from kpi.models import Indicator
from kpi.outcomes import Outcome, outcome_of
from kpi.series import YearValues, years_of, years_with_values


@dataclass(frozen=True)
class IndicatorSheet:
    """Everything that a page shows of one indicator over the years."""

    indicator: Indicator
    years: list[YearValues]
    current_year: int | None

    @cached_property
    def chart(self) -> Chart:
        return indicator_chart(self.indicator, self.years, self.current_year)

    @property
    def has_values(self) -> bool:
        return any(year.target or year.actual for year in self.years)

    @property
    def shown_year(self) -> YearValues | None:
        """The values of the year that the page is about."""
        return next((year for year in self.years if year.fiscal_year == self.current_year), None)

    @property
    def outcome(self) -> Outcome | None:
        return outcome_of(self.shown_year) if self.shown_year else None

    @property
    def notes(self) -> list[YearValues]:
        """The years of which there is something to say in words."""
        return [
            year
            for year in self.years
            if (year.actual and (year.actual.note or year.actual.source_note))
            or (year.target and (year.target.note or year.target.source_note))
        ]


def indicator_sheet(
    indicator: Indicator,
    years: Iterable[int],
    current_year: int | None,
    later: Set[str] = frozenset(),
) -> IndicatorSheet:
    """From prefetched rows. Years with values stand beside the plan's own, none is left out.

    `later`: see `kpi.series.years_of`.
    """
    known = sorted({*years, *years_with_values(indicator)})
    values = years_of(indicator, range(known[0], known[-1] + 1) if known else [], later)
    return IndicatorSheet(indicator, values, current_year)
