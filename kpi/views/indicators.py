"""The list of indicators with its exports, and the page of one indicator."""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page
from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from kpi.achievement import format_value
from kpi.exports import IndicatorExporter, ValueExporter, value_rows
from kpi.filters import IndicatorFilterSet
from kpi.models import Indicator, IndicatorUse, Target
from kpi.outcomes import Outcome, outcome_of
from kpi.series import YearValues, years_of
from kpi.sheets import indicator_sheet
from kpi.shown_year import ShownYear, shown_year
from plans import fiscal_years
from plans.corrections import Correctable, correctable_rounds, corrections_of
from plans.history import history_of
from plans.listing import ListPage
from plans.models import Plan, RoundItem
from plans.shown_plan import shown_plan
from plans.tree_order import measures_in_order, tree_rank
from projects.models import Placement


@dataclass(frozen=True)
class IndicatorRow:
    """An indicator in the list: the year before and the year shown."""

    indicator: Indicator
    before: YearValues
    year: YearValues

    @property
    def outcome(self) -> Outcome:
        return outcome_of(self.year)


def indicator_row(
    indicator: Indicator, fiscal_year: int, later: Set[str] = frozenset()
) -> IndicatorRow:
    before, year = years_of(indicator, [fiscal_year - 1, fiscal_year], later)
    return IndicatorRow(indicator, before, year)


class IndicatorList(ListPage):
    model = Indicator
    filterset_class = IndicatorFilterSet
    template_name = "kpi/indicator_list.html"
    results_template = "kpi/_indicator_list_results.html"
    title = "指標の一覧"
    shown_filters = ("q", "plan", "measure", "department", "role", "outcome", "is_leading")
    boolean_words = {
        "is_leading": (("true", "リーディングの活動指標"), ("false", "リーディング以外"))
    }
    exporters = {"list": IndicatorExporter, "values": ValueExporter}
    downloads = (("指標の値（全年度、1行に1つの値）", "values"),)

    def prepare(self) -> None:
        self.plan: Plan | None = shown_plan(self.user, self.request.GET.get("plan"))
        self.year: ShownYear = shown_year(self.plan, self.request.GET.get("fiscal_year"))

    def filter_data(self) -> Any:
        data = self.request.GET.copy()
        data["fiscal_year"] = str(self.year.fiscal_year)
        return data

    def ordered(self, queryset: QuerySet) -> QuerySet:
        """As the shown plan reads: KPIs by their measures, then activity indicators by projects."""
        if self.plan is None or self.request.GET.get("ordering"):
            return queryset
        measures = measures_in_order(self.plan)
        uses = IndicatorUse.objects.filter(plan=self.plan, indicator=OuterRef("pk"))
        main = Placement.objects.filter(
            plan=self.plan, is_primary=True, project__indicator_uses__indicator=OuterRef("pk")
        )
        by_measure = uses.filter(measure__isnull=False).annotate(
            rank=tree_rank(measures, "measure_id")
        )
        by_project = main.annotate(rank=tree_rank(measures, "measure_id"))
        return queryset.annotate(
            measure_rank=Subquery(by_measure.order_by("rank").values("rank")[:1]),
            project_rank=Subquery(by_project.order_by("rank").values("rank")[:1]),
            project_place=Subquery(by_project.order_by("rank").values("position")[:1]),
        ).order_by(
            F("measure_rank").asc(nulls_last=True),
            F("project_rank").asc(nulls_last=True),
            "project_place",
            "organization",
            "key",
        )

    def for_page(self, queryset: QuerySet) -> QuerySet:
        return queryset.with_values()

    def rows_of(self, page: Page) -> list[IndicatorRow]:
        return list(self._rows(page.object_list))

    def export_rows(self, name: str, queryset: QuerySet) -> Iterable[Any]:
        if name == "values":
            return (value for indicator in queryset for value in value_rows(indicator))
        return self._rows(queryset)

    def _rows(self, indicators: Iterable[Indicator]) -> Iterator[IndicatorRow]:
        later = self.plan.later_editions if self.plan else frozenset()
        return (indicator_row(row, self.year.fiscal_year, later) for row in indicators)

    def extra_context(self, page: Page) -> dict[str, Any]:
        return {"year": self.year}


@require_safe
def indicator(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(Indicator.objects.visible_to(request.user).with_values(), pk=pk)
    uses = list(found.uses.all())
    # Of the editions of a plan, the one in force says which targets hold.
    in_force = [use.plan for use in uses if use.plan.status == Plan.Status.ACTIVE]
    plan = next(iter([*in_force, *(use.plan for use in uses)]), None)
    year = shown_year(plan, request.GET.get("fiscal_year"))
    shown = indicator_sheet(
        found,
        plan.fiscal_years if plan else [],
        year.fiscal_year if plan else None,
        plan.later_editions if plan else frozenset(),
    )
    revised = [target for target in found.targets.all() if not target.is_current]
    may_enter = Indicator.objects.enterable_by(request.user).filter(pk=found.pk).exists()
    context = {
        "indicator": found,
        "sheet": shown,
        "year": year,
        "uses": _with_places(uses),
        "baseline_text": format_value(found, found.baseline_value, found.baseline_text),
        "revisions": _revisions(found, revised),
        "interim": [t for t in found.targets.all() if t.kind == Target.Kind.INTERIM],
        "changes": list(found.definition_changes.all()),
        "history": history_of(
            request.user, [found, *found.actuals.all(), *found.targets.all(), *uses]
        ),
        "may_enter": may_enter,
        "correctable": _correctable(request, found, uses),
        "corrections": corrections_of(request.user, [RoundItem.Kind.ACTUAL], found.pk),
        "breadcrumb": [("指標の一覧", reverse("kpi:indicator_list")), (found.shown_name, "")],
    }
    return render(request, "kpi/indicator.html", context)


def _correctable(
    request: HttpRequest, found: Indicator, uses: list[IndicatorUse]
) -> list[Correctable]:
    rounds = correctable_rounds(request.user, {use.plan for use in uses})
    return [
        Correctable(cycle, RoundItem.Kind.ACTUAL, found.pk)
        for cycle in rounds
        if found.is_measured_in(cycle.fiscal_year)
    ]


@dataclass(frozen=True)
class PlacedUse:
    """A use of the indicator; for a project's, where that project mainly stands in the plan."""

    use: IndicatorUse
    placement: Placement | None


def _with_places(uses: list[IndicatorUse]) -> list[PlacedUse]:
    places = {
        (place.plan_id, place.project_id): place
        for place in Placement.objects.filter(
            project__in=[use.project_id for use in uses if use.project_id], is_primary=True
        ).select_related("measure")
    }
    return [PlacedUse(use, places.get((use.plan_id, use.project_id))) for use in uses]


@dataclass(frozen=True)
class RevisedTarget:
    """A year's targets, the oldest first; the last one is in force."""

    fiscal_year: int
    targets: list[Target]

    @property
    def label(self) -> str:
        return fiscal_years.long_form(self.fiscal_year)


def _revisions(found: Indicator, revised: list[Target]) -> list[RevisedTarget]:
    keys = sorted({(target.fiscal_year, target.kind) for target in revised})
    return [
        RevisedTarget(
            year,
            sorted(
                (t for t in found.targets.all() if (t.fiscal_year, t.kind) == (year, kind)),
                key=lambda target: target.revision,
            ),
        )
        for year, kind in keys
    ]
