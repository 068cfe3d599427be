"""Writing reviews over the API."""

from typing import Any

import pytest

from projects.models import Review
from tests.api import Caller, service
from tests.cast import LAST_YEAR, THIS_YEAR, Cast


@pytest.fixture
def writer(cast: Cast) -> Caller:
    return Caller(secret=service(cast, "write")[1])


def new(cast: Cast, measure: str = "観光1", **body: Any) -> dict[str, Any]:
    return {
        "plan": cast.plan.pk,
        "measure": cast.measures[measure].pk,
        "fiscal_year": THIS_YEAR,
        **body,
    }


def test_a_review_is_made_and_changed_field_by_field(cast: Cast, writer: Caller) -> None:
    made = writer.post("reviews/", new(cast, mark="behind", delay_reason="契約の遅れ"))
    assert made.status_code == 201
    assert (made.json()["mark_symbol"], made.json()["is_behind"]) == ("△", True)
    address = f"reviews/{made.json()['id']}/"
    changed = writer.patch(address, {"mark": None, "goal": "検証", "version": 1}).json()
    assert (changed["mark"], changed["goal"]) == (None, "検証")
    assert changed["delay_reason"] == "契約の遅れ"
    stale = writer.patch(address, {"goal": "別", "version": 1})
    assert stale.status_code == 409
    assert stale.json()["current"]["goal"] == "検証"
    assert stale.json()["yours"]["goal"] == "別"


def test_a_second_first_write_replaces_nothing(cast: Cast, writer: Caller) -> None:
    assert writer.post("reviews/", new(cast, goal="一")).status_code == 201
    assert writer.post("reviews/", new(cast, goal="二")).status_code == 409
    assert Review.objects.get(fiscal_year=THIS_YEAR).goal == "一"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"mark": "A"}, "mark"),
        ({"mark": ""}, "mark"),
        ({"mark": "\ud800"}, "mark"),
        ({"goal": 1.5, "marks": "behind"}, "marks"),
        ({"goal": "x", "project": 1}, "measure"),
        ({}, None),
    ],
)
def test_a_wrong_body_is_refused_at_its_field(
    cast: Cast, writer: Caller, body: dict[str, Any], field: str | None
) -> None:
    response = writer.post("reviews/", new(cast, **body))
    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == field
    assert not Review.objects.filter(fiscal_year=THIS_YEAR).exists()


def test_a_published_year_is_locked(cast: Cast, writer: Caller) -> None:
    review = Review.objects.get(measure=cast.measures["観光1"], fiscal_year=LAST_YEAR)
    response = writer.patch(f"reviews/{review.pk}/", {"goal": "書き換え", "version": 1})
    assert response.status_code == 423


def test_another_citys_plan_or_measure_is_not_there(cast: Cast, writer: Caller) -> None:
    assert writer.post("reviews/", new(cast, "他市", goal="x")).status_code == 404
    other = new(cast, goal="x") | {"plan": cast.other_plan.pk}
    assert writer.post("reviews/", other).status_code == 404


def test_reviews_are_found_by_the_departments_in_charge(cast: Cast, writer: Caller) -> None:
    """A measure without a department is of those whose projects stand below it."""

    def found(department: str) -> set[str]:
        rows = writer.rows(
            f"reviews/?department={cast.departments[department].pk}&fiscal_year={LAST_YEAR}"
        )
        names = {measure.pk: name for name, measure in cast.measures.items()}
        return {names[row["measure"]] for row in rows}

    assert found("観光課") == {"観光", "観光1"}
    assert found("観光経済部") == {"観光", "観光1"}
    assert found("教育委員会") == set()
