"""The page where a department enters its actuals of the open round, row by row."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts.audit import Actor
from accounts.models import Channel, User
from accounts.versions import StaleVersion
from kpi.forms import ActualForm
from kpi.models import Actual, Indicator, IndicatorUse
from kpi.series import YearValues, years_of
from kpi.services import clear_actual, record_actual
from plans.models import Measure, ReportingCycle
from plans.tree_order import measure_path, measures_in_order
from projects.models import Placement


@dataclass
class EntryRow:
    """One indicator of the page: what was, what is aimed at, and the form of this year."""

    indicator: Indicator
    cycle: ReportingCycle
    form: ActualForm
    years: list[YearValues]
    locked_reason: str = ""
    saved: bool = False
    conflict: Actual | None = None

    @property
    def uses(self) -> list[IndicatorUse]:
        return [use for use in self.indicator.uses.all() if use.plan_id == self.cycle.plan_id]

    @property
    def used_in(self) -> list[str]:
        """The projects that this is an activity indicator of: names of indicators repeat."""
        return [str(use.project) for use in self.uses if use.project is not None]

    @property
    def is_kpi(self) -> bool:
        return any(use.role == IndicatorUse.Role.KPI for use in self.uses)

    @property
    def last_year(self) -> YearValues:
        return self.years[0]

    @property
    def this_year(self) -> YearValues:
        return self.years[1]

    @property
    def state(self) -> str:
        """The row's state for its words and looks: the first that applies."""
        if self.conflict is not None:
            return "conflict"
        if self.form.errors:
            return "error"
        if self.locked_reason:
            return "locked"
        if self.saved:
            return "saved"
        return "saved" if self.this_year.actual else "untouched"

    @property
    def status_code(self) -> int:
        """The HTTP status of an answer that carries this row."""
        return {"conflict": 409, "error": 422}.get(self.state, 200)


@dataclass
class EntryGroup:
    """The rows that stand under one measure of the plan, with the way to it."""

    path: list[Measure]
    rows: list[EntryRow]


def enterable_cycles(user: User) -> list[ReportingCycle]:
    """The open rounds in which this person has something to enter, the next deadline first."""
    cycles = (
        ReportingCycle.objects.visible_to(user)
        .accepting()
        .select_related("plan__organization")
        .order_by("closes_at", "pk")
    )
    return [cycle for cycle in cycles if cycle.accepts_entries()]


def owed_indicators(user: User, cycle: ReportingCycle) -> list[Indicator]:
    """What this person is asked for in the round: their indicators, measured in its year."""
    indicators = (
        Indicator.objects.visible_to(user)
        .enterable_by(user)
        .in_plan(cycle.plan_id)
        .with_values()
        .order_by("key")
    )
    return [i for i in indicators if i.is_measured_in(cycle.fiscal_year)]


def entry(request: HttpRequest) -> HttpResponse:
    """All that the person owes in one open round, grouped as the plan is."""
    cycles = enterable_cycles(request.user)
    chosen = request.GET.get("cycle", "")
    cycle = next((c for c in cycles if str(c.pk) == chosen), cycles[0] if cycles else None)
    context = {"cycles": cycles, "cycle": cycle, "groups": []}
    if cycle is not None:
        rows = [_row(indicator, cycle) for indicator in owed_indicators(request.user, cycle)]
        context |= {
            "groups": _grouped(cycle, rows),
            "total": len(rows),
            "entered": sum(row.this_year.actual is not None for row in rows),
        }
    return render(request, "kpi/entry.html", context)


