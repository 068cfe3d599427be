"""What about a figure asks for a reason: nothing that is impossible, only what is unusual.

A warning never keeps a figure from being saved. Whoever submits it is asked for a comment first
(`dxportal.rounds.comments`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import pairwise

from kpi.achievement import Achievement, achievement_of, format_number
from kpi.models import Actual, Indicator, Target

# From this change on last year (a ratio) a figure is looked at, unless it often jumps so far.
FAR = Decimal("0.5")
# From here on a growth is told as a multiple.
MANY = Decimal(3)
WHOLE = Decimal(100)
PERCENT_SIGNS = ("%", "％")


class Sign(StrEnum):
    """What is unusual."""

    FAR = "far"
    AGAINST = "against"
    FALLING = "falling"
    ABOVE_WHOLE = "above_whole"
    MISSED = "missed"


@dataclass(frozen=True)
class FigureWarning:
    """One unusual thing, said to the person who entered the figure."""

    sign: Sign
    text: str


def warnings_of(
    indicator: Indicator,
    target: Target | None,
    actual: Actual | None,
    past: Mapping[int, Decimal],
) -> list[FigureWarning]:
    """What is unusual about an actual; `past` are the reported figures of the years before it."""
    if actual is None or not actual.has_number or actual.value is None:
        return []
    value = actual.value
    earlier = {year: past[year] for year in sorted(past) if year < actual.fiscal_year}
    achieved = achievement_of(indicator, target, actual)
    found = [
        _far_from_last_year(indicator, value, earlier),
        _falling_total(indicator, value, earlier) or _against(indicator, value, earlier),
        _above_whole(indicator, target, value),
        _missed(achieved, actual),
    ]
    return [warning for warning in found if warning is not None]


def _far_from_last_year(
    indicator: Indicator, value: Decimal, earlier: Mapping[int, Decimal]
) -> FigureWarning | None:
    if not earlier:
        return None
    figures = list(earlier.values())
    change = _change(figures[-1], value)
    usual = [
        step for before, after in pairwise(figures) if (step := _change(before, after)) is not None
    ]
    if change is None or change <= max([FAR, *usual]):
        return None
    last = f"{format_number(figures[-1], indicator.decimals)}{indicator.unit}"
    return FigureWarning(
        Sign.FAR,
        f"前回の実績（{last}）から{_told_change(figures[-1], value, change)}います。"
        "桁や単位は合っていますか。",
    )


def _told_change(before: Decimal, after: Decimal, change: Decimal) -> str:
    """By how much it has grown or shrunk; many times over as a multiple of what it was."""
    if after > before > 0 and change >= MANY:
        return f"{format_number((after / before).quantize(Decimal(1)), 0)}倍になって"
    percent = format_number((change * WHOLE).quantize(Decimal(1)), 0)
    return f"{percent}%増えて" if after > before else f"{percent}%減って"


def _change(before: Decimal, after: Decimal) -> Decimal | None:
    """By how much of itself a figure has changed; a zero has no measure for it."""
    return abs(after - before) / abs(before) if before else None


def _falling_total(
    indicator: Indicator, value: Decimal, earlier: Mapping[int, Decimal]
) -> FigureWarning | None:
    if indicator.aggregation != Indicator.Aggregation.CUMULATIVE or not earlier:
        return None
    last = list(earlier.values())[-1]
    if value >= last:
        return None
    told = f"{format_number(last, indicator.decimals)}{indicator.unit}"
    return FigureWarning(
        Sign.FALLING,
        f"累計の指標ですが、前回の累計（{told}）より減っています。この年度だけの数ではありませんか。",
    )


def _against(
    indicator: Indicator, value: Decimal, earlier: Mapping[int, Decimal]
) -> FigureWarning | None:
    if not earlier:
        return None
    last = list(earlier.values())[-1]
    told = f"{format_number(last, indicator.decimals)}{indicator.unit}"
    if indicator.direction == Indicator.Direction.INCREASE and value < last:
        return FigureWarning(
            Sign.AGAINST, f"増やす指標ですが、前回の実績（{told}）より減っています。"
        )
    if indicator.direction == Indicator.Direction.DECREASE and value > last:
        return FigureWarning(
            Sign.AGAINST, f"減らす指標ですが、前回の実績（{told}）より増えています。"
        )
    return None


def _above_whole(
    indicator: Indicator, target: Target | None, value: Decimal
) -> FigureWarning | None:
    is_rate = indicator.aggregation == Indicator.Aggregation.RATE
    is_percent = indicator.unit in PERCENT_SIGNS
    if not (is_rate and (is_percent or not indicator.unit)) or value <= WHOLE:
        return None
    if target is not None and target.value is not None and target.value > WHOLE:
        return None  # a growth rate: the plan itself aims above the whole
    return FigureWarning(Sign.ABOVE_WHOLE, "率が100%を超えています。分子と分母は合っていますか。")


def _missed(achieved: Achievement, actual: Actual) -> FigureWarning | None:
    if achieved.reached is not False or actual.note.strip():
        return None
    return FigureWarning(
        Sign.MISSED, "目標に届いていません。理由や今後の対応をコメントに書いてください。"
    )
