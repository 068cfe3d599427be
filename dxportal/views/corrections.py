"""Corrections (訂正) of settled figures, and their list (正誤表)."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import policy
from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import Channel
from accounts.policy import Act
from dxportal.forms.rounds import CorrectionForm, add_errors
from dxportal.rounds.correcting import correct_row, item_to_correct
from dxportal.rounds.grid import row_of
from dxportal.rounds.rows import ActualRow, Row, SettlementRow
from dxportal.rounds.writing import StaleRow
from dxportal.views.downloads import download
from plans import fiscal_years
from plans.exports import Column, Exporter
from plans.models import Correction, Plan, ReportingCycle, RoundItem


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
@never_cache
def correct(request: HttpRequest, cycle_pk: int, kind: str, number: int) -> HttpResponse:
    """Correct what a round has settled about one thing; GET shows what stands there."""
    visible = ReportingCycle.objects.visible_to(request.user)
    cycle = get_object_or_404(visible.select_related("plan__organization"), pk=cycle_pk)
    item = item_to_correct(cycle, kind, number)
    if item is None:
        raise Http404("この計画にはありません。")
    actor = Actor(request.user, Channel.PAGE)
    policy.require(actor, Act.MANAGE, cycle.plan.organization_id, what="訂正", on=cycle.plan)
    if not cycle.is_settled:
        messages.error(request, f"「{cycle}」は確定していないため、訂正ではなく入力で変更します。")
        return redirect(_page_of(item))
    row = _row(item)
    form = CorrectionForm(row, request.POST if request.method == "POST" else None)
    if request.method != "POST":
        return _show(request, row, form)
    if not form.is_valid():
        return _show(request, row, form, 422)
    version, reason = form.cleaned_data["row_version"], form.cleaned_data["reason"]
    try:
        changed = correct_row(actor, row, form.typed, version, reason)
    except StaleRow as stale:
        return _conflict(request, stale.row, form)
    except ValidationError as error:
        add_errors(form, error)
        return _show(request, row, form, 422)
    return _corrected(request, row, changed)


def _row(item: RoundItem) -> Row:
    try:
        return row_of(item, with_places=True)
    except Locked as gone:
        raise Http404("".join(gone.messages)) from gone


def _show(
    request: HttpRequest, row: Row, form: CorrectionForm, status: int = 200, **more: Any
) -> HttpResponse:
    cycle, back = row.item.cycle, _page_of(row.item)
    trail = [("正誤表", reverse("rounds:corrections", args=[cycle.plan_id])), (row.title, back)]
    context = {
        "row": row,
        "cycle": cycle,
        "now": _told(row),
        "form": form,
        "back": back,
        "nav": "plans",
        "breadcrumb": [*trail, ("訂正", "")],
        **more,
    }
    return render(request, "rounds/correct.html", context, status=status)


def _told(row: Row) -> list[tuple[str, str]]:
    """What stands there now, as readers see it; empty amounts are left out."""
    if not row.is_filled:
        return [(row.item.get_kind_display(), "（記録なし）")]
    told = []
    for name, cell in row.cells.items():
        text = cell.shown if cell.value else ""
        if isinstance(row, ActualRow) and name == "value":
            text = row.understood
        elif isinstance(row, SettlementRow) and cell.field.kind == "figure":
            text = text and (text if text.endswith("円") else f"{text}千円")
        if text or (cell.field.kind == "text" and not isinstance(row, SettlementRow)):
            told.append((cell.field.label, text or "（なし）"))
    return told


def _conflict(request: HttpRequest, row: Row, form: CorrectionForm) -> HttpResponse:
    """Both values; sending again is then made from what stands there now."""
    theirs, differing = row.cells, row.differs(form.typed)
    row.typed = form.typed
    both = [
        (cell.field.label, cell.shown or "（空欄）", row.cells[name].shown or "（空欄）")
        for name, cell in theirs.items()
        if name in differing
    ]
    form.data = form.data.copy()
    form.data["row_version"] = row.version
    row.typed = None
    return _show(request, row, form, 409, both=both)


def _page_of(item: RoundItem) -> str:
    """Where readers see what the item is about."""
    if item.kind == RoundItem.Kind.ACTUAL:
        return reverse("kpi:indicator", args=[item.object_id])
    if item.kind == RoundItem.Kind.REVIEW:
        return reverse("plans:measure", args=[item.object_id])
    return reverse("projects:detail", args=[item.object_id])


def _corrected(request: HttpRequest, row: Row, changed: bool) -> HttpResponse:
    cycle = row.item.cycle
    if not changed:
        messages.info(request, "値は変わっていないため、訂正は記録しませんでした。")
        return redirect(_page_of(row.item))
    year = fiscal_years.long_form(cycle.fiscal_year)
    messages.success(request, f"「{row.title}」の{year}の値を訂正し、正誤表に載せました。")
    address = reverse("rounds:corrections", args=[cycle.plan_id])
    return redirect(f"{address}?fiscal_year={cycle.fiscal_year}")
