"""How the annual report writes figures and draws charts on paper."""

import re

from django import template

register = template.Library()

FONT = "Report"  # as dxportal/reports/report.css names it
_MINUS = re.compile(r"^[-−▲](?=[\d.])")


@register.filter
def paper(text: str) -> str:
    """A figure with △ for minus; a printed "-" that is no sign stays as it is."""
    return _MINUS.sub("△", text)


@register.filter
def picture(chart, width: int = 330):
    """The chart's SVG; "" where it has no figure."""
    return chart.svg(width, font=FONT) or ""
