"""A Gantt chart over fiscal years: what was planned and what came, one row a project.

Planned stages are hollow bars, actual ones filled bars below them; the darker, the farther. The
same numbers stand in `head` and `rows()` for the table and the file beside it.
"""

from dataclasses import dataclass

from django.utils.safestring import SafeString

from kpi.charts import BAND_COLOR, FONT_SIZE, GRID_COLOR, INK, SHADES, Picture, text_width
from plans import fiscal_years


@dataclass(frozen=True)
class Cell:
    """A year of a project: planned and actual stage, from 0 (none) to 3, and their words."""

    planned: int
    actual: int
    planned_text: str
    actual_text: str

    @property
    def is_late(self) -> bool:
        return 0 < self.actual < self.planned

    @property
    def text(self) -> str:
        """For the table: 「構築／検討」, a dash for what is not stated."""
        if not self.planned_text and not self.actual_text:
            return ""
        return f"{self.planned_text or '—'}／{self.actual_text or '—'}"


@dataclass(frozen=True)
class GanttRow:
    label: str
    cells: tuple[Cell, ...]
    pk: int = 0


@dataclass(frozen=True)
class GanttGroup:
    label: str
    rows: tuple[GanttRow, ...]


@dataclass(frozen=True)
class GanttLine:
    """One line of the table or file."""

    group: str
    label: str
    texts: tuple[str, ...]


@dataclass(frozen=True)
class Gantt:
    title: str
    years: tuple[int, ...]
    groups: tuple[GanttGroup, ...]
    current_year: int | None = None

    @property
    def head(self) -> list[str]:
        years = [f"{fiscal_years.short_form(year)}（予定／実績）" for year in self.years]
        return ["施策", "事業", *years]

    def rows(self) -> list[GanttLine]:
        return [
            GanttLine(group.label, row.label, tuple(cell.text for cell in row.cells))
            for group in self.groups
            for row in group.rows
        ]

    @property
    def parts(self) -> "list[Gantt]":
        """One chart a group, each with its years: for pages and paper, where all is too tall."""
        return [
            Gantt(group.label, self.years, (group,), self.current_year) for group in self.groups
        ]

    @property
    def description(self) -> str:
        rows = [row for group in self.groups for row in group.rows]
        late = sum(any(cell.is_late for cell in row.cells) for row in rows)
        first, last = (fiscal_years.long_form(year) for year in (self.years[0], self.years[-1]))
        return (
            f"{first}から{last}までの{len(rows)}事業の予定と実績。実績が予定の段階に届いていない年度の"
            f"ある事業は{late}件。数値は表のとおり。"
        )

    def svg(self, width: int = 720, font: str = "") -> SafeString | None:
        return _GanttPicture(self, width).draw(font)


class _GanttPicture(Picture):
    TOP, ROW, GROUP, BAR = 50, 26, 24, 9

    def __init__(self, chart: Gantt, width: int) -> None:
        super().__init__()
        self.chart, self.width = chart, width
        rows = sum(len(group.rows) for group in chart.groups)
        self.height = self.TOP + rows * self.ROW + len(chart.groups) * self.GROUP + 4
        self.left = width * 0.4
        self.step = (width - self.left - 6) / len(chart.years)

    def draw(self, font: str) -> SafeString:
        self._legend()
        self._years()
        y = float(self.TOP)
        for group in self.chart.groups:
            self.text(4, y + 16, fitting(group.label, self.width - 10), "start", font_weight="700")
            y += self.GROUP
            for row in group.rows:
                self._row(row, y)
                y += self.ROW
        return self.finish(self.width, self.height, self.chart.title, self.chart.description, font)

    def _legend(self) -> None:
        x = 4.0
        for label, shade in (("検討", 1), ("構築", 2), ("運用", 3)):
            self._bar(x, 4, 22, shade, is_actual=False)
            self._bar(x, 14, 22, shade, is_actual=True)
            self.text(x + 27, 18, label, "start")
            x += 32 + text_width(label, FONT_SIZE) + 10
        self.text(x, 18, "上の線の枠＝予定、下の塗り＝実績、▲＝実績が予定に届かない", "start")

    def _years(self) -> None:
        for index, year in enumerate(self.chart.years):
            x = self.left + index * self.step
            if year == self.chart.current_year:
                tall = float(self.height - self.TOP + 20)
                self.add(
                    "rect", class_="chart-year", x=x, y=float(self.TOP - 20), width=self.step,
                    height=tall, fill=BAND_COLOR,
                )  # fmt: skip
            self.add(
                "line", class_="chart-grid", x1=x, x2=x, y1=float(self.TOP - 20),
                y2=float(self.height), stroke=GRID_COLOR, stroke_width="0.5",
            )  # fmt: skip
            self.text(
                x + self.step / 2, self.TOP - 6, fiscal_years.short_form(year), class_="chart-axis"
            )

    def _row(self, row: GanttRow, y: float) -> None:
        label = fitting(row.label, self.left - 18)
        self.text(12, y + 16, label, "start", class_="chart-axis")
        for index, cell in enumerate(row.cells):
            x = self.left + index * self.step
            if cell.planned:
                self._bar(x + 2, y + 3, self.step - 4, cell.planned, is_actual=False)
            if cell.actual:
                self._bar(x + 2, y + 14, self.step - 4, cell.actual, is_actual=True)
            if cell.is_late:
                self.text(x + self.step - 9, y + 23, "▲", font_size="10", stroke="none")

    def _bar(self, x: float, y: float, width: float, stage: int, is_actual: bool) -> None:
        """Planned: an outline that grows thicker with the stage. Actual: filled, ever darker."""
        fill = SHADES[stage] if is_actual else "#ffffff"
        dashes: dict[str, str | float] = {}
        if not is_actual and stage < 3:
            dashes["stroke_dasharray"] = "2 2" if stage == 1 else "6 2"
        self.add(
            "rect", class_=f"chart-bar chart-bar-{stage}", x=float(x), y=float(y),
            width=float(width), height=float(self.BAR), fill=fill, stroke=INK,
            stroke_width="1" if is_actual else "1.25", **dashes,
        )  # fmt: skip


def fitting(text: str, width: float, size: float = FONT_SIZE) -> str:
    """The text, cut with an ellipsis where it is broader than `width`; the table has all of it."""
    if text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text + "…"
