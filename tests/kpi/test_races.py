"""Two people at the same value at the same moment, on the database where that really happens."""

import threading
from collections import Counter

import pytest
from django.db import connection

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel
from accounts.versions import StaleVersion
from kpi.models import Actual, Indicator
from kpi.services import ActualEntry, record_actual
from tests.cast import THIS_YEAR, make_cast

ROUNDS = 100


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

    for turn in range(ROUNDS):
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

    assert outcomes == {"won": ROUNDS, "told": ROUNDS}
    assert AuditEntry.objects.filter(action="actual.record").count() == ROUNDS
