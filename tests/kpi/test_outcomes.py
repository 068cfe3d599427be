import pytest

from kpi.models import Indicator, ValueStatus
from kpi.outcomes import Outcome, outcome_of
from kpi.series import year_of
from tests.cast import Cast, actual, targets


@pytest.mark.parametrize(
    ("key", "year", "expected"),
    [
        ("立案数", 2024, Outcome.REACHED),
        ("来訪者", 2024, Outcome.NOT_REACHED),
        ("苦情", 2024, Outcome.REACHED),
        ("満足度", 2024, Outcome.NOT_YET),
        ("満足度", 2023, Outcome.NOT_APPLICABLE),
        ("印字のみ", 2024, Outcome.UNSTATED),
        ("未入力", 2024, Outcome.NOT_ENTERED),
        ("立案数", 2025, Outcome.NOT_ENTERED),
    ],
)
def test_outcomes_of_the_cast(cast: Cast, key: str, year: int, expected: Outcome) -> None:
    indicator = Indicator.objects.with_values().get(pk=cast.indicators[key].pk)
    assert outcome_of(year_of(indicator, year)) == expected


def outcome(indicator: Indicator) -> Outcome:
    return outcome_of(year_of(indicator, 2024))


def test_without_a_target_or_a_direction_nothing_is_judged(cast: Cast) -> None:
    no_target = cast.indicator("目標なし")
    actual(no_target, 2024, 5)
    assert outcome(no_target) == Outcome.NO_TARGET
    no_direction = cast.indicator("方向なし", direction="")
    targets(no_direction, y2024=5)
    actual(no_direction, 2024, 5)
    assert outcome(no_direction) == Outcome.NOT_JUDGED


def test_suspended_and_worded_actuals_have_their_own_words(cast: Cast) -> None:
    suspended = cast.indicator("中止")
    actual(suspended, 2024, None, status=ValueStatus.SUSPENDED)
    assert outcome(suspended) == Outcome.SUSPENDED
    worded = cast.indicator("定性", is_qualitative=True)
    actual(worded, 2024, None, raw_text="全庁展開")
    assert outcome(worded) == Outcome.IN_WORDS


def test_a_year_without_measuring_is_not_missing(cast: Cast) -> None:
    every_third = cast.indicator("三年ごと", measured_every=3, measured_from=2022)
    assert outcome(every_third) == Outcome.NOT_MEASURED
