"""Writing actuals over the API: the same rights, locks and versions as on the page."""

from decimal import Decimal
from typing import Any

import pytest

from accounts.models import AuditEntry, Channel
from kpi.models import Actual
from plans.models import ReportingCycle, Submission
from tests.api import Caller, service
from tests.cast import LAST_YEAR, THIS_YEAR, Cast, actual


@pytest.fixture
def writer(cast: Cast) -> Caller:
    return Caller(secret=service(cast, "write")[1])


def new(cast: Cast, key: str = "来訪者", **body: Any) -> dict[str, Any]:
    return {"indicator": cast.indicators[key].pk, "fiscal_year": THIS_YEAR, **body}


def problem(response: Any, status: int, kind: str) -> dict[str, Any]:
    assert response.status_code == status, response.content.decode()
    body: dict[str, Any] = response.json()
    assert body["type"] == f"/api/v1/problems/{kind}/"
    return body


def test_a_first_write_makes_a_draft_and_tells_where_it_is(cast: Cast, writer: Caller) -> None:
    response = writer.post("actuals/", new(cast, value="１９,５００人", note="速報", version=None))
    assert response.status_code == 201
    body = response.json()
    assert response["Location"].endswith(f"/api/v1/actuals/{body['id']}/")
    assert (body["value"], body["raw_text"], body["state"]) == ("19500", "１９,５００人", "draft")
    assert (body["version"], body["entered_by_name"]) == (1, "財務会計")
    stored = Actual.objects.get(pk=body["id"])
    assert stored.value == Decimal(19500)
    entry = AuditEntry.objects.of(stored).get()
    assert (entry.channel, entry.action) == (Channel.API, "actual.record")
    assert Submission.objects.get(cycle=cast.open_cycle).state == "entering"


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ({"value": "12x"}, "value", "数値として読めません"),
        ({"value": 12.5}, "value", "文字列"),
        ({"value": True}, "value", "文字列"),
        ({"value": "9" * 201}, "value", "200文字"),
        ({}, "value", "数値が必要"),
        ({"valeu": "1"}, "valeu", "この項目はありません"),
        ({"value": "1", "status": "not_yet"}, "value", "空欄"),
        ({"value": "1", "status": "unstated"}, "status", "unstated"),
        ({"value": "1", "version": 1}, "version", "PATCH"),
        ({"value": "1", "fiscal_year": "R6"}, "fiscal_year", "整数"),
        ({"numerator": "1", "denominator": "0"}, "denominator", "0は入れられません"),
    ],
)
def test_a_wrong_body_is_refused_at_its_field(
    cast: Cast, writer: Caller, body: dict[str, Any], field: str, words: str
) -> None:
    sent = new(cast, **body)
    error = problem(writer.post("actuals/", sent), 400, "invalid")["errors"][0]
    assert error["field"] == field
    assert words in error["message"]
    if field in sent and len(str(sent[field])) <= 200:
        assert error["value"] == sent[field]
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()


def test_a_whole_number_may_be_a_json_number(cast: Cast, writer: Caller) -> None:
    assert writer.post("actuals/", new(cast, value=0)).json()["value"] == "0"


def test_a_rate_is_worked_out_from_its_two_counts(cast: Cast, writer: Caller) -> None:
    body = writer.post("actuals/", new(cast, "満足度", numerator="326", denominator="400")).json()
    assert (body["value"], body["numerator"], body["denominator"]) == ("81.5", "326", "400")
    assert body["achievement"]["percent"] == "100"


def test_a_value_that_is_there_is_never_replaced_by_a_first_write(
    cast: Cast, writer: Caller
) -> None:
    first = writer.post("actuals/", new(cast, value="1")).json()
    body = problem(writer.post("actuals/", new(cast, value="2")), 409, "conflict")
    assert body["current"]["value"] == "1"
    assert body["current"]["entered_by_name"] == "財務会計"
    assert body["current"]["updated_at"] == first["updated_at"]
    assert body["yours"]["value"] == "2"
    assert Actual.objects.get(pk=first["id"]).value == 1


def test_a_change_touches_only_what_is_sent(cast: Cast, writer: Caller) -> None:
    first = writer.post("actuals/", new(cast, value="1,234", note="前")).json()
    address = f"actuals/{first['id']}/"
    second = writer.patch(address, {"note": "後", "version": 1}).json()
    assert (second["value"], second["raw_text"], second["note"]) == ("1234", "1,234", "後")
    third = writer.patch(address, {"value": "1,300", "version": 2}).json()
    assert (third["value"], third["note"], third["version"]) == ("1300", "後", 3)
    fourth = writer.patch(address, {"value": None, "status": "not_yet", "version": 3}).json()
    assert (fourth["value"], fourth["status"]) == (None, "not_yet")


def test_a_rate_keeps_its_counts_when_only_the_comment_changes(cast: Cast, writer: Caller) -> None:
    sent = new(cast, "満足度", numerator="2", denominator="3")
    first = writer.post("actuals/", sent).json()
    second = writer.patch(f"actuals/{first['id']}/", {"note": "概数", "version": 1}).json()
    for name in ("value", "numerator", "denominator"):
        assert second[name] == first[name]


