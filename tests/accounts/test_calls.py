"""Every call of the API is logged once, without what was sent, and counted."""

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import LazySettings
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import ApiCall, ApiToken, AuditEntry
from accounts.rest import throttling
from accounts.rest.calls import clear_old_calls
from accounts.tokens import Limits, issue_token
from tests.api import Caller, service
from tests.cast import THIS_YEAR, Cast

SECRET_TEXT = "だれにも見せない"


def test_a_call_is_logged_with_its_token_and_without_what_was_sent(cast: Cast) -> None:
    token, secret = service(cast, "write")
    caller = Caller(secret=secret)
    indicator = cast.indicators["立案数"].pk
    figure = {"indicator": indicator, "fiscal_year": THIS_YEAR, "value": "7", "note": SECRET_TEXT}
    made = caller.post("actuals/", figure)
    assert made.status_code == 201
    caller.get(f"actuals/{made.json()['id']}/")
    caller.get(f"projects/?q={SECRET_TEXT}")
    caller.get("nowhere/")
    calls = list(ApiCall.objects.order_by("pk"))
    assert [(call.method, call.route, call.status, call.is_change) for call in calls] == [
        ("POST", "api/v1/actuals/", 201, True),
        ("GET", "api/v1/actuals/<int:pk>/", 200, False),
        ("GET", "api/v1/projects/", 200, False),
        ("GET", "api/v1/.*$", 404, False),
    ]
    assert {(c.token_id, c.user_id, c.organization_id) for c in calls} == {
        (token.pk, token.user_id, cast.city.pk)
    }
    assert calls[1].object_id == made.json()["id"]
    assert {call.address for call in calls} == {"127.0.0.1"}
    kept = str(list(ApiCall.objects.values()))
    for unsaid in (SECRET_TEXT, secret, token.digest, "%E3"):
        assert unsaid not in kept
    change = AuditEntry.objects.get(action="actual.record")
    assert (change.token, change.channel) == (token, "api")


def test_calls_of_people_and_of_nobody_are_logged_too(cast: Cast) -> None:
    Caller(cast.viewer).get("plans/")
    Caller().get("plans/")
    Caller(secret="dxp_wrong").get("plans/")
    expired, secret = service(cast, "read")
    ApiToken.objects.update(expires_at=timezone.now())
    Caller(secret=secret).get("plans/")
    Client().get("/accounts/sign-in/")
    assert list(ApiCall.objects.order_by("pk").values_list("status", "user", "token")) == [
        (200, cast.viewer.pk, None),
        (401, None, None),
        (401, None, None),
        (401, expired.user_id, expired.pk),
    ]


def test_reading_costs_one_insert_more(cast: Cast) -> None:
    _, secret = service(cast, "read")
    Caller(secret=secret).get("levels/")
    with CaptureQueriesContext(connection) as queries:
        Caller(secret=secret).get("levels/")
    written = [q["sql"] for q in queries if not q["sql"].startswith("SELECT")]
    assert len(written) == 1
    assert written[0].startswith('INSERT INTO "accounts_apicall"')


def test_the_database_refuses_to_change_a_call(cast: Cast) -> None:
    Caller(cast.viewer).get("plans/")
    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE accounts_apicall SET status = 200")


def test_calls_are_cleared_when_their_time_is_over(cast: Cast, settings: LazySettings) -> None:
    settings.API_READS_KEPT_DAYS, settings.API_CHANGES_KEPT_DAYS = 90, 400
    now = timezone.now()
    common: dict[str, Any] = {"method": "X", "route": "r", "status": 200, "milliseconds": 1}
    kept = [
        ApiCall.objects.create(at=now - timedelta(days=days), is_change=is_change, **common).pk
        for is_change, days in ((False, 89), (True, 91), (True, 399))
    ]
    for is_change, days in ((False, 91), (True, 401)):
        ApiCall.objects.create(at=now - timedelta(days=days), is_change=is_change, **common)
    assert clear_old_calls() == 2
    assert sorted(ApiCall.objects.values_list("pk", flat=True)) == kept


@pytest.mark.parametrize(
    ("trusted", "came_from", "forwarded", "known_as", "status"),
    [
        ([], "10.1.2.3", "", "10.1.2.3", 200),
        ([], "192.0.2.1", "10.1.2.3", "192.0.2.1", 403),  # said by the caller, believed by nobody
        (["192.0.2.0/24"], "192.0.2.1", "10.1.2.3", "10.1.2.3", 200),
        (["192.0.2.0/24"], "192.0.2.1", "10.1.2.3, 203.0.113.9", "203.0.113.9", 403),
        (["192.0.2.0/24"], "192.0.2.1", "203.0.113.9, 10.1.2.3, 192.0.2.7", "10.1.2.3", 200),
        (["192.0.2.0/24"], "192.0.2.1", "10.1.2.3, not-an-address", None, 403),
        ([], "::ffff:10.1.2.3", "", "10.1.2.3", 200),
        ([], "", "10.1.2.3", None, 403),
    ],
)
def test_the_address_is_that_of_the_caller(
    cast: Cast,
    settings: LazySettings,
    trusted: list[str],
    came_from: str,
    forwarded: str,
    known_as: str | None,
    status: int,
) -> None:
    settings.TRUSTED_PROXIES = trusted
    _, secret = service(cast, "read", addresses=["10.1.2.0/24", "2001:db8::/32"])
    caller = Caller(secret=secret, REMOTE_ADDR=came_from)
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    assert caller.get("plans/", **headers).status_code == status
    assert ApiCall.objects.get().address == known_as


