"""The coordinator's pages of the yearly round: making rounds, watching and moving them."""

from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act, scope_of
from accounts.versions import StaleVersion
from dxportal.forms.rounds import ChangeForm, CreateForm, MoveForm, ReasonForm, add_errors
from dxportal.rounds import moving
from dxportal.rounds.asking import items_asked, refresh, suggestion_for
from dxportal.rounds.board import NO_DEPARTMENT, Board, Line, Tally, steps_of
from dxportal.rounds.telling import said_of_opening
from plans import fiscal_years
from plans.models import Extension, Plan, ReportingCycle, RoundItem
from plans.procedure import end_extension
from plans.services import CYCLE_MOVES, change_cycle, create_cycle, move_cycle

State = ReportingCycle.State
# So many names of what has no department are listed; the rest is counted.
NAMED = 20
PAGE_SIZE = 50
STALE = "ほかの人が先に、この照会を変更しました。今の内容を確かめて、もう一度操作してください。"


def actor_of(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)


def managed_plans(request: HttpRequest) -> "QuerySet[Plan]":
    """Plans whose rounds this person runs; 403 for who runs none anywhere."""
    organizations = scope_of(request.user).organizations.get(Act.MANAGE, frozenset())
    if not organizations:
        raise PermissionDenied("年度照会を管理する権限がありません。")
    plans = Plan.objects.visible_to(request.user).filter(organization_id__in=organizations)
    return plans.exclude(status=Plan.Status.DRAFT).select_related("organization")


def round_to_manage(request: HttpRequest, pk: int) -> ReportingCycle:
    """The round, for who may manage it; 404 outside the organization, 403 for the wrong role."""
    visible = ReportingCycle.objects.visible_to(request.user)
    cycle = get_object_or_404(visible.select_related("plan__organization"), pk=pk)
    policy.require(actor_of(request), Act.MANAGE, cycle.plan.organization_id, what="年度照会の管理")
    return cycle


def crumbs(cycle: ReportingCycle | None = None, page: str = "") -> list[tuple[str, str]]:
    found = [("年度照会", reverse("rounds:list"))]
    if cycle is not None:
        found.append((str(cycle), reverse("rounds:detail", args=[cycle.pk])))
    return [*found, (page, "")] if page else found


# All rounds


@require_safe
def rounds(request: HttpRequest) -> HttpResponse:
    """The rounds of all plans, the newest first."""
    plans = managed_plans(request)
    owed = Q(items__state__in=RoundItem.ENTRY_STATES)
    approved = Q(items__state__in=(RoundItem.State.APPROVED, RoundItem.State.FINAL))
    waiting = Q(items__state=RoundItem.State.SUBMITTED)
    cycles = (
        ReportingCycle.objects.filter(plan__in=plans)
        .select_related("plan__organization")
        .annotate(
            total=Count("items"),
            handed_in=Count("items", filter=~owed & Q(items__isnull=False)),
            waiting=Count("items", filter=waiting),
            approved=Count("items", filter=approved),
        )
        .order_by("plan__status", "plan__name", "plan", "-fiscal_year", "kind")
    )
    context = {"cycles": list(cycles), "breadcrumb": crumbs()}
    return render(request, "rounds/list.html", context)


# Making one


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Ask what a round asks for; POST shows what that comes to, and with `confirmed` makes it."""
    plans = list(managed_plans(request).order_by("status", "name"))
    asked = request.GET.get("plan", "")
    plan = next((p for p in plans if str(p.pk) == asked), None)
    if asked and plan is None:
        raise Http404("この計画の照会は作れません。")
    plan = plan or (plans[0] if plans else None)
    context: dict[str, Any] = {"plans": plans, "plan": plan, "breadcrumb": crumbs(None, "作成")}
    if plan is None:
        return render(request, "rounds/create.html", context)
    form = CreateForm(plan, request.POST or None, initial=_suggested(plan))
    context["form"] = form
    is_sent = request.method == "POST"
    if is_sent and form.is_valid() and "back" not in request.POST:
        if "confirmed" not in request.POST:
            cycle = form.unsaved()
            items = items_asked(cycle, form.cleaned_data["review_levels"])
            preview = {
                "cycle": cycle,
                "asked": Asked(items),
                "levels": form.cleaned_data["review_levels"],
            }
            return render(request, "rounds/create_preview.html", context | preview)
        if cycle := _created(request, plan, form):
            messages.success(request, f"{cycle}を作りました。入力を始めると、各部局に知らせます。")
            return redirect("rounds:detail", cycle.pk)
    return render(request, "rounds/create.html", context, status=422 if form.errors else 200)


def _suggested(plan: Plan) -> dict[str, Any]:
    """What the plan's past rounds were like."""
    suggestion = suggestion_for(plan)
    newest = plan.cycles.filter(kind=ReportingCycle.Kind.ANNUAL).order_by("-fiscal_year").first()
    last_year = fiscal_years.current_fiscal_year() - 1
    year = newest.fiscal_year + 1 if newest else last_year
    return {
        "fiscal_year": min(max(year, plan.first_fiscal_year), plan.last_fiscal_year),
        "kind": ReportingCycle.Kind.ANNUAL,
        "asks_actuals": True,
        "asks_progress": suggestion.asks_progress or bool(newest and newest.asks_progress),
        "asks_settlements": bool(newest and newest.asks_settlements),
        "review_levels": suggestion.review_levels
        or (list(newest.review_levels.all()) if newest else []),
    }


