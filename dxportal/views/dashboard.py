"""The dashboard for managers: one plan in one fiscal year. Every number leads to its list."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from kpi.charts import BarRow, Bars, Segment
from kpi.completeness import RoundCompleteness, completeness_of
from kpi.filters import with_values_of
from kpi.models import Indicator, IndicatorUse
from kpi.outcomes import Outcome, outcome_of
from kpi.series import YearValues, year_of
from kpi.shown_year import shown_year
from plans.models import Mark, Measure, Plan, ReportingCycle
from plans.shown_plan import shown_plan
from plans.tree_order import measures_in_order
from projects.models import Placement, Project, ProjectDepartment, Review, ScheduleEntry

MAX_WORST = 10


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    asked = request.GET.get("plan")
    plan = shown_plan(request.user, asked)
    if asked and (plan is None or str(plan.pk) != asked):
        raise Http404
    if plan is None:
        return render(request, "dxportal/dashboard.html", {"plan": None})
    year = shown_year(plan, request.GET.get("fiscal_year"))
    measures = measures_in_order(plan)
    marks = list(plan.marks.all())
    reviews = _reviews(plan, measures, year.fiscal_year)
    areas = _areas(plan, measures, reviews, marks)
    outcomes = _outcomes(plan, year.fiscal_year)
    round_ = completeness_of(plan, year.fiscal_year)
    context = {
        "plan": plan,
        "plans": list(Plan.objects.visible_to(request.user).select_related("organization")),
        "year": year,
        "marks": marks,
        "areas": areas,
        "area_chart": _area_chart(areas, marks),
        "moves": _moves(reviews),
        "behind": [review for review in reviews if review.is_behind],
        "marked": sum(review.mark is not None for review in reviews),
        "outcomes": outcomes,
        "outcome_lines": _outcome_lines(outcomes),
        "kpi": outcomes.get(IndicatorUse.Role.KPI),
        "worst": _worst(outcomes),
        "round": round_,
        "completeness_chart": _completeness_chart(round_),
        "cycle": ReportingCycle.objects.filter(
            plan=plan, fiscal_year=year.fiscal_year, kind=ReportingCycle.Kind.ANNUAL
        ).first(),
        "leading": _leading(plan, measures, year.fiscal_year),
    }
    return render(request, "dxportal/dashboard.html", context)


# Progress marks by area


@dataclass
class Area:
    """The measures under one measure that carry marks: how many of which, and how many none."""

    measure: Measure | None
    counts: Counter[int] = field(default_factory=Counter)
    unmarked: int = 0

    @property
    def total(self) -> int:
        return sum(self.counts.values()) + self.unmarked

    @property
    def label(self) -> str:
        if self.measure is None:
            return "全体"
        return self.measure.short_name or self.measure.name


@dataclass(frozen=True)
class AreaLine:
    """An area with its counts in the order of the plan's marks, for the table."""

    area: Area
    counts: list[int]


def _reviews(plan: Plan, measures: list[Measure], fiscal_year: int) -> list[Review]:
    order = {row.pk: index for index, row in enumerate(measures)}
    reviews = Review.objects.filter(
        plan=plan, fiscal_year=fiscal_year, measure__isnull=False
    ).select_related("mark", "planned_mark", "measure__level", "measure__parent")
    return sorted(reviews, key=lambda review: order[review.measure_id])


def _areas(
    plan: Plan, measures: list[Measure], reviews: list[Review], marks: list[Mark]
) -> list[AreaLine]:
    """Marked measures by the measure above them.

    What is marked is the level that carries marks in any year, so that a measure whose mark was
    forgotten this year counts as unmarked instead of vanishing.
    """
    marked_levels = set(
        Review.objects.filter(plan=plan, mark__isnull=False, measure__isnull=False).values_list(
            "measure__level_id", flat=True
        )
    )
    by_measure = {review.measure_id: review for review in reviews}
    by_pk = {row.pk: row for row in measures}
    areas: dict[int | None, Area] = {}
    for row in measures:
        if row.level_id not in marked_levels:
            continue
        area = areas.setdefault(row.parent_id, Area(by_pk.get(row.parent_id)))
        review = by_measure.get(row.pk)
        if review is not None and review.mark_id is not None:
            area.counts[review.mark_id] += 1
        else:
            area.unmarked += 1
    return [AreaLine(area, [area.counts[mark.pk] for mark in marks]) for area in areas.values()]


def _area_chart(areas: list[AreaLine], marks: list[Mark]) -> Bars | None:
    if not areas:
        return None
    segments = [
        Segment(f"{mark.symbol} {mark.label}", 3 if mark.is_behind else min(index + 1, 2))
        for index, mark in enumerate(marks)
    ]
    return Bars(
        "進捗の記号（課題の数）",
        (*segments, Segment("記載なし", 0)),
        tuple(BarRow(line.area.label, (*line.counts, line.area.unmarked)) for line in areas),
    )


@dataclass(frozen=True)
class Move:
    planned: Mark | None
    mark: Mark | None
    count: int

    @property
    def is_worse(self) -> bool:
        return bool(
            self.mark and self.mark.is_behind and not (self.planned and self.planned.is_behind)
        )


def _moves(reviews: list[Review]) -> list[Move]:
    """From the planned mark to the given one, with how many measures each."""
    pairs = Counter(
        (review.planned_mark, review.mark)
        for review in reviews
        if review.mark is not None or review.planned_mark is not None
    )
    moves = [Move(planned, mark, count) for (planned, mark), count in pairs.items()]
    return sorted(moves, key=lambda move: (move.is_worse, -move.count))


