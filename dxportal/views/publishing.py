"""The page on which the DX office makes a plan public, and takes it back."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from accounts import policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act
from dxportal.models import DataVersion
from dxportal.public import services, versions
from dxportal.public.forms import PublishForm, WithdrawForm, WithdrawVersionForm
from plans.models import Plan


def _plan_to_publish(request: HttpRequest, pk: int) -> tuple[Actor, Plan]:
    plans = Plan.objects.visible_to(request.user).select_related("organization")
    plan = get_object_or_404(plans, pk=pk)
    actor = Actor(request.user, Channel.PAGE)
    policy.require(actor, Act.MANAGE, plan.organization_id, what="計画の公開")
    return actor, plan


@require_http_methods(["GET", "POST"])
def publish(request: HttpRequest, pk: int) -> HttpResponse:
    """What becomes visible, and under which terms; POST publishes, or changes the terms."""
    actor, plan = _plan_to_publish(request, pk)
    form = PublishForm(request.POST or None, instance=services.publication_of(plan))
    if request.method == "POST" and form.is_valid():
        try:
            services.publish_plan(actor, plan, form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"「{plan.name}」を市民に公開しています。")
            return redirect("plans:publish", plan.pk)
    return _page(request, plan, form, WithdrawForm(), status=422 if form.errors else 200)


@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    actor, plan = _plan_to_publish(request, pk)
    form = WithdrawForm(request.POST)
    if form.is_valid():
        try:
            services.withdraw_plan(actor, plan, form.cleaned_data["reason"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"「{plan.name}」の公開を取りやめました。")
            return redirect("plans:publish", plan.pk)
    terms = PublishForm(instance=services.publication_of(plan))
    return _page(request, plan, terms, form, status=422)


@require_http_methods(["GET", "POST"])
def withdraw_version(request: HttpRequest, pk: int, version_pk: int) -> HttpResponse:
    """Take back one kept version of the open data; asks for the reason first."""
    actor, plan = _plan_to_publish(request, pk)
    version = get_object_or_404(DataVersion, plan=plan, pk=version_pk)
    form = WithdrawVersionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            versions.withdraw_version(actor, version, form.cleaned_data["reason"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"データの版「{version.name}」を取り下げました。")
            return redirect("plans:publish", plan.pk)
    context = {
        "plan": plan,
        "version": version,
        "form": form,
        "nav": "plans",
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            (plan.name, reverse("plans:tree", args=[plan.pk])),
            ("市民への公開", reverse("plans:publish", args=[plan.pk])),
            ("データの版の取下げ", ""),
        ],
    }
    status = 422 if form.errors else 200
    return render(request, "plans/withdraw_version.html", context, status=status)


def _page(
    request: HttpRequest, plan: Plan, form: PublishForm, withdrawing: WithdrawForm, status: int
) -> HttpResponse:
    publication = services.publication_of(plan)
    context = {
        "plan": plan,
        "form": form,
        "withdrawing": withdrawing,
        "publication": publication,
        "refusal": services.why_not_publishable(plan),
        "versions": DataVersion.objects.filter(plan=plan),
        "visible": services.what_is_visible(plan),
        "nav": "plans",
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            (plan.name, reverse("plans:tree", args=[plan.pk])),
            ("市民への公開", ""),
        ],
    }
    return render(request, "plans/publish.html", context, status=status)