def _created(request: HttpRequest, plan: Plan, form: CreateForm) -> ReportingCycle | None:
    data = form.cleaned_data
    try:
        return create_cycle(
            actor_of(request),
            plan,
            data["fiscal_year"],
            data["kind"],
            **form.times,
            asks=form.asks,
            review_levels=data["review_levels"],
        )
    except ValidationError as error:
        add_errors(form, error)
        return None


class Asked:
    """What would be asked of whom: a table of counts by department and kind."""

    def __init__(self, items: list[RoundItem]) -> None:
        self.total = len(items)
        self.kinds = [kind for kind in RoundItem.Kind if any(i.kind == kind for i in items)]
        departments = list(dict.fromkeys(item.department for item in items))
        departments.sort(key=lambda d: (d is None, d.position if d else 0, d.pk if d else 0))
        self.rows = [
            (str(d or NO_DEPARTMENT), self._counts([i for i in items if i.department == d]))
            for d in departments
        ]
        self.department_count = sum(d is not None for d in departments)
        self.sums = self._counts(items)
        nobodys = [item for item in items if item.department is None]
        self.nobodys, self.more = nobodys[:NAMED], max(0, len(nobodys) - NAMED)
        self.nobodys_count = len(nobodys)

    def _counts(self, items: list[RoundItem]) -> list[int]:
        return [sum(item.kind == kind for item in items) for kind in self.kinds] + [len(items)]


# One round


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    """Where the round stands, what to do next, and every item with its filters and bulk acts."""
    cycle = round_to_manage(request, pk)
    board = Board(cycle)
    filters = _filters(request, board)
    lines = chosen_lines(board, request.GET)
    page = Paginator(lines, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "cycle": cycle,
        "board": board,
        "page_obj": page,
        "filters": filters,
        "is_filtered": bool(request.GET),
        "steps": steps_of(cycle),
        "next_act": moving.next_act(cycle, board.total),
        "moves": moving.moves_of(cycle),
        "is_running": cycle.state in (State.OPEN, State.GRACE, State.CLOSED),
        "breadcrumb": crumbs(cycle),
    }
    return render(request, "rounds/detail.html", context)


SHOWN = {
    "": "すべて",
    "owed": "未提出",
    "late": "期限を過ぎた",
    "returned": "差戻し中",
    "waiting": "承認待ち",
    "approved": "承認済み",
    "warned": "警告あり",
    "untouched": "未着手",
    "empty": "空欄",
}
_CONDITIONS = {
    "owed": lambda line: line.is_owed,
    "late": lambda line: line.is_late,
    "returned": lambda line: line.item.is_returned,
    "waiting": lambda line: line.item.state == RoundItem.State.SUBMITTED,
    "approved": lambda line: line.item.state in (RoundItem.State.APPROVED, RoundItem.State.FINAL),
    "warned": lambda line: bool(line.warnings),
    "untouched": lambda line: line.item.state == RoundItem.State.UNTOUCHED,
    "empty": lambda line: not line.is_filled,
}


def _filters(request: HttpRequest, board: Board) -> list[dict[str, Any]]:
    """The select fields above the list: name, label, value, choices."""

    def field(name: str, label: str, choices: list[tuple[str, str]]) -> dict[str, Any]:
        value = request.GET.get(name, "")
        return {"name": name, "label": label, "value": value, "choices": choices}

    def of_tallies(tallies: list[Tally]) -> list[tuple[str, str]]:
        return [
            ("", "すべて"),
            *((tally.key, f"{tally.name}（{tally.total}）") for tally in tallies),
        ]

    kinds = [("", "すべて"), *((key, f"{label}（{count}）") for key, label, count in board.kinds)]
    return [
        field("state", "状態", list(SHOWN.items())),
        field("department", "部局", of_tallies(board.departments)),
        field("area", "分野", of_tallies(board.areas)),
        field("kind", "種類", kinds),
    ]


def chosen_lines(board: Board, asked: QueryDict) -> list[Line]:
    """The lines that fit the filters of the page."""
    condition = _CONDITIONS.get(asked.get("state", ""), lambda line: True)
    return [
        line
        for line in board.lines
        if condition(line)
        and asked.get("department", "") in ("", str(line.item.department_id or 0))
        and asked.get("area", "") in ("", line.area_name)
        and asked.get("kind", "") in ("", line.item.kind)
    ]


