"""Whom the acts of a round are told to, and with which words."""

import datetime
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import Department, Notice, User
from accounts.notices import Message, people_who_may, tell, tell_all
from accounts.policy import Act
from plans.models import Extension, ItemComment, ReportingCycle, RoundItem
from plans.procedure import Step
from plans.signals import comment_written, cycle_opened, extension_granted, items_moved

Kind = Notice.Kind
# Days before the end on which those who still owe something are told.
DUE_DAYS = (7, 3, 1)


def entry_path(cycle: ReportingCycle) -> str:
    return f"{reverse('rounds:entry')}?cycle={cycle.pk}"


def _day(moment: datetime.datetime | None) -> str:
    """The last day before the end; an end at midnight is the day before at 24:00."""
    if moment is None:
        return "期限なし"
    last = timezone.localtime(moment - datetime.timedelta(microseconds=1))
    return f"{last.month}月{last.day}日まで"


def owing(cycle: ReportingCycle) -> dict[Department | None, int]:
    """How many items each department still owes."""
    counts: dict[Department | None, int] = defaultdict(int)
    for item in cycle.items.owed().select_related("department"):
        counts[item.department] += 1
    return dict(counts)


@receiver(cycle_opened, dispatch_uid="rounds.tell_opened")
def tell_opened(cycle: ReportingCycle, **_: Any) -> None:
    """Runs after the items were made, as receivers run in the order in which they connected."""
    for department, count in owing(cycle).items():
        tell(
            people_who_may(Act.ENTER, cycle.plan.organization, department),
            cycle.plan.organization,
            Kind.OPENED,
            f"{cycle}が始まりました。{department or '全庁'}の入力は{count}件、"
            f"{_day(cycle.closes_at)}です。",
            entry_path(cycle),
        )


def said_of_opening(cycle: ReportingCycle) -> str:
    """Whom `tell_opened` has told, in sentences for who opened the round."""
    organization = cycle.plan.organization
    everywhere = {user.pk for user in people_who_may(Act.ENTER, organization)}
    told: set[int] = set()
    alone = []
    departments = owing(cycle)
    for department in departments:
        people = {user.pk for user in people_who_may(Act.ENTER, organization, department)}
        told |= people
        if department is not None and people <= everywhere:
            alone.append(str(department))
    if not told:
        return "知らせる相手（入力担当）がいないため、お知らせは送っていません。"
    said = f"{len(departments)}部局の入力について、{len(told)}人にお知らせを送りました。"
    if alone:
        how = "分は、全庁の入力担当に送りました" if everywhere else "担当には届いていません"
        said += f"入力担当のいない{len(alone)}部局（{'、'.join(alone)}）の{how}。"
    return said


@receiver(items_moved, dispatch_uid="rounds.tell_moved")
def tell_moved(
    items: list[RoundItem], step: str = "", reason: str = "", actor: Actor | None = None, **_: Any
) -> None:
    told: list[Message] = []
    match step:
        case Step.SUBMIT:
            told = _to_heads(items)
        case Step.RETURN:
            told = _to_writers(items, Kind.RETURNED, f"差し戻されました。理由：{reason}", actor)
        case Step.APPROVE:
            told = _to_writers(items, Kind.APPROVED, "承認されました。", actor)
    if told:
        tell_all(items[0].cycle.plan.organization, told)


def _to_heads(items: list[RoundItem]) -> list[Message]:
    """One message for a department, however many items it submits."""
    cycle = items[0].cycle
    organization, path = cycle.plan.organization, reverse("rounds:approvals")
    departments = {item.department_id: item.department for item in items}
    return [
        Message(
            list(people_who_may(Act.APPROVE, organization, department)),
            Kind.SUBMITTED,
            f"{department or '全庁'}から{cycle}の提出がありました。承認をお願いします。",
            path,
        )
        for department in departments.values()
    ]


def _writers_of(item: RoundItem) -> set[int]:
    return {pk for pk in (item.entered_by_id, item.submitted_by_id) if pk is not None}


