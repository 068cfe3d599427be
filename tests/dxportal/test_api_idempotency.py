"""A write that is sent again is done once and answered with the first answer."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import AuditEntry
from dxportal.models import IdempotencyKey
from dxportal.rest import idempotency
from kpi.models import Actual
from tests.api import Caller, service
from tests.cast import THIS_YEAR, Cast, make_cast

KEY = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}


@pytest.fixture
def writer(cast: Cast) -> Caller:
    return Caller(secret=service(cast, "write")[1])


@pytest.fixture
def new(cast: Cast) -> dict[str, Any]:
    return {
        "indicator": cast.indicators["立案数"].pk,
        "fiscal_year": THIS_YEAR,
        "value": "7",
        "note": "前年度並み",
    }


def test_the_first_answer_comes_again(writer: Caller, new: dict[str, Any]) -> None:
    first = writer.call("POST", "actuals/", new, **KEY)
    again = writer.call("POST", "actuals/", dict(reversed(new.items())), **KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    for header in ("Content-Type", "Location", "ETag"):
        assert again[header] == first[header]
    assert again["Idempotent-Replayed"] == "true" and not first.has_header("Idempotent-Replayed")
    assert AuditEntry.objects.filter(action="actual.record").count() == 1
    assert writer.post("actuals/", new).status_code == 409  # without the key it is a second write


def test_another_write_under_the_same_key_is_refused(writer: Caller, new: dict[str, Any]) -> None:
    made = writer.call("POST", "actuals/", new, **KEY).json()
    other = writer.call("POST", "actuals/", {**new, "value": "8"}, **KEY)
    assert other.status_code == 422
    assert other.json()["type"] == "/api/v1/problems/key-reused/"
    elsewhere = writer.call("PATCH", f"actuals/{made['id']}/", {"note": "", "version": 1}, **KEY)
    assert elsewhere.status_code == 422
    assert Actual.objects.get(pk=made["id"]).value == 7


def test_a_refusal_is_the_answer_too_and_nothing_is_written(
    writer: Caller, new: dict[str, Any]
) -> None:
    wrong = {**new, "value": "多い"}
    first = writer.call("POST", "actuals/", wrong, **KEY)
    again = writer.call("POST", "actuals/", wrong, **KEY)
    assert first.status_code == again.status_code == 400
    assert again.content == first.content
    assert again["Content-Type"] == "application/problem+json"
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()


def test_after_a_fault_of_the_portal_the_write_can_be_sent_again(
    writer: Caller, new: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    writer.client.raise_request_exception = False
    with monkeypatch.context() as broken:
        broken.setattr("kpi.services.note_entry", lambda *args, **options: 1 / 0)
        assert writer.call("POST", "actuals/", new, **KEY).status_code == 500
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()
    answer = writer.call("POST", "actuals/", new, **KEY)
    assert answer.status_code == 201 and not answer.has_header("Idempotent-Replayed")


def test_keys_are_of_one_person(cast: Cast, writer: Caller, new: dict[str, Any]) -> None:
    assert writer.call("POST", "actuals/", new, **KEY).status_code == 201
    editor = Caller(cast.editor).call("POST", "actuals/", new, **KEY)
    assert editor.status_code == 409


@pytest.mark.parametrize("key", ["", " ", "x" * 201, "日本", "a b"])
def test_a_key_that_is_none_is_refused(writer: Caller, new: dict[str, Any], key: str) -> None:
    answer = writer.call("POST", "actuals/", new, **{"Idempotency-Key": key})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "Idempotency-Key"


def test_who_may_not_write_claims_no_key(cast: Cast, new: dict[str, Any]) -> None:
    reader = Caller(secret=service(cast, "read")[1])
    assert reader.call("POST", "actuals/", new, **KEY).status_code == 403
    assert not IdempotencyKey.objects.exists()


def test_keys_are_forgotten_after_a_day(writer: Caller, new: dict[str, Any]) -> None:
    writer.call("POST", "actuals/", new, **KEY)
    assert idempotency.clear_old_keys() == 0
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=25))
    assert idempotency.clear_old_keys() == 1


def test_a_body_that_is_too_large_is_refused(
    writer: Caller, new: dict[str, Any], settings: Any
) -> None:
    settings.API_MAX_MEGABYTES = 0
    assert writer.post("actuals/", new).status_code == 413


@pytest.mark.served
@pytest.mark.django_db(transaction=True)
def test_a_thousand_replays_of_one_write_are_one_effect() -> None:
    cast = make_cast()
    secret = service(cast, "write")[1]
    indicator = cast.indicators["立案数"].pk
    new = {"indicator": indicator, "fiscal_year": THIS_YEAR, "value": "7"}
    callers = threading.local()

    def send(_: int) -> tuple[int, bytes]:
        if not hasattr(callers, "own"):
            callers.own = Caller(secret=secret)
        try:
            answer = callers.own.call("POST", "actuals/", new, **KEY)
            return answer.status_code, answer.content
        finally:
            connections.close_all()

    with ThreadPoolExecutor(max_workers=16) as pool:
        answers = list(pool.map(send, range(1000)))
    statuses = Counter(status for status, _ in answers)
    assert set(statuses) <= {201, 409} and statuses[201] > 500, statuses
    assert len({content for status, content in answers if status == 201}) == 1
    for status, content in answers:
        assert status == 201 or b"in-flight" in content
    assert Actual.objects.filter(indicator=indicator, fiscal_year=THIS_YEAR).count() == 1
    assert AuditEntry.objects.filter(action="actual.record").count() == 1
