"""Whether a page offers what only the office may do with a plan's editions."""

from typing import Any

from django import template

from accounts import policy
from accounts.audit import Actor
from accounts.models import Channel, User
from accounts.policy import Act
from plans.models import Plan

register = template.Library()


@register.simple_tag(takes_context=True)
def may_revise(context: Any, plan: Plan) -> bool:
    """Whether this person may revise the plan, or put it into force."""
    user = context["request"].user
    if not isinstance(user, User):
        return False
    return policy.allows(Actor(user, Channel.PAGE), Act.MANAGE, plan.organization_id)
