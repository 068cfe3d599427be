from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kpi.numbers import read_number


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1234", "件", "1234"),
        ("１，２３４", "件", "1234"),
        ("1,234.50", "", "1234.50"),
        ("▲3", "", "-3"),
        ("△1,000", "", "-1000"),
        ("−2.5", "", "-2.5"),
        ("0", "", "0"),
        ("12件", "件", "12"),
        ("81.4%", "%", "81.4"),
        ("８１．４％", "%", "81.4"),
        ("23億2,559万4千円", "円", "2325594000"),
        ("23億2,559万4千円", "千円", "2325594"),
        ("1,500千円", "円", "1500000"),
        ("3千円", "千円", "3"),
    ],
)
def test_reads_figures_in_the_wild_exactly(text: str, unit: str, value: str) -> None:
    assert read_number(text, unit).value == Decimal(value)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("約120", "件"),
        ("集計中", "件"),
        ("－", "件"),
        ("-", "件"),
        ("※1", "件"),
        ("実施済", ""),
        ("1,23", ""),
        ("12%", "件"),
        ("3千円", "件"),
        ("1e5", ""),
        ("NaN", ""),
        ("1 2", ""),
        ("4千2億円", "円"),
        ("", ""),
    ],
)
def test_refuses_the_rest_and_names_it(text: str, unit: str) -> None:
    with pytest.raises(ValueError, match="「"):
        read_number(text, unit)


@pytest.mark.parametrize("text", ["集計中", "未集計", "該当なし", "なし", "－", "▲"])
def test_a_status_is_advised_only_where_there_is_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"該当なし|値の状態"):
        read_number(text, "件")
    with pytest.raises(ValueError, match="空欄のまま") as refused:
        read_number(text, "千円", has_status=False)
    assert "値の状態" not in str(refused.value)


@given(st.decimals(-(10**12), 10**12, places=3))
def test_what_is_shown_as_understood_reads_back_as_the_same(value: Decimal) -> None:
    read = read_number(format(value, ",f"), "件")
    assert read.value == value
    assert read_number(read.understood, "件").value == value
