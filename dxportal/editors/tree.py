"""A plan's tree as the page that edits it shows it: measures, and the placements under them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from plans.models import Level, Measure, Plan
from plans.tree_editing import levels_below
from plans.tree_order import measures_in_order
from projects.models import Placement

OPEN_DEPTH = 2


@dataclass
class Branch:
    """A measure with what stands under it."""

    measure: Measure
    may_have_children: bool
    children: list["Branch"] = field(default_factory=list)
    placements: list[Placement] = field(default_factory=list)
    is_open: bool = False

    @property
    def is_high(self) -> bool:
        """Whether it stands so high that the page shows it open at first."""
        return self.measure.tree_depth < OPEN_DEPTH

    def walk(self) -> Iterator["Branch"]:
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True)
class PlanTree:
    """The whole tree of a plan."""

    plan: Plan
    roots: list[Branch]
    levels: list[Level]

    def walk(self) -> Iterator[Branch]:
        for root in self.roots:
            yield from root.walk()

    @property
    def measure_count(self) -> int:
        return sum(1 for _ in self.walk())

    @property
    def placement_count(self) -> int:
        return sum(len(branch.placements) for branch in self.walk())

    def most_together(self, placements: bool) -> int:
        """How many rows stand together where most do: so many places a row may be put to."""
        rows = [len(b.placements if placements else b.children) for b in self.walk()]
        return max([*rows, 0 if placements else len(self.roots)], default=0)

    def below(self, measure: Measure) -> list[int]:
        """The numbers of the measure and of all measures below it."""
        found = (branch for branch in self.walk() if branch.measure == measure)
        return [lower.measure.pk for branch in found for lower in branch.walk()]


def plan_tree(plan: Plan) -> PlanTree:
    """The plan's tree in three queries."""
    levels = list(Level.objects.filter(plan=plan))
    branches = {
        measure.pk: Branch(measure, bool(levels_below(measure, levels)))
        for measure in measures_in_order(plan)
    }
    for placement in Placement.objects.filter(plan=plan).select_related("project"):
        branches[placement.measure_id].placements.append(placement)
    roots: list[Branch] = []
    for branch in branches.values():
        parent = branches.get(branch.measure.parent_id or 0)
        (parent.children if parent else roots).append(branch)
    return PlanTree(plan, roots, levels)


def placements_under(measures: Iterable[Measure]) -> int:
    """How many placements stand under these measures."""
    return Placement.objects.filter(measure__in=[measure.pk for measure in measures]).count()
