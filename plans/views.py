"""The list of plans, and a plan's document; its other pages span the apps and live higher up."""

from django.db.models import Max, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from plans.document import plan_document
from plans.filters import PlanFilterSet
from plans.listing import ListPage
from plans.models import Plan, ReportingCycle


class PlanList(ListPage):
    model = Plan
    filterset_class = PlanFilterSet
    template_name = "plans/list.html"
    results_template = "plans/_list_results.html"
    title = "計画の一覧"
    shown_filters = ("q", "status")

    def ordered(self, queryset: QuerySet) -> QuerySet:
        return queryset.order_by("organization", "status", "name", "pk")

    def for_page(self, queryset: QuerySet) -> QuerySet:
        shown = ~Q(cycles__state=ReportingCycle.State.PREPARING)
        return (
            queryset.select_related("organization")
            .prefetch_related("cycles", "relations")
            .annotate(last_round=Max("cycles__fiscal_year", filter=shown))
        )


@require_safe
def document(request: HttpRequest, pk: int) -> HttpResponse:
    """The plan's own text, reference lists, mappings and glossary."""
    plan = get_object_or_404(
        Plan.objects.visible_to(request.user).select_related("organization"), pk=pk
    )
    context = {
        "plan": plan,
        "document": plan_document(request.user, plan),
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            (plan.name, reverse("plans:tree", args=[plan.pk])),
            ("計画の本文", ""),
        ],
    }
    return render(request, "plans/document.html", context)