def _to_writers(items: list[RoundItem], kind: str, what: str, actor: Actor | None) -> list[Message]:
    """To those who entered or submitted each item; where nobody did, to who may enter it."""
    cycle = items[0].cycle
    writers = User.objects.in_bulk({pk for item in items for pk in _writers_of(item)})
    may_enter: dict[int | None, list[User]] = {}
    own = actor.account if actor else None
    told = []
    for item in items:
        people = [writers[pk] for pk in sorted(_writers_of(item))]
        if not people:
            if item.department_id not in may_enter:
                found = people_who_may(Act.ENTER, cycle.plan.organization, item.department)
                may_enter[item.department_id] = list(found)
            people = may_enter[item.department_id]
        text = f"「{item}」（{cycle}）が{what}"
        told.append(Message([u for u in people if u != own], kind, text, entry_path(cycle)))
    return told


@receiver(extension_granted, dispatch_uid="rounds.tell_extended")
def tell_extended(extension: Extension, **_: Any) -> None:
    cycle = extension.cycle
    departments = [extension.department] if extension.department else list(owing(cycle))
    if extension.item is not None:
        departments = [extension.item.department]
    for department in departments:
        tell(
            people_who_may(Act.ENTER, cycle.plan.organization, department),
            cycle.plan.organization,
            Kind.EXTENDED,
            f"{cycle}の期限が{_day(extension.until)}に延びました。理由：{extension.reason}",
            entry_path(cycle),
        )


def remind(
    actor: Actor, cycle: ReportingCycle, departments: Iterable[Department | None], text: str = ""
) -> int:
    """Remind the departments that still owe something (督促); how many people were told."""
    policy.require(actor, Act.MANAGE, cycle.plan.organization_id, what="督促", on=cycle)
    owed = owing(cycle)
    told = 0
    with transaction.atomic():
        for department in departments:
            if department not in owed:
                continue
            words = (
                f"{cycle}の入力が{owed[department]}件残っています（{_day(cycle.entry_ends_at)}）。"
            )
            told += tell(
                people_who_may(Act.ENTER, cycle.plan.organization, department),
                cycle.plan.organization,
                Kind.REMINDED,
                f"{words}{text.strip()}",
                entry_path(cycle),
            )
            after = {"department": str(department or "全庁"), "text": text.strip()}
            organization_id = cycle.plan.organization_id
            audit.record(actor, "cycle.remind", cycle, organization_id, {}, after)
    return told


@receiver(comment_written, dispatch_uid="rounds.tell_comment")
def tell_comment(comment: ItemComment, **_: Any) -> int:
    """Tell the department of an item, and whoever wrote there before, of a new contribution."""
    item = comment.item
    organization = item.cycle.plan.organization
    people = set(people_who_may(Act.ENTER, organization, item.department))
    people |= {other.by for other in item.comments.select_related("by") if other.by is not None}
    people.discard(comment.by)
    path = reverse("rounds:item", args=[item.pk])
    text = f"「{item}」に{comment.by or 'システム'}から：{comment.text}"
    return tell(people, organization, Kind.COMMENT, text, path)


def tell_due(today: datetime.date | None = None) -> int:
    """Tell those who still owe something that the end is near; once for each of DUE_DAYS."""
    today = today or timezone.localdate()
    told = 0
    for cycle in ReportingCycle.objects.accepting().select_related("plan__organization"):
        end = cycle.entry_ends_at
        if end is None:
            continue
        left = (timezone.localdate(end - datetime.timedelta(microseconds=1)) - today).days
        if left not in DUE_DAYS:
            continue
        with transaction.atomic():
            for department, count in owing(cycle).items():
                told += tell(
                    people_who_may(Act.ENTER, cycle.plan.organization, department),
                    cycle.plan.organization,
                    Kind.DUE,
                    f"{cycle}の期限まであと{left}日です。{department or '全庁'}の入力が"
                    f"{count}件残っています。",
                    entry_path(cycle),
                )
    return told
