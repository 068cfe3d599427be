"""Charts: what is drawn, where, and in what form; the SVG passes the content security policy."""

import re
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from kpi.charts import PHONE, BarRow, Bars, Chart, Segment, Series, axis_for, indicator_chart
from kpi.series import years_of
from tests.cast import Cast

SVG = "{http://www.w3.org/2000/svg}"
YEARS = (2021, 2022, 2023, 2024)


def numbers(*values: str | int | None) -> tuple[Decimal | None, ...]:
    return tuple(None if value is None else Decimal(str(value)) for value in values)


def chart(planned: tuple, actual: tuple, **more: object) -> Chart:
    def texts(values: tuple) -> tuple[str, ...]:
        return tuple("" if value is None else str(value) for value in values)

    lines = (
        Series("予定", "target", numbers(*planned), texts(planned)),
        Series("実績", "actual", numbers(*actual), texts(actual)),
    )
    return Chart("閲覧回数", "回", YEARS[: len(planned)], lines, **more)


def drawn(made: Chart | Bars) -> ElementTree.Element:
    svg = made.svg()
    assert svg is not None
    return ElementTree.fromstring(svg)


def points(root: ElementTree.Element, kind: str) -> list[tuple[float, float]]:
    """The points of a series; the legend's own sample is the first and left out."""
    found = root.iter(f"{SVG}circle")
    places = [(float(c.get("cx")), float(c.get("cy"))) for c in found if c.get("class") == kind]
    return places[1:]


def test_a_year_without_a_figure_is_a_gap_and_zero_is_a_point() -> None:
    root = drawn(chart((1, 2, 3, 4), (0, None, 2, 3)))
    assert len(points(root, "chart-actual")) == 3
    paths = [p.get("d") for p in root.iter(f"{SVG}path") if p.get("class") == "chart-actual"]
    line = paths[-1]
    # Nothing joins the first year with the third: the pen is set down anew.
    assert line.count("M") == 2 and line.count("L") == 1


def test_series_are_told_apart_by_form_and_not_by_colour_alone() -> None:
    root = drawn(chart((1, 2, 3, 4), (1, 2, 2, 3)))
    paths = {p.get("class"): p for p in root.iter(f"{SVG}path")}
    assert paths["chart-target"].get("stroke-dasharray")
    assert paths["chart-actual"].get("stroke-dasharray") is None
    fills = {c.get("class"): c.get("fill") for c in root.iter(f"{SVG}circle")}
    assert fills["chart-target"] == "#ffffff" != fills["chart-actual"]


def test_it_is_an_image_with_a_name_and_its_figures_in_words() -> None:
    root = drawn(chart((1, 2, 3, 4), (1, None, 2, 3)))
    assert root.get("role") == "img"
    assert root.find(f"{SVG}title").text == "閲覧回数のグラフ"
    described = root.find(f"{SVG}desc").text
    assert "予定：令和3年度 1、令和4年度 2" in described
    assert "令和4年度" not in described.split("実績：")[1]


def test_nothing_in_it_needs_inline_style_or_script() -> None:
    svg = chart((1, 2, 3, 4), (1, 2, 3, 4)).svg()
    assert not re.search(r"style=|<style|<script|\son\w+=|href=", svg)


def test_text_is_escaped() -> None:
    made = Chart('<b>&"', "<i>", (2024,), (Series("実績", "actual", numbers(1), ('<">',)),))
    svg = made.svg()
    assert "<b>" not in svg and "<i>" not in svg
    assert ElementTree.fromstring(svg).find(f"{SVG}title").text == '<b>&"のグラフ'


def test_without_a_figure_there_is_no_picture_but_still_the_rows() -> None:
    made = chart((None, None), (None, None))
    assert made.svg() is None
    assert [row.label for row in made.rows()] == ["R3", "R4"]


def test_one_point_alone_is_drawn_without_a_line() -> None:
    root = drawn(chart((None,) * 4, (None, None, None, 7)))
    assert len(points(root, "chart-actual")) == 1
    assert not [p for p in root.iter(f"{SVG}path") if "L" in p.get("d")]


