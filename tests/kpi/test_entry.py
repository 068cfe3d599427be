"""The entry page: whose rows, in what order, at what cost, and what a save answers."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from kpi.models import Actual
from tests.cast import THIS_YEAR, Cast, targets

SignIn = Callable[[User], Client]
PAGE = "/kpi/entry/"
HTMX = {"HX-Request": "true"}


def row_address(cast: Cast, key: str) -> str:
    return reverse("kpi:entry_row", args=[cast.open_cycle.pk, cast.indicators[key].pk])


def form(cast: Cast, key: str, value: str, **fields: object) -> dict[str, object]:
    prefix = f"i{cast.indicators[key].pk}"
    data = {"value": value, "status": "reported", "version": "", "note": ""} | fields
    return {f"{prefix}-{name}": field for name, field in data.items()}


def test_an_editor_sees_the_rows_of_the_own_department(cast: Cast, sign_in: SignIn) -> None:
    page = sign_in(cast.editor).get(PAGE)
    groups = page.context["groups"]
    keys = [row.indicator.key for group in groups for row in group.rows]
    assert set(keys) == {"立案数", "来訪者", "満足度", "印字のみ"}
    assert [group.path[-1].key for group in groups] == ["観光1", "観光1-1", "観光1-2", "観光2"]
    assert "データを活用した事業立案数" in page.content.decode()


@pytest.mark.parametrize("name", ["approver", "coordinator", "viewer", "admin", "outsider"])
def test_who_enters_nothing_is_told_so(cast: Cast, sign_in: SignIn, name: str) -> None:
    page = sign_in(cast.people[name]).get(PAGE)
    assert page.status_code == 200
    assert not page.context["groups"]
    assert "ありません" in page.content.decode()


@pytest.mark.parametrize("more", [0, 60])
def test_the_number_of_queries_does_not_grow(
    cast: Cast,
    sign_in: SignIn,
    django_assert_num_queries: DjangoAssertNumQueries,
    more: int,
) -> None:
    for number in range(more):
        extra = cast.indicator(f"追加{number}", department=cast.departments["観光課"])
        cast.use(extra, cast.measures["観光2"])
        targets(extra, y2024=1, y2025=2)
    client = sign_in(cast.editor)
    with django_assert_num_queries(17):
        client.get(PAGE)


def test_a_save_answers_with_the_row(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.editor)
    answer = client.post(row_address(cast, "立案数"), form(cast, "立案数", "７"), headers=HTMX)
    assert answer.status_code == 200
    assert 'data-state="saved"' in answer.content.decode()
    assert "100.0%" in answer.content.decode()
    assert Actual.objects.get(indicator__key="立案数", fiscal_year=THIS_YEAR).value == 7


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"value": "約7"}, "正確な値として読めません"),
        ({"value": ""}, "数値が必要です"),
        ({"value": "7", "status": "not_yet"}, "数値を空欄にしてください"),
        ({"value": "7", "status": "nonsense"}, "選択"),
        ({"value": "<script>alert(1)</script>"}, "&lt;script&gt;"),
    ],
)
def test_a_refusal_keeps_what_was_typed(
    cast: Cast, sign_in: SignIn, fields: dict[str, str], sentence: str
) -> None:
    answer = sign_in(cast.editor).post(
        row_address(cast, "立案数"),
        form(cast, "立案数", **fields, note="わたしのコメント"),
        headers=HTMX,
    )
    text = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in text
    assert "わたしのコメント" in text
    assert "<script>alert" not in text
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()


def test_a_conflict_shows_both_values(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.editor)
    address = row_address(cast, "立案数")
    client.post(address, form(cast, "立案数", "7"), headers=HTMX)
    answer = client.post(address, form(cast, "立案数", "9"), headers=HTMX)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "「7」を保存しました" in text
    assert "「9」はまだ保存していません" in text
    assert Actual.objects.get(indicator__key="立案数", fiscal_year=THIS_YEAR).value == 7


def test_an_entry_is_taken_back(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.editor)
    address = row_address(cast, "立案数")
    client.post(address, form(cast, "立案数", "7"), headers=HTMX)
    client.post(address, form(cast, "立案数", "7", version=1) | {"clear": "1"}, headers=HTMX)
    assert not Actual.objects.filter(indicator__key="立案数", fiscal_year=THIS_YEAR).exists()


def test_a_closed_round_refuses_a_save_that_was_typed_before(cast: Cast, sign_in: SignIn) -> None:
    cast.open_cycle.state = "closed"
    cast.open_cycle.save()
    answer = sign_in(cast.editor).post(
        row_address(cast, "立案数"), form(cast, "立案数", "7"), headers=HTMX
    )
    assert answer.status_code == 422
    assert "入力できません" in answer.content.decode()
    assert 'value="7"' in answer.content.decode()
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()
