"""What a plan's budget sums to in one year at one stage, and which lines make it up.

A project counts once in a plan: where it stands first (its primary placement). Where it is printed
again (再掲) it is shown and adds nothing. A tag counts each of its projects once too, wherever the
project carries it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from budgets import money
from budgets.models import BudgetEntry, StatedTotal
from plans.models import Measure, Plan
from plans.tree_order import measures_in_order
from projects.models import Placement, Project, ProjectDepartment, ProjectTag, Tag


class Kind(Enum):
    """What is known of a project's money; four different things, none of them a zero."""

    AMOUNT = "amount"
    ZERO_BUDGET = "zero_budget"
    CATEGORY_ALONE = "category_alone"  # 新規, 拡大 or 継続, but no amount
    NOTHING = "nothing"  # neither amount nor category: under study, or not in the document


class Standing(Enum):
    """How a line stands in the plan; only the first of these is counted."""

    COUNTED = "counted"
    REPEATED = "repeated"  # printed again (再掲)
    ELSEWHERE = "elsewhere"  # it stands there too, without being a repeat of the same row


@dataclass(frozen=True)
class ProjectBudget:
    """A project with its entries of the year and stage (several only for 補正1号, 2号 …)."""

    project: Project
    entries: tuple[BudgetEntry, ...] = ()

    @property
    def amount(self) -> int | None:
        stated = [entry.amount for entry in self.entries if entry.amount is not None]
        return sum(stated) if stated and self.kind is Kind.AMOUNT else None

    @property
    def kind(self) -> Kind:
        if any(e.amount is not None and not e.is_zero_budget for e in self.entries):
            return Kind.AMOUNT
        if any(e.is_zero_budget for e in self.entries):
            return Kind.ZERO_BUDGET
        if any(e.category for e in self.entries):
            return Kind.CATEGORY_ALONE
        return Kind.NOTHING

    @property
    def category_text(self) -> str:
        words = ["ゼロ予算"] if any(e.is_zero_budget for e in self.entries) else []
        words += [e.get_category_display() for e in self.entries if e.category]
        return "・".join(dict.fromkeys(words))


@dataclass(frozen=True)
class Line:
    """A project at one of its places in the plan."""

    budget: ProjectBudget
    placement: Placement
    measure: Measure
    standing: Standing

    @property
    def is_counted(self) -> bool:
        return self.standing is Standing.COUNTED

    @property
    def amount(self) -> int | None:
        return self.budget.amount


@dataclass(frozen=True)
class Sum:
    """What some lines add up to; the amount is None where none of them has one."""

    amount: int | None
    project_count: int
    amount_count: int


@dataclass
class MeasureSum:
    """A measure with its lines, those below, and the sum of what is counted from here down."""

    measure: Measure
    lines: list[Line] = field(default_factory=list)
    children: list["MeasureSum"] = field(default_factory=list)

    def walk(self) -> Iterator["MeasureSum"]:
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def all_lines(self) -> list[Line]:
        return [line for node in self.walk() for line in node.lines]

    @property
    def sum(self) -> Sum:
        return _sum(line.budget for line in self.all_lines if line.is_counted)

    @property
    def repeats_only(self) -> bool:
        lines = self.all_lines
        return bool(lines) and not any(line.is_counted for line in lines)


@dataclass(frozen=True)
class Comparison:
    """A printed total beside the computed one."""

    stated: StatedTotal
    computed: int

    @property
    def difference(self) -> int:
        """How much more was computed than is printed."""
        return self.computed - self.stated.amount

    @property
    def agrees(self) -> bool:
        return self.difference == 0


@dataclass(frozen=True)
class TagLine:
    """A project where it carries a tag; of several places with the same tag, one is counted."""

    link: ProjectTag
    budget: ProjectBudget
    measure: Measure
    title: str
    standing: Standing
    is_counted: bool

    @property
    def amount(self) -> int | None:
        return self.budget.amount


@dataclass(frozen=True)
class TagSum:
    tag: Tag
    lines: tuple[TagLine, ...]
    stated: StatedTotal | None

    @property
    def sum(self) -> Sum:
        return _sum(line.budget for line in self.lines if line.is_counted)

    @property
    def comparison(self) -> Comparison | None:
        return Comparison(self.stated, self.sum.amount or 0) if self.stated else None

    @property
    def has_parts(self) -> bool:
        return any(line.link.part for line in self.lines)


@dataclass(frozen=True)
class BudgetSums:
    """The sums of one plan, year and stage."""

    roots: list[MeasureSum]
    tags: list[TagSum]
    stated: StatedTotal | None

    @property
    def lines(self) -> list[Line]:
        return [line for root in self.roots for line in root.all_lines]

    @property
    def counted(self) -> list[Line]:
        return [line for line in self.lines if line.is_counted]

    @property
    def total(self) -> Sum:
        return _sum(line.budget for line in self.counted)

    @property
    def if_repeats_counted(self) -> int:
        """What the total would wrongly be if every row printed again were added again."""
        again = (line.amount for line in self.lines if line.standing is Standing.REPEATED)
        return (self.total.amount or 0) + sum(amount or 0 for amount in again)

    @property
    def repeat_count(self) -> int:
        """How many rows with an amount are printed again."""
        return sum(
            line.standing is Standing.REPEATED and line.amount is not None for line in self.lines
        )

    @property
    def comparison(self) -> Comparison | None:
        return Comparison(self.stated, self.total.amount or 0) if self.stated else None

    @property
    def counts(self) -> Counter[Kind]:
        return Counter(line.budget.kind for line in self.counted)

    def of_kind(self, kind: Kind) -> list[Line]:
        """The counted lines of this kind, in the tree's order."""
        return [line for line in self.counted if line.budget.kind is kind]

    @property
    def is_exact_in_thousands(self) -> bool:
        """Whether no amount was rounded to be shown in thousands."""
        return all(money.is_whole_thousands(line.amount or 0) for line in self.counted)


