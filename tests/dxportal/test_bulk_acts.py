"""A bulk act is just so many single acts: the same states, the same log, the same notices."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Notice, User
from dxportal.rounds.asking import ask
from dxportal.views.rounds import PAGE_SIZE
from plans.models import ReportingCycle, RoundItem, Submission
from plans.procedure import Step, move_item, move_items, submit_package
from tests.api import undone
from tests.cast import Cast, grow

SignIn = Callable[[User], Client]
State = RoundItem.State


@pytest.fixture
def cycle(cast: Cast) -> ReportingCycle:
    """The open round with more items than a page shows; one department has handed in."""
    cycle = cast.open_cycle
    assert cycle is not None
    grow(cast, PAGE_SIZE // 2)
    ask(cycle)
    submit_package(Actor(cast.editor, Channel.PAGE), cycle, cast.departments["観光課"])
    Notice.objects.all().delete()
    return cycle


def traces(since: int) -> dict[str, Any]:
    """What acts have left behind, without the moment and the number of each row."""
    log = AuditEntry.objects.filter(pk__gt=since).values_list(
        "actor_id", "actor_name", "channel", "organization_id", "action", "object_type",
        "object_id", "object_label", "plan_id", "before", "after", "reason",
    )  # fmt: skip
    items = ("pk", "state", "version", "approved_by", "submitted_by", "return_reason")
    packages = ("department", "state", "approved_by", "submitted_by", "return_reason")
    return {
        "log": Counter(map(str, log)),
        "notices": Counter(Notice.objects.values_list("user", "kind", "text", "path")),
        "items": set(RoundItem.objects.values_list(*items)),
        "packages": set(Submission.objects.values_list(*packages)),
    }


@pytest.mark.parametrize("step", [Step.APPROVE, Step.RETURN, Step.WITHDRAW, Step.SUBMIT])
def test_many_at_once_leave_what_one_after_the_other_leave(
    cast: Cast, cycle: ReportingCycle, step: str
) -> None:
    person = cast.approver if step in (Step.APPROVE, Step.RETURN) else cast.editor
    actor = Actor(person, Channel.PAGE)
    if step == Step.SUBMIT:
        for item in cycle.items.filter(state=State.SUBMITTED):
            move_item(actor, item, Step.WITHDRAW, item.version)
    since = AuditEntry.objects.order_by("-pk").values_list("pk", flat=True)[0]
    # With two that are refused: moved meanwhile, and of a department that is not theirs.
    items = list(cycle.items.order_by("pk"))
    items[0].version += 1
    with undone():
        together = move_items(actor, items, step, "確かめてください")
        bulk = traces(since)
    with undone():
        moved = 0
        for item in items:
            moved += bool(move_items(actor, [item], step, "確かめてください").moved)
        single = traces(since)
    assert len(together.moved) == moved > PAGE_SIZE
    assert len(together.refused) == len(items) - moved >= 2
    assert bulk == single


def test_the_queries_of_a_bulk_act_do_not_grow_with_its_items(
    cast: Cast, cycle: ReportingCycle, django_assert_max_num_queries: Any
) -> None:
    actor = Actor(cast.approver, Channel.PAGE)
    items = list(cycle.items.filter(state=State.SUBMITTED).order_by("pk"))
    with django_assert_max_num_queries(40) as few, undone():
        move_items(actor, items[:2], Step.APPROVE)
    # SQLite takes only so many values in one statement: some rows make a second one.
    with django_assert_max_num_queries(len(few) + 4), undone():
        assert len(move_items(actor, items, Step.APPROVE).moved) == len(items) > PAGE_SIZE


def test_all_that_fit_the_filter_are_chosen_and_not_a_page_of_them(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    client = sign_in(cast.coordinator)
    where = "state=waiting"
    page = client.get(f"{reverse('rounds:detail', args=[cycle.pk])}?{where}")
    total = page.context["page_obj"].paginator.count
    assert total > PAGE_SIZE
    assert f"条件に合う{total}件すべてを選ぶ" in page.content.decode()
    address = reverse("rounds:act", args=[cycle.pk])
    asked = client.post(address, {"act": "approve", "all": "1", "where": where})
    text = asked.content.decode()
    assert f"{total}件の承認" in text
    assert cycle.items.filter(state=State.SUBMITTED).count() == total  # nothing is done yet
    # Meanwhile somebody takes one back.
    gone = cycle.items.filter(state=State.SUBMITTED).first()
    assert gone is not None
    move_item(Actor(cast.editor, Channel.PAGE), gone, Step.WITHDRAW, gone.version)
    chosen = text.partition('name="items" value="')[2].partition('"')[0]
    form = {"act": "approve", "confirmed": "1", "items": chosen, "reason": ""}
    done = client.post(address, form).content.decode()
    assert f"{total - 1}件を承認しました" in done
    assert "できなかった項目が1件" in done
    assert f"{gone.label}</a>：ほかの人が先に動かしました" in done


def test_more_than_a_form_may_have_fields_can_be_chosen(
    cast: Cast, cycle: ReportingCycle, sign_in: SignIn
) -> None:
    item = cycle.items.filter(state=State.SUBMITTED).first()
    assert item is not None
    many = " ".join(f"{number}:1" for number in range(1_000_000, 1_002_000))
    form = {"items": f"{item.pk}:{item.version} {many}"}
    assert sign_in(cast.approver).post(reverse("rounds:approve_all"), form).status_code == 302
    item.refresh_from_db()
    assert item.state == State.APPROVED
