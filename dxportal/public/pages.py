"""The pages that citizens read."""

from dataclasses import dataclass
from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from budgets.models import BudgetEntry
from dxportal.public.answers import of_all_plans, of_plan
from dxportal.public.catalogue import absolute, dataset_of_indicator, licence_of
from dxportal.public.changes import changes_of
from dxportal.public.reading import PublicPlan
from dxportal.public.tree import JUDGED, area_chart, areas, branches, outcome_counts
from dxportal.reports.publishing import FileDamaged, require_intact
from kpi.achievement import format_value
from kpi.models import IndicatorUse, Target
from kpi.outcomes import Outcome, outcome_of
from kpi.series import YearValues
from kpi.sheets import IndicatorSheet
from plans import fiscal_years
from plans.models import Measure
from plans.tree_order import measure_path
from projects.bars import bar
from projects.models import Placement, ScheduleEntry


def address(public: PublicPlan, name: str, *rest: Any) -> str:
    """The address of a page of this plan."""
    return reverse(f"public:{name}", args=[public.code, public.key, *rest])


def page(
    request: HttpRequest,
    public: PublicPlan,
    template: str,
    trail: list[tuple[str, str]],
    context: dict[str, Any],
) -> HttpResponse:
    """A page of one plan, with what every such page says."""
    plan = public.plan
    common = {
        "public": public,
        "plan": plan,
        "years": public.years,
        "newest": public.newest_year,
        "licence": licence_of(public.publication),
        "page_address": absolute(request, request.path),
        "breadcrumb": [(plan.name, address(public, "plan") if trail else ""), *trail],
    }
    return render(request, f"public/{template}", common | context)


@of_all_plans
def index(request: HttpRequest, found: list[PublicPlan]) -> HttpResponse:
    cities: dict[str, list[PublicPlan]] = {}
    for public in found:
        cities.setdefault(public.plan.organization.name, []).append(public)
    return render(request, "public/index.html", {"cities": cities})


@of_all_plans
def accessibility(request: HttpRequest, found: list[PublicPlan]) -> HttpResponse:
    context = {"plans": found, "breadcrumb": [("アクセシビリティ", "")]}
    return render(request, "public/accessibility.html", context)


@of_plan
def plan(request: HttpRequest, public: PublicPlan, fiscal_year: int | None = None) -> HttpResponse:
    """What the plan wants, and how far it is in the newest published year, or in another."""
    year = public.require_year(fiscal_year) if fiscal_year else public.newest_year
    roots = branches(public, year)
    rows = areas(public, roots)
    chart = area_chart(public, rows) if rows else None
    sheets = [public.sheet(indicator) for indicator in public.indicators.values()]
    found = (of_year(sheet, year).outcome for sheet in sheets)
    outcomes = [outcome for outcome in found if outcome is not None]
    everything = [branch for root in roots for branch in root.walk()]
    context = {
        "year": year,
        "nodes": roots,
        "areas": rows,
        "area_svg": chart.svg() if chart else None,
        "narrow_svg": chart.narrow_svg() if chart else None,
        "marked": sum(bool(b.review and b.review.mark) for b in everything),
        "judged": sum(outcome in JUDGED for outcome in outcomes),
        "reached": outcomes.count(Outcome.REACHED),
        "behind": [b for b in everything if b.review and b.review.is_behind],
        "outcomes": outcome_counts(outcomes) if outcomes else [],
        "measure_count": sum(not branch.measure.is_repeat for branch in everything),
        "project_count": len(public.primary_placements),
        "indicator_count": len(public.indicators),
        "has_leading": any(place.is_leading for place in public.placements),
        "has_repeats": any(place.repeat_label for place in public.placements)
        or any(branch.measure.is_repeat for branch in everything),
    }
    trail = [(fiscal_years.long_form(fiscal_year), "")] if fiscal_year else []
    return page(request, public, "plan.html", trail, context)


@of_plan
def text(request: HttpRequest, public: PublicPlan) -> HttpResponse:
    """The plan's own words outside of the tree."""
    return page(request, public, "text.html", [("計画の本文と用語", "")], {})


@of_plan
def measure(request: HttpRequest, public: PublicPlan, pk: int) -> HttpResponse:
    found = public.measure(pk)
    path = measure_path(public.measures, found)
    branch = next(
        b
        for root in branches(public, public.newest_year)
        for b in root.walk()
        if b.measure.pk == pk
    )
    context = {
        "measure": found,
        "branch": branch,
        "mark_counts": sorted(branch.marks.items(), key=lambda item: item[0].position),
        "reviews": [review for review in public.reviews if review.measure_id == pk],
        "target_states": public.target_states(found),
        "bars": [
            bar(step, list(public.plan.fiscal_years))
            for step in public.milestones(found)
            if step.project_id is None
        ],
        "plan_years": list(public.plan.fiscal_years),
        "indicators": public.used_by([found]),
    }
    trail = [(str(row), address(public, "measure", row.pk)) for row in path[:-1]]
    return page(request, public, "measure.html", [*trail, (str(found), "")], context)


@of_plan
def projects(request: HttpRequest, public: PublicPlan) -> HttpResponse:
    by_pk = {row.pk: row for row in public.measures}
    schedule = public.schedule
    rows = [
        ProjectLine(
            place,
            by_pk[place.measure_id],
            [schedule.get(place.project_id, {}).get(year) for year in public.plan.fiscal_years],
        )
        for place in public.primary_placements
    ]
    context = {
        "rows": rows,
        "plan_years": list(public.plan.fiscal_years),
        "has_schedule": bool(schedule),
        "has_codes": any(row.place.code for row in rows),
    }
    return page(request, public, "projects.html", [("事業の一覧", "")], context)


