"""What was done to a plan: the history of its rows, and deletions that can be undone."""

from typing import Any

from django.apps import apps
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts import editing
from accounts.models import AuditEntry, Deletion, User
from budgets.models import BudgetEntry
from dxportal.views.editing import actor_of, crumbs, next_url, plan_to_edit
from kpi.models import Actual, DefinitionChange, Indicator, Target
from plans.history import history_items
from plans.models import Plan
from projects.models import Project, ProjectAlias, ScheduleEntry

PAGE_SIZE = 50
# Rows that belong to a project or an indicator, and so to no plan alone.
OF_PROJECT = (ScheduleEntry, ProjectAlias, BudgetEntry)
OF_INDICATOR = (Target, Actual, DefinitionChange)


def deletions_of(user: User, plan: Plan) -> QuerySet:
    """The plan's deletions, and those of what the organization's plans share."""
    shared = Q(plan_id__isnull=True, organization=plan.organization_id)
    return Deletion.objects.visible_to(user).filter(Q(plan_id=plan.pk) | shared)


def noun_of(object_type: str) -> str:
    """The kind of a row as people call it."""
    try:
        return str(apps.get_model(object_type)._meta.verbose_name)
    except (LookupError, ValueError):  # an app that was removed
        return object_type


@require_safe
def deletions(request: HttpRequest, plan_pk: int) -> HttpResponse:
    plan = plan_to_edit(request, plan_pk)
    found = deletions_of(request.user, plan).select_related("restored_by")
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "plan": plan,
        "page_obj": page,
        "rows": [
            (deletion, noun_of(deletion.object_type), len(deletion.rows) - 1) for deletion in page
        ],
        "locked": plan.why_rows_are_locked,
        "nav": "plans",
        "breadcrumb": crumbs(plan, ("削除の控え", "")),
    }
    return render(request, "editing/deletions.html", context)


@require_POST
def restore(request: HttpRequest, plan_pk: int, pk: int) -> HttpResponse:
    plan = plan_to_edit(request, plan_pk)
    deletion = get_object_or_404(deletions_of(request.user, plan), pk=pk)
    try:
        restored = editing.restore(actor_of(request), deletion)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        along = f"（ほか{len(restored) - 1}件）" if len(restored) > 1 else ""
        noun = noun_of(deletion.object_type)
        messages.success(request, f"{noun}「{deletion.object_label}」{along}を元に戻しました。")
    return redirect(next_url(request, reverse("editing:deletions", args=[plan.pk])))


def entries_of(user: User, plan: Plan) -> QuerySet:
    """Every entry about the plan, its rows, and the projects and indicators that stand in it."""
    wanted = Q(plan_id=plan.pk)
    held: list[tuple[Any, Any]] = [
        (Project, Project.objects.in_plan(plan.pk).values("pk")),
        (Indicator, Indicator.objects.in_plan(plan.pk).values("pk")),
    ]
    held += [
        (model, model.objects.filter(project__placements__plan=plan).values("pk"))
        for model in OF_PROJECT
    ]
    held += [
        (model, model.objects.filter(indicator__uses__plan=plan).values("pk"))
        for model in OF_INDICATOR
    ]
    for model, pks in held:
        wanted |= Q(object_type=model._meta.label_lower, object_id__in=pks)
    return AuditEntry.objects.visible_to(user).filter(wanted)


@require_safe
def history(request: HttpRequest, plan_pk: int) -> HttpResponse:
    plan = plan_to_edit(request, plan_pk)
    everything = entries_of(request.user, plan)
    kinds = everything.order_by("object_type").values_list("object_type", flat=True).distinct()
    people = everything.order_by("actor_name").values_list("actor_name", flat=True).distinct()
    kind, who = request.GET.get("kind", ""), request.GET.get("who", "")
    found = everything
    if kind:
        found = found.filter(object_type=kind)
    if who:
        found = found.filter(actor_name=who)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "plan": plan,
        "page_obj": page,
        "history": history_items(list(page.object_list)),
        "kinds": [(name, noun_of(name)) for name in kinds],
        "people": list(people),
        "kind": kind,
        "who": who,
        "nav": "plans",
        "breadcrumb": crumbs(plan, ("変更の履歴", "")),
    }
    return render(request, "editing/history.html", context)
