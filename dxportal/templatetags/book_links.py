"""Where plan books go out and come in, for who may manage the plan; and names of their sheets."""

from typing import Any

from django import template
from django.urls import reverse

from accounts.models import User
from accounts.policy import Act, scope_of
from dxportal.planbook import labels
from plans.models import Plan

register = template.Library()


@register.filter
def sheet_label(name: str) -> str:
    """The Japanese name of a sheet; nothing where the name is its own."""
    label = labels.sheet_label(name)
    return "" if label == name else label


@register.simple_tag(takes_context=True)
def books_url(context: Any, plan: Plan | None = None) -> str:
    """The page of this plan's book, or without a plan that of all uploads; empty for others."""
    user = context["request"].user
    managed = scope_of(user).organizations.get(Act.MANAGE, ()) if isinstance(user, User) else ()
    if plan is None:
        return reverse("books:list") if managed else ""
    return reverse("books:export", args=[plan.pk]) if plan.organization_id in managed else ""
