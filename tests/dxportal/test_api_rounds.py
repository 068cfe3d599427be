"""Rounds over the API: preparing and moving them, the steps of items, corrections and evidence."""

from pathlib import Path
from typing import Any

import pytest

from accounts.models import AuditEntry
from kpi.models import Actual
from plans.models import Correction, Extension, ReportingCycle, RoundItem
from tests.api import Caller, one_row_of_everything, service
from tests.cast import LAST_YEAR, THIS_YEAR, Cast

State = RoundItem.State


@pytest.fixture
def rows(cast: Cast, files: Path) -> dict[str, int]:
    return one_row_of_everything(cast)


def ok(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.content.decode()
    return response.json()


def test_a_round_is_prepared_opened_and_asks(cast: Cast) -> None:
    coordinator = Caller(cast.coordinator)
    level = cast.levels["area"].pk
    new = {"plan": cast.plan.pk, "fiscal_year": 2026, "review_levels": [level]}
    made = ok(coordinator.post("cycles/", new), 201)
    assert (made["state"], made["review_levels"]) == ("preparing", [level])
    assert coordinator.post("cycles/", new).status_code == 400  # there is one already
    address = f"cycles/{made['id']}/"
    ends = "2027-05-31T17:00:00+09:00"
    changed = ok(coordinator.patch(address, {"closes_at": ends, "version": made["version"]}))
    assert changed["review_levels"] == [level]  # left out is not taken away
    opened = ok(coordinator.post(f"{address}move/", {"to": "open", "version": changed["version"]}))
    assert opened["state"] == "open" and opened["accepts_entries"]
    assert RoundItem.objects.filter(cycle=made["id"], kind="review").exists()


def test_times_lie_in_years_that_the_portal_knows(cast: Cast) -> None:
    coordinator = Caller(cast.coordinator)
    new = {"plan": cast.plan.pk, "fiscal_year": 2026}
    for name in ("opens_at", "closes_at"):
        answer = coordinator.post("cycles/", {**new, name: "0600-05-31T17:00:00+09:00"})
        assert ok(answer, 400)["errors"][0]["field"] == name
    made = ok(coordinator.post("cycles/", new), 201)
    late = {"closes_at": "9999-12-31T00:00:00+09:00", "version": made["version"]}
    refused = ok(coordinator.patch(f"cycles/{made['id']}/", late), 400)
    assert refused["errors"][0]["message"] == "1926年から2117年までの日時にしてください。"
    assert cast.open_cycle is not None
    more = {"cycle": cast.open_cycle.pk, "until": late["closes_at"], "reason": "災害"}
    assert ok(coordinator.post("extensions/", more), 400)["errors"][0]["field"] == "until"


def test_a_step_back_of_a_round_needs_a_reason(cast: Cast) -> None:
    assert cast.open_cycle is not None
    coordinator = Caller(cast.coordinator)
    address = f"cycles/{cast.open_cycle.pk}/move/"
    body = {"to": "preparing", "version": cast.open_cycle.version}
    assert "理由" in ok(coordinator.post(address, body), 400)["detail"]
    ok(coordinator.post(address, {**body, "reason": "期限を決め直すため"}))
    assert AuditEntry.objects.of(cast.open_cycle).first().reason == "期限を決め直すため"


def test_who_moves_a_round_from_an_old_version_is_told_both(cast: Cast) -> None:
    assert cast.open_cycle is not None
    coordinator = Caller(cast.coordinator)
    address = f"cycles/{cast.open_cycle.pk}/move/"
    ok(coordinator.post(address, {"to": "closed", "version": 1}))
    late = ok(coordinator.post(address, {"to": "closed", "version": 1}), 409)
    assert late["current"]["state"] == "closed" and late["yours"]["version"] == 1


def test_levels_of_another_plan_are_refused(cast: Cast) -> None:
    wrong = {"plan": cast.plan.pk, "fiscal_year": 2026, "review_levels": [999_999]}
    refused = ok(Caller(cast.coordinator).post("cycles/", wrong), 400)
    assert refused["errors"][0]["field"] == "review_levels"


def test_an_item_goes_from_its_department_to_its_head_and_back(
    cast: Cast, rows: dict[str, int]
) -> None:
    editor, approver = Caller(cast.editor), Caller(cast.approver)
    address = f"items/{rows['items']}/"
    submitted = ok(editor.post(f"{address}submit/", {"version": 1}))
    assert (submitted["state"], submitted["submitted_by_name"]) == ("submitted", "江出 太郎")
    back = {"version": submitted["version"]}
    assert "理由" in ok(approver.post(f"{address}return/", back), 400)["detail"]
    returned = ok(approver.post(f"{address}return/", {**back, "reason": "端数"}))
    assert returned["is_returned"] and returned["return_reason"] == "端数"
    again = ok(editor.post(f"{address}submit/", {"version": returned["version"]}))
    taken = ok(editor.post(f"{address}withdraw/", {"version": again["version"]}))
    again = ok(editor.post(f"{address}submit/", {"version": taken["version"]}))
    approved = ok(approver.post(f"{address}approve/", {"version": again["version"]}))
    assert approved["state"] == "approved"


def test_nobody_approves_what_they_entered(cast: Cast, rows: dict[str, int]) -> None:
    RoundItem.objects.filter(pk=rows["submitted"]).update(submitted_by=cast.approver)
    refused = Caller(cast.approver).post(f"items/{rows['submitted']}/approve/", {"version": 1})
    assert "自分で" in ok(refused, 400)["detail"]


def test_many_items_are_each_refused_for_themselves(cast: Cast, rows: dict[str, int]) -> None:
    done, stale = rows["submitted"], rows["items"]
    chosen = [{"id": done, "version": 1}, {"id": stale, "version": 9}, {"id": 999, "version": 1}]
    report = ok(Caller(cast.approver).post("items/bulk/", {"step": "approve", "items": chosen}))
    assert (report["moved"], report["refused"]) == (1, 2)
    outcomes = [(row["id"], row["outcome"], row["state"]) for row in report["results"]]
    assert outcomes == [
        (done, "moved", "approved"),
        (stale, "refused", "untouched"),
        (999, "refused", None),
    ]
    assert RoundItem.objects.get(pk=done).approved_by == cast.approver
    too_many = [{"id": 1, "version": 1}] * 1001
    refused = Caller(cast.approver).post("items/bulk/", {"step": "approve", "items": too_many})
    assert refused.status_code == 400


def test_a_department_submits_its_package(cast: Cast, rows: dict[str, int]) -> None:
    editor = Caller(cast.editor)
    address = f"submissions/{rows['submissions']}/"
    package = ok(editor.post(f"{address}submit/", {"version": 1}))
    assert package["state"] == "submitted"
    assert RoundItem.objects.get(pk=rows["items"]).state == State.SUBMITTED
    late = ok(editor.post(f"{address}withdraw/", {"version": 1}), 409)
    assert late["current"]["state"] == "submitted"
    back = ok(editor.post(f"{address}withdraw/", {"version": package["version"]}))
    assert back["state"] == "entering"


@pytest.mark.parametrize(
    ("address", "count"),
    [
        ("items/?cycle={cycle}", 2),
        ("items/?state=submitted&kind=actual&fiscal_year=2025", 1),
        ("items/?department={economy}&plan={plan}", 2),
        ("items/?department={education}", 0),
        ("items/?updated_since=2099-01-01T00:00:00Z", 0),
        ("extensions/?cycle={cycle}", 1),
        ("comments/?item={item}", 1),
        ("comments/?department={education}", 0),
        ("corrections/?fiscal_year=2025", 1),
        ("evidence/?plan={plan}", 1),
    ],
)
def test_a_filter_narrows(cast: Cast, rows: dict[str, int], address: str, count: int) -> None:
    assert cast.open_cycle is not None
    path = address.format(
        cycle=cast.open_cycle.pk,
        plan=cast.plan.pk,
        item=rows["items"],
        economy=cast.departments["観光経済部"].pk,
        education=cast.departments["教育委員会"].pk,
    )
    assert ok(Caller(cast.viewer).get(path))["count"] == count


def test_more_time_is_granted_and_taken_back(cast: Cast, rows: dict[str, int]) -> None:
    assert cast.open_cycle is not None
    coordinator = Caller(cast.coordinator)
    ok(coordinator.post(f"extensions/{rows['extensions']}/end/", {"version": 1}))
    ReportingCycle.objects.filter(pk=cast.open_cycle.pk).update(state="closed")
    department = cast.departments["観光課"].pk
    new = {"cycle": cast.open_cycle.pk, "until": "2099-01-01T00:00:00+09:00", "reason": "災害"}
    made = ok(coordinator.post("extensions/", {**new, "department": department}), 201)
    assert ok(coordinator.get(f"items/{rows['items']}/"))["accepts_entries"]
    ended = ok(coordinator.post(f"extensions/{made['id']}/end/", {"version": made["version"]}))
    assert ended["ended_at"] and Extension.objects.get(pk=made["id"]).version == 2
    assert not ok(coordinator.get(f"items/{rows['items']}/"))["accepts_entries"]
    elsewhere = Caller(cast.coordinator).post("extensions/", {**new, "item": 999_999})
    assert elsewhere.status_code == 404
    over = {**new, "until": "2020-01-01T00:00:00+09:00"}
    assert ok(coordinator.post("extensions/", over), 400)["errors"][0]["field"] == "until"


def test_a_settled_figure_is_corrected_and_told_of(cast: Cast) -> None:
    coordinator = Caller(cast.coordinator)
    plans_made = cast.indicators["立案数"]
    version = Actual.objects.get(indicator=plans_made, fiscal_year=LAST_YEAR).version
    body = {
        "plan": cast.plan.pk,
        "indicator": plans_made.pk,
        "fiscal_year": LAST_YEAR,
        "value": "9",
        "reason": "二重に数えていたため",
        "version": version,
    }
    made = ok(coordinator.post("corrections/", body), 201)
    assert made["actual"]["value"] == "9" and made["actual"]["note"] == "前年度並み"
    (correction,) = made["corrections"]
    assert (correction["before"], correction["after"]) == ("6", "9")
    late = ok(coordinator.post("corrections/", body), 409)
    assert late["current"]["value"] == "9"
    unsettled = ok(coordinator.post("corrections/", {**body, "fiscal_year": THIS_YEAR}), 400)
    assert "確定していない" in unsettled["detail"]
    assert Correction.objects.count() == 1


def test_evidence_is_fetched_as_it_was_put_in(cast: Cast, rows: dict[str, int]) -> None:
    (listed,) = Caller(cast.viewer).rows("evidence/")
    response = Caller(cast.viewer).get(listed["download"].removeprefix("http://testserver"))
    assert b"".join(response.streaming_content) == b"1,2"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "attachment" in response["Content-Disposition"]


def test_an_etag_is_the_version_and_may_stand_for_it(cast: Cast, rows: dict[str, int]) -> None:
    writer = Caller(secret=service(cast, "write")[1])
    address = f"actuals/{rows['actuals']}/"
    assert writer.get(address)["ETag"].startswith('"1-')
    changed = writer.call("PATCH", address, {"note": "確認"}, **{"If-Match": '"1"'})
    assert changed["ETag"] == '"2"' and ok(changed)["version"] == 2
    late = writer.call("PATCH", address, {"note": "別"}, **{"If-Match": '"1"'})
    body = ok(late, 412)
    assert (body["current"]["note"], body["yours"]["note"]) == ("確認", "別")
    assert ok(writer.call("DELETE", address, **{"If-Match": '"1"'}), 412)["current"]["version"] == 2
    assert writer.call("DELETE", address, **{"If-Match": '"2"'}).status_code == 204


@pytest.mark.parametrize(
    ("sent", "tag", "field"),
    [
        ({"note": "x"}, "*", "If-Match"),
        ({"note": "x"}, 'W/"1"', "If-Match"),
        ({"note": "x"}, '"1", "2"', "If-Match"),
        ({"note": "x", "version": 2}, '"1"', "version"),
        ({"note": "x"}, None, "version"),
    ],
)
def test_a_version_that_is_not_clear_is_refused(
    cast: Cast, rows: dict[str, int], sent: dict[str, Any], tag: str | None, field: str
) -> None:
    writer = Caller(secret=service(cast, "write")[1])
    headers = {} if tag is None else {"If-Match": tag}
    answer = ok(writer.call("PATCH", f"actuals/{rows['actuals']}/", sent, **headers), 400)
    assert [error["field"] for error in answer["errors"]] == [field]


def test_if_match_where_it_means_nothing_is_refused(cast: Cast) -> None:
    writer = Caller(secret=service(cast, "write")[1])
    new = {"indicator": cast.indicators["立案数"].pk, "fiscal_year": THIS_YEAR, "value": "7"}
    answer = ok(writer.call("POST", "actuals/", new, **{"If-Match": '"1"'}), 400)
    assert answer["errors"][0]["field"] == "If-Match"
