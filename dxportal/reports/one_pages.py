"""What stands on the pages that say a whole thing at once: a section's road, the year's budget."""

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

from budgets.models import BudgetEntry
from dxportal.reports.content import (
    Area,
    IndicatorRow,
    ProjectRow,
    ReportContent,
    ReviewRow,
    StateRow,
)
from dxportal.reports.plan_content import BudgetLine, BudgetPart, TagBudget
from projects.models.placements import STAGE_SYMBOLS, Stage


@dataclass(frozen=True)
class Stretch:
    """Fiscal years one after the other in which a project stands at the same stage."""

    text: str  # the stage's symbol and name, or what was printed instead; "" for no stage
    years: int
    stage: str  # "" where it is none of the known ones


@dataclass(frozen=True)
class RoadRow:
    project: ProjectRow
    stretches: tuple[Stretch, ...]


@dataclass(frozen=True)
class RoadPart:
    """One direct part (課題) of a section: its mark, its KPIs, and the way of its projects."""

    title: str
    review: ReviewRow | None
    kpis: tuple[IndicatorRow, ...]
    rows: tuple[RoadRow, ...]


@dataclass(frozen=True)
class Road:
    """One section on one page: where it stands, where it goes (到達像), and the way there."""

    area: Area
    states: tuple[StateRow, ...]  # the section's own; its parts' where it has none
    parts: tuple[RoadPart, ...]


def roads_of(content: ReportContent) -> list[Road]:
    """Of every section that has projects."""
    return [_road(area) for area in content.areas if any(step.projects for step in area.steps)]


def _road(area: Area) -> Road:
    by_title: dict[str, list[ProjectRow]] = {}
    for step in area.steps:
        by_title.setdefault(step.path[0], []).extend(step.projects)
    reviews = {row.title: row for row in area.reviews}
    own = tuple(state for state in area.states if state.title == area.title)
    parts = (
        RoadPart(
            title=title,
            review=reviews.get(title),
            kpis=tuple(row for row in area.kpis if row.place == title),
            rows=tuple(RoadRow(project, stretches(project.planned)) for project in projects),
        )
        for title, projects in by_title.items()
    )
    return Road(area, own or area.states, tuple(part for part in parts if part.rows or part.kpis))


_STAGES = {STAGE_SYMBOLS[stage]: stage for stage in Stage}


def stretches(cells: tuple[str, ...]) -> tuple[Stretch, ...]:
    """The years' stages, equal neighbours joined: ○ ⇒ ⇒ is one year and then two."""
    found = []
    for text, same in groupby(cells):
        stage = _STAGES.get(text)
        said = f"{text} {stage.label}" if stage else text
        found.append(Stretch(said, len(list(same)), stage.value if stage else ""))
    return tuple(found)


@dataclass(frozen=True)
class BudgetSumLine:
    """One line of the budget's overview; `categories` counts its projects by 区分."""

    depth: int
    label: str
    projects: int
    amount: int | None
    categories: tuple[int, ...]


@dataclass(frozen=True)
class BudgetOverview:
    """The year's budget on one sheet. Amounts in yen."""

    part: BudgetPart
    tags: tuple[TagBudget, ...]  # those of which the document prints a total
    categories: tuple[str, ...]
    lines: tuple[BudgetSumLine, ...]  # the top two levels of the plan
    total: BudgetSumLine


NO_CATEGORY = "区分なし"


def budget_overview(part: BudgetPart) -> BudgetOverview:
    counted = [line for group in part.groups for line in group.lines if line.is_counted]
    categories = tuple(sorted({_category(line) for line in counted}, key=_category_order))
    lines = [
        BudgetSumLine(
            group.depth,
            group.title,
            group.counted,
            group.amount,
            _count(_lines_from(part, number), categories),
        )
        for number, group in enumerate(part.groups)
        if group.depth < 2
    ]
    total = BudgetSumLine(0, "計", part.counted, part.amount, _count(counted, categories))
    tags = tuple(tag for tag in part.tags if tag.stated is not None)
    return BudgetOverview(part, tags, categories, tuple(lines), total)


def _lines_from(part: BudgetPart, number: int) -> list[BudgetLine]:
    """The counted lines of a group and of all groups below it, which follow it."""
    group, *after = part.groups[number:]
    lines = list(group.lines)
    for below in after:
        if below.depth <= group.depth:
            break
        lines += below.lines
    return [line for line in lines if line.is_counted]


def _category(line: BudgetLine) -> str:
    return line.category or NO_CATEGORY


def _category_order(name: str) -> tuple[int, str]:
    """新規, 拡大 and 継続 first, what has no 区分 last."""
    known = [*BudgetEntry.Category.labels]
    place = known.index(name) if name in known else len(known) + (name == NO_CATEGORY)
    return place, name


def _count(lines: list[BudgetLine], categories: tuple[str, ...]) -> tuple[int, ...]:
    counts = Counter(_category(line) for line in lines)
    return tuple(counts[category] for category in categories)