@pytest.fixture
def counted(settings: LazySettings, tmp_path: Path) -> LazySettings:
    """Three calls a minute, two failures, counted from nothing; the minute does not end."""
    settings.API_CALLS_PER_MINUTE, settings.API_FAILURES_PER_MINUTE = 3, 2
    backend = "accounts.rest.throttling.CountingFileCache"
    settings.CACHES = {"default": {"BACKEND": backend, "LOCATION": str(tmp_path)}}
    return settings


def test_a_token_that_calls_too_often_is_told_when_to_come_back(
    cast: Cast, counted: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling.time, "time", lambda: 1_000_020.0)
    _, secret = service(cast, "read")
    caller = Caller(secret=secret)
    left = []
    for _ in range(3):
        response = caller.get("plans/")
        assert response.status_code == 200
        assert response["RateLimit-Policy"] == '"token";q=3;w=60'
        left.append(response["RateLimit"])
    assert left == ['"token";r=2;t=60', '"token";r=1;t=60', '"token";r=0;t=60']
    refused = caller.get("plans/")
    assert refused.status_code == 429
    assert refused["Content-Type"] == "application/problem+json"
    assert refused["Retry-After"] == "60"
    assert refused["RateLimit"] == '"token";r=0;t=60'
    assert refused.json()["type"].endswith("/throttled/")
    assert "1分に3回まで" in refused.json()["detail"]
    # Another token, and a person in the browser, are not counted with it.
    assert Caller(secret=service(cast, "read", "other")[1]).get("plans/").status_code == 200
    assert "RateLimit" not in Caller(cast.viewer).get("plans/")
    monkeypatch.setattr(throttling.time, "time", lambda: 1_000_080.0)
    assert caller.get("plans/").status_code == 200


def test_an_address_that_guesses_is_stopped_and_its_neighbour_with_a_token_is_not(
    cast: Cast, counted: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttling.time, "time", lambda: 1_000_020.0)
    wrong = Caller(secret="dxp_wrong")
    assert [wrong.get("plans/").status_code for _ in range(3)] == [401, 401, 429]
    assert wrong.get("plans/")["RateLimit-Policy"] == '"failures";q=2;w=60'
    assert Caller(secret="dxp_wrong", REMOTE_ADDR="10.9.9.9").get("plans/").status_code == 401
    assert Caller(secret=service(cast, "read")[1]).get("plans/").status_code == 200


def test_a_cache_that_is_away_stops_nobody(
    cast: Cast, counted: LazySettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*args: Any, **kwargs: Any) -> int:
        raise OSError("no space left on device")

    monkeypatch.setattr(throttling.CountingFileCache, "incr", away)
    _, secret = service(cast, "read")
    assert [Caller(secret=secret).get("plans/").status_code for _ in range(5)] == [200] * 5


def _count(folder: str, times: int) -> None:
    cache = throttling.CountingFileCache(folder, {})
    for _ in range(times):
        try:
            cache.incr("calls")
        except ValueError:
            if not cache.add("calls", 1, timeout=60):
                cache.incr("calls")


def test_processes_that_count_at_once_lose_no_count(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_count, args=(str(tmp_path), 50)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert throttling.CountingFileCache(str(tmp_path), {}).get("calls") == 200


@pytest.mark.served
def test_clients_of_redis_that_count_at_once_lose_no_count(settings: LazySettings) -> None:
    """As it is counted where the portal is served, each client with a connection of its own."""
    assert settings.CACHES["default"]["BACKEND"].endswith("RedisCache")
    key = f"calls:test:{time.time_ns()}"

    def count(_: int) -> list[int]:
        return [throttling._next(key) for _ in range(100)]

    with ThreadPoolExecutor(8) as pool:
        counts = [number for some in pool.map(count, range(8)) for number in some]
    assert sorted(counts) == list(range(1, 801))


def test_a_token_ends_after_a_year_unless_told(cast: Cast) -> None:
    token, _ = issue_token(Actor.system(), cast.editor, "RPA", Limits())
    assert token.expires_at is not None
    assert timedelta(days=364) < token.expires_at - timezone.now() <= timedelta(days=365)
