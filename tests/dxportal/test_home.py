"""Home says first what this person has to do."""

import datetime
from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import Channel, RoleAssignment, User
from dxportal.rounds.asking import ask
from kpi.services import ActualEntry, record_actual
from plans.models import ReportingCycle, RoundItem
from tests.cast import Cast
from tests.drawn import drawn

SignIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def _asked(cast: Cast) -> None:
    """The open round has asked for what it asks for."""
    assert cast.open_cycle is not None
    ask(cast.open_cycle)


def home(client: Client) -> str:
    return client.get(reverse("home")).content.decode()


def test_an_editor_sees_what_is_missing_and_until_when(cast: Cast, sign_in: SignIn) -> None:
    page = home(sign_in(cast.editor))
    assert "項目4件のうち、4件がまだ入力されていません" in page
    assert "あと10日" in page
    assert f"{reverse('rounds:entry')}?cycle=" in page
    assert "年度照会の進み具合" not in page


def test_what_was_entered_counts_at_once(cast: Cast, sign_in: SignIn) -> None:
    actor = Actor(cast.editor, Channel.PAGE)
    record_actual(actor, cast.indicators["立案数"], 2025, ActualEntry("0"), None)
    record_actual(actor, cast.indicators["来訪者"], 2025, ActualEntry(status="not_yet"), None)
    page = home(sign_in(cast.editor))
    assert "4件のうち、2件がまだ入力されていません" in page
    assert "「未集計」としたものが1件" in page


def test_the_last_day_and_the_grace_have_words(cast: Cast, sign_in: SignIn) -> None:
    now = timezone.now()
    end_of_day = timezone.localtime(now).replace(hour=23, minute=59, second=59)
    ReportingCycle.objects.filter(pk=cast.open_cycle.pk).update(  # type: ignore[union-attr]
        closes_at=now - datetime.timedelta(hours=1), grace_until=end_of_day
    )
    page = home(sign_in(cast.editor))
    assert "猶予期間：本日まで" in page


def test_a_round_that_ends_at_midnight_ends_on_the_day_before(cast: Cast, sign_in: SignIn) -> None:
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    ReportingCycle.objects.filter(pk=cast.open_cycle.pk).update(  # type: ignore[union-attr]
        closes_at=midnight + datetime.timedelta(days=4)
    )
    page = home(sign_in(cast.editor))
    assert "あと3日" in page
    assert "24:00まで" in page


def test_a_round_that_is_over_asks_for_nothing(cast: Cast, sign_in: SignIn) -> None:
    now = timezone.now()
    ReportingCycle.objects.filter(pk=cast.open_cycle.pk).update(  # type: ignore[union-attr]
        closes_at=now - datetime.timedelta(minutes=1)
    )
    assert "いま入力できる年度照会はありません" in home(sign_in(cast.editor))


def submit(cast: Cast, key: str, by: User) -> None:
    """An item of the round, as that person has handed it in."""
    indicator = cast.indicators[key]
    item = RoundItem.objects.filter(kind=RoundItem.Kind.ACTUAL, object_id=indicator.pk)
    item.update(state=RoundItem.State.SUBMITTED, submitted_by=by, submitted_at=timezone.now())


def test_an_approver_sees_what_waits_for_their_own_departments(cast: Cast, sign_in: SignIn) -> None:
    for key in ("立案数", "来訪者", "未入力"):  # the last one is of another department
        submit(cast, key, cast.editor)
    page = home(sign_in(cast.approver))
    assert "2件の承認待ち" in page
    assert reverse("rounds:approvals") in page


def test_nobody_is_asked_to_approve_their_own_package(cast: Cast, sign_in: SignIn) -> None:
    submit(cast, "立案数", cast.approver)
    assert "承認を待っている提出はありません" in home(sign_in(cast.approver))


def test_a_coordinator_sees_every_round_and_the_reports(cast: Cast, sign_in: SignIn) -> None:
    page = drawn(home(sign_in(cast.coordinator)))
    assert "年度照会の進み具合" in page
    assert "0 / 6件" in page
    assert "報告書の作成" in page
    assert "大村市" not in page


def test_a_viewer_is_led_to_the_dashboard(cast: Cast, sign_in: SignIn) -> None:
    page = home(sign_in(cast.viewer))
    assert reverse("dashboard") + f"?plan={cast.plan.pk}" in page
    assert "実績の入力" not in page


def test_without_a_role_there_is_nothing_and_it_says_why(cast: Cast, sign_in: SignIn) -> None:
    RoleAssignment.objects.filter(user=cast.viewer).delete()
    assert "役割がまだ割り当てられていないとき" in home(sign_in(cast.viewer))
