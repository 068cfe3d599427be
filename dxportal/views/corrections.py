"""Corrections (訂正) of settled figures, and their list (正誤表)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts import policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act
from accounts.versions import StaleVersion
from dxportal.round_forms import CorrectionForm, add_errors
from dxportal.rounds.rows import figure_text
from dxportal.views.downloads import download
from kpi.achievement import format_actual
from kpi.models import Actual, Indicator
from kpi.services import correct_actual
from plans import fiscal_years
from plans.exports import Column, Exporter
from plans.models import Correction, Plan, ReportingCycle


class CorrectionExporter(Exporter):
    identifier = "corrections"
    title = "正誤表"
    columns = (
        Column("計画", lambda row: row.item.cycle.plan.name, 24),
        Column("年度（西暦）", lambda row: row.item.cycle.fiscal_year),
        Column("種類", lambda row: row.item.get_kind_display()),
        Column("箇所", lambda row: row.item.label, 36),
        Column("部局", lambda row: str(row.item.department or ""), 20),
        Column("訂正した欄", lambda row: row.field),
        Column("誤", lambda row: row.before, 20),
        Column("正", lambda row: row.after, 20),
        Column("理由", lambda row: row.reason, 36),
        Column("訂正日", lambda row: timezone.localdate(row.corrected_at)),
        Column("訂正した人", lambda row: str(row.corrected_by or "システム")),
    )


@require_safe
def corrections(request: HttpRequest, plan_pk: int) -> HttpResponse:
    """The corrections of a plan, of one year (`fiscal_year`) or of all; also as a file."""
    plans = Plan.objects.visible_to(request.user).select_related("organization")
    plan = get_object_or_404(plans, pk=plan_pk)
    found = (
        Correction.objects.visible_to(request.user)
        .filter(item__cycle__plan=plan)
        .select_related("item__cycle__plan", "item__department", "corrected_by")
        .order_by("-item__cycle__fiscal_year", "corrected_at", "pk")
    )
    years = list(dict.fromkeys(found.values_list("item__cycle__fiscal_year", flat=True)))
    asked = request.GET.get("fiscal_year", "")
    year = int(asked) if asked.isdecimal() else None
    rows = found.filter(item__cycle__fiscal_year=year) if year else found
    if "format" in request.GET:
        return download(request, {"corrections": CorrectionExporter(rows)})
    context = {
        "plan": plan,
        "year": year,
        "years": years,
        "corrections": list(rows),
        "today": timezone.localdate(),
        "nav": "plans",
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            (plan.name, reverse("plans:tree", args=[plan.pk])),
            ("正誤表", ""),
        ],
    }
    return render(request, "rounds/corrections.html", context)


@require_http_methods(["GET", "POST"])
def correct(request: HttpRequest, plan_pk: int, pk: int, fiscal_year: int) -> HttpResponse:
    """Correct the settled actual of a year; GET shows what stands there."""
    visible = Indicator.objects.visible_to(request.user).filter(uses__plan=plan_pk).distinct()
    indicator = get_object_or_404(visible.select_related("organization", "department"), pk=pk)
    plan = get_object_or_404(Plan.objects.visible_to(request.user), pk=plan_pk)
    actor = Actor(request.user, Channel.PAGE)
    policy.require(actor, Act.MANAGE, plan.organization_id, what="訂正")
    cycles = ReportingCycle.objects.settled().filter(plan=plan, fiscal_year=fiscal_year)
    back = reverse("kpi:indicator", args=[indicator.pk])
    if not cycles.exists():
        year = fiscal_years.long_form(fiscal_year)
        messages.error(request, f"{year}は確定していないため、訂正ではなく実績入力で変更します。")
        return redirect(back)
    actual = _actual(indicator, fiscal_year)
    form = _form(indicator, actual, request.POST if request.method == "POST" else None)
    status, both = 200, None
    if request.method == "POST":
        status = 422
        if form.is_valid():
            data = form.cleaned_data
            try:
                correct_actual(
                    actor,
                    plan,
                    indicator,
                    fiscal_year,
                    form.entry,
                    data["row_version"],
                    data["reason"],
                )
            except StaleVersion:
                status, both = 409, _both(indicator, fiscal_year, request.POST)
                # Sending again is now made from what stands there now.
                form.data = form.data.copy()
                form.data["row_version"] = _actual(indicator, fiscal_year).version
            except ValidationError as error:
                add_errors(form, error)
            else:
                return _corrected(request, indicator, fiscal_year, form, plan)
    context = {
        "indicator": indicator,
        "plan": plan,
        "fiscal_year": fiscal_year,
        "actual": actual,
        "now": _shown(indicator, actual),
        "both": both,
        "form": form,
        "back": back,
        "nav": "kpi",
        "breadcrumb": [
            ("指標の一覧", reverse("kpi:indicator_list")),
            (indicator.name, back),
            ("訂正", ""),
        ],
    }
    return render(request, "rounds/correct.html", context, status=status)


def _actual(indicator: Indicator, fiscal_year: int) -> Actual | None:
    of_year = Actual.objects.filter(indicator=indicator, fiscal_year=fiscal_year)
    return of_year.filter(kind=Actual.Kind.ACTUAL).select_related("entered_by").first()


def _texts(actual: Actual | None) -> dict[str, Any]:
    actual = actual or Actual()
    return {
        "value": figure_text(actual.value) or actual.raw_text,
        "numerator": figure_text(actual.numerator),
        "denominator": figure_text(actual.denominator),
        "status": actual.status,
        "is_preliminary": actual.is_preliminary,
        "note": actual.note,
    }


def _form(indicator: Indicator, actual: Actual | None, data: Any) -> CorrectionForm:
    has_counts = indicator.aggregation == Indicator.Aggregation.RATE
    return CorrectionForm(actual, has_counts, _texts(actual), data)


def _shown(indicator: Indicator, actual: Actual | None) -> list[tuple[str, str]]:
    """What stands there now, as readers see it."""
    if actual is None:
        return [("実績値", "（記録なし）")]
    unit = indicator.unit if actual.has_number else ""
    return [
        ("実績値", f"{format_actual(indicator, actual)}{unit}"),
        ("値の状態", str(actual.get_status_display())),
        ("コメント", actual.note or "（なし）"),
    ]


def _both(indicator: Indicator, fiscal_year: int, typed: Any) -> list[tuple[str, str, str]]:
    theirs = _form(indicator, _actual(indicator, fiscal_year), None)
    return [
        (field.label, str(field.initial or "（空欄）"), typed.get(field.name) or "（空欄）")
        for field in theirs
        if field.name in ("value", "numerator", "denominator", "note")
        and str(field.initial or "") != typed.get(field.name, "")
    ]


def _corrected(
    request: HttpRequest, indicator: Indicator, fiscal_year: int, form: CorrectionForm, plan: Plan
) -> HttpResponse:
    year = fiscal_years.long_form(fiscal_year)
    if not (set(form.changed_data) - {"reason", "row_version"}):
        messages.info(request, "値は変わっていないため、訂正は記録しませんでした。")
        return redirect("kpi:indicator", indicator.pk)
    messages.success(request, f"「{indicator.name}」の{year}の値を訂正し、正誤表に載せました。")
    return redirect(f"{reverse('rounds:corrections', args=[plan.pk])}?fiscal_year={fiscal_year}")
