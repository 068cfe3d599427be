"""Links of the dashboards that keep to the page's plan, year and conditions."""

from typing import Any

from django import template
from django.urls import reverse

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
    more = {"as_of": scope.as_of.isoformat()} if scope.as_of else {}
    return f"{reverse('dashboard:chart', args=[name, file_format])}?{scope.query(**more)}"


@register.inclusion_tag("dashboards/_source.html", takes_context=True)
def source_of(context: dict[str, Any], row: Any, of: object) -> dict[str, Any]:
    """`{% source_of value.actual value.indicator %}`: where one figure of a table comes from."""
    return {"source": context["sources"].of(row), "of": str(of)}


@register.inclusion_tag("dashboards/_source.html", takes_context=True)
def source_of_sum(context: dict[str, Any], name: str, of: str) -> dict[str, Any]:
    """`{% source_of_sum "budget" "予算現額" %}`: where a sum comes from."""
    return {"source": context["sources"].sum(name), "of": of}


@register.filter
def yen_in_thousands(amount: int | None) -> str:
    """In 千円 rounded half up, with commas; a dash where nothing is stated."""
    return "—" if amount is None else f"{money.thousands(amount):,}"


@register.filter
def item(mapping: dict[Any, Any], key: Any) -> Any:
    return mapping.get(key)
