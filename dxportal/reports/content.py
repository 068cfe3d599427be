"""What the report says, as typed rows in the order of its pages; no queries, no layout."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cached_property
from typing import Self

from django.utils import timezone

from dxportal.reports.design import Design
from dxportal.reports.plan_content import BudgetPart, CorrectionRow, PlainMeasure
from kpi.charts import Chart
from plans import fiscal_years


@dataclass(frozen=True)
class Note:
    """A source note (出典注記) at the end of a section."""

    number: int
    about: str
    text: str

    @property
    def sign(self) -> str:
        return f"※{self.number}"


@dataclass
class Notes:
    """Numbers the notes of a section in the order in which they are referred to."""

    notes: list[Note] = field(default_factory=list)

    def refer(self, about: str, *texts: str) -> str:
        """The signs (※1 ※2) for these texts; "" where there is nothing to say."""
        signs = []
        for text in texts:
            if text.strip():
                signs.append(self._note(about, text.strip()).sign)
        return " ".join(signs)

    def _note(self, about: str, text: str) -> Note:
        for note in self.notes:
            if (note.about, note.text) == (about, text):
                return note
        self.notes.append(Note(len(self.notes) + 1, about, text))
        return self.notes[-1]


@dataclass(frozen=True)
class Cell:
    """A year's figure: what a reader is shown, the number where there is one, and its notes."""

    text: str = ""
    value: Decimal | None = None
    refs: str = ""

    @property
    def size_class(self) -> str:
        """A smaller type for what would not fit a year's column; words are broken, figures not."""
        if any(ord(sign) > 0x2E7F for sign in self.text):
            return " long" if len(self.text) > 4 else ""
        length = len(self.text) + len(self.refs) // 2
        return " longer" if length > 9 else " long" if length > 7 else ""


@dataclass(frozen=True)
class IndicatorRow:
    """An indicator with its targets and actuals over the report's years."""

    indicator_id: int
    place: str  # the measure or project that it stands at
    role: str
    name: str
    unit: str
    decimals: int
    department: str
    planned: tuple[Cell, ...]
    actual: tuple[Cell, ...]
    achievement: str
    percent: Decimal | None
    reached: bool | None
    reached_text: str
    how: str  # the formula of the achievement, or why there is none
    definition: str  # 算出式・設定根拠
    comment: str  # 進捗状況・評価 of the report's fiscal year
    chart: Chart
    refs: str = ""

    @property
    def all_refs(self) -> str:
        """The notes on the indicator and on each of its figures."""
        refs = [self.refs, *(cell.refs for cell in (*self.planned, *self.actual))]
        return " ".join(ref for ref in refs if ref)

    @property
    def current_planned(self) -> str:
        return self.current_planned_cell.text

    @property
    def current_actual(self) -> str:
        return self.current_actual_cell.text

    @property
    def current_planned_cell(self) -> Cell:
        """The target of the report's fiscal year."""
        return self._current(self.planned)

    @property
    def current_actual_cell(self) -> Cell:
        return self._current(self.actual)

    def _current(self, cells: tuple[Cell, ...]) -> Cell:
        if self.chart.current_year not in self.chart.years:
            return Cell()
        return cells[self.chart.years.index(self.chart.current_year)]

    @property
    def name_with_unit(self) -> str:
        shown = self.unit and self.unit not in self.name
        return f"{self.name}（{self.unit}）" if shown else self.name


@dataclass(frozen=True)
class Line:
    """One line of a project in the list of all projects: an indicator's 予定 or 実績."""

    is_first: bool  # of the project
    opens: bool  # the indicator's first line
    kind: str
    row: IndicatorRow | None
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class ProjectRow:
    """A project where it is placed."""

    project_id: int
    code: str
    name: str
    summary: str
    departments: str
    is_leading: bool
    is_primary: bool
    aliases: tuple[str, ...]
    planned: tuple[str, ...]
    actual: tuple[str, ...]
    indicators: tuple[IndicatorRow, ...]
    refs: str = ""
    facts: tuple[tuple[str, str], ...] = ()  # its tags by scheme, and its years as they are printed

    @property
    def small_lines(self) -> list[str]:
        """What stands below its name in small type."""
        lines = [("別名", alias) for alias in self.aliases] + [*self.facts]
        return [f"{label}：{text}" for label, text in lines]

    @property
    def title(self) -> str:
        return self.name if self.is_primary else f"{self.name}（再掲）"

    @property
    def all_refs(self) -> str:
        refs = [self.refs, *(row.all_refs for row in self.indicators)]
        return " ".join(ref for ref in refs if ref)

    @property
    def has_actual_schedule(self) -> bool:
        return any(self.actual)

    @property
    def has_schedule(self) -> bool:
        return any(self.planned) or self.has_actual_schedule

    @property
    def lines(self) -> list[Line]:
        """Two lines for each indicator; a project without one has a single empty line."""
        lines: list[Line] = []
        for row in self.indicators:
            lines.append(Line(not lines, True, "予定", row, row.planned))
            lines.append(Line(False, False, "実績", row, row.actual))
        return lines or [Line(True, True, "", None, ())]

    @property
    def line_count(self) -> int:
        return len(self.lines)


