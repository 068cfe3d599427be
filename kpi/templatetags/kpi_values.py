"""Values of indicators in templates."""

from django import template

from kpi.achievement import format_actual
from kpi.models import Actual, Indicator

register = template.Library()


@register.filter
def actual_text(actual: Actual, indicator: Indicator) -> str:
    """An actual in words: its number, or the word for its status."""
    return format_actual(indicator, actual)
