"""Tags × measures × projects: what a plan does about each tag of a scheme, and where it does not.

A column is a measure of one level. What stands under it counts for it; what stands above the level
or beside it is told of in one more cell, so that a row's total is always that of the whole plan. A
project counts once in a cell and once in a row, however often it is tagged or placed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from plans.models import Level, Measure, Plan
from plans.tree_order import measures_in_order
from projects.models import Placement, Project, ProjectTag, Tag, TagScheme

DEFAULT_DEPTH = 1  # the second level from the top
MAX_COLUMNS_ON_PAPER = 14


@dataclass(frozen=True)
class Tagging:
    """A tag on a project, at the measure where the project stands."""

    tag_id: int
    project: Project
    measure_id: int
    name: str
    code: str = ""
    part: str = ""


@dataclass
class TaggedProject:
    """A project in a cell, once, under the name that the plan prints there."""

    project: Project
    name: str
    code: str
    parts: list[str] = field(default_factory=list)


@dataclass
class Cell:
    """What one tag has under one measure; `column` is None for what no column covers."""

    column: Measure | None
    own: bool = False
    measures: list[Measure] = field(default_factory=list)
    found: dict[int, TaggedProject] = field(default_factory=dict)

    @property
    def projects(self) -> list[TaggedProject]:
        return list(self.found.values())

    @property
    def is_empty(self) -> bool:
        return not (self.own or self.measures or self.found)

    def add(self, tagging: Tagging) -> None:
        entry = self.found.setdefault(
            tagging.project.pk, TaggedProject(tagging.project, tagging.name, tagging.code)
        )
        if tagging.part and tagging.part not in entry.parts:
            entry.parts.append(tagging.part)


@dataclass
class Row:
    """A tag with its cell for each column, and its totals over the whole plan."""

    tag: Tag
    cells: list[Cell]
    elsewhere: Cell
    measure_count: int = 0

    @property
    def filled(self) -> list[Cell]:
        cells = [*self.cells, self.elsewhere]
        return [cell for cell in cells if not cell.is_empty]

    @property
    def project_count(self) -> int:
        return len(set().union(*(cell.found for cell in [*self.cells, self.elsewhere])))

    @property
    def is_gap(self) -> bool:
        return not self.filled


@dataclass(frozen=True)
class ColumnTotal:
    tags: int
    projects: int


@dataclass
class TagMatrix:
    columns: list[Measure]
    rows: list[Row]
    # Measures of the level that no tag reaches: from above, on them, or below.
    untagged: list[Measure]

    @property
    def gaps(self) -> list[Row]:
        return [row for row in self.rows if row.is_gap]

    @property
    def has_elsewhere(self) -> bool:
        return any(not row.elsewhere.is_empty for row in self.rows)

    @property
    def is_wide(self) -> bool:
        """Whether a sheet of paper has no room for the columns."""
        return len(self.columns) > MAX_COLUMNS_ON_PAPER

    @property
    def is_used(self) -> bool:
        return len(self.gaps) < len(self.rows)

    @property
    def column_totals(self) -> list[ColumnTotal]:
        return [self._total(index) for index in range(len(self.columns))]

    @property
    def project_count(self) -> int:
        cells = (cell for row in self.rows for cell in row.filled)
        return len(set().union(*(cell.found for cell in cells)))

    def _total(self, index: int) -> ColumnTotal:
        cells = [row.cells[index] for row in self.rows]
        filled = sum(not cell.is_empty for cell in cells)
        return ColumnTotal(filled, len(set().union(*(cell.found for cell in cells))))


def count_matrix(
    tags: Sequence[Tag],
    measures: Sequence[Measure],
    columns: Sequence[Measure],
    on_measures: Iterable[tuple[int, int]],
    on_projects: Iterable[Tagging],
) -> TagMatrix:
    """The matrix from fetched rows; `on_measures` are pairs of a tag's and a measure's id."""
    by_pk = {measure.pk: measure for measure in measures}
    covering = _covering_columns(measures, columns)
    rows = {tag.pk: Row(tag, [Cell(column) for column in columns], Cell(None)) for tag in tags}
    cells = {
        (row.tag.pk, cell.column.pk): cell
        for row in rows.values()
        for cell in row.cells
        if cell.column is not None
    }
    tagged = set(on_measures)
    order = {measure.pk: index for index, measure in enumerate(measures)}
    for tag_id, measure_id in sorted(tagged, key=lambda pair: order.get(pair[1], 0)):
        if tag_id not in rows or measure_id not in by_pk:
            continue
        rows[tag_id].measure_count += 1
        column_id = covering.get(measure_id)
        if column_id == measure_id:
            cells[tag_id, column_id].own = True
        else:
            cell = cells.get((tag_id, column_id or 0), rows[tag_id].elsewhere)
            cell.measures.append(by_pk[measure_id])
    for tagging in on_projects:
        if tagging.tag_id in rows and tagging.measure_id in by_pk:
            column_id = covering.get(tagging.measure_id) or 0
            cells.get((tagging.tag_id, column_id), rows[tagging.tag_id].elsewhere).add(tagging)
    return TagMatrix(
        list(columns), list(rows.values()), _untagged(list(rows.values()), columns, by_pk, tagged)
    )


def _untagged(
    rows: Sequence[Row],
    columns: Sequence[Measure],
    by_pk: dict[int, Measure],
    on_measures: set[tuple[int, int]],
) -> list[Measure]:
    """The columns that no tag reaches. One that is printed again (再掲) is one with the first."""
    tags = {row.tag.pk for row in rows}
    tagged = {measure_id for tag_id, measure_id in on_measures if tag_id in tags}
    filled = {
        column.pk
        for index, column in enumerate(columns)
        if any(not row.cells[index].is_empty for row in rows)
        or tagged.intersection(_above(column, by_pk))
    }
    again = [column for column in columns if column.is_repeat and column.pk in filled]
    names = {(column.code, column.name) for column in again}
    return [
        column
        for column in columns
        if not column.is_repeat
        and column.pk not in filled
        and (column.code, column.name) not in names
    ]


def _covering_columns(measures: Sequence[Measure], columns: Sequence[Measure]) -> dict[int, int]:
    """By measure, the nearest column at it or above it; parents stand before their children."""
    chosen = {column.pk for column in columns}
    covering: dict[int, int] = {}
    for measure in measures:
        if measure.pk in chosen:
            covering[measure.pk] = measure.pk
        elif measure.parent_id in covering:
            covering[measure.pk] = covering[measure.parent_id]
    return covering


def _above(measure: Measure, by_pk: dict[int, Measure]) -> list[int]:
    found: list[int] = []
    step = by_pk.get(measure.parent_id)
    while step is not None:
        found.append(step.pk)
        step = by_pk.get(step.parent_id)
    return found


@dataclass(frozen=True)
class Tagged:
    """All that is tagged in one plan, by any scheme: fetched once, looked at in several ways."""

    measures: list[Measure]
    # (scheme, tag, measure)
    on_measures: list[tuple[int, int, int]]
    project_tags: list[ProjectTag]

    def used_most(self) -> int | None:
        """The scheme with the most taggings in the plan."""
        uses = Counter(scheme_id for scheme_id, _, _ in self.on_measures)
        uses.update(link.tag.scheme_id for link in self.project_tags)
        return min(uses, key=lambda pk: (-uses[pk], pk)) if uses else None

    def default_level(self, scheme: TagScheme, levels: Sequence[Level]) -> Level | None:
        """The level on which the scheme's tags stand, else the second one."""
        level_of = {measure.pk: measure.level_id for measure in self.measures}
        uses = Counter(
            level_of[measure_id]
            for scheme_id, _, measure_id in self.on_measures
            if scheme_id == scheme.pk
        )
        if uses:
            return max(levels, key=lambda level: (uses[level.pk], -level.depth))
        used = [level for level in levels if level.pk in set(level_of.values())] or list(levels)
        return used[min(DEFAULT_DEPTH, len(used) - 1)] if used else None