@dataclass(frozen=True)
class Rows:
    """The rows that the sums are made of; measures in the tree's order."""

    measures: list[Measure]
    placements: list[Placement]
    entries: list[BudgetEntry]
    links: list[ProjectTag]
    stated: list[StatedTotal]


def budget_sums(plan: Plan, fiscal_year: int, stage: str) -> BudgetSums:
    """In a fixed number of queries, however large the plan is."""
    of_round = {"fiscal_year": fiscal_year, "stage": stage}
    placements = Placement.objects.filter(plan=plan).select_related("project")
    return sums_of(
        Rows(
            measures=measures_in_order(plan),
            placements=list(
                placements.prefetch_related(ProjectDepartment.named_by(plan, "project__"))
            ),
            entries=list(BudgetEntry.objects.in_plan(plan.pk).filter(**of_round)),
            links=list(ProjectTag.objects.filter(measure__plan=plan).select_related("tag__scheme")),
            stated=list(
                StatedTotal.objects.filter(plan=plan, **of_round).select_related("tag__scheme")
            ),
        )
    )


def sums_of(rows: Rows) -> BudgetSums:
    """The sums, from rows that are already fetched."""
    roots = _tree(rows)
    lines = [line for root in roots for line in root.all_lines]
    return BudgetSums(
        roots=roots,
        tags=_tag_sums(rows, lines),
        stated=next((total for total in rows.stated if total.tag_id is None), None),
    )


def _sum(budgets: Iterable[ProjectBudget]) -> Sum:
    amounts = [budget.amount for budget in budgets]
    stated = [amount for amount in amounts if amount is not None]
    return Sum(sum(stated) if stated else None, len(amounts), len(stated))


def _tree(rows: Rows) -> list[MeasureSum]:
    budgets = _budgets(rows)
    nodes = {measure.pk: MeasureSum(measure) for measure in rows.measures}
    for place in rows.placements:
        node = nodes[place.measure_id]
        node.lines.append(Line(budgets[place.project_id], place, node.measure, _standing(place)))
    roots = []
    for node in nodes.values():
        parent = nodes.get(node.measure.parent_id)
        (parent.children if parent else roots).append(node)
    return roots


def _budgets(rows: Rows) -> dict[int, ProjectBudget]:
    entries = defaultdict(list)
    for entry in rows.entries:
        entries[entry.project_id].append(entry)
    return {
        place.project_id: ProjectBudget(place.project, tuple(entries[place.project_id]))
        for place in rows.placements
    }


def _standing(place: Placement) -> Standing:
    if place.is_primary:
        return Standing.COUNTED
    return Standing.REPEATED if place.is_repeat else Standing.ELSEWHERE


def _tag_sums(rows: Rows, lines: list[Line]) -> list[TagSum]:
    tags = {link.tag_id: link.tag for link in rows.links}
    stated = {total.tag_id: total for total in rows.stated if total.tag is not None}
    tags |= {tag_id: total.tag for tag_id, total in stated.items()}
    of_tag = defaultdict(list)
    for link in rows.links:
        of_tag[link.tag_id].append(link)
    ordered = sorted(
        tags.values(), key=lambda tag: (tag.scheme.key, tag.scheme.version, tag.position, tag.name)
    )
    return [
        TagSum(tag, _tag_lines(of_tag[tag.pk], lines, rows.measures), stated.get(tag.pk))
        for tag in ordered
    ]


def _tag_lines(
    links: list[ProjectTag], lines: list[Line], measures: list[Measure]
) -> tuple[TagLine, ...]:
    """In the tree's order; of a project that carries the tag twice, the first place counts."""
    at = {(line.placement.project_id, line.measure.pk): line for line in reversed(lines)}
    counted = {line.placement.project_id: line for line in lines if line.is_counted}
    order = {measure.pk: index for index, measure in enumerate(measures)}
    by_pk = {measure.pk: measure for measure in measures}
    seen = set()
    found = []
    for link in sorted(links, key=lambda link: (order[link.measure_id], link.pk)):
        line = at.get((link.project_id, link.measure_id)) or counted.get(link.project_id)
        if line is None:  # it does not stand in the plan
            continue
        found.append(
            TagLine(
                link,
                line.budget,
                by_pk[link.measure_id],
                line.placement.title,
                line.standing,
                is_counted=link.project_id not in seen,
            )
        )
        seen.add(link.project_id)
    return tuple(found)
