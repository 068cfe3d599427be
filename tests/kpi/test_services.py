"""Entering an actual: rights, rounds, versions and the audit log, at the one verb for it."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import ApiToken, AuditEntry, Channel
from accounts.versions import StaleVersion
from kpi.models import Actual, ValueStatus
from kpi.services import ActualEntry, clear_actual, record_actual
from plans.models import ReportingCycle, Submission
from tests.cast import LAST_YEAR, THIS_YEAR, Cast


def as_(user, token=None) -> Actor:
    return Actor(user, Channel.PAGE, token)


def test_an_editor_records_a_first_value_and_corrects_it(cast: Cast) -> None:
    kpi = cast.indicators["立案数"]
    first = record_actual(as_(cast.editor), kpi, THIS_YEAR, ActualEntry("１，２３４件"), None)
    assert (first.value, first.version, first.state) == (1234, 1, Actual.State.DRAFT)
    second = record_actual(as_(cast.editor), kpi, THIS_YEAR, ActualEntry("1235", note="訂正"), 1)
    assert (second.value, second.version) == (1235, 2)
    newest, oldest = AuditEntry.objects.of(second)
    assert (newest.before["value"], newest.after["value"]) == ("1234", "1235")
    assert (oldest.actor, oldest.channel, oldest.before) == (cast.editor, "page", {})
    submission = Submission.objects.get(cycle=cast.open_cycle)
    assert submission.state == Submission.State.ENTERING


def test_writing_the_same_again_changes_nothing(cast: Cast) -> None:
    kpi = cast.indicators["立案数"]
    record_actual(as_(cast.editor), kpi, THIS_YEAR, ActualEntry("3"), None)
    again = record_actual(as_(cast.editor), kpi, THIS_YEAR, ActualEntry("3"), 1)
    assert again.version == 1
    assert AuditEntry.objects.of(again).count() == 1


@pytest.mark.parametrize("name", ["approver", "coordinator", "viewer", "admin", "outsider"])
def test_nobody_else_enters(cast: Cast, name: str) -> None:
    with pytest.raises(PermissionDenied):
        record_actual(
            as_(cast.people[name]), cast.indicators["立案数"], THIS_YEAR, ActualEntry("1"), None
        )
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()


def test_an_editor_does_not_enter_for_another_department(cast: Cast) -> None:
    with pytest.raises(PermissionDenied, match="権限がありません"):
        record_actual(
            as_(cast.editor), cast.indicators["未入力"], THIS_YEAR, ActualEntry("1"), None
        )


def test_a_read_only_token_does_not_write(cast: Cast) -> None:
    token = ApiToken(user=cast.editor, scope=ApiToken.Scope.READ)
    with pytest.raises(PermissionDenied):
        record_actual(
            as_(cast.editor, token), cast.indicators["立案数"], THIS_YEAR, ActualEntry("1"), None
        )


def test_a_published_year_is_locked(cast: Cast) -> None:
    with pytest.raises(Locked, match="公表"):
        record_actual(as_(cast.editor), cast.indicators["来訪者"], LAST_YEAR, ActualEntry("1"), 1)


def test_a_year_without_a_round_is_locked(cast: Cast) -> None:
    with pytest.raises(Locked, match="まだ作られていません"):
        record_actual(as_(cast.editor), cast.indicators["来訪者"], 2026, ActualEntry("1"), None)


@pytest.mark.parametrize(
    ("moment", "open_"), [("2026-06-01 23:59:59", True), ("2026-06-02 00:00:00", False)]
)
def test_the_deadline_is_japan_time(cast: Cast, moment: str, open_: bool) -> None:
    end = timezone.make_aware(datetime.datetime(2026, 6, 2))
    cycle = ReportingCycle(state=ReportingCycle.State.OPEN, closes_at=end)
    now = timezone.make_aware(datetime.datetime.fromisoformat(moment))
    assert cycle.accepts_entries(now) is open_


def test_a_round_past_its_end_takes_nothing(cast: Cast) -> None:
    cast.open_cycle.closes_at = timezone.now() - datetime.timedelta(seconds=1)
    cast.open_cycle.opens_at = None
    cast.open_cycle.save()
    with pytest.raises(Locked, match="締め切りました"):
        record_actual(
            as_(cast.editor), cast.indicators["来訪者"], THIS_YEAR, ActualEntry("1"), None
        )


@pytest.mark.parametrize("state", Actual.LOCKED_STATES)
def test_a_value_that_was_handed_in_is_locked(cast: Cast, state: str) -> None:
    kpi = cast.indicators["立案数"]
    actual = record_actual(as_(cast.editor), kpi, THIS_YEAR, ActualEntry("3"), None)
    Actual.objects.filter(pk=actual.pk).update(state=state)
    with pytest.raises(Locked):
        record_actual(as_(cast.editor), kpi, THIS_YEAR, ActualEntry("4"), 1)
    with pytest.raises(Locked):
        clear_actual(as_(cast.editor), kpi, THIS_YEAR, 1)


def test_the_slower_of_two_writers_gets_the_other_value(cast: Cast) -> None:
    kpi = cast.indicators["立案数"]
    record_actual(as_(cast.editor), kpi, THIS_YEAR, ActualEntry("3"), None)
    with pytest.raises(StaleVersion) as first_write:
        record_actual(as_(cast.editor), kpi, THIS_YEAR, ActualEntry("4"), None)
    assert first_write.value.current.value == 3
    record_actual(as_(cast.editor), kpi, THIS_YEAR, ActualEntry("5"), 1)
    with pytest.raises(StaleVersion) as second_write:
        record_actual(as_(cast.editor), kpi, THIS_YEAR, ActualEntry("6"), 1)
    assert second_write.value.current.value == 5
    assert Actual.objects.get(indicator=kpi, fiscal_year=THIS_YEAR).value == 5


@pytest.mark.parametrize(
    ("entry", "field"),
    [
        (ActualEntry("約3"), "value"),
        (ActualEntry(""), "value"),
        (ActualEntry("3", status=ValueStatus.NOT_YET), "value"),
        (ActualEntry("1" * 30), "value"),
        (ActualEntry("1.1234567"), "value"),
        (ActualEntry(numerator="3", denominator="0"), "denominator"),
        (ActualEntry(numerator="3"), "denominator"),
        (ActualEntry("50", numerator="1", denominator="3"), "value"),
    ],
)
def test_a_wrong_entry_is_refused_at_its_field(cast: Cast, entry: ActualEntry, field: str) -> None:
    kpi = cast.indicators["満足度"]
    with pytest.raises(ValidationError) as refused:
        record_actual(as_(cast.editor), kpi, THIS_YEAR, entry, None)
    assert field in refused.value.message_dict
    assert not Actual.objects.filter(fiscal_year=THIS_YEAR).exists()
    assert not AuditEntry.objects.filter(action="actual.record").exists()


def test_zero_empty_not_applicable_and_not_yet_stay_four_things(cast: Cast) -> None:
    kpi = cast.indicators["満足度"]
    zero = record_actual(as_(cast.editor), kpi, THIS_YEAR, ActualEntry("0"), None)
    assert (zero.value, zero.status) == (0, ValueStatus.REPORTED)
    for version, status in enumerate([ValueStatus.NOT_APPLICABLE, ValueStatus.NOT_YET], start=1):
        written = record_actual(
            as_(cast.editor), kpi, THIS_YEAR, ActualEntry(status=status), version
        )
        assert (written.value, written.status) == (None, status)
    clear_actual(as_(cast.editor), kpi, THIS_YEAR, 3)
    assert not Actual.objects.filter(indicator=kpi, fiscal_year=THIS_YEAR).exists()
    assert AuditEntry.objects.filter(action="actual.clear").count() == 1


def test_a_rate_comes_from_its_two_counts(cast: Cast) -> None:
    kpi = cast.indicators["満足度"]
    rate = record_actual(
        as_(cast.editor), kpi, THIS_YEAR, ActualEntry(numerator="1", denominator="3"), None
    )
    assert (rate.value, rate.numerator, rate.denominator) == (Decimal("33.3"), 1, 3)
