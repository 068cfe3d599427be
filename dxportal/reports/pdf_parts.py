"""A report on paper in parts that are laid out apart, by one worker or by several.

A part is a run of sections, or a stretch of a long one. Where a report is cut depends on its
content alone, never on who builds it: the same snapshot gives the same bytes with one worker and
with two. A part begins on a page of its own, as sections do.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from dxportal.reports.content import Area, ListGroup, ReportContent
from dxportal.reports.design import Chosen
from dxportal.reports.plan_content import PlainMeasure
from dxportal.reports.sections import SectionKind, kinds_of

# Weights are lines of tables, as far as they can be told without laying them out. A part of this
# weight takes a worker two or three seconds and 200 MB.
MAX_WEIGHT = 300
CHART_WEIGHT = 4
SECTION_WEIGHT = 25  # of one that is never cut
# The cover and the table of contents are laid out last: only then are the pages known.
FRONT = ("cover", "contents")


@dataclass(frozen=True)
class Piece:
    """A section, or a stretch of one: `before` counts the rows by which it was cut before it."""

    kind: SectionKind
    chosen: Chosen
    content: ReportContent
    weight: int = SECTION_WEIGHT
    before: int = 0


@dataclass(frozen=True)
class Part:
    """What is laid out at once; `title` tells people which it is."""

    number: int
    title: str
    pieces: tuple[Piece, ...]

    @property
    def weight(self) -> int:
        return sum(piece.weight for piece in self.pieces)

    @property
    def is_front(self) -> bool:
        return self.pieces[0].kind.key in FRONT


def whole(content: ReportContent) -> tuple[Piece, ...]:
    """Every section in one piece."""
    return tuple(Piece(kind, chosen, content) for kind, chosen in kinds_of(content))


def parts_of(content: ReportContent) -> list[Part]:
    """The parts of a report in their order."""
    runs: list[list[Piece]] = []
    for piece in _pieces(content):
        if runs and _fits(runs[-1], piece):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return [Part(number, _title(run), tuple(run)) for number, run in enumerate(runs)]


def _fits(run: list[Piece], piece: Piece) -> bool:
    if (run[-1].kind.key in FRONT) != (piece.kind.key in FRONT):
        return False
    return sum(one.weight for one in run) + piece.weight <= MAX_WEIGHT


def _title(run: list[Piece]) -> str:
    """The sections' names; of a stretch, what it begins and ends with too."""
    names = "・".join(dict.fromkeys(piece.kind.label for piece in run))
    cut = _cut_of(run[-1].kind, run[-1].chosen)
    if cut is None or len({piece.kind.key for piece in run}) > 1:
        return names
    ends = cut.items(run[0].content)[:1] + cut.items(run[-1].content)[-1:]
    return f"{names}（{'～'.join(dict.fromkeys(cut.name(item) for item in ends))}）"


def _pieces(content: ReportContent) -> Iterator[Piece]:
    for kind, chosen in kinds_of(content):
        cut = _cut_of(kind, chosen)
        if cut is None or not cut.items(content):
            yield Piece(kind, chosen, content)
            continue
        before, count = 0, len(cut.items(content))
        for items, weight in _stretches(cut, content):
            is_last = before + len(items) == count
            rows = {cut.field: items} | {name: () for name in cut.at_end if not is_last}
            yield Piece(kind, chosen, content.stretch(**rows), weight, before)
            before += len(items)


# Where long sections are cut


@dataclass(frozen=True)
class Cut:
    """By which rows of the content a section is cut; some begin a page anyway."""

    field: str
    weigh: Callable[[Any], int]
    name: Callable[[Any], str]
    may_begin: Callable[[Any], bool] = lambda item: True
    at_end: tuple[str, ...] = ()  # rows of the content that stand at the section's end

    def items(self, content: ReportContent) -> tuple[Any, ...]:
        return getattr(content, self.field)


def _cut_of(kind: SectionKind, chosen: Chosen) -> Cut | None:
    if kind.key == "sheets" and kind.option(chosen, "of") == "measure":
        return MEASURE_SHEETS
    return CUTS.get(kind.key)


def _stretches(cut: Cut, content: ReportContent) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Runs of rows with their weights, each as long as it may be."""
    items: list[Any] = []
    weight = 0
    for item in cut.items(content):
        more = cut.weigh(item)
        if items and weight + more > MAX_WEIGHT and cut.may_begin(item):
            yield tuple(items), weight
            items, weight = [], 0
        items.append(item)
        weight += more
    yield tuple(items), weight


def _projects(area: Area) -> int:
    return 4 + sum(1 + len(step.projects) for step in area.steps)


def _kpis(area: Area) -> int:
    return 4 + 2 * len(area.kpis) + CHART_WEIGHT * len(area.charts)


def _reviews(area: Area) -> int:
    return 8 + 2 * len(area.reviews) + len(area.states)


def _area(area: Area) -> int:
    return _reviews(area) + _projects(area) + _kpis(area) + len(area.notes) // 2


def _list_lines(group: ListGroup) -> int:
    return 1 + sum(project.line_count for step in group.groups for project in step.projects)


def _list_sheets(group: ListGroup) -> int:
    return 20 * group.count


def _plain(row: PlainMeasure) -> int:
    parts = (row.texts, row.states, row.bars, row.projects, row.footnotes, row.references)
    return 2 + sum(map(len, parts))


def _short_title(area: Area | ListGroup) -> str:
    return area.short_title


CUTS: dict[str, Cut] = {
    "roads": Cut("areas", _projects, _short_title),
    "areas": Cut("areas", _area, _short_title),
    "overviews": Cut("areas", _reviews, _short_title),
    "steps": Cut("areas", _projects, _short_title),
    "kpis": Cut("areas", _kpis, _short_title),
    "projects": Cut("project_list", _list_lines, _short_title, at_end=("list_notes",)),
    "sheets": Cut("project_list", _list_sheets, _short_title),
    "measures_plain": Cut(
        "plain", _plain, lambda row: row.title, may_begin=lambda row: row.depth == 0
    ),
}


# Short sheets follow others on the same page: no part may begin with one (`MeasureSheet.is_short`).
MEASURE_SHEETS = Cut(
    "plain",
    lambda row: 15 + _plain(row),
    lambda row: row.title,
    may_begin=lambda row: row.depth == 0 or not row.is_empty,
)


def chapter_openers(content: ReportContent) -> dict[str, str]:
    """The chapter that begins with an area, by the area's anchor."""
    pairs = zip(content.areas, (None, *content.chapters), content.chapters, strict=False)
    return {area.anchor: chapter for area, before, chapter in pairs if chapter != before}