@dataclass(frozen=True)
class StepGroup:
    """A measure at which projects are placed (a step), with the names above it in the section."""

    path: tuple[str, ...]
    is_repeat: bool
    projects: tuple[ProjectRow, ...]
    refs: str = ""


@dataclass(frozen=True)
class ReviewRow:
    """The year's goal, marks and evaluation of a measure; empty where none was written."""

    title: str
    planned_mark: str = ""
    mark: str = ""
    is_behind: bool = False
    goal: str = ""
    result: str = ""
    reasons: tuple[tuple[str, str], ...] = ()
    summary: str = ""
    refs: str = ""


@dataclass(frozen=True)
class StateRow:
    """A target state (到達像・目指す状態)."""

    title: str
    phase: str
    texts: tuple[str, ...]
    refs: str = ""


@dataclass(frozen=True)
class Area:
    """A section of the report: a node of the tree with all below it."""

    anchor: str
    pillar: str
    level: str
    title: str
    short_title: str
    department: str
    texts: tuple[tuple[str, str], ...]  # 説明, 現状と課題, 取組内容
    states: tuple[StateRow, ...]
    refs: str  # notes on the section's own node
    overview: ReviewRow | None
    reviews: tuple[ReviewRow, ...]
    steps: tuple[StepGroup, ...]
    kpis: tuple[IndicatorRow, ...]
    notes: tuple[Note, ...]

    @property
    def is_brief(self) -> bool:
        """Whether there is nothing to say but its projects and indicators."""
        return not (self.overview or self.states or self.reviews or self.texts)

    @property
    def charts(self) -> list[Chart]:
        """Of the indicators that have any figure, in their order."""
        return [row.chart for row in self.kpis if row.chart.numbers]


@dataclass(frozen=True)
class ListGroup:
    """The projects of one section in the list of all projects."""

    title: str
    short_title: str
    groups: tuple[StepGroup, ...]

    @property
    def count(self) -> int:
        return sum(len(group.projects) for group in self.groups)


@dataclass(frozen=True)
class LevelRow:
    name: str
    count: int


@dataclass(frozen=True)
class OutlineRow:
    """A measure in the table that shows how the plan is built."""

    depth: int
    level: str
    title: str
    projects: int
    indicators: int


@dataclass(frozen=True)
class MarkRow:
    symbol: str
    label: str
    threshold: Decimal | None


@dataclass(frozen=True)
class Count:
    label: str
    number: int
    remark: str = ""


@dataclass(frozen=True)
class AreaTotals:
    """One line of the totals; every indicator and project is counted once."""

    label: str
    marks: tuple[int, ...]  # by the plan's marks, then without a mark
    reached: int
    missed: int
    unjudged: int

    @property
    def issues(self) -> int:
        return sum(self.marks)

    @property
    def indicators(self) -> int:
        return self.reached + self.missed + self.unjudged


@dataclass(frozen=True)
class LateRow:
    area: str
    title: str
    planned_mark: str
    mark: str
    reasons: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Totals:
    counts: tuple[Count, ...]
    mark_labels: tuple[str, ...]
    behind: tuple[bool, ...]  # for each of the mark labels
    areas: tuple[AreaTotals, ...]
    total: AreaTotals
    statuses: tuple[Count, ...]
    late: tuple[LateRow, ...]
    # Of projects with a review of their own, like `marks`; () where there is none.
    project_marks: tuple[int, ...] = ()

    @property
    def has_marks(self) -> bool:
        """Whether the plan has any mark, or anything that one is owed for."""
        return bool(self.total.issues or self.late)

    @property
    def has_indicators(self) -> bool:
        return any(count.number for count in self.statuses)


