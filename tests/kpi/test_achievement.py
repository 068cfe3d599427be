from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.achievement import achievement, achievement_of, format_number
from kpi.models import Actual, Indicator, Target, ValueStatus

D = Decimal


def test_the_two_conventions_differ_for_the_same_numbers() -> None:
    ratio = Indicator(direction="increase")
    from_baseline = Indicator(
        direction="increase", achievement_method="from_baseline", baseline_value=D(50)
    )
    assert achievement(ratio, D(100), D(75)).percent == 75
    assert achievement(from_baseline, D(100), D(75)).percent == 50
    assert "基準値 50" in achievement(from_baseline, D(100), D(75)).formula


def test_decrease_turns_the_ratio_round_and_judges_downwards() -> None:
    result = achievement(Indicator(direction="decrease"), D(10), D(8))
    assert (result.percent, result.reached) == (D(125), True)
    assert achievement(Indicator(direction="decrease"), D(10), D(12)).reached is False


def test_maintain_is_judged_by_its_tolerance() -> None:
    indicator = Indicator(direction="maintain", tolerance=D(5))
    assert achievement(indicator, D(100), D(96)).reached is True
    assert achievement(indicator, D(100), D(94)).reached is False
    assert achievement(indicator, D(100), D(96)).text == "—"


@pytest.mark.parametrize(
    ("direction", "target", "actual"), [("increase", D(0), D(5)), ("decrease", D(5), D(0))]
)
def test_a_zero_denominator_gives_a_dash(direction: str, target: D, actual: D) -> None:
    result = achievement(Indicator(direction=direction), target, actual)
    assert result.percent is None
    assert result.text == "—"
    assert "0" in result.reason


def test_a_reported_zero_is_a_number() -> None:
    result = achievement_of(
        Indicator(direction="increase"), Target(value=D(10)), Actual(value=D(0))
    )
    assert (result.percent, result.text, result.reached) == (D(0), "0.0%", False)


@pytest.mark.parametrize("status", [s for s in ValueStatus if s != ValueStatus.REPORTED])
def test_no_rate_without_a_number(status: ValueStatus) -> None:
    target = Target(value=D(10))
    result = achievement_of(Indicator(direction="increase"), target, Actual(status=status))
    assert (result.text, result.reached) == ("—", None)


def test_a_comparison_decides_what_reached_means() -> None:
    indicator = Indicator(direction="decrease")
    assert achievement(indicator, D(1), D(1), "lt").reached is False
    assert achievement(indicator, D(1), D(1), "lte").reached is True
    assert achievement(Indicator(direction="increase"), D(70), D(70), "gte").reached is True


@given(st.decimals(1, 10**9, places=2), st.decimals(0, 10**9, places=2))
def test_nothing_is_capped(target: D, actual: D) -> None:
    percent = achievement(Indicator(direction="increase"), target, actual).percent
    assert percent is not None
    assert abs(percent * target / 100 - actual) < D("0.001")


def test_digits_that_were_entered_never_vanish() -> None:
    assert format_number(D("7089.34"), 1) == "7,089.34"
    assert format_number(D("7089.300000"), 2) == "7,089.30"
    assert format_number(D("1200"), 0) == "1,200"
