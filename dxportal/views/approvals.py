"""The heads' page: what waits for this person, with all that is needed to decide."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.audit import Actor
from accounts.models import Channel, User
from dxportal.rounds.waiting import packages_for, submitted_items, waiting_items
from dxportal.views.round_acts import versions_in
from plans.models import RoundItem
from plans.procedure import Step, move_items


@require_safe
@never_cache
def approvals(request: HttpRequest) -> HttpResponse:
    return _page(request)


def _page(request: HttpRequest, refused: list[tuple[RoundItem, str]] | None = None) -> HttpResponse:
    user = request.user
    assert isinstance(user, User)
    packages = packages_for(user)
    total = sum(len(package.rows) for package in packages)
    context = {
        "packages": packages,
        "total": total,
        "own": submitted_items(user).count() - total,
        "refused": refused or [],
        "nav": "approvals",
        "breadcrumb": [("承認", "")],
    }
    return render(request, "rounds/approvals.html", context)


@require_POST
def approve_all(request: HttpRequest) -> HttpResponse:
    """Approve what was shown of a department; each item is approved, or refused, for itself."""
    versions = versions_in(request.POST)
    assert isinstance(request.user, User)
    items = list(
        waiting_items(request.user)
        .filter(pk__in=versions)
        .select_related("cycle__plan", "department")
    )
    for item in items:
        item.version = versions[item.pk]
    result = move_items(Actor(request.user, Channel.PAGE), items, Step.APPROVE)
    if result.moved:
        messages.success(request, f"{len(result.moved)}件を承認しました。")
    if gone := len(versions) - len(items):
        messages.info(
            request, f"{gone}件は、ほかの人が先に承認したか差し戻したため、そのままです。"
        )
    return _page(request, result.refused) if result.refused else redirect("rounds:approvals")
