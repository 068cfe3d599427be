"""Acts of the coordinator on the items that were chosen on a round's page.

The first POST shows what the act means for each of them and asks for what it needs (a reason, a
day); the second, with `confirmed`, does it and tells what became of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST

from accounts.audit import Actor
from dxportal.forms.rounds import ExtendForm, ReasonForm, RemindForm, add_errors
from dxportal.rounds import bulk, telling
from dxportal.rounds.board import NO_DEPARTMENT, Board
from dxportal.views.rounds import actor_of, chosen_lines, crumbs, round_to_manage
from plans.deadlines import end_of
from plans.models import ReportingCycle, RoundItem
from plans.procedure import Step, grant_extension, may_take, move_items, why_not

REMIND, EXTEND = "remind", "extend"
LABELS = {
    REMIND: "督促",
    EXTEND: "期限の延長",
    Step.RETURN.value: "差戻し",
    Step.APPROVE.value: "承認",
}
DONE = {Step.RETURN.value: "差し戻しました", Step.APPROVE.value: "承認しました"}


@dataclass
class Outcome:
    """What became of a bulk act: sentences of what was done, and items that were refused."""

    done: list[str] = field(default_factory=list)
    refused: list[tuple[RoundItem, str]] = field(default_factory=list)


@require_POST
def act(request: HttpRequest, pk: int) -> HttpResponse:
    cycle = round_to_manage(request, pk)
    wanted = request.POST.get("act", "")
    if wanted not in LABELS:
        raise Http404("この操作はありません。")
    items = chosen_items(request, cycle)
    if not items:
        messages.error(request, f"{LABELS[wanted]}をする項目を選んでください。")
        return redirect("rounds:detail", cycle.pk)
    is_confirmed = "confirmed" in request.POST
    form = _form(wanted, request.POST if is_confirmed else None)
    context: dict[str, Any] = {
        "cycle": cycle,
        "act": wanted,
        "label": LABELS[wanted],
        "form": form,
        "items": items,
        "breadcrumb": crumbs(cycle, LABELS[wanted]),
    }
    if is_confirmed and form.is_valid():
        try:
            outcome = _do(actor_of(request), cycle, wanted, items, form.cleaned_data)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return render(request, "rounds/act_done.html", context | {"outcome": outcome})
    context["expected"] = _expected(actor_of(request), wanted, items)
    context["departments"] = list(dict.fromkeys(str(i.department or NO_DEPARTMENT) for i in items))
    return render(request, "rounds/act.html", context, status=422 if form.errors else 200)


def chosen_items(request: HttpRequest, cycle: ReportingCycle) -> list[RoundItem]:
    """The chosen items, each with the version that the person saw; with `all`, whatever fits the
    filters of the page (`where`), to be confirmed by its number.
    """
    if "all" in request.POST and "confirmed" not in request.POST:
        lines = chosen_lines(Board(cycle), QueryDict(request.POST.get("where", "")))
        return [line.item for line in lines]
    versions = versions_in(request.POST)
    found = RoundItem.objects.visible_to(request.user).filter(cycle=cycle, pk__in=versions)
    items = list(found.select_related("department", "entered_by", "submitted_by"))
    for item in items:
        item.cycle = cycle
        item.version = versions[item.pk]
    return items


def versions_in(sent: QueryDict) -> dict[int, int]:
    """Items by number with the version that was seen: `item=12:3` each, or `items=12:3 13:1`.

    Many go in one field, as a form may have a thousand at most.
    """
    chosen = [*sent.getlist("item"), *sent.get("items", "").split()]
    parts = (one.partition(":") for one in chosen)
    return {
        int(pk): int(version) for pk, _, version in parts if pk.isdecimal() and version.isdecimal()
    }


def _form(wanted: str, data: Any) -> forms.Form:
    match wanted:
        case "remind":
            return RemindForm(data)
        case "extend":
            return ExtendForm(data)
        case Step.RETURN:
            return ReasonForm(data, needed=True, label="差戻しの理由")
        case _:
            return ReasonForm(data, label="承認に添える言葉")


def _expected(actor: Actor, wanted: str, items: Sequence[RoundItem]) -> list[tuple[RoundItem, str]]:
    """Each item with why the act will be refused, "" if nothing is against it."""
    match wanted:
        case "remind":
            return [
                (i, "" if i.state in RoundItem.ENTRY_STATES else "提出済みです。") for i in items
            ]
        case "extend":
            return [(item, "") for item in items]
        case _:
            return [(item, _why_not(actor, item, wanted)) for item in items]


def _why_not(actor: Actor, item: RoundItem, step: str) -> str:
    if not may_take(actor, item, step):
        return "この項目を扱う権限がありません。"
    # The reason is asked for on this very page.
    return why_not(actor, item, step, reason="-")


def _do(
    actor: Actor,
    cycle: ReportingCycle,
    wanted: str,
    items: Sequence[RoundItem],
    said: dict[str, Any],
) -> Outcome:
    match wanted:
        case "remind":
            departments = list(dict.fromkeys(item.department for item in items))
            told = telling.remind(actor, cycle, departments, said["text"])
            return Outcome([f"{len(departments)}部局の{told}人に督促しました。"])
        case "extend":
            return _extend(actor, cycle, items, said)
        case _:
            result = move_items(actor, items, wanted, said["reason"])
            done = [f"{len(result.moved)}件を{DONE[wanted]}。"] if result.moved else []
            return Outcome(done, result.refused)


def _extend(
    actor: Actor, cycle: ReportingCycle, items: Sequence[RoundItem], said: dict[str, Any]
) -> Outcome:
    until, reason = end_of(said["until"]), said["reason"]
    match said["scope"]:
        case ExtendForm.ALL:
            granted = [grant_extension(actor, cycle, until, reason)]
        case ExtendForm.DEPARTMENTS:
            granted = bulk.extend_departments(actor, cycle, items, until, reason)
        case _:
            granted = bulk.extend_items(actor, cycle, items, until, reason)
    day = f"{said['until']:%Y年%-m月%-d日}24:00"
    names = [str(g.item or g.department or "すべての部局") for g in granted]
    return Outcome([f"「{name}」の期限を{day}まで延ばしました。" for name in names])