@require_http_methods(["GET", "POST"])
def entry_row(request: HttpRequest, cycle_id: int, indicator_id: int) -> HttpResponse:
    """One row: GET shows it as it is stored, POST saves it.

    With htmx the answer is the row; without, the page after success and the row by itself, with
    what was typed, after a refusal.
    """
    cycle = get_object_or_404(ReportingCycle.objects.visible_to(request.user), pk=cycle_id)
    indicator = get_object_or_404(
        Indicator.objects.visible_to(request.user).in_plan(cycle.plan_id).with_values(),
        pk=indicator_id,
    )
    if not Indicator.objects.enterable_by(request.user).filter(pk=indicator.pk).exists():
        raise PermissionDenied("この指標は、ほかの部局が入力します。")
    row = _save(request, indicator, cycle) if request.method == "POST" else _row(indicator, cycle)
    if request.htmx:
        return render(request, "kpi/_entry_row.html", {"row": row}, status=row.status_code)
    if row.saved:
        return redirect(f"{reverse('kpi:entry')}?cycle={cycle.pk}#row-{indicator.pk}")
    context = {"groups": [EntryGroup([], [row])], "cycle": cycle}
    return render(request, "kpi/entry_single.html", context, status=row.status_code)


def _save(request: HttpRequest, indicator: Indicator, cycle: ReportingCycle) -> EntryRow:
    """Hand the form to the service; whatever it refuses stays in the row as it was typed."""
    actor = Actor(request.user, Channel.PAGE)
    form = ActualForm(indicator, None, request.POST)
    row = _row(indicator, cycle, form)
    if not form.is_valid():
        return row
    version = form.cleaned_data["version"]
    try:
        if "clear" in request.POST and version is not None:
            clear_actual(actor, indicator, cycle.fiscal_year, version)
        else:
            record_actual(actor, indicator, cycle.fiscal_year, form.entry(), version)
    except StaleVersion as stale:
        return _conflicting(row, stale.current)
    except ValidationError as error:
        form.add_service_errors(
            error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        )
        return row
    fresh = Indicator.objects.with_values().get(pk=indicator.pk)
    saved = _row(fresh, cycle)
    saved.saved = True
    return saved


def _conflicting(row: EntryRow, current: Actual) -> EntryRow:
    """Keep what was typed and show what is stored; sending again means to write over it."""
    data = row.form.data.copy()
    data[row.form.add_prefix("version")] = str(current.version)
    row.form = ActualForm(row.indicator, None, data)
    row.conflict = current
    return row


def _row(indicator: Indicator, cycle: ReportingCycle, form: ActualForm | None = None) -> EntryRow:
    years = years_of(
        indicator, [cycle.fiscal_year - 1, cycle.fiscal_year], cycle.plan.later_editions
    )
    actual = years[1].actual
    if form is not None:
        # What was just typed stays in its controls, with the service's reason beside it.
        return EntryRow(indicator, cycle, form, years)
    form = ActualForm(indicator, actual)
    return EntryRow(indicator, cycle, form, years, _why_locked(actual, cycle))


def _why_locked(actual: Actual | None, cycle: ReportingCycle) -> str:
    if actual is not None and actual.state in Actual.LOCKED_STATES:
        return f"「{actual.get_state_display()}」のため編集できません。"
    return "" if cycle.accepts_entries() else "入力の期間ではないため編集できません。"


def _grouped(cycle: ReportingCycle, rows: Iterable[EntryRow]) -> list[EntryGroup]:
    """The rows under the measures where the plan uses them, in the plan's order."""
    measures = {measure.pk: measure for measure in measures_in_order(cycle.plan)}
    order = {pk: index for index, pk in enumerate(measures)}
    places = dict(
        Placement.objects.filter(plan=cycle.plan_id)
        .counted_once()
        .values_list("project_id", "measure_id")
    )
    groups: dict[int | None, list[EntryRow]] = {}
    for row in rows:
        groups.setdefault(_measure_of(row.indicator, cycle, places), []).append(row)
    keys = sorted(groups, key=lambda pk: order.get(pk, len(order)) if pk else len(order))
    return [
        EntryGroup(measure_path(measures.values(), measures[pk]) if pk else [], groups[pk])
        for pk in keys
    ]


def _measure_of(indicator: Indicator, cycle: ReportingCycle, places: dict[int, int]) -> int | None:
    uses: list[IndicatorUse] = [u for u in indicator.uses.all() if u.plan_id == cycle.plan_id]
    for use in sorted(uses, key=lambda u: u.role != IndicatorUse.Role.KPI):
        measure = use.measure_id or places.get(use.project_id)
        if measure is not None:
            return measure
    return None
