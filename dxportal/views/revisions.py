"""The pages on which a plan is made, revised (改定), and a revision put into force."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import policy
from accounts.audit import Actor
from accounts.models import Channel
from accounts.policy import Act
from accounts.versions import StaleVersion
from dxportal.revisions import services as revisions
from dxportal.revisions.forms import NewPlanForm, RevisionForm
from plans.models import Plan


def _plan_to_manage(request: HttpRequest, pk: int) -> tuple[Actor, Plan]:
    plans = Plan.objects.visible_to(request.user).select_related("organization")
    plan = get_object_or_404(plans, pk=pk)
    actor = Actor(request.user, Channel.PAGE)
    policy.require(actor, Act.MANAGE, plan.organization_id, what="計画の改定")
    return actor, plan


def _breadcrumb(plan: Plan, page: str) -> list[tuple[str, str]]:
    return [
        ("計画の一覧", reverse("plans:list")),
        (plan.name, reverse("plans:tree", args=[plan.pk])),
        (page, ""),
    ]


@require_http_methods(["GET", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """A new plan of the organization; its contents come on the pages for editing, or by a book."""
    if not policy.scope_of(request.user).organizations.get(Act.MANAGE):
        raise PermissionDenied("計画を作るのは事務局です。")
    form = NewPlanForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        actor = Actor(request.user, Channel.PAGE)
        try:
            plan = revisions.start_plan(actor, form.instance, form.cleaned_data["level_names"])
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request,
                f"計画「{plan}」を作りました。ここから施策、事業、指標を登録できます。まとめて"
                "登録するときは、「計画ブック」でExcelに書き出し、書き足して取り込みます。",
            )
            return redirect("editing:index", plan.pk)
    context = {
        "form": form,
        "nav": "plans",
        "breadcrumb": [("計画の一覧", reverse("plans:list")), ("計画を作る", "")],
    }
    return render(request, "plans/create.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def revise(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for the next edition; POST makes the draft."""
    actor, plan = _plan_to_manage(request, pk)
    form = RevisionForm(plan, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            draft = revisions.revise_plan(actor, plan, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request,
                f"改定案「{draft}」を作りました。施策や目標を改めてから、施行してください。"
                "施行するまでは、いまの版が有効です。",
            )
            return redirect("plans:tree", draft.pk)
    context = {
        "plan": plan,
        "form": form,
        "locked": plan.why_rows_are_locked,
        "drafts": Plan.objects.filter(
            organization_id=plan.organization_id, revises=plan.key, status=Plan.Status.DRAFT
        ),
        "breadcrumb": _breadcrumb(plan, "計画の改定"),
    }
    return render(request, "plans/revise.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
def put_into_force(request: HttpRequest, pk: int) -> HttpResponse:
    """What it means to put this draft into force; POST does it."""
    actor, plan = _plan_to_manage(request, pk)
    status, stale = 200, False
    if request.method == "POST":
        try:
            revisions.put_into_force(actor, plan, _version(request))
        except StaleVersion:
            # The page shows the plan as it is now; whoever has looked at it may send it again.
            status, stale = 409, True
            plan.refresh_from_db()
        except ValidationError:
            status = 422  # the preview says why
        else:
            messages.success(request, f"「{plan}」を施行しました。")
            return redirect("plans:tree", plan.pk)
    context = {
        "plan": plan,
        "coming": revisions.coming_into_force(plan),
        "stale": stale,
        "breadcrumb": _breadcrumb(plan, "改定の施行"),
    }
    return render(request, "plans/put_into_force.html", context, status=status)


def _version(request: HttpRequest) -> int:
    """The version that the person saw; a form without one saw none that is stored."""
    given = request.POST.get("version", "")
    return int(given) if given.isdecimal() else 0