@dataclass(frozen=True)
class ProjectLine:
    """A project in the list: where it mainly stands, and its schedule by the plan's years."""

    place: Placement
    measure: Measure
    schedule: list[ScheduleEntry | None]


@of_plan
def project(request: HttpRequest, public: PublicPlan, pk: int) -> HttpResponse:
    found = public.project(pk)
    places = [place for place in public.placements if place.project_id == pk]
    by_pk = {row.pk: row for row in public.measures}
    schedule = public.schedule.get(pk, {})
    title = places[0].title
    context = {
        "project": found,
        "title": title,
        "places": [
            (place, measure_path(public.measures, by_pk[place.measure_id])) for place in places
        ],
        "tags": [link for link in public.tags if link.project_id == pk],
        "milestones": public.project_milestones(found),
        "schedule": [(year, schedule.get(year)) for year in public.plan.fiscal_years]
        if schedule
        else [],
        "indicators": public.used_by(project=found),
        "budgets": [row for row in public.budgets if row.project_id == pk],
        "reviews": [review for review in public.reviews if review.project_id == pk],
    }
    trail = [("事業の一覧", address(public, "projects")), (title, "")]
    return page(request, public, "project.html", trail, context)


@of_plan
def indicators(request: HttpRequest, public: PublicPlan) -> HttpResponse:
    year = public.newest_year
    first: dict[int, IndicatorUse] = {}
    for use in public.uses:
        first.setdefault(use.indicator_id, use)
    rows = [
        (first[pk], of_year(public.sheet(indicator), year))
        for pk, indicator in public.indicators.items()
    ]
    groups = [
        ("of-measures", "施策の指標", [row for row in rows if row[0].measure_id]),
        ("of-projects", "事業の指標", [row for row in rows if not row[0].measure_id]),
    ]
    context = {"year": year, "count": len(rows), "groups": [group for group in groups if group[2]]}
    return page(request, public, "indicators.html", [("指標の一覧", "")], context)


@of_plan
def indicator(request: HttpRequest, public: PublicPlan, pk: int) -> HttpResponse:
    found = public.indicator(pk)
    shown = public.sheet(found)
    revised = [target for target in found.targets.all() if not target.is_current]
    context = {
        "indicator": found,
        "sheet": shown,
        "shown": of_year(shown, public.newest_year),
        "uses": [use for use in public.uses if use.indicator_id == pk],
        "baseline_text": format_value(found, found.baseline_value, found.baseline_text),
        "revised": sorted(revised, key=lambda target: (target.fiscal_year, target.revision)),
        "interim": [
            t for t in found.targets.all() if t.kind == Target.Kind.INTERIM and t.is_current
        ],
        "changes": list(found.definition_changes.all()),
        "corrections": [
            row
            for row in public.corrections
            if row.item.kind == "actual" and row.item.object_id == pk
        ],
        "json_ld": dataset_of_indicator(request, public, found),
    }
    trail = [("指標の一覧", address(public, "indicators")), (found.shown_name, "")]
    return page(request, public, "indicator.html", trail, context)


@dataclass(frozen=True)
class OfYear:
    """An indicator in the year that a page is about."""

    sheet: IndicatorSheet
    fiscal_year: int | None

    @property
    def values(self) -> YearValues | None:
        rows = self.sheet.years
        return next((row for row in rows if row.fiscal_year == self.fiscal_year), None)

    @property
    def outcome(self) -> Outcome | None:
        return outcome_of(self.values) if self.values else None


def of_year(sheet: IndicatorSheet, fiscal_year: int | None) -> OfYear:
    return OfYear(sheet, fiscal_year)


@of_plan
def budget(
    request: HttpRequest, public: PublicPlan, fiscal_year: int | None = None
) -> HttpResponse:
    """The budget of a published year, by area; each stage for itself."""
    if fiscal_year is not None:
        public.require_year(fiscal_year)
    known = sorted({row.fiscal_year for row in public.budgets})
    year = fiscal_year or (known[-1] if known else public.newest_year)
    there = {row.stage for row in public.budgets if row.fiscal_year == year}
    stages = [stage for stage in BudgetEntry.Stage if stage in there]
    context = {
        "year": year,
        "known": known,
        "stages": [
            (stage.label, public.budget_sums(year, stage)) for stage in stages if year is not None
        ],
    }
    trail = [("予算と決算", address(public, "budget") if fiscal_year else "")]
    if fiscal_year:
        trail.append((fiscal_years.long_form(fiscal_year), ""))
    return page(request, public, "budget.html", trail, context)


@of_plan
def reports(request: HttpRequest, public: PublicPlan) -> HttpResponse:
    return page(request, public, "reports.html", [("年次報告書", "")], {"reports": public.reports})


@of_plan
def report_file(request: HttpRequest, public: PublicPlan, pk: int, format: str) -> HttpResponse:
    """The file of a published report."""
    found = public.report(pk)
    if found.job.format != format:
        raise Http404("公開されているものではありません。")
    try:
        path = require_intact(found)
    except FileDamaged as error:
        raise Http404("公開されているものではありません。") from error
    return FileResponse(  # type: ignore[return-value]  # a stream, which is answered alike
        path.open("rb"), as_attachment=True, filename=f"{found.title}.{format}"
    )


@of_plan
def corrections(request: HttpRequest, public: PublicPlan) -> HttpResponse:
    return page(
        request, public, "corrections.html", [("正誤表", "")], {"corrections": public.corrections}
    )


@of_plan
def history(request: HttpRequest, public: PublicPlan) -> HttpResponse:
    context = {"changes": changes_of(public)}
    return page(request, public, "history.html", [("更新履歴", "")], context)
