"""Schedules in templates; a tag instead of a partial, as a list has hundreds of cells."""

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from projects.models import ScheduleEntry

register = template.Library()

ABBR = '<abbr title="{}">{}</abbr>'


@register.simple_tag
def schedule_cell(entry: ScheduleEntry | None) -> SafeString:
    """What is planned and done in one year: symbol for the eye, word for the ear."""
    if entry is None:
        return format_html('<span class="visually-hidden">{}</span>', "記載なし")
    planned = f"予定：{entry.get_planned_display()}"
    actual = f"実績：{entry.get_actual_display()}"
    if entry.planned:
        title = f"{planned}、{actual}" if entry.actual else planned
        return format_html(ABBR, title, entry.planned_symbol)
    if entry.text:
        return format_html("{}", entry.text)
    return format_html(ABBR, actual, "実")
