"""One item of a round: what it says, what was said about it, its history and its past."""

import datetime
from typing import Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act, allows
from accounts.versions import StaleVersion
from dxportal.rounds.grid import may_enter, rows_of
from dxportal.rounds.past import history_of_row, state_at
from dxportal.rounds.rows import ActualRow, Row
from kpi.achievement import format_actual
from plans.deadlines import end_of
from plans.discussion import may_write, write_comment
from plans.models import RoundItem
from plans.procedure import Step, may_take, move_item, why_not

STEPS = (Step.APPROVE, Step.RETURN)
PAST_YEARS = 5
STALE = "ほかの人が先に動かしました。今の状態を確かめてください。"


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)


def _item(request: HttpRequest, pk: int) -> RoundItem:
    visible = RoundItem.objects.visible_to(request.user).select_related(
        "cycle__plan__organization",
        "department",
        "measure",
        "entered_by",
        "submitted_by",
        "approved_by",
    )
    return get_object_or_404(visible, pk=pk)


@require_safe
@never_cache
def item(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything about one item, for whoever sees the plan; `at` shows a past day."""
    return _page(request, _item(request, pk))


def _page(request: HttpRequest, found: RoundItem, status: int = 200, **typed: Any) -> HttpResponse:
    actor = _actor(request)
    row = next(iter(rows_of(found.cycle, [found])), None)
    manages = allows(actor, Act.MANAGE, found.cycle.plan.organization_id)
    context = {
        "item": found,
        "cycle": found.cycle,
        "row": row,
        "past": _past(row) if isinstance(row, ActualRow) else [],
        "steps": [step for step in STEPS if _is_offered(actor, found, step)],
        "may_enter": may_enter(actor, found) and row is not None,
        "may_write": may_write(actor, found),
        "manages": manages,
        "comments": list(found.comments.select_related("by")),
        "evidence": list(found.evidence.select_related("added_by")),
        "history": history_of_row(request.user, row) if row else [],
        **_then(request, row),
        **typed,
        "breadcrumb": _crumbs(found, manages),
    }
    return render(request, "rounds/item.html", context, status=status)


def _is_offered(actor: Actor, found: RoundItem, step: str) -> bool:
    return may_take(actor, found, step) and not why_not(actor, found, step, reason="-")


def _past(row: ActualRow) -> list[tuple[int, str]]:
    years = sorted(row.past)[-PAST_YEARS:]
    return [(year, format_actual(row.indicator, row.past[year])) for year in years]


def _then(request: HttpRequest, row: Row | None) -> dict[str, Any]:
    """The state at the end of the day that is asked for."""
    asked = request.GET.get("at", "")
    if not asked or row is None:
        return {"at": "", "then": None}
    try:
        day = parse_date(asked)
    except ValueError:
        day = None
    if day is None or day > timezone.localdate() or day.year < 2000:
        return {"at": asked, "then": None, "at_error": "今日までの日付を入れてください。"}
    moment = end_of(day) - datetime.timedelta(microseconds=1)
    return {"at": asked, "day": day, "then": state_at(row, moment)}


def _crumbs(found: RoundItem, manages: bool) -> list[tuple[str, str]]:
    plan = found.cycle.plan
    if manages:
        above = [
            ("年度照会", reverse("rounds:list")),
            (str(found.cycle), reverse("rounds:detail", args=[found.cycle_id])),
        ]
    else:
        above = [(plan.name, reverse("plans:tree", args=[plan.pk]))]
    return [*above, (found.label, "")]


@require_POST
def comment(request: HttpRequest, pk: int) -> HttpResponse:
    """Write at an item."""
    found = _item(request, pk)
    text = request.POST.get("text", "")
    try:
        write_comment(_actor(request), found, text)
    except ValidationError as error:
        return _page(request, found, 422, comment_text=text, comment_errors=error.messages)
    messages.success(request, "書き込みました。")
    return redirect(f"{reverse('rounds:item', args=[found.pk])}#discussion-title")


@require_POST
def step(request: HttpRequest, pk: int) -> HttpResponse:
    """Approve an item or return it. In the list of approvals the answer is the row (htmx)."""
    found = _item(request, pk)
    wanted, reason = request.POST.get("step", ""), request.POST.get("reason", "").strip()
    if wanted not in STEPS:
        raise Http404("この操作はありません。")
    version = request.POST.get("version", "")
    refusal, status = "", 200
    try:
        moved = move_item(
            _actor(request), found, wanted, int(version) if version.isdecimal() else 0, reason
        )
    except StaleVersion:
        found, refusal, status = _item(request, pk), STALE, 409
    except ValidationError as error:
        refusal, status = "".join(error.messages), 422
    else:
        found.state, found.version = moved.state, moved.version
    if request.headers.get("HX-Request") and request.POST.get("place") == "approvals":
        return _answer_row(request, found, refusal, reason, status)
    if refusal:
        return _page(request, found, status, refusal=refusal, reason=reason)
    label = "承認しました" if wanted == Step.APPROVE else "差し戻しました"
    messages.success(request, f"「{found}」を{label}。")
    return redirect(_back(request, found))


def _answer_row(
    request: HttpRequest, found: RoundItem, refusal: str, reason: str, status: int
) -> HttpResponse:
    row = next(iter(rows_of(found.cycle, [found])), None)
    context = {"row": row, "cycle": found.cycle, "refusal": refusal, "reason": reason}
    return render(request, "rounds/_approval_row.html", context, status=status)


def _back(request: HttpRequest, found: RoundItem) -> str:
    """The list of approvals, if it was there; else the item itself."""
    came_from = urlsplit(request.headers.get("Referer", "")).path
    approvals = reverse("rounds:approvals")
    return approvals if came_from == approvals else reverse("rounds:item", args=[found.pk])
