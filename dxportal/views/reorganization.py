"""Reorganising departments: the lines, the preview with its choices, and what was done."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_safe

from accounts import policy
from accounts.audit import Actor
from accounts.department_forms import in_tree
from accounts.department_views import shown_organization
from accounts.models import AuditEntry, Channel, DepartmentSuccession, Organization
from accounts.policy import Act
from dxportal.reorganization.forms import (
    LINES,
    DayForm,
    LineFormSet,
    moves_of,
    next_april,
    shares_of,
    ticked,
)
from dxportal.reorganization.open_items import OpenItem
from dxportal.reorganization.services import (
    MovePreview,
    Preview,
    default_place,
    default_roles,
    preview_reorganization,
    reason_of,
    reorganize,
)
from plans.history import history_items

PAGE_SIZE = 100
EARLIER = 10


@require_http_methods(["GET", "POST"])
def reorganization(request: HttpRequest) -> HttpResponse:
    """The address carries the day and the lines; what is posted are the choices of the preview."""
    organization = shown_organization(request)
    actor = Actor(request.user, Channel.PAGE)
    policy.require(actor, Act.MANAGE, organization.pk, what="組織改編")
    asked = "on" in request.GET
    day = DayForm(request.GET if asked else None, initial={"on": next_april()})
    lines = _lines(request, organization)
    valid = asked and day.is_valid() & lines.is_valid()
    if not valid or "more" in request.GET or "back" in request.GET:
        if "more" in request.GET or "back" in request.GET:
            day, lines = DayForm(initial=request.GET.dict()), _lines(request, organization, True)
        status = 422 if request.method == "POST" else 200
        return _lines_page(request, organization, day, lines, [], status)
    on, moves = day.cleaned_data["on"], moves_of(lines)
    try:
        preview = preview_reorganization(actor, organization, on, moves)
    except ValidationError as error:
        return _lines_page(request, organization, day, lines, error.messages, 422)
    if request.method != "POST":
        return _preview_page(request, organization, preview)
    shares = shares_of(request.POST, preview)
    try:
        done = reorganize(actor, organization, on, moves, shares, request.POST.get("seen", ""))
    except ValidationError as error:
        return _preview_page(request, organization, preview, error.messages)
    messages.success(request, f"組織改編を行いました（引継ぎ{done.items}件、役割{done.roles}件）。")
    result = reverse("reorganization_result", args=[on.isoformat()])
    return redirect(f"{result}?organization={organization.pk}")


def _lines(request: HttpRequest, organization: Organization, unbound: bool = False) -> LineFormSet:  # type: ignore[valid-type]  # made by a factory
    """The lines of the address; unbound with some more below, where they are changed further."""
    given = {"departments": in_tree(organization)}
    if "line-TOTAL_FORMS" not in request.GET:
        return LineFormSet(prefix="line", form_kwargs=given)
    if not unbound:
        return LineFormSet(request.GET, prefix="line", form_kwargs=given)
    total = request.GET["line-TOTAL_FORMS"]
    filled = [
        line
        for number in range(min(int(total), 60) if total.isdecimal() else LINES)
        if any(
            (
                line := {
                    n: request.GET.get(f"line-{number}-{n}", "") for n in ("old", "new", "name")
                }
            ).values()
        )
    ]
    return LineFormSet(prefix="line", initial=filled, form_kwargs=given)


def _lines_page(
    request: HttpRequest,
    organization: Organization,
    day: DayForm,
    lines: LineFormSet,  # type: ignore[valid-type]  # made by a factory
    errors: list[str],
    status: int,
) -> HttpResponse:
    earlier = AuditEntry.objects.visible_to(request.user).filter(
        organization=organization, action="organization.reorganize"
    )
    context = {
        "organization": organization,
        "day": day,
        "lines": lines,
        "errors": errors,
        "earlier": [
            (entry, parse_date(str(entry.after.get("改編日", "")))) for entry in earlier[:EARLIER]
        ],
        "breadcrumb": [("部局", _departments_url(organization)), ("組織改編", "")],
    }
    return render(request, "dxportal/reorganization.html", context, status=status)


@dataclass(frozen=True)
class ShownItem:
    """An item with the successor that is chosen for it; without a choice it follows another."""

    item: OpenItem
    chosen: int | None


@dataclass(frozen=True)
class ShownRole:
    role: OpenItem
    choices: list[tuple[str, str, bool]]  # field, successor, ticked


@dataclass(frozen=True)
class ShownMove:
    part: MovePreview
    kinds: list[tuple[str, list[ShownItem]]]
    roles: list[ShownRole]


def _preview_page(
    request: HttpRequest,
    organization: Organization,
    preview: Preview,
    errors: list[str] | None = None,
) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    context = {
        "organization": organization,
        "preview": preview,
        "is_ahead": preview.on > timezone.localdate(),
        "moves": [_shown_move(part, sent) for part in preview.moves],
        "errors": errors or [],
        "back_query": _back_query(request),
        "breadcrumb": [
            ("部局", _departments_url(organization)),
            ("組織改編", f"{reverse('reorganization')}?organization={organization.pk}"),
            ("確認", ""),
        ],
    }
    status = 422 if errors else 200
    return render(request, "dxportal/reorganization_preview.html", context, status=status)


def _shown_move(part: MovePreview, sent: Mapping[str, str] | None) -> ShownMove:
    asked = {item.thing for item in part.asked} if part.move.is_split else set()
    default = default_place(part.move)
    shown = [
        ShownItem(item, _chosen(item, sent, default) if item.thing in asked else None)
        for item in [*part.things, *part.round_items]
    ]
    kinds = [(kind, list(those)) for kind, those in groupby(shown, key=lambda row: row.item.kind)]
    return ShownMove(part, kinds, [_shown_role(part, role, sent) for role in part.roles])


def _chosen(item: OpenItem, sent: Mapping[str, str] | None, default: int) -> int:
    chosen = (sent or {}).get(item.field_name, "")
    return int(chosen) if chosen.isdecimal() else default


def _shown_role(part: MovePreview, role: OpenItem, sent: Mapping[str, str] | None) -> ShownRole:
    places = default_roles(part.move) if sent is None else ticked(sent, part, role.row.pk)
    return ShownRole(
        role,
        [
            (f"role-{role.row.pk}-{place}", str(successor), place in places)
            for place, successor in enumerate(part.move.successors)
        ],
    )


def _back_query(request: HttpRequest) -> str:
    query = request.GET.copy()
    query["back"] = "1"
    return query.urlencode()


@require_safe
def result(request: HttpRequest, on: str) -> HttpResponse:
    """All that a reorganisation of that day changed, from the audit log."""
    organization = shown_organization(request)
    try:
        day = datetime.date.fromisoformat(on)
    except ValueError as error:
        raise Http404("改編日の形が正しくありません。") from error
    entries = AuditEntry.objects.visible_to(request.user).filter(
        organization=organization, reason=reason_of(day)
    )
    page = Paginator(entries, PAGE_SIZE).get_page(request.GET.get("page"))
    successions = DepartmentSuccession.objects.filter(
        predecessor__organization=organization, on=day
    ).select_related("predecessor", "successor")
    context = {
        "organization": organization,
        "day": day,
        "successions": list(successions.order_by("predecessor__position", "pk")),
        "page_obj": page,
        "history": history_items(list(page.object_list)),
        "breadcrumb": [("部局", _departments_url(organization)), ("組織改編の結果", "")],
    }
    return render(request, "dxportal/reorganization_result.html", context)


def _departments_url(organization: Organization) -> str:
    return f"{reverse('accounts:departments')}?organization={organization.pk}"
