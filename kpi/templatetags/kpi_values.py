"""Values of indicators in templates; tags instead of partials, as tables have hundreds."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from kpi.achievement import format_actual, format_target
from kpi.models import Actual, Indicator, Target, ValueStatus
from kpi.outcomes import Outcome
from kpi.series import YearValues

register = template.Library()

NONE = '<span class="cell--none">{}</span>'
UNSTATED = '<span class="cell--none">{}<br><small>記載のみ</small></span>'
CHIPS = {Outcome.REACHED: "good", Outcome.NOT_REACHED: "behind"}


@register.filter
def actual_text(actual: Actual, indicator: Indicator) -> str:
    """An actual in words: its number, or the word for its status."""
    return format_actual(indicator, actual)


@register.filter
def target_text(target: Target, indicator: Indicator) -> str:
    """A target in words, its comparison included."""
    return format_target(indicator, target)


@register.simple_tag
def actual_cell(value: YearValues, current_year: int | None = None) -> SafeString:
    """A number (0 too), the word for its status, or that nobody has entered it yet.

    Years after `current_year` are not asked for yet.
    """
    actual = value.actual
    if actual is None:
        is_later = current_year and value.fiscal_year > current_year
        return format_html(NONE, "入力前" if is_later else "未入力")
    if actual.status == ValueStatus.UNSTATED:
        return format_html(UNSTATED, value.actual_text)
    if actual.status != ValueStatus.REPORTED:
        return format_html(NONE, value.actual_text)
    if actual.is_preliminary:
        return format_html("{}<br><small>速報</small>", value.actual_text)
    return format_html("{}", value.actual_text)


@register.simple_tag
def target_cell(value: YearValues) -> SafeString:
    """A target in words, and whether it was revised."""
    if value.target is None:
        return format_html(NONE, "目標なし")
    if value.target.revision:
        return format_html("{}<br><small>改定</small>", value.target_text)
    return format_html("{}", value.target_text)


@register.simple_tag
def outcome_chip(outcome: Outcome) -> SafeString:
    """How a year came out."""
    kind = CHIPS.get(outcome, "neutral")
    return format_html('<span class="chip chip--{}">{}</span>', kind, outcome.label)
