"""The page of one project, with what the floors above projects know of it."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from budgets.models import BudgetEntry
from dxportal.rounds.cells import SETTLEMENT_STAGES
from kpi.models import Indicator, IndicatorUse
from kpi.sheets import IndicatorSheet, indicator_sheet
from kpi.shown_year import shown_year
from plans.corrections import Correctable, correctable_rounds, corrections_of
from plans.history import history_of
from plans.models import Measure, Plan, RoundItem
from plans.shown_plan import shown_plan
from plans.tree_order import measure_path, measures_in_order
from projects.models import (
    Milestone,
    Placement,
    Project,
    ProjectDepartment,
    ProjectTag,
    Review,
    ScheduleEntry,
)
from projects.models.projects import joined_departments

# What a round settles of a project, and its name on the way to correcting it.
CORRECTED = {RoundItem.Kind.PROGRESS: "の進捗", RoundItem.Kind.SETTLEMENT: "の決算"}


@dataclass(frozen=True)
class Place:
    """A place of the project in a plan: the way to it, and what the plan says of it there."""

    placement: Placement
    path: list[Measure]
    milestones: list[Milestone]
    tags: list[ProjectTag]


@dataclass(frozen=True)
class InPlan:
    """The project as one plan knows it: under whose charge, and at which places."""

    plan: Plan
    departments: str
    places: list[Place]


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
        .select_related("organization", "parent")
        .prefetch_related(
            "aliases",
            "variants",
            ProjectDepartment.named_anywhere(),
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
    indicators = _indicators(found, plan, year.fiscal_year)
    reviews = list(
        found.reviews.select_related("plan", "mark", "planned_mark").order_by("-fiscal_year")
    )
    actuals = [actual for used in indicators for actual in used.sheet.indicator.actuals.all()]
    in_plans = _in_plans(found, placements)
    budgets = list(
        BudgetEntry.objects.filter(project=found).order_by("-fiscal_year", "stage", "number")
    )
    context = {
        "project": found,
        "plan": plan,
        "year": year,
        "in_plans": in_plans,
        "has_milestones": any(place.milestones for item in in_plans for place in item.places),
        "departments": departments_named_by(found, plan),
        "is_leading": any(placement.is_leading for placement in placements),
        "schedule": _schedule(found, plan),
        "indicators": indicators,
        "budgets": budgets,
        "reviews": reviews,
        "correctable": _correctable(request, found, in_plans, reviews, budgets),
        "corrections": corrections_of(request.user, CORRECTED, found.pk),
        "history": history_of(request.user, [found, *placements, *reviews, *actuals]),
        "breadcrumb": [("事業の一覧", reverse("projects:list")), (found.name, "")],
    }
    return render(request, "projects/detail.html", context)


def _correctable(
    request: HttpRequest,
    found: Project,
    in_plans: list[InPlan],
    reviews: list[Review],
    budgets: list[BudgetEntry],
) -> list[Correctable]:
    """The progress and the settlement of each settled year that has one, or was asked for one."""
    rounds = correctable_rounds(request.user, [item.plan for item in in_plans])
    asked = RoundItem.objects.filter(kind__in=CORRECTED, object_id=found.pk, cycle__in=rounds)
    there = set(asked.values_list("kind", "cycle"))
    reviewed = {(review.plan_id, review.fiscal_year) for review in reviews}
    staged = {entry.fiscal_year for entry in found.schedule.all()}
    settled = {budget.fiscal_year for budget in budgets if budget.stage in SETTLEMENT_STAGES}
    for cycle in rounds:
        if (cycle.plan_id, cycle.fiscal_year) in reviewed or cycle.fiscal_year in staged:
            there.add((RoundItem.Kind.PROGRESS, cycle.pk))
        if cycle.fiscal_year in settled:
            there.add((RoundItem.Kind.SETTLEMENT, cycle.pk))
    return [
        Correctable(cycle, kind, found.pk, what)
        for cycle in rounds
        for kind, what in CORRECTED.items()
        if (kind, cycle.pk) in there
    ]


def _main_plan(request: HttpRequest, placements: list[Placement]) -> Plan | None:
    """The plan in which the project stands that the address or the portal prefers."""
    plans = {placement.plan_id: placement.plan for placement in placements}
    preferred = shown_plan(request.user, request.GET.get("plan"))
    if preferred is not None and preferred.pk in plans:
        return preferred
    return next(iter(plans.values()), None)


def departments_named_by(found: Project, plan: Plan | None) -> str:
    """Who is in charge, as the plan names them; as any plan does without one."""
    links = [link for link in found.department_links.all() if plan is None or link.plan == plan]
    return joined_departments(links, lambda department: department.label)


def _in_plans(found: Project, placements: list[Placement]) -> list[InPlan]:
    """One query for each plan in which the project stands, however many places there are."""
    milestones = _by_measure(found.milestones.order_by("measure", "position"))
    tags = _by_measure(found.tag_links.select_related("tag__scheme"))
    for placement in placements:
        placement.project = found
    return [
        InPlan(
            plan,
            departments_named_by(found, plan),
            _places(plan, placements, milestones, tags),
        )
        for plan in {placement.plan_id: placement.plan for placement in placements}.values()
    ]


def _by_measure(rows: Iterable[Any]) -> dict[int, list[Any]]:
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.measure_id].append(row)
    return found


def _places(
    plan: Plan,
    placements: list[Placement],
    milestones: dict[int, list[Milestone]],
    tags: dict[int, list[ProjectTag]],
) -> list[Place]:
    tree = measures_in_order(plan)
    return [
        Place(
            placement,
            measure_path(tree, placement.measure),
            milestones.get(placement.measure_id, []),
            tags.get(placement.measure_id, []),
        )
        for placement in placements
        if placement.plan_id == plan.pk
    ]


def _schedule(found: Project, plan: Plan | None) -> list[ScheduleYear]:
    """The plan's years and any other year for which there is an entry."""
    entries = {entry.fiscal_year: entry for entry in found.schedule.all()}
    if not entries:
        return []
    years = sorted({*entries, *(plan.fiscal_years if plan else ())})
    return [ScheduleYear(year, entries.get(year)) for year in years]


def _indicators(found: Project, plan: Plan | None, fiscal_year: int) -> list[UsedIndicator]:
    uses = list(
        IndicatorUse.objects.filter(project=found).select_related("plan").order_by("position", "pk")
    )
    rows = Indicator.objects.with_values().in_bulk([use.indicator_id for use in uses])
    years = list(plan.fiscal_years) if plan else []
    later = plan.later_editions if plan else frozenset()
    return [
        UsedIndicator(
            [use for use in uses if use.indicator_id == pk],
            indicator_sheet(rows[pk], years, fiscal_year, later),
        )
        for pk in dict.fromkeys(use.indicator_id for use in uses)
    ]
