"""Whom the acts of a round are told to: the nearest people, once, and the same for bulk acts."""

import datetime
from collections.abc import Callable

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Notice, User
from accounts.notices import send_digests
from dxportal.rounds import telling
from dxportal.rounds.asking import ask
from kpi.services import ActualEntry, record_actual
from plans.models import ReportingCycle, RoundItem
from plans.procedure import Step, grant_extension, move_item, move_items, submit_package
from plans.services import create_cycle, move_cycle
from tests.cast import THIS_YEAR, Cast

Kind = Notice.Kind
SignIn = Callable[..., Client]


def as_(user: User) -> Actor:
    return Actor(user, Channel.PAGE)


def told(user: User, kind: str) -> list[str]:
    return [notice.text for notice in Notice.objects.filter(user=user, kind=kind)]


@pytest.fixture
def round_(cast: Cast) -> ReportingCycle:
    ask(cast.open_cycle)
    return cast.open_cycle


def test_those_who_owe_something_hear_of_the_opening(cast: Cast) -> None:
    cycle = create_cycle(
        as_(cast.coordinator),
        cast.plan,
        2026,
        closes_at=datetime.datetime(2027, 6, 1, tzinfo=timezone.get_current_timezone()),
    )
    move_cycle(as_(cast.coordinator), cycle, ReportingCycle.State.OPEN, cycle.version)
    (text,) = told(cast.editor, Kind.OPENED)
    assert "観光課の入力は4件" in text
    assert "5月31日まで" in text  # 24:00 of the last day
    assert not told(cast.viewer, Kind.OPENED)
    assert not told(cast.outsider, Kind.OPENED)


def test_who_opens_a_round_hears_who_was_told(cast: Cast, sign_in: SignIn) -> None:
    cycle = create_cycle(as_(cast.coordinator), cast.plan, 2026)
    address = reverse("rounds:move", args=[cycle.pk])
    client = sign_in(cast.coordinator)
    version = {"row_version": cycle.version}
    page = client.post(f"{address}?to=open", version, follow=True).content.decode()
    people = Notice.objects.filter(kind=Kind.OPENED).values("user").distinct().count()
    assert people
    assert f"部局の入力について、{people}人にお知らせを送りました" in page
    assert "入力担当のいない" in page
    cycle.refresh_from_db()
    version = {"row_version": cycle.version}
    page = client.post(f"{address}?to=closed", version, follow=True).content.decode()
    assert "部局へのお知らせは送っていません" in page


def test_the_head_is_told_once_of_a_whole_package(cast: Cast, round_: ReportingCycle) -> None:
    items = submit_package(as_(cast.editor), round_, cast.departments["観光課"])
    assert len(items) == 4
    (text,) = told(cast.approver, Kind.SUBMITTED)
    assert "観光課" in text


def test_the_writer_hears_what_became_of_it(cast: Cast, round_: ReportingCycle) -> None:
    record_actual(as_(cast.editor), cast.indicators["立案数"], THIS_YEAR, ActualEntry("9"), None)
    item = RoundItem.objects.get(
        cycle=round_, kind="actual", object_id=cast.indicators["立案数"].pk
    )
    item = move_item(as_(cast.editor), item, Step.SUBMIT, item.version)
    item = move_item(as_(cast.approver), item, Step.RETURN, item.version, "根拠を添えて")
    (text,) = told(cast.editor, Kind.RETURNED)
    assert "根拠を添えて" in text
    item = move_item(as_(cast.editor), item, Step.SUBMIT, item.version)
    move_item(as_(cast.approver), item, Step.APPROVE, item.version)
    assert len(told(cast.editor, Kind.APPROVED)) == 1


def test_a_bulk_act_tells_what_single_acts_would(cast: Cast, round_: ReportingCycle) -> None:
    submit_package(as_(cast.editor), round_, cast.departments["観光課"])
    waiting = list(round_.items.filter(state="submitted").order_by("pk"))
    half = len(waiting) // 2
    move_items(as_(cast.approver), waiting[:half], Step.RETURN, "やり直し")
    in_bulk = Notice.objects.filter(user=cast.editor, kind=Kind.RETURNED).count()
    for item in waiting[half:]:
        move_item(as_(cast.approver), item, Step.RETURN, item.version, "やり直し")
    one_by_one = Notice.objects.filter(user=cast.editor, kind=Kind.RETURNED).count() - in_bulk
    assert (in_bulk, one_by_one) == (half, len(waiting) - half)


def test_more_time_is_told_to_those_it_is_for(cast: Cast, round_: ReportingCycle) -> None:
    until = timezone.now() + datetime.timedelta(days=5)
    grant_extension(as_(cast.coordinator), round_, until, "議会対応", cast.departments["観光課"])
    (text,) = told(cast.editor, Kind.EXTENDED)
    assert "議会対応" in text


def test_the_office_reminds_who_owes_and_nobody_else(cast: Cast, round_: ReportingCycle) -> None:
    school, tourism = cast.departments["教育委員会"], cast.departments["観光課"]
    assert telling.remind(as_(cast.coordinator), round_, [tourism, school], "お願いします。") == 1
    assert "4件残っています" in told(cast.editor, Kind.REMINDED)[0]
    assert AuditEntry.objects.filter(action="cycle.remind").count() == 2
    with pytest.raises(PermissionDenied):
        telling.remind(as_(cast.editor), round_, [tourism])


@pytest.mark.parametrize(("days", "count"), [(8, 0), (7, 1), (5, 0), (3, 1), (1, 1), (0, 0)])
def test_the_end_is_told_of_in_time(
    cast: Cast, round_: ReportingCycle, days: int, count: int
) -> None:
    today = timezone.localdate()
    round_.closes_at = timezone.make_aware(
        datetime.datetime.combine(today + datetime.timedelta(days=days + 1), datetime.time())
    )
    round_.save()
    telling.tell_due(today)
    telling.tell_due(today)  # a second run on the same day tells nobody again
    assert len(told(cast.editor, Kind.DUE)) == count


def test_a_mail_server_that_is_away_stops_no_act(
    cast: Cast, round_: ReportingCycle, settings: object
) -> None:
    cast.editor.email = "editor@example.lg.jp"
    cast.editor.save()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"  # type: ignore[attr-defined]
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9  # type: ignore[attr-defined]
    submit_package(as_(cast.editor), round_, cast.departments["観光課"])
    item = round_.items.filter(state="submitted").first()
    assert item is not None
    move_item(as_(cast.approver), item, Step.RETURN, item.version, "やり直し")
    assert send_digests() == 0
    assert Notice.objects.get(user=cast.editor, kind=Kind.RETURNED).mailed_at is None
    assert not mail.outbox
