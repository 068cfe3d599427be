"""The dashboards for managers. Every number leads to its list; every chart has its table."""

from collections.abc import Callable
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from dxportal.dashboards.chart_files import CHARTS, ChartExporter, svg_response
from dxportal.dashboards.entry import RoundEntry
from dxportal.dashboards.figures import Figures
from dxportal.dashboards.indicator_values import IndicatorValues, outcome_lines, worst
from dxportal.dashboards.logic import LogicModel
from dxportal.dashboards.overview import changed_since, overview
from dxportal.dashboards.projection import METHOD
from dxportal.dashboards.scope import Scope, scope_of
from dxportal.dashboards.sources import (
    Sources,
    of_budget,
    of_indicators,
    of_projects,
    sources_of,
)

PAGES = (
    ("dashboard", "全体"),
    ("dashboard:indicators", "指標"),
    ("dashboard:projects", "事業"),
    ("dashboard:budgets", "予算"),
    ("dashboard:logic", "活動と成果"),
    ("dashboard:entry", "入力"),
)

# The slides of the meeting room, each left out where there is nothing to say.
SLIDES: tuple[tuple[str, Callable[[dict[str, Any]], bool]], ...] = (
    ("standing", lambda answers: True),
    ("marks", lambda answers: bool(answers["areas"])),
    ("behind", lambda answers: bool(answers["late"])),
    ("kpi", lambda answers: bool(answers["at_risk"])),
    ("projects", lambda answers: bool(answers["schedule"].late)),
    ("comparison", lambda answers: answers["comparison"] is not None),
)


@require_safe
def dashboard(request: HttpRequest) -> HttpResponse:
    scope = scope_of(request)
    if scope is None:
        return render(request, "dxportal/dashboard.html", {"plan": None})
    return render(request, "dxportal/dashboard.html", frame(scope, "dashboard") | overview(scope))


@require_safe
def indicators(request: HttpRequest) -> HttpResponse:
    scope = _scope(request)
    figures = Figures(scope)
    roads, outcomes = figures.roads, figures.outcomes
    context = frame(scope, "dashboard:indicators") | {
        "sources": sources_of(figures, of_indicators),
        "roads": roads.kpis,
        "at_risk": roads.at_risk,
        "verdicts": roads.verdicts(),
        "verdict_chart": roads.verdict_chart(),
        "gaps": roads.gaps(),
        "apart": figures.values.apart,
        "method": METHOD,
        "outcomes": outcomes,
        "outcome_lines": outcome_lines(outcomes),
        "worst": worst(outcomes),
        "changes": changed_since(figures),
    }
    return render(request, "dashboards/indicators.html", context)


@require_safe
def projects(request: HttpRequest) -> HttpResponse:
    scope = _scope(request)
    figures = Figures(scope)
    schedule = figures.schedule
    context = frame(scope, "dashboard:projects") | {
        "sources": sources_of(figures, of_projects),
        "schedule": schedule,
        "gantt": schedule.gantt(),
    }
    return render(request, "dashboards/projects.html", context)


@require_safe
def budgets(request: HttpRequest) -> HttpResponse:
    scope = _scope(request)
    figures = Figures(scope)
    budget = figures.budget
    context = frame(scope, "dashboard:budgets") | {
        "sources": sources_of(figures, of_budget),
        "budget": budget,
        "areas": budget.by_area(),
        "tags": budget.by_tag(),
        "area_chart": budget.area_chart(),
    }
    return render(request, "dashboards/budgets.html", context)


@require_safe
def logic(request: HttpRequest) -> HttpResponse:
    scope = _scope(request)
    model = LogicModel(scope, IndicatorValues(scope))
    sources = Sources(scope)
    sources.ask(value.actual for row in model.rows for value in (*row.activities, *row.outcomes))
    context = frame(scope, "dashboard:logic") | {
        "rows": model.rows,
        "readings": model.readings(),
        "has_budget": any(row.budget.amounts.current is not None for row in model.rows),
        "sources": sources,
    }
    return render(request, "dashboards/logic.html", context)


@require_safe
def entry(request: HttpRequest) -> HttpResponse:
    scope = _scope(request)
    round_entry = RoundEntry(scope)
    context = frame(scope, "dashboard:entry") | {
        "entry": round_entry,
        "department_chart": round_entry.department_chart(),
        "day_chart": round_entry.day_chart(),
    }
    return render(request, "dashboards/entry.html", context)


@require_safe
def meeting(request: HttpRequest) -> HttpResponse:
    """The overview for a screen in the meeting room: large, without menu, one thing a slide."""
    scope = _scope(request)
    answers = overview(scope)
    slides = [key for key, is_there in SLIDES if is_there(answers)]
    asked = request.GET.get("slide", "1")
    number = min(max(int(asked), 1), len(slides)) if asked.isdecimal() else 1
    at = {
        "slide": slides[number - 1],
        "number": number,
        "of": len(slides),
        "back": scope.address("dashboard:meeting", slide=number - 1) if number > 1 else "",
        "forth": scope.address("dashboard:meeting", slide=number + 1)
        if number < len(slides)
        else "",
        "leave": scope.address("dashboard"),
    }
    return render(request, "dashboards/meeting.html", frame(scope, "meeting") | answers | at)


@require_safe
def chart(request: HttpRequest, name: str, file_format: str) -> HttpResponse:
    """A chart of the dashboards as a file, under the conditions of the address."""
    scope = _scope(request)
    drawn = CHARTS[name](scope) if name in CHARTS else None
    if drawn is None:
        raise Http404
    if file_format == "csv":
        return ChartExporter(drawn).file("csv").response()
    return svg_response(drawn)


def frame(scope: Scope, page: str) -> dict[str, Any]:
    """What every dashboard shows around its own figures."""
    pages = [(scope.address(name), label, name == page) for name, label in PAGES]
    label = next((label for name, label in PAGES if name == page), "")
    trail = [("ダッシュボード", scope.address("dashboard")), (label, "")]
    return {
        "scope": scope,
        "plan": scope.plan,
        "year": scope.year,
        "pages": pages,
        "page_name": page,
        "breadcrumb": [] if page == "dashboard" else trail,
        "nav": "dashboard",
    }


def _scope(request: HttpRequest) -> Scope:
    scope = scope_of(request)
    if scope is None:
        raise Http404
    return scope
