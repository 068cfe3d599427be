"""What the API refuses, and how it says so."""

import json
from typing import Any

import pytest
from django.urls import reverse

from dxportal.rest.problems import KINDS
from dxportal.urls.api import RESOURCES
from tests.api import Caller
from tests.cast import Cast


@pytest.fixture
def viewer(cast: Cast) -> Caller:
    return Caller(cast.viewer)


def refused(response: Any, status: int = 400) -> dict[str, Any]:
    assert response.status_code == status, response.content.decode()
    assert response["Content-Type"] == "application/problem+json"
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["instance"] == response.wsgi_request.path
    assert body["type"].removeprefix("/api/v1/problems/").strip("/") in KINDS
    return body


@pytest.mark.parametrize("name", RESOURCES)
def test_an_unknown_parameter_is_refused_by_name(viewer: Caller, name: str) -> None:
    errors = refused(viewer.get(f"{name}/?fiscal_yaer=2024"))["errors"]
    assert [(error["field"], error["value"]) for error in errors] == [("fiscal_yaer", "2024")]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("actuals/?plan=", "plan"),
        ("actuals/?plan=1&plan=2", "plan"),
        ("actuals/?plan=999999", "plan"),
        ("actuals/?plan=x", "plan"),
        ("actuals/?plan=99999999999999999999999", "plan"),
        ("actuals/?fiscal_year=R6", "fiscal_year"),
        ("actuals/?fiscal_year__gte=1800", "fiscal_year__gte"),
        ("actuals/?updated_since=yesterday", "updated_since"),
        ("actuals/?status=0", "status"),
        ("actuals/?ordering=entered_by__password", "ordering"),
        ("actuals/?page=0", "page"),
        ("actuals/?page=x", "page"),
        ("actuals/?page=last", "page"),
        ("actuals/?page_size=0", "page_size"),
        ("actuals/?page_size=1001", "page_size"),
        ("actuals/?format=json", "format"),
        ("actuals/?q=%00", "q"),
        ("placements/?is_leading=yes", "is_leading"),
        ("indicators/?outcome=reached", "outcome"),
        ("departments/?valid_on=4月1日", "valid_on"),
        ("plans/1/?expand=marks", "expand"),
    ],
)
def test_a_parameter_that_makes_no_sense_is_refused(viewer: Caller, query: str, field: str) -> None:
    body = refused(viewer.get(query))
    assert body["type"] == "/api/v1/problems/invalid-parameter/"
    assert [error["field"] for error in body["errors"]] == [field]
    assert body["detail"].startswith(f"{field}：")


def test_a_row_of_another_city_is_no_choice_of_a_filter(cast: Cast, viewer: Caller) -> None:
    known = refused(viewer.get(f"actuals/?plan={cast.other_plan.pk}"))["errors"][0]
    unknown = refused(viewer.get("actuals/?plan=999999"))["errors"][0]
    assert known["message"] == unknown["message"]


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("plans/999999/", "見つかりません"),
        ("plans/99999999999999999999999/", "見つかりません"),
        ("plans/x/", "このアドレスはありません"),
        ("nothing/", "このアドレスはありません"),
        ("plans", "末尾に /"),
        ("plans/?page=99", "99ページはありません"),
        ("problems/nothing/", "見つかりません"),
    ],
)
def test_what_is_not_there_is_told_as_a_problem(viewer: Caller, path: str, words: str) -> None:
    assert words in refused(viewer.get(path), 404)["detail"]


def test_nobody_learns_nothing(db: None) -> None:
    for path in ("", "plans/", "plans/1/", "nothing/", "schema/", "problems/locked/"):
        response = Caller().get(path)
        assert refused(response, 401)["detail"]
        assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_body_that_is_no_json_object_is_refused(cast: Cast) -> None:
    editor = Caller(cast.editor)
    for body in ("{", "", "[1]", '"x"', "NaN", '{"value": NaN}', "1" * 5000):
        assert refused(editor.call("POST", "actuals/", body))
    form = editor.client.post("/api/v1/actuals/", {"value": "1"})
    assert refused(form, 415)


def test_a_form_that_there_is_not_is_refused(viewer: Caller) -> None:
    refused(viewer.get("plans/", Accept="application/pdf"), 406)
    refused(viewer.get("plans/1/", Accept="text/csv"), 406)


def test_a_fault_of_the_portal_is_told_without_its_inside(
    viewer: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("plans.api.PlanViewSet.for_reading", fail)
    viewer.client.raise_request_exception = False
    response = viewer.get("plans/")
    assert "secret" not in response.content.decode()
    refused(response, 500)


def test_a_problems_type_leads_to_what_to_do(viewer: Caller) -> None:
    for name, kind in KINDS.items():
        body = viewer.get(reverse("api-problem", args=[name])).json()
        assert (body["status"], body["title"]) == (kind.status, kind.title)


def test_pages_follow_each_other_without_gap_or_overlap(cast: Cast, viewer: Caller) -> None:
    for number in range(7):
        cast.indicator(f"同名{number}", name="同じ名前")
    seen: list[int] = []
    address: str | None = "indicators/?page_size=3&ordering=name"
    while address:
        page = json.loads(viewer.get(address).content)
        seen += [row["id"] for row in page["results"]]
        address = page["next"] and page["next"].removeprefix("http://testserver")
    assert len(seen) == len(set(seen)) == page["count"]


@pytest.mark.parametrize("name", RESOURCES)
def test_every_declared_order_works(cast: Cast, viewer: Caller, name: str) -> None:
    declared = RESOURCES[name].filterset_class.base_filters["ordering"]
    for choice, _ in declared.extra["choices"]:
        assert viewer.get(f"{name}/?ordering={choice}").status_code == 200, choice


def test_answers_are_kept_by_no_shared_cache(viewer: Caller) -> None:
    assert "private" in viewer.get("plans/")["Cache-Control"]


def test_options_say_what_can_be_done(viewer: Caller) -> None:
    body = viewer.call("OPTIONS", "actuals/").json()
    assert body["name"] == "実績値"
    assert body["methods"] == ["GET", "POST", "HEAD", "OPTIONS"]


def test_a_number_that_no_row_can_have_is_refused_and_breaks_nothing(cast: Cast) -> None:
    """Found by calling with odd values: the database cannot even be asked for such numbers."""
    assert cast.open_cycle is not None
    office, beyond = Caller(cast.coordinator), 2**63
    step = {"step": "submit", "items": [{"id": beyond, "version": 1}]}
    assert refused(office.post("items/bulk/", step))["errors"][0]["code"] == "max_value"
    levels = {"review_levels": [beyond], "version": cast.open_cycle.version}
    answer = refused(office.patch(f"cycles/{cast.open_cycle.pk}/", levels))
    assert answer["errors"][0]["field"] == "review_levels.0"
