"""Values of indicators in templates."""

from django import template

from kpi.achievement import format_actual, format_target
from kpi.models import Actual, Indicator, Target

register = template.Library()


@register.filter
def actual_text(actual: Actual, indicator: Indicator) -> str:
    """An actual in words: its number, or the word for its status."""
    return format_actual(indicator, actual)


@register.filter
def target_text(target: Target, indicator: Indicator) -> str:
    """A target in words, its comparison included."""
    return format_target(indicator, target)
