"""Achievement (達成率): computed where it can be, with its formula beside it, else "—".

Two conventions give different answers for the same numbers, so each indicator says which it uses
(`Indicator.achievement_method`): actual ÷ target, or (actual − baseline) ÷ (target − baseline).
Nothing is capped, and a missing or zero denominator gives no rate rather than 0 %.
"""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from kpi.models import Actual, Indicator, Target, ValueStatus

NONE_TEXT = "—"
HUNDRED = Decimal(100)
CARRIED_DECIMALS = 6


@dataclass(frozen=True)
class Achievement:
    """A rate in percent (unrounded, or None), whether the target is reached, and why so."""

    percent: Decimal | None = None
    reached: bool | None = None
    formula: str = ""
    reason: str = ""

    def rounded(self, decimals: int = CARRIED_DECIMALS) -> Decimal | None:
        """The rate to so many decimals, half up; the default is what files and the API carry."""
        if self.percent is None:
            return None
        return self.percent.quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)

    @property
    def text(self) -> str:
        """The rate to one decimal, or the dash that stands for "cannot be computed"."""
        rate = self.rounded(1)
        return NONE_TEXT if rate is None else f"{rate:,f}%"

    @property
    def reached_text(self) -> str:
        return {True: "達成", False: "未達成", None: NONE_TEXT}[self.reached]


def achievement_of(
    indicator: Indicator, target: Target | None, actual: Actual | None
) -> Achievement:
    """The achievement of a year from its target and actual rows, either of which may be missing."""
    if target is None or target.value is None:
        return Achievement(reason="数値の目標がありません。")
    if actual is None or actual.status == ValueStatus.NOT_YET:
        return Achievement(reason="実績がまだありません。")
    if not actual.has_number or actual.value is None:
        return Achievement(reason="実績が数値ではありません。")
    return achievement(indicator, target.value, actual.value, target.comparison)


def is_reached(
    indicator: Indicator, target: Decimal, actual: Decimal, comparison: str = ""
) -> bool | None:
    """Whether the target is met: by its own comparison if it has one, else by the direction.

    None where the indicator does not say which direction is the good one.
    """
    if not indicator.direction:
        return None
    match comparison:
        case Target.Comparison.AT_LEAST:
            return actual >= target
        case Target.Comparison.MORE_THAN:
            return actual > target
        case Target.Comparison.AT_MOST:
            return actual <= target
        case Target.Comparison.LESS_THAN:
            return actual < target
    match indicator.direction:
        case Indicator.Direction.DECREASE:
            return actual <= target
        case Indicator.Direction.MAINTAIN:
            return abs(actual - target) <= abs(target) * indicator.tolerance / HUNDRED
    return actual >= target


def achievement(
    indicator: Indicator,
    target: Decimal,
    actual: Decimal,
    comparison: str = "",
) -> Achievement:
    """The achievement of an actual against a target by the indicator's own rule.

    減少 turns the ratio round (target ÷ actual); 維持 is judged by the tolerance alone.
    """
    if not indicator.direction:
        return Achievement(reason="望ましい方向の定めがありません。")
    reached = is_reached(indicator, target, actual, comparison)
    if indicator.direction == Indicator.Direction.MAINTAIN:
        return Achievement(
            reached=reached,
            formula=f"目標からのずれが±{indicator.tolerance.normalize():f}%以内",
            reason="維持の指標は、許容幅の内か外かで判定します。",
        )
    if indicator.achievement_method == Indicator.AchievementMethod.FROM_BASELINE:
        return _from_baseline(indicator, target, actual, reached)
    return _ratio(indicator, target, actual, reached)


def _ratio(
    indicator: Indicator, target: Decimal, actual: Decimal, reached: bool | None
) -> Achievement:
    t, a = format_number(target, indicator.decimals), format_number(actual, indicator.decimals)
    if indicator.direction == Indicator.Direction.DECREASE:
        top, bottom, formula = target, actual, f"目標 {t} ÷ 実績 {a}"
    else:
        top, bottom, formula = actual, target, f"実績 {a} ÷ 目標 {t}"
    if bottom == 0:
        return Achievement(reached=reached, formula=formula, reason="分母が0のため求められません。")
    return Achievement(top / bottom * HUNDRED, reached, formula)


def _from_baseline(
    indicator: Indicator, target: Decimal, actual: Decimal, reached: bool | None
) -> Achievement:
    baseline = indicator.baseline_value
    if baseline is None:
        return Achievement(reached=reached, reason="基準値がないため求められません。")
    t, a, b = (format_number(v, indicator.decimals) for v in (target, actual, baseline))
    formula = f"（実績 {a} － 基準値 {b}）÷（目標 {t} － 基準値 {b}）"
    if target == baseline:
        return Achievement(reached=reached, formula=formula, reason="分母が0のため求められません。")
    return Achievement((actual - baseline) / (target - baseline) * HUNDRED, reached, formula)


def format_number(value: Decimal, decimals: int) -> str:
    """Thousands commas and at least the given decimals; digits that were entered never vanish."""
    exponent = value.normalize().as_tuple().exponent
    entered = -exponent if isinstance(exponent, int) else 0
    return f"{value:,.{max(decimals, entered, 0)}f}"


def format_value(indicator: Indicator, value: Decimal | None, raw_text: str = "") -> str:
    """A value as a reader sees it: the number with its decimals, else what was written."""
    if value is None:
        return raw_text
    return format_number(value, indicator.decimals)


def format_target(indicator: Indicator, target: Target | None) -> str:
    """A target with its comparison (70以上); the printed text where there is no number."""
    if target is None:
        return ""
    shown = format_value(indicator, target.value, target.raw_text)
    has_comparison = target.value is not None and target.comparison
    return shown + (target.get_comparison_display() if has_comparison else "")


def format_actual(indicator: Indicator, actual: Actual | None) -> str:
    """An actual: number, or the word for its status. Nobody having entered anything is ""."""
    if actual is None:
        return ""
    if actual.status == ValueStatus.REPORTED:
        return format_value(indicator, actual.value, actual.raw_text)
    if actual.status == ValueStatus.UNSTATED:
        return actual.raw_text or NONE_TEXT
    return actual.get_status_display()
