"""What public pages need in templates, and the office's way to publishing."""

import json
from functools import lru_cache
from typing import Any

from django import template
from django.urls import get_script_prefix, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from accounts import policy
from accounts.audit import Actor
from accounts.models import Channel, User
from accounts.policy import Act
from plans.models import Plan

register = template.Library()
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


@register.simple_tag(takes_context=True)
def public_url(context: Any, name: str, *rest: Any) -> str:
    """The address of a page of the context's public plan."""
    public = context["public"]
    return _address(get_script_prefix(), f"public:{name}", public.code, public.key, *rest)


@lru_cache(maxsize=10_000)
def _address(prefix: str, name: str, *args: Any) -> str:
    """A page of a whole plan has hundreds; `prefix` is where the portal stands."""
    return reverse(name, args=args)


@register.simple_tag
def json_ld(data: Any) -> SafeString:
    """Data for search engines as a block that is no script."""
    text = json.dumps(data, ensure_ascii=False).translate(_UNSAFE)
    # No sign of the text can end the block: see _UNSAFE.
    return format_html('<script type="application/ld+json">{}</script>', mark_safe(text))


@register.simple_tag(takes_context=True)
def publish_url(context: Any, plan: Plan) -> str:
    """Where this person may publish the plan; "" for anybody else."""
    user = context["request"].user
    if not isinstance(user, User):
        return ""
    if not policy.allows(Actor(user, Channel.PAGE), Act.MANAGE, plan.organization_id):
        return ""
    return reverse("plans:publish", args=[plan.pk])


@register.filter
def public_styles(names: str) -> list[str]:
    """The names of style sheets, written one after the other."""
    return names.split()


# The pages beside each other, and which others belong to them.
TABS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("plan", "計画と進みぐあい", ("plan_year", "measure")),
    ("text", "本文と用語", ()),
    ("projects", "事業", ("project",)),
    ("indicators", "指標", ("indicator",)),
    ("budget", "予算と決算", ("budget_year",)),
    ("reports", "報告書", ()),
    ("corrections", "正誤表", ()),
    ("plan_data", "データ", ("dataset", "items", "version", "version_file")),
)


@register.simple_tag(takes_context=True)
def public_tabs(context: Any) -> list[dict[str, Any]]:
    """The tabs of the context's public plan; the one of the page is marked."""
    match = context["request"].resolver_match
    here = match.url_name if match else ""
    return [
        {
            "label": label,
            "url": public_url(context, name),
            "is_here": here == name or here in others,
            "is_page": here == name,
        }
        for name, label, others in TABS
    ]