@dataclass(frozen=True)
class Table:
    """A machine-readable table: one fact a row, one value a cell."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class ReportContent:
    """The whole report."""

    organization: str
    organization_code: str
    plan_name: str
    edition: str
    decided_on: str
    as_of: str
    period: str
    summary: str
    fiscal_year: int
    years: tuple[int, ...]
    schedule_years: tuple[int, ...]
    relations: tuple[tuple[str, str, str], ...]
    levels: tuple[LevelRow, ...]
    marks: tuple[MarkRow, ...]
    outline: tuple[OutlineRow, ...]
    areas: tuple[Area, ...]
    project_list: tuple[ListGroup, ...]
    list_notes: tuple[Note, ...]
    plan_notes: tuple[Note, ...]
    totals: Totals
    tables: tuple[Table, ...]
    unapproved_count: int
    data_as_of: datetime.datetime
    plan_years: tuple[int, ...] = ()
    plain: tuple[PlainMeasure, ...] = ()
    budgets: tuple[BudgetPart, ...] = ()
    corrections: tuple[CorrectionRow, ...] = ()
    # How it is arranged is no part of a snapshot: files of one snapshot may differ in it.
    design: Design = field(default_factory=Design)

    def stretch(self, **rows: tuple[object, ...]) -> Self:
        """The report with a part of its rows alone; what is said of the whole stays as it is."""
        part = replace(self, **rows)  # type: ignore[arg-type]
        for name in (
            "has_actual_schedule",
            "list_years",
            "list_stage_years",
            "list_has_codes",
            "list_has_leading",
            "list_has_summaries",
        ):
            part.__dict__[name] = getattr(self, name)
        return part

    @property
    def year_name(self) -> str:
        return fiscal_years.long_form(self.fiscal_year)

    @property
    def title(self) -> str:
        return f"{self.plan_name}　{self.cover_title}"

    @property
    def cover_title(self) -> str:
        """The office's own title, else the usual one."""
        return self.design.cover.title or self.year_title

    @property
    def year_title(self) -> str:
        return f"{self.year_name}年次報告書"

    @cached_property
    def chapters(self) -> tuple[str, ...]:
        """The chapter of each area: the nodes above it; itself where it stands above the next."""
        above = {area.pillar for area in self.areas}
        return tuple(
            area.pillar or (area.title if area.title in above else "施策ごとの進捗と評価")
            for area in self.areas
        )

    @cached_property
    def has_progress(self) -> bool:
        """Whether there is progress to report: marks, indicators, or stages of projects."""
        totals = self.totals
        return bool(
            self.marks
            or totals.has_marks
            or totals.has_indicators
            or any(area.overview or area.reviews for area in self.areas)
            or any(project.has_schedule for project in self._listed)
        )

    @cached_property
    def has_actual_schedule(self) -> bool:
        """Whether any project's actual stages are known; else a row for them says nothing."""
        return any(
            project.has_actual_schedule
            for area in self.areas
            for step in area.steps
            for project in step.projects
        )

    @property
    def outline_has_projects(self) -> bool:
        """Whether there is any to count in the tree of measures; else a column of noughts."""
        return any(row.projects for row in self.outline)

    @property
    def outline_has_indicators(self) -> bool:
        return any(row.indicators for row in self.outline)

    @property
    def is_dense(self) -> bool:
        """Whether the years' columns are so many that figures need a smaller type."""
        return len(self.years) > 8

    @property
    def road_columns(self) -> int:
        """The columns of a section's road."""
        return 5 + len(self.schedule_years)

    @property
    def progress_columns(self) -> int:
        """The columns of a section's table of projects."""
        return 6 + self.has_actual_schedule + len(self.schedule_years)

    @property
    def list_columns(self) -> int:
        """The columns of the list of all projects."""
        figures = 2 + len(self.list_years) if self.list_years else 0
        about = 2 + self.list_has_codes + self.list_has_leading + self.list_has_summaries
        return about + figures + len(self.list_stage_years)

    @cached_property
    def list_has_codes(self) -> bool:
        """Whether any project in the list has a code; else its column would stand empty."""
        return any(project.code for project in self._listed)

    @cached_property
    def list_has_leading(self) -> bool:
        return any(project.is_leading for project in self._listed)

    @cached_property
    def list_has_summaries(self) -> bool:
        return any(project.summary for project in self._listed)

    @cached_property
    def list_years(self) -> tuple[int, ...]:
        """The years of the figures in the list of projects; () where no project has any."""
        has_figures = any(project.indicators for project in self._listed)
        return self.years if has_figures else ()

    @cached_property
    def list_stage_years(self) -> tuple[int, ...]:
        """The years of the stages in the list of projects; () where no project has any."""
        has_stages = any(any(project.planned) for project in self._listed)
        return self.schedule_years if has_stages else ()

    @property
    def _listed(self) -> Iterator[ProjectRow]:
        for group in self.project_list:
            for step in group.groups:
                yield from step.projects

    @property
    def as_of_text(self) -> str:
        """The moment of the data as it is written on paper."""
        at = timezone.localtime(self.data_as_of)
        era, year = fiscal_years.era_of(at.year)
        return f"{era.name}{year}（{at.year}）年{at.month}月{at.day}日 {at:%H:%M}"
