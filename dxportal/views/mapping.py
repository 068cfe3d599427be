"""The page that sets a plan against others: its tables of correspondence, and shared projects."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dxportal.mapping_exports import MappingExporter, SharedProjectExporter, shared_rows
from dxportal.views.downloads import download
from plans.links import linked_plans
from plans.mapping import mapping_tables, mappings_from
from plans.models import Plan
from projects.shared_projects import shared_projects


@require_safe
def mapping(request: HttpRequest, pk: int) -> HttpResponse:
    plan = get_object_or_404(
        Plan.objects.visible_to(request.user)
        .select_related("organization")
        .prefetch_related("relations"),
        pk=pk,
    )
    tables = mapping_tables(request.user, plan)
    shared = shared_projects(request.user, plan)
    if request.GET.get("format"):
        rows = (row for table in tables for row in table.rows)
        exporters = {
            "list": MappingExporter(rows),
            "projects": SharedProjectExporter(shared_rows(shared)),
        }
        return download(request, exporters)
    context = {
        "plan": plan,
        "linked": linked_plans(request.user, plan),
        "tables": tables,
        "mapped_from": mappings_from(request.user, plan),
        "shared": shared,
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            (plan.name, reverse("plans:tree", args=[plan.pk])),
            ("ほかの計画との対応", ""),
        ],
    }
    return render(request, "plans/mapping.html", context)
