import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plans import fiscal_years

years = st.integers(fiscal_years.MIN_FISCAL_YEAR, fiscal_years.MAX_FISCAL_YEAR)


@pytest.mark.parametrize(
    ("text", "year"),
    [
        ("2024", 2024),
        ("R6", 2024),
        ("r6", 2024),
        ("Ｒ６", 2024),
        ("令和6年度", 2024),
        ("令和６年", 2024),
        ("令和元年度", 2019),
        ("R1", 2019),
        ("平成31年度", 2019),
        ("平成30年度", 2018),
        ("H元", 1989),
        ("令和6（2024）年度", 2024),
        ("2024年度", 2024),
        (" 令和 6 年度 ", 2024),
    ],
)
def test_reads_what_people_write(text: str, year: int) -> None:
    assert fiscal_years.parse(text) == year


@pytest.mark.parametrize(
    "text",
    ["", "24", "令和", "令和0年度", "R100", "令和100年度", "来年度", "令和6（2025）年度", "1900"],
)
def test_refuses_what_is_no_year_and_names_it(text: str) -> None:
    with pytest.raises(ValueError, match="「" + text.replace("（", "（")):
        fiscal_years.parse(text)


@given(years)
def test_every_form_reads_back_as_the_same_year(year: int) -> None:
    for form in (
        fiscal_years.long_form(year),
        fiscal_years.short_form(year),
        fiscal_years.both_form(year),
        str(year),
    ):
        assert fiscal_years.parse(form) == year


@given(st.dates(datetime.date(1926, 4, 1), datetime.date(2100, 3, 31)))
def test_a_day_lies_in_its_fiscal_year(day: datetime.date) -> None:
    year = fiscal_years.fiscal_year_of(day)
    assert fiscal_years.first_day(year) <= day <= fiscal_years.last_day(year)


def test_the_first_year_of_an_era_is_gannen() -> None:
    assert fiscal_years.long_form(2019) == "令和元年度"
    assert fiscal_years.long_form(2018) == "平成30年度"
    assert fiscal_years.both_form(2024) == "令和6（2024）年度"
