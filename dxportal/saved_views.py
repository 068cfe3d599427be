"""Saved views: a page as somebody arranged it, kept under a name, shared, and mailed each month."""

import logging
import smtplib
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404, QueryDict
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import MailSetting, User
from accounts.policy import Act
from dxportal.dashboards.overview import overview
from dxportal.dashboards.scope import Scope, scope_for
from dxportal.models import SavedView
from plans.shown_plan import shown_plan

logger = logging.getLogger(__name__)

FLAGS = ("is_shared", "mails_monthly")
FIELDS = ("name", "path", *FLAGS)
# Pages that are worth keeping: what one arranges by conditions.
PAGES = (
    "dashboard",
    "projects:list",
    "kpi:indicator_list",
    "plans:budget",
    "plans:matrix",
    "search",
)
MAX_VIEWS = 100


def views_for(user: User) -> QuerySet[SavedView]:
    return SavedView.objects.visible_to(user).select_related("user").order_by("name", "pk")


def why_not_kept(path: str) -> str:
    """Why this address cannot be saved; "" if it can. Only pages of the portal itself can."""
    if not path.startswith("/") or path.startswith("//") or "\\" in path or len(path) > 500:
        return "保存できるのは、このポータルの画面だけです。"
    try:
        found = resolve(path.partition("?")[0])
    except Resolver404:
        return "この画面は見つかりません。"
    if found.view_name in PAGES or found.view_name.startswith("dashboard:"):
        return ""
    return "保存できるのは、ダッシュボード・一覧・予算・検索の画面です。"


@transaction.atomic
def save_view(
    actor: Actor,
    name: str,
    path: str,
    is_shared: bool,
    mails_monthly: bool,
    replaces: bool = True,
) -> SavedView:
    """Keep a page under a name; saving under a name of one's own again replaces it, or not.

    Raises `ValidationError` by field.
    """
    user = actor.account
    if user is None or user.organization_id is None:
        raise PermissionDenied("団体に属する利用者だけが画面を保存できます。")
    policy.require(actor, Act.VIEW, user.organization_id, what="画面の保存")
    if policy.scope_of(user).plan_ids is not None:
        raise PermissionDenied("計画を限ったトークンでは、画面を保存できません。")
    name = name.strip()
    reason = why_not_kept(path)
    if not name or reason:
        raise ValidationError({"path": reason} if reason else {"name": "名称を入れてください。"})
    view = SavedView.objects.select_for_update().filter(user=user, name=name).first()
    if view is not None and not replaces:
        raise ValidationError({"name": "同じ名称で保存した画面があります。"})
    before = audit.values_of(view, FIELDS) if view else None
    if view is None and SavedView.objects.filter(user=user).count() >= MAX_VIEWS:
        raise ValidationError({"name": f"保存できるのは{MAX_VIEWS}件までです。"})
    view = view or SavedView(user=user, organization_id=user.organization_id, name=name)
    view.path, view.is_shared, view.mails_monthly = path, is_shared, mails_monthly
    view.full_clean()
    view.save()
    action = "change" if before else "create"
    after = audit.values_of(view, FIELDS)
    audit.record(actor, action, view, view.organization_id, before, after)
    return view


@transaction.atomic
def change_view(actor: Actor, view: SavedView, is_shared: bool, mails_monthly: bool) -> SavedView:
    view = _own(actor, view)
    before = audit.values_of(view, FIELDS)
    view.is_shared, view.mails_monthly = is_shared, mails_monthly
    view.save(update_fields=["is_shared", "mails_monthly"])
    after = audit.values_of(view, FIELDS)
    audit.record(actor, "change", view, view.organization_id, before, after)
    return view


@transaction.atomic
def delete_view(actor: Actor, view: SavedView) -> None:
    view = _own(actor, view)
    before = audit.values_of(view, FIELDS)
    audit.record(actor, "delete", view, view.organization_id, before)
    view.delete()


def _own(actor: Actor, view: SavedView) -> SavedView:
    """The row, locked; whoever else sees it may not change it."""
    locked = SavedView.objects.select_for_update().get(pk=view.pk)
    policy.require(actor, Act.VIEW, locked.organization_id, what="保存した画面の変更")
    if actor.account is None or locked.user_id != actor.account.pk:
        raise PermissionDenied("保存した画面を変えられるのは、保存した人だけです。")
    return locked


def send_monthly_views() -> int:
    """Mail each view that is wanted monthly, once a month; how many were sent.

    Delivered twice or run again, it finds nothing more to do: a view is marked before its mail
    goes out, and the mark is taken back where the mail fails.
    """
    month = timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    due = SavedView.objects.filter(
        Q(last_mailed_at__isnull=True) | Q(last_mailed_at__lt=month),
        mails_monthly=True,
        user__is_active=True,
    ).exclude(user__email="")
    unwilling = set(MailSetting.objects.filter(wants_mail=False).values_list("user_id", flat=True))
    return sum(_mail(view) for view in due.select_related("user") if view.user_id not in unwilling)


def _mail(view: SavedView) -> bool:
    last, now = view.last_mailed_at, timezone.now()
    mine = SavedView.objects.filter(pk=view.pk, last_mailed_at=last).update(last_mailed_at=now)
    if not mine:
        return False
    try:
        body = render_to_string("dashboards/monthly.txt", _figures(view))
        month = timezone.localtime(now)
        subject = (
            f"【DX計画ポータル】{' '.join(view.name.split())}（{month.year}年{month.month}月）"
        )
        send_mail(subject, body, settings.DEFAULT_FROM_EMAIL, [view.user.email])
    except (smtplib.SMTPException, OSError):
        logger.exception("The monthly mail of saved view %s could not be sent.", view.pk)
        SavedView.objects.filter(pk=view.pk, last_mailed_at=now).update(last_mailed_at=last)
        return False
    return True


def _figures(view: SavedView) -> dict[str, Any]:
    """The key figures of the view's plan and year, by the rights that the person has now."""
    context: dict[str, Any] = {
        "view": view,
        "link": settings.PORTAL_URL.rstrip("/") + view.path,
        "portal": settings.PORTAL_URL.rstrip("/"),
    }
    scope = _scope_of(view)
    return context if scope is None else context | overview(scope) | {"scope": scope}


def _scope_of(view: SavedView) -> Scope | None:
    asked = QueryDict(view.path.partition("?")[2])
    name = resolve(view.path.partition("?")[0]).view_name
    if not name.startswith("dashboard"):
        return None
    plan = shown_plan(view.user, asked.get("plan"))
    if plan is None or (asked.get("plan") and str(plan.pk) != asked["plan"]):
        return None
    try:
        return scope_for(view.user, plan, asked)
    except Http404:
        return None
