"""The page that compares two editions or plans, or two years of one plan."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from dxportal.comparison import Comparison, Subject, compare_plans, compare_years
from dxportal.comparison.exports import (
    PlanComparisonExporter,
    YearComparisonExporter,
    compared_rows,
)
from dxportal.revisions.services import is_in_one_chain
from dxportal.views.downloads import download
from kpi.shown_year import shown_year
from plans import fiscal_years
from plans.models import Plan


@dataclass(frozen=True)
class Compared:
    """Two plans, or two years of one, with what differs."""

    comparison: Comparison
    before_name: str
    after_name: str
    old: Plan | None = None
    new: Plan | None = None
    earlier: int | None = None
    later: int | None = None

    @property
    def is_of_years(self) -> bool:
        return self.earlier is not None

    @property
    def are_editions(self) -> bool:
        """Whether the plans are editions of one plan, and not plans of their own."""
        return bool(self.old and self.new and is_in_one_chain(self.old, self.new))


@require_safe
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """`with` names the other plan, `from` and `to` the years; without either, what fits best."""
    visible = Plan.objects.visible_to(request.user).select_related("organization")
    plan = get_object_or_404(visible, pk=pk)
    others = list(visible.filter(organization_id=plan.organization_id).exclude(pk=plan.pk))
    compared = _compared(request, plan, others)
    kind = request.GET.get("kind", "")
    only = kind if kind in Subject.values else ""
    if request.GET.get("format"):
        exporter = YearComparisonExporter if compared.is_of_years else PlanComparisonExporter
        comparison = compared.comparison
        rows = compared_rows(comparison, compared.before_name, compared.after_name, only)
        return download(request, {"list": exporter(rows)})
    page = "年度の比較" if compared.is_of_years else "版の比較"
    parts = compared.comparison.parts(only)
    context = {
        "plan": plan,
        "others": others,
        "offered": (compared.earlier, compared.later)
        if compared.is_of_years
        else _years(plan, None, None),
        "compared": compared,
        "page": page,
        "only": Subject(only) if only else None,
        "summary": compared.comparison.parts(),
        "parts": parts,
        "shown_count": sum(len(part.differences) for part in parts),
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            (plan.name, reverse("plans:tree", args=[plan.pk])),
            (page, ""),
        ],
    }
    return render(request, "plans/compare.html", context)


def _compared(request: HttpRequest, plan: Plan, others: list[Plan]) -> Compared:
    asked = request.GET.get("with", "")
    if asked:
        if not any(str(other.pk) == asked for other in others):
            raise Http404("この計画とは比較できません。")
        return _of_plans(plan, next(other for other in others if str(other.pk) == asked))
    if "from" not in request.GET and "to" not in request.GET:
        nearest = [other for other in others if plan.revises and other.key == plan.revises]
        nearest += [other for other in others if other.key in plan.later_editions]
        if nearest:
            return _of_plans(plan, nearest[0])
    return _of_years(plan, request.GET.get("from"), request.GET.get("to"))


def _of_plans(plan: Plan, other: Plan) -> Compared:
    old, new = sorted((plan, other), key=_age)
    if new.key not in old.later_editions and old.key in new.later_editions:
        old, new = new, old
    return Compared(compare_plans(old, new), str(old), str(new), old=old, new=new)


def _age(plan: Plan) -> tuple[int, int]:
    return plan.applies_from or plan.first_fiscal_year, plan.pk


def _of_years(plan: Plan, first: str | None, second: str | None) -> Compared:
    earlier, later = _years(plan, first, second)
    return Compared(
        compare_years(plan, earlier, later),
        fiscal_years.long_form(earlier),
        fiscal_years.long_form(later),
        earlier=earlier,
        later=later,
    )


def _years(plan: Plan, first: str | None, second: str | None) -> tuple[int, int]:
    """Years that are none of the plan's fall back: a year switch is no place for an error."""
    later = shown_year(plan, second).fiscal_year
    before = max(later - 1, plan.first_fiscal_year)
    earlier = shown_year(plan, first).fiscal_year if first else before
    return min(earlier, later), max(earlier, later)
