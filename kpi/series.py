"""An indicator's values year by year, from rows that are already fetched."""

from collections import defaultdict
from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import cached_property

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

    @cached_property
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


def target_in_force(revisions: Iterable[Target], later: Set[str]) -> Target | None:
    """Which of a year's revisions holds for a plan whose later editions have these keys.

    The current one, unless a later edition revised the target: then the one before that. None
    where the later edition set the first target of the year.
    """
    found = sorted(revisions, key=lambda target: target.revision)
    first = next((i for i, target in enumerate(found) if target.revised_in in later), None)
    if first is None:
        return next((target for target in found if target.is_current), None)
    return found[first - 1] if first else None


def targets_in_force(indicator: Indicator, later: Set[str] = frozenset()) -> dict[int, Target]:
    """The yearly targets by fiscal year (see `target_in_force`), from fetched rows."""
    revisions: dict[int, list[Target]] = defaultdict(list)
    for target in indicator.targets.all():
        if target.kind == Target.Kind.TARGET:
            revisions[target.fiscal_year].append(target)
    chosen = {year: target_in_force(rows, later) for year, rows in revisions.items()}
    return {year: target for year, target in chosen.items() if target is not None}


def year_of(indicator: Indicator, fiscal_year: int, later: Set[str] = frozenset()) -> YearValues:
    """The values of one year (see `years_of`)."""
    return years_of(indicator, [fiscal_year], later)[0]


def years_of(
    indicator: Indicator, years: Iterable[int], later: Set[str] = frozenset()
) -> list[YearValues]:
    """The values of these years, in their order.

    Reads `targets.all()` and `actuals.all()`, so rows fetched `with_values()` need no query.
    `later` are the keys of the editions after the plan that asks (`plans.editions`): what they
    revised does not hold for it.
    """
    targets = targets_in_force(indicator, later)
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
