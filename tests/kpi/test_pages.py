"""The list of indicators with its filters and files, and the page of one indicator."""

import csv
import io
from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook
from pytest_django import DjangoAssertNumQueries

from accounts.audit import Actor
from accounts.models import Channel
from kpi.models import DefinitionChange, Target
from kpi.services import ActualEntry, record_actual
from tests.cast import Cast
from tests.drawn import drawn

SignIn = Callable[..., Client]
LIST = "kpi:indicator_list"


def keys(response: HttpResponse) -> set[str]:
    return {row.indicator.key for row in response.context["rows"]}  # type: ignore[attr-defined]


def records(response: HttpResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(response.content.decode("utf-8-sig"))))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", {"立案数", "来訪者", "苦情", "満足度", "印字のみ", "未入力"}),
        ("outcome=reached", {"立案数", "苦情"}),
        ("outcome=not_reached", {"来訪者"}),
        ("outcome=not_yet", {"満足度"}),
        ("outcome=unstated", {"印字のみ"}),
        ("outcome=not_entered", {"未入力"}),
        ("role=kpi", {"立案数", "来訪者", "苦情"}),
        ("role=activity", {"満足度", "印字のみ", "未入力"}),
        ("role=kpi&outcome=not_reached", {"来訪者"}),
        ("department={観光経済部}", {"立案数", "来訪者", "苦情", "満足度", "印字のみ"}),
        ("department_only={観光経済部}", set()),
        ("no_department=true", set()),
        ("measure={観光1}", {"立案数", "満足度", "印字のみ"}),
        ("measure={教育}", {"未入力"}),
        ("is_leading=true", {"満足度"}),
        ("q=ＳＮＳ", {"満足度"}),
        ("q=来訪", {"来訪者"}),
    ],
)
def test_filters(cast: Cast, sign_in: SignIn, query: str, expected: set[str]) -> None:
    ids = {key: row.pk for key, row in {**cast.departments, **cast.measures}.items()}
    address = f"{reverse(LIST)}?fiscal_year=2024&{query.format(**ids)}"
    assert keys(sign_in(cast.viewer).get(address)) == expected


def test_kpis_come_first_in_the_plans_order(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in(cast.viewer).get(reverse(LIST))
    order = [row.indicator.key for row in response.context["rows"]]
    assert order.index("立案数") < order.index("来訪者") < order.index("印字のみ")


def test_each_kind_of_nothing_has_its_word(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.viewer).get(reverse(LIST) + "?fiscal_year=2024").content.decode()
    for words in ("12,345", "未集計", "該当なし", "記載のみ", "未入力", "目標なし", "82.3%"):
        assert words in page
    assert "None" not in page


def test_a_zero_is_a_number_and_no_division_is_made_by_it(cast: Cast, sign_in: SignIn) -> None:
    rows = records(sign_in(cast.viewer).get(reverse(LIST) + "?fiscal_year=2024&format=csv"))
    complaints = next(row for row in rows if row["指標ID"] == "苦情")
    assert (complaints["実績"], complaints["達成率（％）"]) == ("0", "")
    assert complaints["達成の状況"] == "目標達成"
    unheard = next(row for row in rows if row["指標ID"] == "未入力")
    assert (unheard["実績"], unheard["実績の状態"]) == ("", "未入力")


def test_values_in_long_format(cast: Cast, sign_in: SignIn) -> None:
    rows = records(sign_in(cast.viewer).get(reverse(LIST) + "?format=csv&export=values"))
    of_rate = [row for row in rows if row["指標ID"] == "満足度"]
    assert [(r["年度"], r["値の種類"], r["値"], r["値の状態"]) for r in of_rate] == [
        ("2023", "実績", "", "該当なし"),
        ("2024", "目標", "80", ""),
        ("2024", "実績", "", "未集計"),
        ("2025", "目標", "81.5", ""),
    ]
    printed = next(r for r in rows if r["指標ID"] == "印字のみ" and r["値の種類"] == "実績")
    assert (printed["値"], printed["表記"]) == ("", "-")


def test_the_xlsx_has_numbers_as_numbers(cast: Cast, sign_in: SignIn) -> None:
    response = sign_in(cast.viewer).get(reverse(LIST) + "?fiscal_year=2024&format=xlsx")
    sheet = load_workbook(io.BytesIO(response.content)).active
    assert sheet is not None
    table = [[cell.value for cell in row] for row in sheet.iter_rows()]
    column = table[0].index("実績")
    by_key = {row[table[0].index("指標ID")]: row[column] for row in table[1:]}
    assert by_key["来訪者"] == 12345
    assert by_key["苦情"] == 0
    assert by_key["満足度"] is None


def page_of(cast: Cast, client: Client, key: str) -> str:
    address = reverse("kpi:indicator", args=[cast.indicators[key].pk])
    return client.get(f"{address}?fiscal_year=2024").content.decode()


def test_an_indicator_shows_the_formula_with_its_numbers(cast: Cast, sign_in: SignIn) -> None:
    page = drawn(page_of(cast, sign_in(cast.viewer), "来訪者"))
    assert "実績 12,345 ÷ 目標 15,000 ＝ 82.3%（未達成）" in page
    assert "<svg" in page
    assert "実績を入力する" not in page


def test_an_indicator_without_numbers_has_no_chart_and_says_so(cast: Cast, sign_in: SignIn) -> None:
    Target.objects.filter(indicator=cast.indicators["印字のみ"]).delete()
    page = page_of(cast, sign_in(cast.viewer), "印字のみ")
    assert "グラフはありません" in page
    assert "<svg xmlns" not in page
    assert "記載のみ" in page


def test_an_unused_indicator_without_values_has_a_page(cast: Cast, sign_in: SignIn) -> None:
    cast.indicator("裸", direction="", unit="")
    page = page_of(cast, sign_in(cast.viewer), "裸")
    assert "目標も実績も、まだありません" in page
    assert "どの計画でも使われていません" in page


def test_who_enters_is_led_to_the_entry(cast: Cast, sign_in: SignIn) -> None:
    assert "実績を入力する" in page_of(cast, sign_in(cast.editor), "来訪者")
    assert "実績を入力する" not in page_of(cast, sign_in(cast.editor), "苦情")


def test_revisions_and_definition_changes_stay_readable(cast: Cast, sign_in: SignIn) -> None:
    indicator = cast.indicators["来訪者"]
    Target.objects.filter(indicator=indicator, fiscal_year=2024).update(is_current=False)
    Target.objects.create(
        indicator=indicator, fiscal_year=2024, revision=1, value=13000, note="補正後"
    )
    DefinitionChange.objects.create(
        indicator=indicator, from_fiscal_year=2024, note="宿泊客も数える"
    )
    page = page_of(cast, sign_in(cast.viewer), "来訪者")
    for words in ("目標の改定", "15,000", "13,000", "（現行）", "補正後", "宿泊客も数える"):
        assert words in page


def test_the_history_says_who_when_what_and_through_which_channel(
    cast: Cast,
    sign_in: SignIn,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    actor = Actor(cast.editor, Channel.API)
    indicator = cast.indicators["来訪者"]
    first = record_actual(actor, indicator, 2025, ActualEntry("1,000"), None)
    record_actual(actor, indicator, 2025, ActualEntry(status="not_yet"), first.version)
    client = sign_in(cast.viewer)
    with django_assert_max_num_queries(16):
        page = page_of(cast, client, "来訪者")
    history = page[page.index("変更の履歴") :]
    for words in ("江出 太郎", "API", "1000", "報告済", "未集計", "（空欄）", "実績値の入力"):
        assert words in history