def test_a_change_from_an_old_version_shows_both_values(cast: Cast, writer: Caller) -> None:
    first = writer.post("actuals/", new(cast, value="1")).json()
    address = f"actuals/{first['id']}/"
    assert Caller(cast.editor).patch(address, {"value": "2", "version": 1}).status_code == 200
    body = problem(writer.patch(address, {"value": "3", "version": 1}), 409, "conflict")
    assert body["current"]["value"] == "2"
    assert body["current"]["version"] == 2
    assert body["current"]["entered_by_name"] == "江出 太郎"
    assert body["yours"] == {"value": "3", "version": 1}
    assert Actual.objects.get(pk=first["id"]).value == 2


def test_a_change_must_say_from_which_version(cast: Cast, writer: Caller) -> None:
    first = writer.post("actuals/", new(cast, value="1")).json()
    body = problem(writer.patch(f"actuals/{first['id']}/", {"value": "2"}), 400, "invalid")
    assert body["errors"][0]["field"] == "version"


def test_clearing_takes_the_version_that_was_read(cast: Cast, writer: Caller) -> None:
    first = writer.post("actuals/", new(cast, value="1")).json()
    address = f"actuals/{first['id']}/"
    problem(writer.delete(address), 400, "invalid-parameter")
    body = problem(writer.delete(f"{address}?version=9"), 409, "conflict")
    assert body["current"]["value"] == "1"
    assert writer.delete(f"{address}?version=1").status_code == 204
    assert not Actual.objects.filter(pk=first["id"]).exists()
    assert AuditEntry.objects.filter(action="actual.clear", object_id=first["id"]).exists()
    problem(writer.delete(f"{address}?version=1"), 404, "not-found")


def test_a_settled_year_is_locked_with_its_reason(cast: Cast, writer: Caller) -> None:
    body = new(cast, "印字のみ", value="3") | {"fiscal_year": LAST_YEAR}
    assert "公表済み" in problem(writer.post("actuals/", body), 423, "locked")["detail"]
    stored = Actual.objects.get(indicator=cast.indicators["来訪者"], fiscal_year=LAST_YEAR)
    response = writer.patch(f"actuals/{stored.pk}/", {"value": "1", "version": 1})
    problem(response, 423, "locked")
    problem(writer.delete(f"actuals/{stored.pk}/?version=1"), 423, "locked")


def test_a_closed_round_and_a_submitted_value_are_locked(cast: Cast, writer: Caller) -> None:
    figure = actual(cast.indicators["来訪者"], THIS_YEAR, 1, state=Actual.State.SUBMITTED)
    change = {"value": "2", "version": 1}
    detail = problem(writer.patch(f"actuals/{figure.pk}/", change), 423, "locked")["detail"]
    assert "提出" in detail
    ReportingCycle.objects.filter(fiscal_year=THIS_YEAR).update(state="closed")
    assert "締切" in problem(writer.post("actuals/", new(cast, "立案数")), 423, "locked")["detail"]


def test_an_interim_value_is_not_written_as_if_it_were_the_years(
    cast: Cast, writer: Caller
) -> None:
    interim = actual(cast.indicators["来訪者"], THIS_YEAR, 5, kind=Actual.Kind.INTERIM)
    problem(writer.patch(f"actuals/{interim.pk}/", {"value": "6", "version": 1}), 423, "locked")
    assert Actual.objects.get(pk=interim.pk).value == 5


@pytest.mark.parametrize("key", ["苦情", "未入力"])
def test_another_departments_indicator_is_forbidden(cast: Cast, key: str) -> None:
    response = Caller(cast.editor).post("actuals/", new(cast, key, value="1"))
    assert "権限がありません" in problem(response, 403, "forbidden")["detail"]


def test_another_citys_indicator_is_not_there(cast: Cast, writer: Caller) -> None:
    body = problem(writer.post("actuals/", new(cast, "他市", value="1")), 404, "not-found")
    gone = writer.post("actuals/", {**new(cast), "indicator": 999_999})
    assert body["errors"][0]["message"] == gone.json()["errors"][0]["message"]


def test_a_session_needs_its_csrf_token_to_write(cast: Cast) -> None:
    caller = Caller(cast.editor, enforce_csrf_checks=True)
    body = problem(caller.post("actuals/", new(cast, value="1")), 403, "forbidden")
    assert "X-CSRFToken" in body["detail"]
    caller.get("/")  # a page, which sets the cookie
    token = caller.client.cookies["csrftoken"].value
    response = caller.call("POST", "actuals/", new(cast, value="1"), **{"X-CSRFToken": token})
    assert response.status_code == 201


def test_a_missing_value_is_told_from_a_zero(cast: Cast, writer: Caller) -> None:
    rows = writer.rows(f"actuals/?plan={cast.plan.pk}&fiscal_year={LAST_YEAR}")
    shown = {row["indicator_key"]: (row["value"], row["status"]) for row in rows}
    assert shown["苦情"] == ("0", "reported")
    assert shown["満足度"] == (None, "not_yet")
    assert shown["印字のみ"] == (None, "unstated")
    assert "未入力" not in shown
