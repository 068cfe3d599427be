"""The heads' page: what waits for them, and deciding it."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Role, RoleAssignment
from dxportal.rounds.asking import ask
from kpi.services import ActualEntry, record_actual
from plans.models import ReportingCycle, RoundItem
from plans.procedure import Step, move_item
from tests.cast import THIS_YEAR, Cast

SignIn = Callable[..., Client]


@pytest.fixture
def cycle(cast: Cast) -> ReportingCycle:
    assert cast.open_cycle is not None
    ask(cast.open_cycle)
    return cast.open_cycle


def hand_in(cycle: ReportingCycle, cast: Cast, key: str, text: str, note: str = "") -> RoundItem:
    actor = Actor(cast.editor, Channel.PAGE)
    entry = ActualEntry(text, note=note)
    record_actual(actor, cast.indicators[key], THIS_YEAR, entry, None)
    item = cycle.items.get(kind="actual", object_id=cast.indicators[key].pk)
    return move_item(actor, item, Step.SUBMIT, item.version)


def page_of(client: Client) -> str:
    return client.get(reverse("rounds:approvals")).content.decode()


def decide(client: Client, item: RoundItem, step: str, **more: str):
    form = {"step": step, "version": item.version, "place": "approvals", **more}
    address = reverse("rounds:step", args=[item.pk])
    return client.post(address, form, headers={"HX-Request": "true"})


def test_beside_each_value_stands_what_one_needs_to_decide(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    hand_in(cycle, cast, "来訪者", "120,000", note="大型船の寄港が増えた")
    page = page_of(sign_in(cast.approver))
    assert "1件</strong>が承認を待っています" in page
    for said in ("12,345", "20,000", "120,000人", "600.0%", "大型船の寄港が増えた", "警告："):
        assert said in page


def test_only_ones_own_departments_and_never_ones_own_entry(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    hand_in(cycle, cast, "立案数", "7")
    assert "承認を待っている項目はありません" in page_of(sign_in(cast.viewer))
    assert "承認を待っている項目はありません" in page_of(sign_in(cast.coordinator))
    RoleAssignment.objects.create(
        user=cast.editor,
        role=Role.APPROVER,
        organization=cast.city,
        department=cast.departments["観光課"],
    )
    page = page_of(sign_in(cast.editor))
    assert "承認を待っている項目はありません" in page
    assert "あなたが入力・提出した1件" in page


def test_a_decision_answers_with_the_row(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    first, second = hand_in(cycle, cast, "立案数", "7"), hand_in(cycle, cast, "来訪者", "2", "休業")
    client = sign_in(cast.approver)
    answer = decide(client, first, "approve")
    assert answer.content.decode().lstrip().startswith("<tr")
    assert "承認しました" in answer.content.decode()
    refused = decide(client, second, "return")
    assert refused.status_code == 422
    assert "理由を書いてください" in refused.content.decode()
    assert "差し戻しました" in decide(client, second, "return", reason="桁違い").content.decode()
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.approved_by) == ("approved", cast.approver)
    assert second.is_returned


def test_who_decides_on_an_old_row_is_shown_the_new_one(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    item = hand_in(cycle, cast, "立案数", "7")
    move_item(Actor(cast.editor, Channel.PAGE), item, Step.WITHDRAW, item.version)
    answer = decide(sign_in(cast.approver), item, "approve")
    assert answer.status_code == 409
    assert "ほかの人が先に動かしました" in answer.content.decode()
    item.refresh_from_db()
    assert item.state == RoundItem.State.DRAFT


def test_without_a_script_the_page_comes_back(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    item = hand_in(cycle, cast, "立案数", "7")
    client, approvals = sign_in(cast.approver), reverse("rounds:approvals")
    form = {"step": "approve", "version": item.version, "place": "approvals"}
    answer = client.post(
        reverse("rounds:step", args=[item.pk]),
        form,
        headers={"Referer": f"http://testserver{approvals}"},
    )
    assert answer.url == approvals
    assert "承認しました" in page_of(client)


def test_a_department_is_approved_at_once_and_what_cannot_be_is_named(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    items = [hand_in(cycle, cast, key, "7", "休業") for key in ("立案数", "来訪者")]
    changed = items[1]
    RoundItem.objects.filter(pk=changed.pk).update(version=changed.version + 1)
    form = {"item": [f"{item.pk}:{item.version}" for item in items]}
    page = sign_in(cast.approver).post(reverse("rounds:approve_all"), form).content.decode()
    assert "1件を承認しました" in page
    assert "できなかった項目が1件" in page
    assert "来訪者数</a>：ほかの人が先に動かしました" in page
    assert AuditEntry.objects.filter(action="rounditem.approve").count() == 1


def test_all_at_once_reaches_only_what_waits_for_this_person(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    item = cycle.items.get(object_id=cast.indicators["未入力"].pk, kind="actual")
    RoundItem.objects.filter(pk=item.pk).update(
        state="submitted", submitted_by=cast.editor, submitted_at=timezone.now()
    )
    form = {"item": f"{item.pk}:{item.version}"}
    sign_in(cast.approver).post(reverse("rounds:approve_all"), form)
    item.refresh_from_db()
    assert item.state == RoundItem.State.SUBMITTED


def test_the_queries_of_the_page_do_not_grow(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn, django_assert_max_num_queries
) -> None:
    hand_in(cycle, cast, "立案数", "7")
    client = sign_in(cast.approver)
    page_of(client)
    with django_assert_max_num_queries(60) as before:
        page_of(client)
    for number in range(20):
        made = cast.indicator(f"増{number}", department=cast.departments["観光課"])
        cast.use(made, cast.measures["観光2"])
    ask(cycle)
    for number in range(20):
        hand_in(cycle, cast, f"増{number}", "3")
    with django_assert_max_num_queries(len(before)):
        assert "21件</strong>が承認を待っています" in page_of(client)
