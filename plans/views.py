"""The list of plans. The pages of one plan span the apps and live on the top floor."""

from django.db.models import Max, Q, QuerySet

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
            queryset.select_related("organization", "parent")
            .prefetch_related("cycles", "relations")
            .annotate(last_round=Max("cycles__fiscal_year", filter=shown))
        )
