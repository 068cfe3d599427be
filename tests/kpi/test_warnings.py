"""What asks for a reason, and what does not."""

from decimal import Decimal

import pytest

from kpi.models import Actual, Indicator, Target, ValueStatus
from kpi.warnings import Sign, warnings_of

YEAR = 2025


def signs(
    value: str | None,
    past: dict[int, str] | None = None,
    target: str | None = None,
    note: str = "",
    status: str = ValueStatus.REPORTED,
    **fields: object,
) -> list[str]:
    indicator = Indicator(**{"name": "来訪者数", "unit": "人", "direction": "increase", **fields})
    aim = None if target is None else Target(fiscal_year=YEAR, value=Decimal(target))
    actual = Actual(
        indicator=indicator,
        fiscal_year=YEAR,
        value=None if value is None else Decimal(value),
        status=status,
        note=note,
    )
    figures = {year: Decimal(figure) for year, figure in (past or {}).items()}
    return [warning.sign for warning in warnings_of(indicator, aim, actual, figures)]


def test_nothing_is_said_of_what_is_usual() -> None:
    assert signs("110", {2024: "100"}, target="105") == []
    assert warnings_of(Indicator(), None, None, {}) == []


@pytest.mark.parametrize(
    ("status", "value"), [("not_applicable", None), ("not_yet", None), ("suspended", None)]
)
def test_what_has_no_number_has_no_warning(status: str, value: None) -> None:
    assert signs(value, {2024: "100"}, target="105", status=status) == []


@pytest.mark.parametrize(
    ("value", "past", "is_far"),
    [
        ("150", {2024: "100"}, False),  # exactly half as much again
        ("151", {2024: "100"}, True),
        ("1000", {2024: "100"}, True),  # a digit too many
        ("900", {2022: "100", 2023: "400", 2024: "300"}, False),  # it has tripled before
        ("1300", {2022: "100", 2023: "400", 2024: "300"}, True),
        ("5", {2024: "0"}, False),  # a zero has no measure
        ("300", {2026: "100"}, False),  # a later year is no past
        ("300", {}, False),
        ("300", {2022: "100"}, True),  # the last known year, if last year is missing
    ],
)
def test_far_from_last_year(value: str, past: dict[int, str], is_far: bool) -> None:
    assert (Sign.FAR in signs(value, past)) is is_far


def test_far_says_from_what_and_by_how_much() -> None:
    indicator = Indicator(name="来訪者数", unit="人", direction="increase")
    actual = Actual(indicator=indicator, fiscal_year=YEAR, value=Decimal(123450))
    (warning,) = warnings_of(indicator, None, actual, {2024: Decimal(12345)})
    assert "12,345人" in warning.text
    assert "10倍になっています" in warning.text


@pytest.mark.parametrize(
    ("direction", "value", "expected"),
    [
        ("increase", "90", [Sign.AGAINST]),
        ("increase", "100", []),
        ("decrease", "110", [Sign.AGAINST]),
        ("decrease", "90", []),
        ("maintain", "90", []),
        ("", "90", []),
    ],
)
def test_against_the_direction(direction: str, value: str, expected: list[str]) -> None:
    assert signs(value, {2024: "100"}, direction=direction) == expected


def test_a_cumulative_that_falls_is_told_once() -> None:
    assert signs("90", {2024: "100"}, aggregation="cumulative") == [Sign.FALLING]
    assert signs("100", {2024: "100"}, aggregation="cumulative") == []


@pytest.mark.parametrize(
    ("fields", "target", "is_above"),
    [
        ({"aggregation": "rate", "unit": "%"}, None, True),
        ({"aggregation": "rate", "unit": "％"}, "90", True),
        ({"aggregation": "rate", "unit": "%"}, "120", False),  # the plan aims above it
        ({"aggregation": "single_year", "unit": "%"}, None, False),
        ({"aggregation": "rate", "unit": "件/人"}, None, False),
    ],
)
def test_a_rate_above_the_whole(fields: dict[str, str], target: str | None, is_above: bool) -> None:
    assert (Sign.ABOVE_WHOLE in signs("101", target=target, **fields)) is is_above
    assert Sign.ABOVE_WHOLE not in signs("100", target=target, **fields)


def test_a_missed_target_asks_for_a_comment() -> None:
    assert signs("90", {2024: "80"}, target="100") == [Sign.MISSED]
    assert signs("90", {2024: "80"}, target="100", note="天候のため") == []
    assert signs("90", {2024: "80"}, target="100", note="　 ") == [Sign.MISSED]
    assert signs("0", target="0") == []
    # Without a direction nobody can say that it is missed.
    assert signs("90", target="100", direction="") == []
