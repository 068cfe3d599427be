"""The page of one project, with what the floors above projects know of it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from budgets.models import BudgetEntry
from kpi.models import Indicator, IndicatorUse
from kpi.sheets import IndicatorSheet, indicator_sheet
from kpi.shown_year import shown_year
from plans.history import history_of
from plans.models import Measure, Plan
from plans.shown_plan import shown_plan
from plans.tree_order import measure_path, measures_in_order
from projects.models import Placement, Project, ScheduleEntry


@dataclass(frozen=True)
class Place:
    """A place of the project in a plan, with the way to it from the top of the tree."""

    placement: Placement
    path: list[Measure]


@dataclass(frozen=True)
class ScheduleYear:
    fiscal_year: int
    entry: ScheduleEntry | None


@dataclass(frozen=True)
class UsedIndicator:
    uses: list[IndicatorUse]
    sheet: IndicatorSheet


@require_safe
def project(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(
        Project.objects.visible_to(request.user)
        .select_related("organization")
        .prefetch_related(
            "aliases",
            "department_links__department",
            "tags__scheme",
            "schedule",
            "successions__successor",
            "predecessions__predecessor",
        ),
        pk=pk,
    )
    placements = list(
        Placement.objects.filter(project=found)
        .select_related("plan", "measure")
        .order_by("plan", "-is_primary", "position", "pk")
    )
    plan = _main_plan(request, placements)
    year = shown_year(plan, request.GET.get("fiscal_year"))
    indicators = _indicators(found, plan.fiscal_years if plan else [], year.fiscal_year)
    reviews = list(
        found.reviews.select_related("plan", "mark", "planned_mark").order_by("-fiscal_year")
    )
    actuals = [actual for used in indicators for actual in used.sheet.indicator.actuals.all()]
    context = {
        "project": found,
        "plan": plan,
        "year": year,
        "places": _places(placements),
        "is_leading": any(placement.is_leading for placement in placements),
        "schedule": _schedule(found, plan),
        "indicators": indicators,
        "budgets": list(
            BudgetEntry.objects.filter(project=found).order_by("-fiscal_year", "stage", "number")
        ),
        "reviews": reviews,
        "history": history_of(request.user, [found, *placements, *reviews, *actuals]),
        "breadcrumb": [("事業の一覧", reverse("projects:list")), (found.name, "")],
    }
    return render(request, "projects/detail.html", context)


def _main_plan(request: HttpRequest, placements: list[Placement]) -> Plan | None:
    """The plan in which the project stands that the address or the portal prefers."""
    plans = {placement.plan_id: placement.plan for placement in placements}
    preferred = shown_plan(request.user, request.GET.get("plan"))
    if preferred is not None and preferred.pk in plans:
        return preferred
    return next(iter(plans.values()), None)


def _places(placements: list[Placement]) -> list[Place]:
    """One query for each plan in which the project stands, however many places there are."""
    trees = {
        plan.pk: measures_in_order(plan)
        for plan in {placement.plan_id: placement.plan for placement in placements}.values()
    }
    return [
        Place(placement, measure_path(trees[placement.plan_id], placement.measure))
        for placement in placements
    ]


def _schedule(found: Project, plan: Plan | None) -> list[ScheduleYear]:
    """The plan's years and any other year for which there is an entry."""
    entries = {entry.fiscal_year: entry for entry in found.schedule.all()}
    if not entries:
        return []
    years = sorted({*entries, *(plan.fiscal_years if plan else ())})
    return [ScheduleYear(year, entries.get(year)) for year in years]


def _indicators(found: Project, years: Iterable[int], fiscal_year: int) -> list[UsedIndicator]:
    uses = list(
        IndicatorUse.objects.filter(project=found).select_related("plan").order_by("position", "pk")
    )
    rows = Indicator.objects.with_values().in_bulk([use.indicator_id for use in uses])
    years = list(years)
    return [
        UsedIndicator(
            [use for use in uses if use.indicator_id == pk],
            indicator_sheet(rows[pk], years, fiscal_year),
        )
        for pk in dict.fromkeys(use.indicator_id for use in uses)
    ]