def tagged_in(plan: Plan) -> Tagged:
    """In three queries."""
    links = Tag.measures.through.objects.filter(measure__plan=plan)
    return Tagged(
        measures_in_order(plan),
        list(links.values_list("tag__scheme_id", "tag_id", "measure_id")),
        list(
            ProjectTag.objects.filter(measure__plan=plan)
            .select_related("tag", "project")
            .order_by("project__key", "pk")
        ),
    )


def tag_matrix(plan: Plan, tagged: Tagged, scheme: TagScheme, level: Level) -> TagMatrix:
    """The matrix of a scheme over the measures of a level, in two queries more."""
    return count_matrix(
        list(Tag.objects.filter(scheme=scheme).select_related("scheme")),
        tagged.measures,
        [measure for measure in tagged.measures if measure.level_id == level.pk],
        [
            (tag, measure)
            for of_scheme, tag, measure in tagged.on_measures
            if of_scheme == scheme.pk
        ],
        _taggings(plan, tagged, scheme),
    )


def _taggings(plan: Plan, tagged: Tagged, scheme: TagScheme) -> list[Tagging]:
    """In the plan's order, each with the name and the code that the plan prints at that place."""
    order = {measure.pk: index for index, measure in enumerate(tagged.measures)}
    places: dict[tuple[int, int], list[Placement]] = defaultdict(list)
    for place in Placement.objects.filter(plan=plan).order_by("position", "pk"):
        places[place.measure_id, place.project_id].append(place)
    found = []
    for link in tagged.project_tags:
        if link.tag.scheme_id != scheme.pk:
            continue
        place = next(iter(places[link.measure_id, link.project_id]), None)
        tagging = Tagging(
            link.tag_id,
            link.project,
            link.measure_id,
            (place.name if place else "") or link.project.name,
            place.code if place else "",
            link.part,
        )
        found.append(((order[link.measure_id], place.position if place else 0), tagging))
    return [tagging for _, tagging in sorted(found, key=lambda pair: pair[0])]
