"""Links of the dashboards that keep to the page's plan, year and conditions."""

from typing import Any

from django import template
from django.urls import reverse
from django.utils.http import urlencode

from budgets import money

register = template.Library()


@register.simple_tag(takes_context=True)
def dashboard_link(context: dict[str, Any], page: str) -> str:
    """`{% dashboard_link "budgets" %}`: another dashboard of the same scope."""
    name = page if page == "dashboard" else f"dashboard:{page}"
    return str(context["scope"].address(name))


@register.simple_tag(takes_context=True)
def chart_file(context: dict[str, Any], name: str, file_format: str) -> str:
    scope = context["scope"]
    query = {"plan": scope.plan.pk, "fiscal_year": scope.fiscal_year, **scope.conditions}
    return f"{reverse('dashboard:chart', args=[name, file_format])}?{urlencode(query)}"


@register.filter
def yen_in_thousands(amount: int | None) -> str:
    """In 千円 rounded half up, with commas; a dash where nothing is stated."""
    return "—" if amount is None else f"{money.thousands(amount):,}"


@register.filter
def item(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key)
