"""What about a settled figure asks for a reason."""

import pytest

from budgets.warnings import warnings_of

BUDGET = 1_235_000


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        (1_230_000_000, "約1,000倍です。円の額を千円の欄"),
        (370_000_000, "約300倍です。円の額を千円の欄"),
        (1_230, "約1,000分の1です。千円の額を円"),
        (1_235_001, "超えています"),
        (1_235_000, None),
        (100_000, None),
        (0, None),
        (None, None),
    ],
)
def test_a_slip_of_the_unit_and_too_much_money_stand_out(
    amount: int | None, told: str | None
) -> None:
    found = warnings_of(amount, BUDGET, None)
    assert [told in text for text in found] == ([True] if told else [])
    assert all("予算現額（123万5千円）" in text for text in found)


def test_without_a_budget_last_years_figure_is_the_measure_of_the_unit_alone() -> None:
    assert "前年度の決算（123万5千円）の約1,000倍" in warnings_of(BUDGET * 1000, None, BUDGET)[0]
    assert warnings_of(BUDGET * 2, None, BUDGET) == []
    assert warnings_of(BUDGET, None, None) == warnings_of(BUDGET, 0, 0) == []
