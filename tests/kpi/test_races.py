"""Two people at the same value at the same moment, on the database where that really happens."""

import http.client
import json
import os
import threading
from collections import Counter
from typing import Any

import pytest
from django.db import connection

from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import AuditEntry, Channel
from accounts.versions import StaleVersion
from dxportal.rounds.asking import ask
from kpi.models import Actual, Indicator
from kpi.services import ActualEntry, record_actual
from plans.models import RoundItem
from plans.procedure import Step, move_item
from tests.api import service
from tests.cast import THIS_YEAR, make_cast

# A few in the suite; `RACES=1000 script/with-services pytest -m served tests/kpi/test_races.py` is
# the figure that the README gives.
RACES = int(os.environ.get("RACES", "25"))


@pytest.mark.served
@pytest.mark.django_db(transaction=True)
def test_of_two_writers_one_wins_and_the_other_is_told() -> None:
    cast = make_cast()
    actor = Actor(cast.editor, Channel.PAGE)
    kpi = cast.indicators["立案数"]
    outcomes: Counter[str] = Counter()
    told: list[object] = []

    def write(barrier: threading.Barrier, value: int, version: int | None) -> None:
        indicator = Indicator.objects.get(pk=kpi.pk)
        barrier.wait()
        try:
            record_actual(actor, indicator, THIS_YEAR, ActualEntry(str(value)), version)
            outcomes["won"] += 1
        except StaleVersion as stale:
            outcomes["told"] += 1
            told.append(stale.current.value)
        finally:
            connection.close()

    for turn in range(RACES):
        barrier = threading.Barrier(2)
        version = turn or None
        values = (2 * turn + 1, 2 * turn + 2)
        writers = [threading.Thread(target=write, args=(barrier, v, version)) for v in values]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        stored = Actual.objects.get(indicator=kpi, fiscal_year=THIS_YEAR)
        assert stored.version == turn + 1
        assert stored.value in values
        assert told[-1] == stored.value, "the loser is shown the winner's value"

    assert outcomes == {"won": RACES, "told": RACES}
    assert AuditEntry.objects.filter(action="actual.record").count() == RACES


@pytest.mark.served
@pytest.mark.django_db(transaction=True)
def test_over_the_api_one_wins_and_the_other_gets_both_values(live_server: Any) -> None:
    """Two systems with a token each, over HTTP: the version in the body, or as If-Match."""
    cast = make_cast()
    kpi = cast.indicators["立案数"]
    secrets = [service(cast, "write", name)[1] for name in ("finance", "survey")]
    new = {"indicator": kpi.pk, "fiscal_year": THIS_YEAR, "value": "0"}
    address = f"/api/v1/actuals/{send(live_server, secrets[0], 'POST', '', new)[1]['id']}/"
    outcomes: Counter[int] = Counter()
    answers: list[tuple[int, dict[str, Any]]] = []

    def write(barrier: threading.Barrier, secret: str, value: str, version: int) -> None:
        by_header = version % 2 == 0
        body: dict[str, Any] = {"value": value, "note": f"版{version}から"}
        headers = {"If-Match": f'"{version}"'} if by_header else {}
        barrier.wait()
        if not by_header:
            body["version"] = version
        answers.append(send(live_server, secret, "PATCH", address, body, headers))

    for version in range(1, RACES + 1):
        barrier = threading.Barrier(2)
        values = (str(2 * version), str(2 * version + 1))
        writers = [
            threading.Thread(target=write, args=(barrier, secret, value, version))
            for secret, value in zip(secrets, values, strict=True)
        ]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        (_, won), (status, told) = sorted(answers, key=lambda answer: answer[0])
        outcomes.update(status for status, _ in answers)
        answers.clear()
        assert status == (412 if version % 2 == 0 else 409)
        assert won["version"] == told["current"]["version"] == version + 1
        assert told["current"]["value"] == won["value"]
        assert {told["yours"]["value"], won["value"]} == set(values), "both values are told"
        stored = Actual.objects.get(indicator=kpi, fiscal_year=THIS_YEAR)
        assert stored.value == int(won["value"])

    assert outcomes == {200: RACES, 409: RACES - RACES // 2, 412: RACES // 2}
    written = AuditEntry.objects.filter(action="actual.record", channel=Channel.API)
    assert written.count() == RACES + 1


def send(
    server: Any,
    secret: str,
    method: str,
    address: str,
    body: dict[str, Any],
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, Any]]:
    """A call over HTTP, without Django's own client: its status and its answer."""
    line = http.client.HTTPConnection(server.thread.host, server.thread.port, timeout=600)
    line.request(
        method,
        address or "/api/v1/actuals/",
        json.dumps(body),
        {
            "Authorization": f"Bearer {secret}",
            "Content-Type": "application/json",
            **(headers or {}),
        },
    )
    answer = line.getresponse()
    told = json.loads(answer.read())
    line.close()
    return answer.status, told


@pytest.mark.served
@pytest.mark.django_db(transaction=True)
def test_a_value_is_written_or_submitted_and_never_both() -> None:
    """Whoever submits at the moment of a write locks it out, or takes it along."""
    cast = make_cast()
    ask(cast.open_cycle)
    kpi = cast.indicators["立案数"]
    actor = Actor(cast.editor, Channel.PAGE)
    item_key = {"cycle": cast.open_cycle, "kind": RoundItem.Kind.ACTUAL, "object_id": kpi.pk}
    refused: Counter[str] = Counter()

    def said(value: int) -> ActualEntry:
        return ActualEntry(str(value), note="数え方を変えた")  # a figure that jumps is explained

    def write(barrier: threading.Barrier, value: int, version: int | None) -> None:
        indicator = Indicator.objects.get(pk=kpi.pk)
        barrier.wait()
        try:
            record_actual(actor, indicator, THIS_YEAR, said(value), version)
        except (Locked, StaleVersion) as error:
            refused[type(error).__name__] += 1
        finally:
            connection.close()

    def submit(barrier: threading.Barrier, version: int) -> None:
        item = RoundItem.objects.get(**item_key)
        barrier.wait()
        try:
            move_item(actor, item, Step.SUBMIT, version)
        except StaleVersion:
            refused["submit"] += 1
        finally:
            connection.close()

    for turn in range(RACES):
        item = RoundItem.objects.get(**item_key)
        stored = Actual.objects.filter(indicator=kpi, fiscal_year=THIS_YEAR).first()
        barrier = threading.Barrier(2)
        both = [
            threading.Thread(
                target=write, args=(barrier, turn + 1, stored.version if stored else None)
            ),
            threading.Thread(target=submit, args=(barrier, item.version)),
        ]
        for one in both:
            one.start()
        for one in both:
            one.join()
        item.refresh_from_db()
        after = Actual.objects.filter(indicator=kpi, fiscal_year=THIS_YEAR).first()
        if item.state == RoundItem.State.SUBMITTED:
            # The write came too late: the figure is the one of before, and locked.
            assert (after and after.value) == (stored and stored.value)
            assert after is None or after.state == Actual.State.SUBMITTED
            move_item(actor, item, Step.WITHDRAW, item.version)
        else:
            assert after is not None and after.value == turn + 1
            assert after.state == Actual.State.DRAFT

    assert sum(refused.values()) == RACES
