"""The plan's tree as citizens see it: each measure with the mark of one year."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from dxportal.public.reading import PublicPlan
from kpi.charts import BarRow, Bars, Segment
from kpi.outcomes import Outcome
from plans.models import Mark, Measure
from projects.models import Placement, Review

# From this depth on the second level says more than the first.
DEPTHS_FOR_AREAS = 3
DARKEST = 3
JUDGED = (Outcome.REACHED, Outcome.NOT_REACHED)


@dataclass
class Branch:
    """A measure with what stands below it."""

    measure: Measure
    review: Review | None = None
    children: list["Branch"] = field(default_factory=list)
    placements: list[Placement] = field(default_factory=list)

    @property
    def is_open(self) -> bool:
        return self.measure.tree_depth < 1

    def walk(self) -> Iterator["Branch"]:
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def depth(self) -> int:
        return 1 + max((child.depth for child in self.children), default=0)

    @property
    def marks(self) -> Counter[Mark]:
        """How many measures from here down carry which mark."""
        reviews = (branch.review for branch in self.walk())
        return Counter(review.mark for review in reviews if review and review.mark)


def branches(public: PublicPlan, fiscal_year: int | None) -> list[Branch]:
    """The roots of the tree with the marks of the year, and the places of projects."""
    reviews = public.reviews_in(fiscal_year)
    by_pk = {row.pk: Branch(row, reviews.get(row.pk)) for row in public.measures}
    for place in public.placements:
        by_pk[place.measure_id].placements.append(place)
    roots = []
    for branch in by_pk.values():
        parent = by_pk.get(branch.measure.parent_id)
        if parent:
            branch.measure.parent = parent.measure
        (parent.children if parent else roots).append(branch)
    return roots


@dataclass(frozen=True)
class Area:
    """An area of the plan: how many of its measures carry each mark, in the marks' order."""

    measure: Measure
    by_mark: tuple[tuple[Mark, int], ...]

    @property
    def counts(self) -> tuple[int, ...]:
        return tuple(count for _, count in self.by_mark)

    @property
    def total(self) -> int:
        return sum(self.counts)


def areas(public: PublicPlan, roots: list[Branch]) -> list[Area]:
    """The areas that have a mark at all; the second level where the tree is deep."""
    depth = max((root.depth for root in roots), default=0)
    found = roots
    if depth >= DEPTHS_FOR_AREAS:
        found = [child for root in roots for child in (root.children or [root])]
    rows = [
        Area(branch.measure, tuple((mark, branch.marks[mark]) for mark in public.marks))
        for branch in found
    ]
    return [row for row in rows if row.total]


def area_chart(public: PublicPlan, rows: list[Area]) -> Bars:
    """The marks of each area as bars; those that say 遅れ are the darkest."""
    segments = tuple(
        Segment(
            f"{mark.symbol}{mark.label}",
            DARKEST if mark.is_behind else min(index, DARKEST - 1),
        )
        for index, mark in enumerate(public.marks)
    )
    bars = tuple(BarRow(row.measure.short_name or row.measure.name, row.counts) for row in rows)
    return Bars("分野ごとの進みぐあい", segments, bars)


def outcome_counts(outcomes: list[Outcome]) -> list[tuple[str, int]]:
    """How the indicators came out, in plain words."""
    counts = Counter(outcomes)
    told = [(str(outcome.label), counts[outcome]) for outcome in JUDGED]
    rest = sum(count for outcome, count in counts.items() if outcome not in JUDGED)
    return [*told, ("判定なし（数値や目標がないものなど）", rest)]
