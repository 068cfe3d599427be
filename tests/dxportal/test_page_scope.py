"""Every page in one table: who may open it, and how many queries it needs at any size."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from tests.cast import Cast, grow

SignIn = Callable[..., Client]

INSIDE = ["editor", "approver", "coordinator", "viewer", "admin"]


def addresses(cast: Cast) -> dict[str, str]:
    return {
        "home": reverse("home"),
        "dashboard": reverse("dashboard") + "?fiscal_year=2024",
        "plans:list": reverse("plans:list"),
        "plans:tree": reverse("plans:tree", args=[cast.plan.pk]) + "?fiscal_year=2024",
        "plans:matrix": reverse("plans:matrix", args=[cast.plan.pk]),
        "plans:mapping": reverse("plans:mapping", args=[cast.plan.pk]),
        "plans:measure": reverse("plans:measure", args=[cast.measures["観光"].pk])
        + "?fiscal_year=2024",
        "plans:document": reverse("plans:document", args=[cast.plan.pk]),
        "plans:budget": reverse("plans:budget", args=[cast.plan.pk]),
        "projects:list": reverse("projects:list"),
        "projects:detail": reverse("projects:detail", args=[cast.projects["観光1-1-7"].pk]),
        "kpi:indicator_list": reverse("kpi:indicator_list") + "?fiscal_year=2024",
        "kpi:indicator": reverse("kpi:indicator", args=[cast.indicators["立案数"].pk]),
    }


# Session and user are two of each.
BUDGETS = {
    "home": 8,
    "dashboard": 32,
    "plans:list": 9,
    "plans:tree": 15,
    "plans:matrix": 12,
    "plans:mapping": 13,
    "plans:measure": 33,
    "plans:document": 13,
    "plans:budget": 7,
    "projects:list": 19,
    "projects:detail": 34,
    "kpi:indicator_list": 20,
    "kpi:indicator": 18,
}
PAGES = list(BUDGETS)


@pytest.mark.parametrize("page", PAGES)
def test_who_has_not_signed_in_is_sent_to_sign_in(cast: Cast, page: str) -> None:
    response = Client().get(addresses(cast)[page])
    assert response.status_code == 302
    assert response["Location"].startswith(reverse("accounts:sign_in"))


@pytest.mark.parametrize("page", PAGES)
def test_every_role_of_the_city_may_read(cast: Cast, sign_in: SignIn, page: str) -> None:
    for name in INSIDE:
        response = sign_in(cast.people[name]).get(addresses(cast)[page])
        assert response.status_code == 200, name


@pytest.mark.parametrize(
    "page",
    [
        "plans:tree",
        "plans:measure",
        "plans:document",
        "plans:matrix",
        "plans:mapping",
        "plans:budget",
        "projects:detail",
        "kpi:indicator",
    ],
)
def test_another_citys_rows_do_not_exist(cast: Cast, sign_in: SignIn, page: str) -> None:
    assert sign_in(cast.outsider).get(addresses(cast)[page]).status_code == 404


def test_the_dashboard_of_another_citys_plan_does_not_exist(cast: Cast, sign_in: SignIn) -> None:
    address = reverse("dashboard") + f"?plan={cast.plan.pk}"
    assert sign_in(cast.outsider).get(address).status_code == 404


@pytest.mark.parametrize(
    ("page", "word"),
    [
        ("home", "DX戦略実行計画"),
        ("dashboard", "DX戦略実行計画"),
        ("plans:list", "DX戦略実行計画"),
        ("projects:list", "マーケティングレポート"),
        ("kpi:indicator_list", "来訪者数"),
    ],
)
def test_lists_hold_only_the_own_city(cast: Cast, sign_in: SignIn, page: str, word: str) -> None:
    address = addresses(cast)[page]
    assert word in sign_in(cast.editor).get(address).content.decode()
    assert word not in sign_in(cast.outsider).get(address).content.decode()


@pytest.mark.parametrize(
    "query", ["plan={plan}", "measure={measure}", "department={department}", "tag={tag}"]
)
def test_a_filter_by_another_citys_row_finds_nothing(
    cast: Cast, sign_in: SignIn, query: str
) -> None:
    query = query.format(
        plan=cast.plan.pk,
        measure=cast.measures["観光"].pk,
        department=cast.departments["観光課"].pk,
        tag=cast.tag.pk if cast.tag else 0,
    )
    response = sign_in(cast.outsider).get(reverse("projects:list") + f"?{query}")
    assert response.context["page_obj"].paginator.count == 0
    assert response.context["filter"].form.errors


@pytest.mark.parametrize("size", [0, 12])
@pytest.mark.parametrize("page", PAGES)
def test_the_number_of_queries_does_not_grow(
    cast: Cast,
    sign_in: SignIn,
    django_assert_num_queries: DjangoAssertNumQueries,
    page: str,
    size: int,
) -> None:
    grow(cast, size)
    client = sign_in(cast.editor)
    with django_assert_num_queries(BUDGETS[page]):
        assert client.get(addresses(cast)[page]).status_code == 200


@pytest.mark.parametrize("page", PAGES)
def test_pages_carry_nothing_that_the_policy_forbids(
    cast: Cast, sign_in: SignIn, page: str
) -> None:
    html = sign_in(cast.coordinator).get(addresses(cast)[page]).content.decode()
    for forbidden in (" style=", "<style", " onclick=", "<script>", "http://", "https://"):
        assert forbidden not in html.replace('xmlns="http://www.w3.org/2000/svg"', "")
