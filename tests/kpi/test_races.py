"""Two people at the same value at the same moment, on the database where that really happens."""

import threading
from collections import Counter

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
from tests.cast import THIS_YEAR, make_cast

ROUNDS = 1_000
SUBMISSIONS = 200


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

    def write(barrier: threading.Barrier, value: int, version: int | None) -> None:
        indicator = Indicator.objects.get(pk=kpi.pk)
        barrier.wait()
        try:
            record_actual(actor, indicator, THIS_YEAR, ActualEntry(str(value)), version)
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

    for turn in range(SUBMISSIONS):
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

    assert sum(refused.values()) == SUBMISSIONS