@require_http_methods(["GET", "POST"])
def change(request: HttpRequest, pk: int) -> HttpResponse:
    """Other deadlines, and what else is asked."""
    cycle = round_to_manage(request, pk)
    form = ChangeForm(cycle, request.POST or None)
    status = 200
    if request.method == "POST":
        status = 422
        if form.is_valid():
            try:
                data = form.cleaned_data
                change_cycle(
                    actor_of(request),
                    cycle,
                    form.changes,
                    data["row_version"],
                    data["review_levels"],
                    data["reason"],
                )
            except StaleVersion:
                return _stale(request, cycle)
            except ValidationError as error:
                add_errors(form, error)
            else:
                messages.success(request, "期限と内容を変更しました。")
                return redirect("rounds:detail", cycle.pk)
    context = {"cycle": cycle, "form": form, "breadcrumb": crumbs(cycle, "期限と内容の変更")}
    return render(request, "rounds/change.html", context, status=status)


def _stale(request: HttpRequest, cycle: ReportingCycle) -> HttpResponse:
    """Both: what is stored now, and what this person had typed."""
    form = ChangeForm(ReportingCycle.objects.select_related("plan").get(pk=cycle.pk))
    mine = ChangeForm(cycle, request.POST)
    mine.is_valid()
    form.initial.pop("reason", None)
    both = [
        (
            field.label,
            _words(form.initial.get(field.name)),
            _words(mine.cleaned_data.get(field.name)),
        )
        for field in form
        if field.name not in ("row_version", "reason")
    ]
    context = {
        "cycle": cycle,
        "form": form,
        "both": [row for row in both if row[1] != row[2]],
        "stale": STALE,
        "breadcrumb": crumbs(cycle, "期限と内容の変更"),
    }
    return render(request, "rounds/change.html", context, status=409)


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if value is None or value == "":
        return "（空欄）"
    return (
        str(value)
        if isinstance(value, str) or not hasattr(value, "__iter__")
        else ("、".join(level.name for level in value) or "（なし）")
    )


@require_http_methods(["GET", "POST"])
def move(request: HttpRequest, pk: int) -> HttpResponse:
    """What follows from moving the round; POST moves it."""
    cycle = round_to_manage(request, pk)
    to = request.GET.get("to", "") or request.POST.get("to", "")
    if to not in CYCLE_MOVES[cycle.state]:
        messages.error(
            request,
            f"照会は「{cycle.get_state_display()}」です。ここからその状態には移せません。",
        )
        return redirect("rounds:detail", cycle.pk)
    tally = Board(cycle).total
    waiting = tally.total - tally.approved
    needed = moving.needs_reason(cycle, to, waiting)
    said = request.POST if request.method == "POST" else None
    form = MoveForm(said, needed=needed, initial={"row_version": cycle.version})
    status = 200
    if said is not None:
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            came_from = cycle.state
            try:
                moved = move_cycle(
                    actor_of(request), cycle, to, data["row_version"], data["reason"]
                )
            except StaleVersion:
                messages.error(request, STALE)
                return redirect("rounds:detail", cycle.pk)
            except ValidationError as error:
                cycle.refresh_from_db(fields=["state"])
                add_errors(form, error)
            else:
                label = moved.get_state_display()
                told = "部局へのお知らせは送っていません。"
                if to == State.OPEN and came_from == State.PREPARING:
                    told = said_of_opening(moved)
                messages.success(request, f"照会を「{label}」にしました。{told}")
                return redirect("rounds:detail", cycle.pk)
    context = {
        "cycle": cycle,
        "form": form,
        "to": to,
        "label": moving.label_of(cycle, to),
        "consequences": moving.consequences(cycle, to, tally),
        "steps": steps_of(cycle),
        "is_danger": to in (State.FINAL, State.PREPARING),
        "breadcrumb": crumbs(cycle, moving.label_of(cycle, to)),
    }
    return render(request, "rounds/move.html", context, status=status)


@require_POST
def refresh_items(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for what has come into the plan since."""
    cycle = round_to_manage(request, pk)
    if cycle.state not in (State.OPEN, State.GRACE):
        messages.error(request, "項目を追加できるのは、入力中か猶予のときだけです。")
        return redirect("rounds:detail", cycle.pk)
    made = refresh(actor_of(request), cycle)
    if made:
        messages.success(request, f"新しい項目を{made}件追加しました。")
    else:
        messages.info(request, "新しく照会する項目はありません。")
    return redirect("rounds:detail", cycle.pk)


@require_POST
def stop_extension(request: HttpRequest, pk: int) -> HttpResponse:
    """Take an extension back."""
    visible = Extension.objects.visible_to(request.user)
    extension = get_object_or_404(visible.select_related("cycle__plan"), pk=pk)
    form: forms.Form = ReasonForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    try:
        end_extension(actor_of(request), extension, reason)
        messages.success(request, "期限の延長を取りやめました。")
    except StaleVersion:
        messages.error(request, STALE)
    return redirect("rounds:detail", extension.cycle_id)
