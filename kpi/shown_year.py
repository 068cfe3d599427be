"""Which fiscal year a page shows: the one asked for, else the newest with settled figures.

A year whose round is still open has few marks and half its figures; whoever works on it comes
from the home or entry page, and every page has the switch.
"""

from dataclasses import dataclass

from django.db.models import Max, Q

from kpi.models import Actual
from plans import fiscal_years
from plans.models import Plan, ReportingCycle


@dataclass(frozen=True)
class ShownYear:
    """A fiscal year and the years one may switch to."""

    fiscal_year: int
    choices: tuple[int, ...]

    @property
    def label(self) -> str:
        return fiscal_years.long_form(self.fiscal_year)


def shown_year(plan: Plan | None, asked: str | None) -> ShownYear:
    """`asked` is the address's `fiscal_year`; what is no year of the plan falls back silently.

    A year switch is no place for an error: an old bookmark or a plan with other years should
    show the plan, not a fault.
    """
    years = tuple(plan.fiscal_years) if plan else (fiscal_years.current_fiscal_year(),)
    try:
        year = fiscal_years.parse(asked) if asked else None
    except ValueError:
        year = None
    if year in years:
        return ShownYear(year, years)
    return ShownYear(_default_year(plan, years), years)


def _default_year(plan: Plan | None, years: tuple[int, ...]) -> int:
    if plan is None:
        return years[-1]
    settled = Q(state__in=ReportingCycle.SETTLED_STATES)
    newest = (
        ReportingCycle.objects.filter(plan=plan, kind=ReportingCycle.Kind.ANNUAL)
        .exclude(state=ReportingCycle.State.PREPARING)
        .aggregate(settled=Max("fiscal_year", filter=settled), begun=Max("fiscal_year"))
    )
    round_year = newest["settled"] or newest["begun"]
    if round_year is None:
        round_year = Actual.objects.filter(indicator__uses__plan=plan).aggregate(
            year=Max("fiscal_year")
        )["year"]
    if round_year is None:
        round_year = fiscal_years.current_fiscal_year()
    return min(max(round_year, years[0]), years[-1])
