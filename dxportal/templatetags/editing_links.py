"""The link 「編集」 on pages that show what can be edited, for who may edit it."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.http import urlencode

from accounts import policy
from accounts.audit import Actor
from accounts.models import Channel, User
from accounts.policy import Act
from dxportal.editors.registry import BY_MODEL
from plans.models import Plan

register = template.Library()


def _may_edit(context: Any, plan: Plan | None) -> bool:
    user = context["request"].user
    # A page without a plan of its own may hand over an empty text.
    if not isinstance(plan, Plan) or not isinstance(user, User) or plan.why_rows_are_locked:
        return False
    return policy.allows(Actor(user, Channel.PAGE), Act.MANAGE, plan.organization_id)


@register.inclusion_tag("editing/_edit_link.html", takes_context=True)
def edit_link(context: Any, plan: Plan | None, row: Any) -> dict[str, str]:
    """To the form of a row of this plan; after saving the person comes back to this page."""
    if not _may_edit(context, plan):
        return {}
    assert plan is not None  # nobody may edit the rows of no plan
    kind = BY_MODEL[type(row)].kind
    back = urlencode({"next": context["request"].get_full_path()})
    return {"url": f"{reverse('editing:change', args=[plan.pk, kind, row.pk])}?{back}"}


@register.inclusion_tag("editing/_edit_link.html", takes_context=True)
def edit_plan_link(context: Any, plan: Plan | None, kind: str = "") -> dict[str, str]:
    """To what can be edited of a plan: the overview, or the list of one kind of rows."""
    if not _may_edit(context, plan):
        return {}
    assert plan is not None  # nobody may edit the rows of no plan
    if kind:
        return {"url": reverse("editing:list", args=[plan.pk, kind])}
    return {"url": reverse("editing:index", args=[plan.pk]), "label": "計画を編集"}
