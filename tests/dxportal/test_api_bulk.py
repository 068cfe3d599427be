"""Many rows in one call: what became of each is told exactly, and nothing is lost or guessed."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import AuditEntry
from budgets.models import BudgetEntry
from dxportal.rounds.asking import ask
from kpi.models import Actual
from plans.models import RoundItem, Submission
from tests.api import Caller, service
from tests.cast import LAST_YEAR, THIS_YEAR, Cast, grow


@pytest.fixture
def writer(cast: Cast) -> Caller:
    return Caller(secret=service(cast, "write")[1])


def figure(key: str, value: Any, year: int = THIS_YEAR, **more: Any) -> dict[str, Any]:
    return {"indicator_key": key, "fiscal_year": year, "value": value, **more}


def send(caller: Caller, cast: Cast, rows: Any, status: int = 200, **more: Any) -> Any:
    body = {"organization": cast.city.pk, "rows": rows, **more}
    response = caller.post("actuals/bulk/", body)
    assert response.status_code == status, response.content.decode()
    return response.json()


def outcomes(report: dict[str, Any]) -> list[str]:
    return [result["outcome"] for result in report["results"]]


def of_this_year(cast: Cast, key: str) -> Actual | None:
    return Actual.objects.filter(indicator__key=key, fiscal_year=THIS_YEAR).first()


def test_rows_are_created_updated_and_found_unchanged(cast: Cast, writer: Caller) -> None:
    rows = [figure("立案数", "7", note="速い"), figure("来訪者", "19,000")]
    first = send(writer, cast, rows)
    assert first["applied"] and outcomes(first) == ["created", "created"]
    rows[1]["value"] = "20,000"
    again = send(writer, cast, rows)
    assert outcomes(again) == ["unchanged", "updated"]
    assert again["counts"] == {"created": 0, "updated": 1, "unchanged": 1, "refused": 0}
    assert again["results"][1]["version"] == 2
    assert AuditEntry.objects.filter(action="actual.record").count() == 3


def test_what_is_left_out_stays_and_null_takes_back(cast: Cast, writer: Caller) -> None:
    send(writer, cast, [figure("立案数", "7", note="速い")])
    send(writer, cast, [figure("立案数", "8")])
    stored = of_this_year(cast, "立案数")
    assert stored is not None and (stored.value, stored.note) == (8, "速い")
    send(writer, cast, [figure("立案数", None, status="not_yet")])
    stored = of_this_year(cast, "立案数")
    assert stored is not None and (stored.value, stored.status) == (None, "not_yet")


def test_one_refused_row_stops_all_of_them_unless_told_otherwise(
    cast: Cast, writer: Caller
) -> None:
    rows = [figure("立案数", "7"), figure("来訪者", "たくさん"), figure("どこにもない", "1")]
    problem = send(writer, cast, rows, 422)
    assert problem["type"] == "/api/v1/problems/rows-refused/" and not problem["applied"]
    assert outcomes(problem) == ["created", "refused", "refused"]
    assert of_this_year(cast, "立案数") is None
    report = send(writer, cast, rows, mode="row_by_row")
    assert report["applied"] and report["counts"]["refused"] == 2
    refusals = [result["errors"][0] for result in report["results"][1:]]
    assert [(e["field"], e["value"]) for e in refusals] == [
        ("value", "たくさん"),
        ("indicator_key", "どこにもない"),
    ]
    assert all(refusal["message"] for refusal in refusals)
    assert of_this_year(cast, "立案数") is not None


def test_a_dry_run_tells_all_and_writes_nothing(cast: Cast, writer: Caller) -> None:
    rows = [figure("立案数", "7"), figure("来訪者", "たくさん")]
    for mode in ("all_or_nothing", "row_by_row"):
        report = send(writer, cast, rows, dry_run=True, mode=mode)
        assert outcomes(report) == ["created", "refused"] and not report["applied"]
    assert of_this_year(cast, "立案数") is None
    assert not AuditEntry.objects.filter(action="actual.record").exists()
    assert not RoundItem.objects.filter(object_id=cast.indicators["立案数"].pk).exists()


def test_every_row_is_refused_with_its_own_reason(cast: Cast, writer: Caller) -> None:
    send(writer, cast, [figure("立案数", "7"), figure("未入力", "1")])
    rows: list[tuple[Any, str | None, str]] = [
        ({"fiscal_year": THIS_YEAR, "value": "1"}, "indicator", "どちらか"),
        (figure("来訪者", 1.5), "value", "文字列"),
        (figure("来訪者", "1", yaer=1), "yaer", "この項目はありません"),
        (figure("来訪者", "1", LAST_YEAR), None, "公表済み"),
        (figure("立案数", "8", version=9), "version", "ほかの人が先に"),
        (figure("未入力", "8", version=None), "version", "ほかの人が先に"),
        (figure("苦情", "1", version=1), None, "取り消しました"),
        ("立案数", None, "辞書"),
        ({**figure("x", "1"), "indicator": 2**70}, "indicator", "以下"),
        (figure("印字のみ", "3"), None, ""),
        (figure("印字のみ", "4"), None, "同じ対象"),
    ]
    report = send(writer, cast, [row for row, _, _ in rows], mode="row_by_row")
    for (row, field, words), result in zip(rows, report["results"], strict=True):
        if not words:
            assert result["outcome"] == "created"
            continue
        assert result["outcome"] == "refused", row
        (error,) = result["errors"]
        assert error["field"] == field and words in error["message"], (row, error)
    stale = report["results"][4]
    assert stale["version"] == 1 and stale["id"] is not None


def test_a_row_that_somebody_may_not_write_is_refused_alone(cast: Cast) -> None:
    rows = [figure("立案数", "7"), figure("未入力", "1")]
    report = send(Caller(cast.editor), cast, rows, mode="row_by_row")
    assert outcomes(report) == ["created", "refused"]
    assert "権限" in report["results"][1]["errors"][0]["message"]


def test_a_rate_is_worked_out_anew_from_its_counts(cast: Cast, writer: Caller) -> None:
    for above in ("300", "320"):
        row = {"indicator_key": "満足度", "fiscal_year": THIS_YEAR}
        send(writer, cast, [{**row, "numerator": above, "denominator": "400"}])
    stored = of_this_year(cast, "満足度")
    assert stored is not None and stored.value == 80


def test_too_many_rows_and_none_are_refused(cast: Cast, writer: Caller) -> None:
    for rows in ([], [{}] * 10_001, "x", None):
        assert send(writer, cast, rows, 400)["errors"]


def test_the_queries_of_a_bulk_write_do_not_grow_with_its_rows(cast: Cast, writer: Caller) -> None:
    """New figures cost the same however many they are, changed ones one UPDATE each."""
    grow(cast, 20)
    assert cast.open_cycle is not None
    ask(cast.open_cycle)
    counts: dict[tuple[str, int], int] = {}
    for count in (4, 20):
        for value in ("1", "2"):
            rows = [figure(f"増kpi{number}", value) for number in range(count)]
            if value == "1":
                Actual.objects.filter(fiscal_year=THIS_YEAR).delete()
            with CaptureQueriesContext(connection) as sent:
                report = send(writer, cast, rows)
            assert outcomes(report) == ["created" if value == "1" else "updated"] * count
            counts[value, count] = len(sent)
    assert counts["1", 20] <= counts["1", 4] <= 30
    assert counts["2", 20] - counts["2", 4] == 20 - 4


def test_what_was_not_asked_and_is_refused_leaves_no_item(cast: Cast, writer: Caller) -> None:
    rows = [figure("立案数", "7"), figure("来訪者", "たくさん")]
    send(writer, cast, rows, mode="row_by_row")
    assert [item.label for item in RoundItem.objects.all()] == ["データを活用した事業立案数"]


def test_the_packages_are_right_afterwards(cast: Cast, writer: Caller) -> None:
    send(writer, cast, [figure("立案数", "7"), figure("来訪者", "1"), figure("未入力", "2")])
    states = dict(Submission.objects.values_list("department__key", "state"))
    assert states["観光課"] == states["教育委員会"] == "entering"


def test_a_bulk_write_is_done_once_however_often_it_is_sent(cast: Cast, writer: Caller) -> None:
    body = {"organization": cast.city.pk, "rows": [figure("立案数", "7"), figure("来訪者", "x")]}
    key = {"Idempotency-Key": "batch-1"}
    body["mode"] = "row_by_row"
    first = writer.call("POST", "actuals/bulk/", body, **key)
    again = writer.call("POST", "actuals/bulk/", body, **key)
    assert again.content == first.content  # "created" stays true of the first
    assert again["Idempotent-Replayed"] == "true"


# Settled accounts


def settled(cast: Cast, writer: Caller, rows: Any, status: int = 200, **more: Any) -> Any:
    body = {"plan": cast.plan.pk, "rows": rows, **more}
    response = writer.post("settlements/bulk/", body)
    assert response.status_code == status, response.content.decode()
    return response.json()


def amount(key: str, yen: Any, **more: Any) -> dict[str, Any]:
    return {"project_key": key, "fiscal_year": THIS_YEAR, "amount": yen, **more}


def test_settled_figures_by_the_keys_of_projects(cast: Cast, writer: Caller) -> None:
    sources = {"national": 1, "prefectural": 2, "bond": 3, "other": 4, "general": 90}
    rows = [
        amount("観光1-1-7", 100, **sources),
        amount("観光1-2-2", 0),
        amount("観光1-2-2", 500, stage="forecast"),
    ]
    assert settled(cast, writer, rows)["counts"]["created"] == 3
    stored = BudgetEntry.objects.get(project__key="観光1-2-2", stage="settled")
    assert (stored.amount, stored.national) == (0, None)
    again = settled(cast, writer, [amount("観光1-1-7", 100), amount("観光1-2-2", 10)])
    assert outcomes(again) == ["unchanged", "updated"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        (amount("どこにもない", 1), "project_key"),
        (amount("観光1-1-7", "1,000"), "amount"),
        (amount("観光1-1-7", 1.5), "amount"),
        (amount("観光1-1-7", True), "amount"),
        (amount("観光1-1-7", None), "amount"),
        (amount("観光1-1-7", -1), "amount"),
        (amount("観光1-1-7", 1, stage="initial"), "stage"),
        (amount("観光1-1-7", 1, version=3), "version"),
        (amount("観光1-1-7", 1, national=1), None),
        ({"project_key": "観光1-1-7", "fiscal_year": THIS_YEAR}, "amount"),
    ],
)
def test_a_settled_figure_that_makes_no_sense_is_refused(
    cast: Cast, writer: Caller, wrong: dict[str, Any], field: str | None
) -> None:
    problem = settled(cast, writer, [wrong], 422)
    errors = problem["results"][0]["errors"]
    assert [error["field"] for error in errors][:1] == [field], errors
    assert not BudgetEntry.objects.filter(fiscal_year=THIS_YEAR).exists()


def test_one_settled_figure_at_a_time(cast: Cast, writer: Caller) -> None:
    project = cast.projects["観光1-1-7"].pk
    new = {"plan": cast.plan.pk, "project": project, "fiscal_year": THIS_YEAR, "amount": 5}
    made = writer.post("settlements/", new)
    assert made.status_code == 201 and made.json()["stage"] == "settled"
    assert writer.post("settlements/", new).status_code == 409
    address = f"settlements/{made.json()['id']}/"
    more = {"amount": 6, "note": "県の基金を含むため", "version": 1}
    changed = writer.patch(address, {"plan": cast.plan.pk, **more})
    assert (changed.json()["amount"], changed["ETag"]) == (6, '"2"')
    assert changed.json()["note"] == "県の基金を含むため"
    late = writer.patch(address, {"plan": cast.plan.pk, "amount": 7, "version": 1})
    assert late.json()["current"]["amount"] == 6


def test_the_stage_that_a_project_reached(cast: Cast, writer: Caller) -> None:
    body = {
        "plan": cast.plan.pk,
        "project": cast.projects["観光1-1-7"].pk,
        "fiscal_year": THIS_YEAR,
        "actual": "operate",
        "version": 1,
    }
    written = writer.post("schedule/record/", body).json()["entry"]
    assert (written["planned"], written["actual"], written["version"]) == ("operate", "operate", 2)
    assert writer.post("schedule/record/", body).status_code == 409
    alone = {**body, "project": cast.projects["教育1-1"].pk, "version": None}
    entry = writer.post("schedule/record/", alone).json()["entry"]
    back = writer.post("schedule/record/", {**alone, "actual": "", "version": entry["version"]})
    assert back.json() == {"entry": None}
