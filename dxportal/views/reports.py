"""The pages of annual reports: ask for one, watch it being built, fetch it."""

import datetime
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act, allows, scope_of
from dxportal import services
from dxportal.forms import ReportForm
from dxportal.models import PublishedReport, ReportJob, ReportTemplate
from dxportal.reports.names import file_name
from dxportal.reports.templates import design_for

JOBS_ON_A_PAGE = 30
# Whoever has waited this long is told whom to ask.
WAITS_LONG = datetime.timedelta(minutes=5)


def _job(request: HttpRequest, pk: int) -> ReportJob:
    """A job of the person's organizations; any other does not exist for them."""
    return get_object_or_404(_visible(request), pk=pk)


def _visible(request: HttpRequest) -> QuerySet[ReportJob]:
    jobs = ReportJob.objects.visible_to(request.user)
    return jobs.select_related("plan__organization", "requested_by")


def _actor(request: HttpRequest) -> Actor:
    return Actor(request.user, Channel.PAGE)


def _may_manage(request: HttpRequest, job: ReportJob) -> bool:
    return allows(_actor(request), Act.MANAGE, job.plan.organization_id)


@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    return _list_page(request, ReportForm(request.user, initial=_as_before(request)))


def _as_before(request: HttpRequest) -> dict[str, Any]:
    """What the form begins with where a report is to be built again: what was asked for then."""
    pk = request.GET.get("again", "")
    if not pk.isdecimal() or not (job := _visible(request).filter(pk=pk).first()):
        return {}
    templates = ReportTemplate.objects.visible_to(request.user)
    template = templates.filter(
        organization=job.plan.organization_id, name=job.design.get("name", "")
    ).first()
    return {
        "plan": job.plan_id,
        "fiscal_year": job.fiscal_year,
        "format": [job.format],
        "template": template.pk if template else None,
    }


def _list_page(request: HttpRequest, form: ReportForm, status: int = 200) -> HttpResponse:
    jobs = ReportJob.objects.visible_to(request.user).select_related("plan", "requested_by")
    page = Paginator(jobs, JOBS_ON_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "reports/list.html", {"form": form, "page_obj": page}, status=status)


@require_POST
def start(request: HttpRequest) -> HttpResponse:
    if not scope_of(request.user).may_anywhere(Act.MANAGE):
        raise PermissionDenied("報告書を作成できるのは事務局です。")
    form = ReportForm(request.user, request.POST)
    if not form.is_valid():
        return _list_page(request, form, status=422)
    asked = form.cleaned_data
    try:
        template = asked["template"]
        jobs = services.request_reports(
            _actor(request),
            asked["plan"],
            asked["fiscal_year"],
            asked["format"],
            design_for(template, asked["plan"], asked["fiscal_year"]) if template else None,
        )
    except ValidationError as error:
        form.add_error(None, error)
        return _list_page(request, form, status=422)
    if len(jobs) > 1:
        messages.success(request, f"{len(jobs)}件の報告書の作成を始めました。")
        return redirect("reports:list")
    return redirect("reports:detail", pk=jobs[0].pk)


@require_safe
@never_cache
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "reports/detail.html", _context(request, pk))


@require_safe
@never_cache
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the detail page that is asked for again until the job has ended."""
    context = _context(request, pk)
    response = render(request, "reports/_progress.html", context)
    if not context["job"].is_active:
        # The rest of the page changes as well: the file is there, nothing can be cancelled.
        response["HX-Refresh"] = "true"
    return response


def _context(request: HttpRequest, pk: int) -> dict[str, Any]:
    job = _job(request, pk)
    # Who watches a job whose worker has died brings it back: no need to wait for the beat.
    if job.is_active and services.rescue_stalled_jobs(job.pk):
        job = _job(request, pk)
    return {
        "job": job,
        "parts": job.parts.all() if job.is_active else (),
        "title": str(job),
        "publication": PublishedReport.objects.filter(job=job).first(),
        "may_manage": _may_manage(request, job),
        "file_name": file_name(job.plan, job.fiscal_year, job.format),
        "seconds": _seconds(job),
        "waits_long": job.state == ReportJob.State.QUEUED
        and timezone.now() - job.created_at > WAITS_LONG,
        "breadcrumb": [("報告書", reverse("reports:list")), (str(job), "")],
    }


def _seconds(job: ReportJob) -> int | None:
    """How long the building has taken (so far)."""
    if job.started_at is None:
        return None
    return int(((job.finished_at or timezone.now()) - job.started_at).total_seconds())


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    job = _job(request, pk)
    try:
        services.cancel_report(_actor(request), job)
        messages.success(request, "報告書の作成を取り消しました。")
    except ValidationError as error:
        messages.warning(request, error.messages[0])
    return redirect("reports:detail", pk=job.pk)


@require_safe
def download(request: HttpRequest, pk: int) -> FileResponse:
    """The file, for whoever may see the plan's organization now."""
    job = _job(request, pk)
    if job.state != ReportJob.State.DONE:
        raise Http404("The report is not there yet.")
    try:
        file = job.file.open("rb")
    except FileNotFoundError as error:
        raise Http404("The report's file is gone.") from error
    name = file_name(job.plan, job.fiscal_year, job.format)
    response = FileResponse(file, as_attachment=True, filename=name)
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "private, no-store"
    return response