def test_the_rows_show_what_the_picture_shows() -> None:
    made = chart((1, 2, 3, 4), (1, None, 0, 3))
    assert made.head == ["年度", "予定（回）", "実績（回）"]
    assert [row.texts for row in made.rows()] == [("1", "1"), ("2", ""), ("3", "0"), ("4", "3")]


def test_negative_figures_lie_below_the_zero_line() -> None:
    root = drawn(chart((-5, -3, 1, 2), (-6, -2, None, None), minus="△"))
    zero = next(
        float(line.get("y1"))
        for line in root.iter(f"{SVG}line")
        if line.get("class") == "chart-zero"
        and any(
            text.text == "0" and abs(float(text.get("y")) - float(line.get("y1"))) < 6
            for text in root.iter(f"{SVG}text")
        )
    )
    below = [y > zero for _, y in points(root, "chart-target")]
    assert below == [True, True, False, False]
    shown = [text.text for text in root.iter(f"{SVG}text")]
    assert "△5" in shown and not any(text.startswith("-") for text in shown if text)


@pytest.mark.parametrize(
    ("values", "ticks"),
    [
        ((0, 25), ["0", "5", "10", "15", "20", "25"]),
        ((98, 100), ["97", "98", "99", "100"]),
        ((0, 0), ["0", "1"]),
        ((100, 100), ["0", "20", "40", "60", "80", "100"]),
        ((0, 2), ["0", "1", "2"]),
        (("0.012", "0.055"), ["0", "0.02", "0.04", "0.06"]),
    ],
)
def test_ticks_are_round_numbers_that_hold_all_values(values: tuple, ticks: list[str]) -> None:
    axis = axis_for([Decimal(str(value)) for value in values])
    shown = [f"{tick.normalize():f}" for tick in axis.ticks]
    assert shown == ticks


def test_an_axis_that_does_not_start_at_zero_says_so() -> None:
    cut = [text.text for text in drawn(chart((98, 99), (98, None))).iter(f"{SVG}text")]
    whole = [text.text for text in drawn(chart((1, 9), (2, None))).iter(f"{SVG}text")]
    assert any("縦軸は0から始まりません" in text for text in cut)
    assert not any("縦軸" in text for text in whole)


def test_an_indicator_s_chart_keeps_the_kinds_of_nothing_apart(cast: Cast) -> None:
    made = indicator_chart(
        cast.indicators["満足度"], years_of(cast.indicators["満足度"], range(2022, 2026)), 2024
    )
    targets, actuals = made.series
    assert targets.values == (None, None, Decimal("80"), Decimal("81.5"))
    assert actuals.values == (None, None, None, None)
    assert actuals.texts == ("", "該当なし", "未集計", "")


def test_bars_have_their_counts_in_words_and_numbers() -> None:
    made = Bars(
        "進捗",
        (Segment("予定どおり", 3), Segment("遅れている", 1)),
        (BarRow("観光", (3, 1)), BarRow("教育", (0, 0))),
    )
    root = drawn(made)
    assert made.description == "観光：予定どおり3件、遅れている1件。教育：なし。"
    shown = [text.text for text in root.iter(f"{SVG}text")]
    assert {"観光", "教育", "3", "1", "4", "0"} <= set(shown)
    assert Bars("空", made.segments, (BarRow("教育", (0, 0)),)).svg() is None


def test_a_phone_is_drawn_narrower_only_where_the_words_have_room() -> None:
    rows = (BarRow("観光", (1, 2)),)
    bars = Bars("数", (Segment("○", 1), Segment("△", 3)), rows)
    narrow = bars.narrow_svg()
    assert narrow is not None and f'width="{PHONE}"' in narrow
    long = (BarRow("とても長い名前の分野なので入らない", (1, 2)),)
    assert Bars("数", bars.segments, long).narrow_svg() is None
