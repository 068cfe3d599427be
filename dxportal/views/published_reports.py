"""Published reports: making a report public, its file and its 正誤表; comparing two reports."""

from collections import Counter

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act, allows
from dxportal.forms.reports import CompareForm, PublishForm, WithdrawForm
from dxportal.models import PublishedReport, ReportJob
from dxportal.reports import differences as compared
from dxportal.reports import snapshots
from dxportal.reports.design import read_design
from dxportal.reports.names import file_name
from dxportal.reports.publishing import (
    FileDamaged,
    errata_of,
    is_settled,
    publish_report,
    require_intact,
    withdraw_report,
)
from dxportal.views.downloads import download as download_table
from plans import fiscal_years

PAGE_SIZE = 50
METHODS = require_http_methods(["GET", "HEAD", "POST"])


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)


def _report(request: HttpRequest, pk: int) -> PublishedReport:
    reports = PublishedReport.objects.visible_to(request.user)
    return get_object_or_404(
        reports.select_related("plan__organization", "job__snapshot", "published_by"), pk=pk
    )


@require_safe
def published(request: HttpRequest) -> HttpResponse:
    reports = PublishedReport.objects.visible_to(request.user).select_related("plan", "job")
    page = Paginator(reports, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page_obj": page, "breadcrumb": _crumbs()}
    return render(request, "reports/published.html", context)


@METHODS
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    jobs = ReportJob.objects.visible_to(request.user).select_related("plan__organization")
    job = get_object_or_404(jobs, pk=pk)
    policy.require(_actor(request), Act.MANAGE, job.plan.organization_id, what="報告書の公表")
    usual = f"{fiscal_years.long_form(job.fiscal_year)}年次報告書"
    title = f"{job.plan.name}　{read_design(job.design).cover.title or usual}"
    form = PublishForm(request.POST or None, initial={"title": title})
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            report = publish_report(_actor(request), job, values["title"], values["confirmed"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"「{report.title}」を公表しました（第{report.edition}版）。")
            return redirect("reports:published_detail", pk=report.pk)
    context = {
        "form": form,
        "job": job,
        "is_settled": is_settled(job.plan, job.fiscal_year),
        "breadcrumb": [
            *_crumbs()[:1],
            (str(job), reverse("reports:detail", args=[job.pk])),
            ("公表", ""),
        ],
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "reports/publish.html", context, status=status)


@require_safe
@never_cache
def published_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _detail(request, _report(request, pk), WithdrawForm())


@METHODS
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    report = _report(request, pk)
    policy.require(_actor(request), Act.MANAGE, report.plan.organization_id, what="報告書の取下げ")
    if request.method != "POST":
        return redirect("reports:published_detail", pk=pk)
    form = WithdrawForm(request.POST)
    if form.is_valid():
        try:
            withdraw_report(_actor(request), report, form.cleaned_data["reason"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "報告書を取り下げました。ファイルはそのまま残ります。")
            return redirect("reports:published_detail", pk=pk)
    return _detail(request, report, form, status=422)


def _detail(
    request: HttpRequest, report: PublishedReport, form: WithdrawForm, status: int = 200
) -> HttpResponse:
    try:
        require_intact(report)
        is_intact = True
    except FileDamaged:
        is_intact = False
    context = {
        "report": report,
        "form": form,
        "errata": errata_of(report),
        "is_intact": is_intact,
        "may_manage": allows(_actor(request), Act.MANAGE, report.plan.organization_id),
        "breadcrumb": [
            *_crumbs()[:1],
            ("公表した報告書", reverse("reports:published")),
            (report.title, ""),
        ],
    }
    return render(request, "reports/published_detail.html", context, status=status)


@require_safe
def published_download(request: HttpRequest, pk: int) -> FileResponse:
    """The file as it was published, for whoever may see the organization's plans now."""
    report = _report(request, pk)
    try:
        path = require_intact(report)
    except FileDamaged as error:
        raise Http404("公表した報告書のファイルがありません。") from error
    name = file_name(report.plan, report.fiscal_year, report.job.format)
    response = FileResponse(path.open("rb"), as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response


@require_safe
def compare(request: HttpRequest) -> HttpResponse:
    """What differs between two snapshots, value by value; also as a file."""
    form = CompareForm(request.user, request.GET if "before" in request.GET else None)
    context = {"form": form, "breadcrumb": [*_crumbs()[:1], ("報告書の比較", "")]}
    if form.is_valid():
        before, after = form.cleaned_data["before"], form.cleaned_data["after"]
        try:
            rows = compared.differences(snapshots.content_of(before), snapshots.content_of(after))
        except snapshots.SnapshotDamaged:
            form.add_error(None, "時点のファイルがないか壊れているため、比べられません。")
            return render(request, "reports/compare.html", context, status=422)
        if request.GET.get("format"):
            return download_table(request, {"list": compared.DifferenceExporter(rows)})
        page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
        query = request.GET.copy()
        query.pop("page", None)
        context |= {
            "page_obj": page,
            "counts": Counter(row.place for row in rows).items(),
            "csv_url": f"?{query.urlencode()}&format=csv",
            "xlsx_url": f"?{query.urlencode()}&format=xlsx",
            "is_compared": True,
        }
    return render(request, "reports/compare.html", context)


def _crumbs() -> list[tuple[str, str]]:
    return [("報告書", reverse("reports:list")), ("公表した報告書", "")]
