"""Where an indicator is heading: a straight line through its known years, with its doubt.

Ordinary least squares over (year, actual). The doubt is the range of the residuals: had the line
been as wrong as it was in the worst known years, the figure would lie between `low` and `high`. It
says nothing of what changes from now on, and with few years it is an under-estimate; the page says
both. Fewer than three figures give no projection.
"""

from dataclasses import dataclass
from decimal import Decimal
from enum import Enum

from kpi.achievement import format_number, is_reached
from kpi.models import Indicator, Target

LEAST_POINTS = 3
PERCENT, ALL = ("%", "％"), Decimal(100)
METHOD = (
    "実績のある年度に直線をあてはめ（最小二乗法）、そのまま延ばした値です。幅は、これまでの実績が"
    "直線から外れた最大の差を上下に加えたものです。実績が3年度分に満たない指標、判定の方法が定まって"
    "いない指標には見込みを出しません。これからの取組や環境の変化は含みません。"
)


class Verdict(Enum):
    LIKELY = "届く見込み"
    OPEN = "どちらともいえない"
    UNLIKELY = "届かない見込み"
    UNKNOWN = "見込みを出せない"


@dataclass(frozen=True)
class Projection:
    """The line's value in a year, and the range that past residuals put around it.

    `least` and `most` are the smallest and the largest of the known figures.
    """

    fiscal_year: int
    points: int
    value: Decimal
    low: Decimal
    high: Decimal
    least: Decimal
    most: Decimal

    def text(self, indicator: Indicator) -> str:
        """In the indicator's decimals: 「約12（8〜15）」.

        What was never below zero will not be, and no share that never was exceeds the whole:
        then the line says the direction alone.
        """
        if self.value < 0 <= self.least:
            return "0に近づく（直線は0を下回る）"
        if indicator.unit in PERCENT and self.value > ALL >= self.most:
            return "100%に届く（直線は100%を超える）"
        shown = [
            format_number(round(number, indicator.decimals), indicator.decimals)
            for number in (self.value, self.low, self.high)
        ]
        return f"約{shown[0]}（{shown[1]}〜{shown[2]}）"


def project(numbers: dict[int, Decimal], fiscal_year: int) -> Projection | None:
    """The figures by year carried on to `fiscal_year`; None with fewer than three."""
    if len(numbers) < LEAST_POINTS:
        return None
    count = len(numbers)
    middle_year = Decimal(sum(numbers)) / count
    middle = sum(numbers.values(), Decimal(0)) / count
    spread = sum(((year - middle_year) ** 2 for year in numbers), Decimal(0))
    slope = (
        sum(((y - middle_year) * (value - middle) for y, value in numbers.items()), Decimal(0))
        / spread
    )
    residuals = [value - (middle + slope * (year - middle_year)) for year, value in numbers.items()]
    value = middle + slope * (fiscal_year - middle_year)
    return Projection(
        fiscal_year,
        count,
        value,
        value + min(residuals),
        value + max(residuals),
        min(numbers.values()),
        max(numbers.values()),
    )


def verdict(indicator: Indicator, target: Target | None, seen: Projection | None) -> Verdict:
    """Whether all of the range reaches the target by the indicator's own rule, none, or some."""
    if seen is None or target is None or target.value is None:
        return Verdict.UNKNOWN
    answers = {
        is_reached(indicator, target.value, number, target.comparison)
        for number in (seen.low, seen.value, seen.high)
    }
    if None in answers:
        return Verdict.UNKNOWN
    if len(answers) == 2 or _straddles(indicator, target.value, seen, answers):
        return Verdict.OPEN
    return Verdict.LIKELY if True in answers else Verdict.UNLIKELY


def _straddles(
    indicator: Indicator, target: Decimal, seen: Projection, answers: set[bool | None]
) -> bool:
    """維持: both ends miss the band, but it lies between them."""
    is_kept = indicator.direction == Indicator.Direction.MAINTAIN
    return is_kept and answers == {False} and seen.low < target < seen.high
