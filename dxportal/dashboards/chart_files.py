"""Every chart of the dashboards by its name, for the page and as a file (SVG, CSV).

PNG is drawn by the browser from the SVG (static/js/charts.js): no library for pictures is needed
on the server.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from dxportal.dashboards.budgets import Budget
from dxportal.dashboards.entry import RoundEntry
from dxportal.dashboards.indicator_values import IndicatorValues
from dxportal.dashboards.indicators import IndicatorRoads
from dxportal.dashboards.projects import ProjectSchedule
from dxportal.dashboards.scope import Scope
from dxportal.dashboards.standing import Standing
from kpi.charts import Bars
from kpi.gantt import Gantt
from plans.exports import Column, ExportedFile, Exporter

AnyChart = Bars | Gantt
FONT = "Noto Sans JP, Noto Sans CJK JP, Hiragino Sans, Meiryo, sans-serif"

CHARTS: dict[str, Callable[[Scope], AnyChart | None]] = {
    "marks": lambda scope: Standing(scope).area_chart(),
    "verdicts": lambda scope: IndicatorRoads(scope, IndicatorValues(scope)).verdict_chart(),
    "gantt": lambda scope: ProjectSchedule(scope).gantt(),
    "budget-areas": lambda scope: Budget(scope).area_chart(),
    "entry-departments": lambda scope: RoundEntry(scope).department_chart(),
    "entry-days": lambda scope: RoundEntry(scope).day_chart(),
}


class ChartExporter(Exporter):
    """A chart's own table, as it stands beside it on the page."""

    identifier = "chart"

    def __init__(self, chart: AnyChart) -> None:
        super().__init__(table_rows(chart))
        self.title = chart.title  # type: ignore[misc]
        first, *others = chart.head
        labels = [first or "項目", *others]
        self.columns = tuple(  # type: ignore[misc]
            Column(label, _cell(index)) for index, label in enumerate(labels)
        )


def _cell(index: int) -> Callable[[Any], Any]:
    return lambda row: row[index]


def table_rows(chart: AnyChart) -> Iterator[list[object]]:
    if isinstance(chart, Gantt):
        for line in chart.rows():
            yield [line.group, line.label, *line.texts]
        return
    for bar in chart.rows():
        yield [bar.label, *bar.counts, bar.total]


def svg_response(chart: AnyChart) -> HttpResponse:
    """The picture with its own fonts named, so that it reads the same out of the page."""
    name = f"{chart.title}_{timezone.localdate():%Y%m%d}.svg"
    picture = chart.svg(font=FONT)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return ExportedFile(name, "image/svg+xml", (head + (picture or "")).encode()).response()
