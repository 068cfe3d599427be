"""The schedule of a measure as bars over the fiscal years of its plan."""

from collections.abc import Sequence
from dataclasses import dataclass

from projects.models import Milestone


@dataclass(frozen=True)
class Bar:
    """A step over the plan's years: so many columns before it, under it, and after it.

    One without a stated end goes on in the columns after it; of one that began before the plan's
    years these are all.
    """

    milestone: Milestone
    before: int
    span: int
    after: int

    @property
    def is_outside(self) -> bool:
        """Nothing of it lies in the plan's years, or the document names no year."""
        return self.span == 0 and not self.goes_on

    @property
    def goes_on(self) -> bool:
        """Whether it goes on in the columns after it, without a stated end."""
        return self.after > 0 and self.milestone.is_open_ended


def bar(milestone: Milestone, years: Sequence[int]) -> Bar:
    """Where the step lies; one without a stated end takes its first year alone."""
    first = milestone.first_fiscal_year
    if first is None:
        return Bar(milestone, 0, 0, len(years))
    last = milestone.last_fiscal_year or first
    before = sum(year < first for year in years)
    span = sum(first <= year <= last for year in years)
    return Bar(milestone, before, span, len(years) - before - span)
