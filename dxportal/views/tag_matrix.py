"""The page that sets the tags of a scheme (国の重点取組事項 …) against measures and projects."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dxportal.views.downloads import download
from plans.models import Level, Plan
from projects.models import TagScheme
from projects.tag_matrix import Tagged, TagMatrix, tag_matrix, tagged_in
from projects.tag_matrix_exports import (
    MatrixExporter,
    MatrixProjectExporter,
    cell_rows,
    project_rows,
)


@require_safe
def matrix(request: HttpRequest, pk: int) -> HttpResponse:
    plan = get_object_or_404(
        Plan.objects.visible_to(request.user).select_related("organization"), pk=pk
    )
    schemes = list(
        TagScheme.objects.visible_to(request.user).filter(organization=plan.organization_id)
    )
    tagged = tagged_in(plan)
    levels = _levels(plan, tagged)
    scheme = _chosen(schemes, request.GET.get("scheme")) or _default_scheme(schemes, tagged)
    level = _chosen(levels, request.GET.get("level")) or (
        tagged.default_level(scheme, levels) if scheme else None
    )
    found = tag_matrix(plan, tagged, scheme, level) if scheme and level else None
    if found and request.GET.get("format"):
        return _download(request, found)
    context = {
        "plan": plan,
        "schemes": schemes,
        "scheme": scheme,
        "levels": levels,
        "level": level,
        "matrix": found,
        "downloads": (("タグごとの事業", "projects"),),
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            (plan.name, reverse("plans:tree", args=[plan.pk])),
            ("取組事項との対応", ""),
        ],
    }
    return render(request, "plans/matrix.html", context)


def _levels(plan: Plan, tagged: Tagged) -> list[Level]:
    """The levels that have measures: an empty one would be a table without columns."""
    used = {measure.level_id: measure.level for measure in tagged.measures}
    return sorted(used.values(), key=lambda level: (level.depth, level.pk))


def _chosen(rows: list[Any], asked: str | None) -> Any | None:
    """The row that was asked for; none was asked for gives None, and an unknown one a 404."""
    if not asked:
        return None
    for row in rows:
        if str(row.pk) == asked:
            return row
    raise Http404("選択したタグ体系か階層が見つかりません。")


def _default_scheme(schemes: list[TagScheme], tagged: Tagged) -> TagScheme | None:
    used = tagged.used_most()
    return next((scheme for scheme in schemes if scheme.pk == used), next(iter(schemes), None))


def _download(request: HttpRequest, found: TagMatrix) -> HttpResponse:
    return download(
        request,
        {
            "list": MatrixExporter(cell_rows(found)),
            "projects": MatrixProjectExporter(project_rows(found)),
        },
    )
