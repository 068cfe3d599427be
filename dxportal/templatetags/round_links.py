"""What the menus of the yearly round offer to whom."""

from typing import Any

from django import template

from accounts.models import User
from accounts.policy import Act, scope_of

register = template.Library()


@register.simple_tag(takes_context=True)
def may_somewhere(context: template.Context, act: str) -> bool:
    """Whether the person's roles allow the act in any organization or department."""
    user: Any = context.get("user")
    return isinstance(user, User) and scope_of(user).may_anywhere(Act(act))
