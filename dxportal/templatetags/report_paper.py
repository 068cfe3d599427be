"""How the annual report writes figures and draws charts on paper."""

import re

from django import template

from kpi.charts import Bars, Chart

register = template.Library()

FONT = "Report"  # as dxportal/reports/report.css names it
_MINUS = re.compile(r"(?<!\S)[-−▲](?=[\d.])")


@register.filter
def paper(text: str) -> str:
    """Figures with △ for minus; a printed "-" that is no sign stays as it is."""
    return _MINUS.sub("△", text)


@register.filter
def chapter_at(chapters: dict[str, str], anchor: str) -> str:
    """The chapter that begins at a section; "" within one."""
    return chapters.get(anchor, "")


@register.filter
def total(numbers: tuple[int, ...]) -> int:
    return sum(numbers)


@register.filter
def line_picture(chart: Chart) -> str:
    """An indicator's chart, three of which stand in a row; "" where it has no figure."""
    return chart.svg(330, 165, font=FONT) or ""


@register.filter
def bar_picture(bars: Bars) -> str:
    """Bars across the page; "" where there is nothing to count."""
    return bars.svg(600, font=FONT) or ""