# Indicators against their targets


@dataclass
class RoleOutcomes:
    """The indicators of one role in the plan, judged for the year."""

    role: IndicatorUse.Role
    years: list[YearValues]
    counts: Counter[Outcome]
    link: str

    @property
    def total(self) -> int:
        return len(self.years)

    @property
    def judged(self) -> int:
        return self.counts[Outcome.REACHED] + self.counts[Outcome.NOT_REACHED]

    @property
    def reached(self) -> int:
        return self.counts[Outcome.REACHED]

    @property
    def reached_link(self) -> str:
        return self.link_of(Outcome.REACHED)

    def link_of(self, outcome: Outcome) -> str:
        return f"{self.link}&{urlencode({'outcome': outcome.value})}"


def _outcomes(plan: Plan, fiscal_year: int) -> dict[str, RoleOutcomes]:
    """By role; an indicator with two uses in the same role counts once."""
    uses = IndicatorUse.objects.filter(plan=plan).values_list("role", "indicator_id")
    by_role: dict[str, set[int]] = {}
    for role, indicator in uses:
        by_role.setdefault(role, set()).add(indicator)
    rows = with_values_of(
        Indicator.objects.in_plan(plan.pk).select_related("department"), fiscal_year
    )
    years = {row.pk: year_of(row, fiscal_year, plan.later_editions) for row in rows.order_by("key")}
    found = {}
    for role in IndicatorUse.Role:
        chosen = [values for pk, values in years.items() if pk in by_role.get(role, ())]
        if chosen:
            query = {"plan": plan.pk, "fiscal_year": fiscal_year, "role": role.value}
            found[role.value] = RoleOutcomes(
                role,
                chosen,
                Counter(outcome_of(values) for values in chosen),
                f"{reverse('kpi:indicator_list')}?{urlencode(query)}",
            )
    return found


@dataclass(frozen=True)
class OutcomeLine:
    """One outcome with its number and link for each role."""

    outcome: Outcome
    cells: list[tuple[int, str]]


def _outcome_lines(outcomes: dict[str, RoleOutcomes]) -> list[OutcomeLine]:
    """Every outcome that occurs, and always the four that one looks for."""
    always = (Outcome.REACHED, Outcome.NOT_REACHED, Outcome.NOT_ENTERED, Outcome.NOT_YET)
    return [
        OutcomeLine(
            outcome, [(role.counts[outcome], role.link_of(outcome)) for role in outcomes.values()]
        )
        for outcome in Outcome
        if outcome in always or any(role.counts[outcome] for role in outcomes.values())
    ]


def _worst(outcomes: dict[str, RoleOutcomes]) -> list[YearValues]:
    """KPIs that missed their target, the farthest first; without a rate last."""
    kpi = outcomes.get(IndicatorUse.Role.KPI)
    missed = [
        values for values in (kpi.years if kpi else []) if outcome_of(values) == Outcome.NOT_REACHED
    ]
    return sorted(missed, key=_distance)[:MAX_WORST]


def _distance(values: YearValues) -> tuple[bool, object, str]:
    percent = values.achievement.percent
    return (percent is None, percent or 0, values.indicator.key)


# Entry, and leading projects


def _completeness_chart(round_: RoundCompleteness) -> Bars | None:
    if not round_.total.owed:
        return None
    return Bars(
        "部局ごとの入力の状況",
        (Segment("入力済み", 2), Segment("未入力", 0)),
        tuple(
            BarRow(
                str(part.department) if part.department else "所管課の記載なし",
                (part.entered, part.missing),
            )
            for part in round_.by_department
        ),
    )


@dataclass(frozen=True)
class LeadingProject:
    placement: Placement
    project: Project
    measure: Measure
    entry: ScheduleEntry | None
    indicators: list[tuple[YearValues, Outcome]]


def _leading(plan: Plan, measures: list[Measure], fiscal_year: int) -> list[LeadingProject]:
    order = {row.pk: index for index, row in enumerate(measures)}
    by_pk = {row.pk: row for row in measures}
    places = Placement.objects.filter(plan=plan, is_leading=True, is_primary=True).select_related(
        "project"
    )
    projects = [place.project_id for place in places]
    entries = {
        entry.project_id: entry
        for entry in ScheduleEntry.objects.filter(project__in=projects, fiscal_year=fiscal_year)
    }
    links = Project.objects.filter(pk__in=projects).prefetch_related(
        ProjectDepartment.named_by(plan)
    ).in_bulk()  # fmt: skip
    indicators = _activity(plan, projects, fiscal_year)
    return [
        LeadingProject(
            place,
            links[place.project_id],
            by_pk[place.measure_id],
            entries.get(place.project_id),
            indicators.get(place.project_id, []),
        )
        for place in sorted(places, key=lambda p: (order[p.measure_id], p.position, p.pk))
    ]


def _activity(
    plan: Plan, projects: Iterable[int], fiscal_year: int
) -> dict[int, list[tuple[YearValues, Outcome]]]:
    uses = list(
        IndicatorUse.objects.filter(plan=plan, project__in=list(projects)).order_by("position")
    )
    rows = with_values_of(
        Indicator.objects.filter(pk__in=[use.indicator_id for use in uses]), fiscal_year
    )
    years = {row.pk: year_of(row, fiscal_year, plan.later_editions) for row in rows}
    found: dict[int, list[tuple[YearValues, Outcome]]] = {}
    for use in uses:
        values = years[use.indicator_id]
        found.setdefault(use.project_id, []).append((values, outcome_of(values)))
    return found
