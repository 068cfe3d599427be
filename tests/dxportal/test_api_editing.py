"""Rows that define a plan, written over the API by the rules of the declared editors."""

from typing import Any

import pytest

from accounts.models import AuditEntry
from kpi.models import Indicator, IndicatorUse
from plans.models import Measure, Phase, Plan
from projects.models import Placement, Project
from tests.api import Caller
from tests.cast import Cast


@pytest.fixture
def coordinator(cast: Cast) -> Caller:
    return Caller(cast.coordinator)


def ok(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.content.decode()
    return response.json()


def field_of(response: Any) -> str:
    field: str = ok(response, 400)["errors"][0]["field"]
    return field


def test_a_project_is_founded_with_its_place(cast: Cast, coordinator: Caller) -> None:
    body = {
        "plan": cast.plan.pk,
        "name": "窓口の予約",
        "measure": cast.measures["観光1-1"].pk,
        "placement_code": "観光1-1-9",
        "department": cast.departments["観光課"].pk,
    }
    made = ok(coordinator.post("projects/", body), 201)
    assert made["key"] and made["version"] == 1
    place = Placement.objects.get(project=made["id"])
    assert (place.code, place.is_primary, place.measure) == (
        "観光1-1-9",
        True,
        cast.measures["観光1-1"],
    )
    assert [row["department"] for row in made["departments"]] == [body["department"]]
    entry = AuditEntry.objects.of(Project.objects.get(pk=made["id"])).first()
    assert entry.channel == "api"


def test_an_indicator_comes_with_its_use(cast: Cast, coordinator: Caller) -> None:
    body = {
        "plan": cast.plan.pk,
        "name": "予約の割合",
        "unit": "%",
        "tolerance": "2.50",
        "measure": cast.measures["教育1"].pk,
        "key": "予約",
    }
    made = ok(coordinator.post("indicators/", body), 201)
    assert (made["key"], made["tolerance"]) == ("予約", "2.5")
    use = IndicatorUse.objects.get(indicator=made["id"])
    assert (use.measure, use.role) == (cast.measures["教育1"], "kpi")
    again = coordinator.post("indicators/", {**body, "measure": None})
    assert again.status_code == 400 and Indicator.objects.filter(key="予約").count() == 1


def test_only_what_is_sent_changes_and_an_old_version_is_told_both(
    cast: Cast, coordinator: Caller
) -> None:
    address = f"measures/{cast.measures['観光1'].pk}/"
    changed = ok(coordinator.patch(address, {"short_name": "戦略", "version": 1}))
    assert changed["name"] == "データにもとづく観光戦略" and changed["version"] == 2
    late = ok(coordinator.patch(address, {"short_name": "別", "version": 1}), 409)
    assert (late["current"]["short_name"], late["yours"]["short_name"]) == ("戦略", "別")
    assert (
        coordinator.call("PATCH", address, {"short_name": ""}, **{"If-Match": '"2"'}).json()[
            "version"
        ]
        == 3
    )


def test_a_measure_is_put_into_the_tree_and_moved(cast: Cast, coordinator: Caller) -> None:
    body = {"plan": cast.plan.pk, "parent": cast.measures["観光"].pk, "name": "新課題", "index": 0}
    made = ok(coordinator.post("measures/", body), 201)
    assert (made["level"], made["position"]) == (cast.levels["issue"].pk, 1)
    move = {"parent": cast.measures["教育"].pk, "index": 0, "version": made["version"]}
    moved = ok(coordinator.post(f"measures/{made['id']}/move/", move))
    assert moved["parent"] == cast.measures["教育"].pk
    below = {"parent": cast.measures["観光1-1"].pk, "index": 0, "version": 1}
    itself = coordinator.post(f"measures/{cast.measures['観光1'].pk}/move/", below)
    assert "下には移せません" in ok(itself, 400)["detail"]


def test_a_measure_takes_tags(cast: Cast, coordinator: Caller) -> None:
    assert cast.tag is not None
    address = f"measures/{cast.measures['観光1'].pk}/"
    ok(coordinator.patch(address, {"tags": [cast.tag.pk], "version": 1}))
    assert list(cast.measures["観光1"].tags.all()) == [cast.tag]
    ok(coordinator.patch(address, {"name": "改めた名称", "version": 2}))
    assert list(cast.measures["観光1"].tags.all()) == [cast.tag]  # left out is not taken away


def test_a_deletion_tells_what_went_along_and_is_undone(cast: Cast, coordinator: Caller) -> None:
    address = f"measures/{cast.measures['観光1-1'].pk}/"
    refused = coordinator.delete(f"{address}?version=1")
    assert refused.status_code == 400 and Measure.objects.filter(key="観光1-1").exists()
    phase = f"phases/{cast.phase.pk}/"
    gone = ok(coordinator.delete(f"{phase}?version=1"))
    assert gone["went_along"] == [{"kind": "目指す状態", "count": 1}]
    assert coordinator.get(phase).status_code == 404
    listed = ok(coordinator.get(f"deletions/{gone['deletion']}/"))
    assert listed["went_along"] == gone["went_along"]
    restored = ok(coordinator.post(f"deletions/{gone['deletion']}/restore/", {}))
    assert restored == {"restored": 2} and Phase.objects.filter(pk=cast.phase.pk).exists()
    assert coordinator.post(f"deletions/{gone['deletion']}/restore/", {}).status_code == 400
    assert ok(coordinator.get("deletions/?is_restored=true"))["count"] == 1
    assert ok(coordinator.get("deletions/?is_restored=false"))["count"] == 0


def test_rows_of_another_plan_or_city_are_not_there(cast: Cast, coordinator: Caller) -> None:
    other = Plan.objects.create(
        organization=cast.city,
        key="other",
        name="別の計画",
        first_fiscal_year=2022,
        last_fiscal_year=2027,
    )
    use = {"plan": other.pk, "indicator": cast.indicators["苦情"].pk, "role": "kpi"}
    body = {**use, "measure": cast.measures["観光1"].pk}
    assert field_of(coordinator.post("indicator-uses/", body)) == "measure"
    elsewhere = {"plan": cast.other_plan.pk, "name": "段", "depth": 9}
    assert coordinator.post("levels/", elsewhere).status_code == 404
    level = coordinator.patch(
        f"measures/{cast.measures['観光1'].pk}/", {"level": 10**30, "version": 1}
    )
    assert field_of(level) == "level"


@pytest.mark.parametrize(
    ("address", "wrong", "field"),
    [
        ("levels/", {"name": "段", "depth": "1"}, "depth"),
        ("levels/", {"name": "段", "depth": True}, "depth"),
        ("levels/", {"name": "段"}, "depth"),
        ("levels/", {"name": "段", "depth": 1, "plam": 1}, "plam"),
        ("phases/", {"name": "期", "first_fiscal_year": 1800, "last_fiscal_year": 2027}, None),
        ("indicators/", {"name": "率", "tolerance": 1.5}, "tolerance"),
        ("indicators/", {"name": "率", "direction": "sideways"}, "direction"),
        ("indicators/", {"name": "率", "department": "1"}, "department"),
    ],
)
def test_what_makes_no_sense_is_refused_at_its_field(
    cast: Cast, coordinator: Caller, address: str, wrong: dict[str, Any], field: str | None
) -> None:
    response = coordinator.post(address, {"plan": cast.plan.pk, **wrong})
    assert ok(response, 400)["errors"][0]["field"] in (field, *wrong)
    assert field is None or field_of(response) == field


def test_a_plan_that_is_no_longer_edited_is_locked(cast: Cast, coordinator: Caller) -> None:
    Plan.objects.filter(pk=cast.plan.pk).update(status="superseded")
    address = f"measures/{cast.measures['観光1'].pk}/"
    assert coordinator.patch(address, {"name": "x", "version": 1}).status_code == 423


def test_what_is_chosen_once_stays(cast: Cast, coordinator: Caller) -> None:
    place = cast.projects["観光1-2-2"].placements.get()
    body = {"project": cast.projects["教育1-1"].pk, "version": 1}
    assert field_of(coordinator.patch(f"placements/{place.pk}/", body)) == "project"
    elsewhere = {"measure": cast.measures["観光1-1"].pk, "version": 1}
    moved = ok(coordinator.patch(f"placements/{place.pk}/", elsewhere))
    assert moved["position"] == max(
        Placement.objects.filter(measure=moved["measure"]).values_list("position", flat=True)
    )
