"""The pages of one plan: its tree (施策体系), and a measure with all that stands under it."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts.models import DepartmentSuccession
from kpi.models import Indicator, IndicatorUse
from kpi.sheets import IndicatorSheet, indicator_sheet
from kpi.shown_year import shown_year
from plans.corrections import Correctable, correctable_rounds, corrections_of
from plans.history import history_of
from plans.links import linked_plans
from plans.models import Level, Mark, Measure, Phase, Plan, RoundItem, TargetState
from plans.tree_order import measure_path, measures_in_order
from projects.bars import Bar, bar
from projects.models import Milestone, Placement, Project, ProjectDepartment, Review
from projects.rows import ProjectRow, project_row

# More charts than this on one page help nobody: then one table has all indicators.
MAX_CHARTS = 12
OPEN_DEPTH = 2


@dataclass
class Node:
    """A measure in the tree, with what is shown beside its name."""

    measure: Measure
    review: Review | None = None
    children: list["Node"] = field(default_factory=list)
    placements: list[Placement] = field(default_factory=list)
    kpis: set[int] = field(default_factory=set)
    # Counted once each: a project that is placed again (再掲) counts where it mainly stands.
    projects: set[int] = field(default_factory=set)
    is_open: bool = False
    # On a measure's page: how many measures below carry which mark.
    marks_below: list[tuple[Mark, int]] = field(default_factory=list)

    @property
    def behind(self) -> int:
        """How many measures from here down are behind."""
        return (self.review is not None and self.review.is_behind) + sum(
            child.behind for child in self.children
        )


def plan_nodes(plan: Plan, fiscal_year: int) -> list[Node]:
    """The plan's whole tree in a fixed number of queries."""
    reviews = {
        review.measure_id: review
        for review in Review.objects.filter(
            plan=plan, fiscal_year=fiscal_year, measure__isnull=False
        ).select_related("mark", "planned_mark")
    }
    nodes = {
        measure.pk: Node(measure, reviews.get(measure.pk)) for measure in measures_in_order(plan)
    }
    for place in Placement.objects.filter(plan=plan).select_related("project"):
        nodes[place.measure_id].placements.append(place)
        if place.is_primary:
            nodes[place.measure_id].projects.add(place.project_id)
    for measure_id, indicator_id in IndicatorUse.objects.filter(
        plan=plan, measure__isnull=False
    ).values_list("measure_id", "indicator_id"):
        nodes[measure_id].kpis.add(indicator_id)
    roots = []
    for node in reversed(nodes.values()):  # children stand after their parents
        parent = nodes.get(node.measure.parent_id)
        (parent.children if parent else roots).insert(0, node)
        if parent:
            parent.projects |= node.projects
            parent.kpis |= node.kpis
    return roots


def walk(nodes: Iterable[Node]) -> Iterable[Node]:
    for node in nodes:
        yield node
        yield from walk(node.children)


@require_safe
def tree(request: HttpRequest, pk: int) -> HttpResponse:
    plan = get_object_or_404(
        Plan.objects.visible_to(request.user)
        .select_related("organization")
        .prefetch_related("marks", "levels", "relations", "phases"),
        pk=pk,
    )
    year = shown_year(plan, request.GET.get("fiscal_year"))
    nodes = plan_nodes(plan, year.fiscal_year)
    opened = request.GET.get("open", "")
    for node in walk(nodes):
        node.is_open = opened == "all" or (
            opened != "none" and node.measure.tree_depth < OPEN_DEPTH
        )
    everything = list(walk(nodes))
    context = {
        "plan": plan,
        "linked": linked_plans(request.user, plan),
        "year": year,
        "nodes": nodes,
        "opened": opened,
        "measure_count": sum(not node.measure.is_repeat for node in everything),
        "level_counts": _level_counts(plan, [node.measure for node in everything]),
        "project_count": len(set().union(*(node.projects for node in nodes))),
        "leading_count": len(
            {p.project_id for node in everything for p in node.placements if p.is_leading}
        ),
        "kpi_count": len(set().union(*(node.kpis for node in nodes))),
        "behind": [node for node in everything if node.review and node.review.is_behind],
        "levels": _level_names(plan),
        "breadcrumb": [("計画の一覧", reverse("plans:list")), (plan.name, "")],
    }
    return render(request, "plans/tree.html", context)


@dataclass(frozen=True)
class LevelCount:
    """How many measures stand at a level; those that repeat another one are counted apart."""

    name: str
    count: int
    repeats: int


def _level_counts(plan: Plan, measures: list[Measure]) -> list[LevelCount]:
    once = Counter(measure.level_id for measure in measures if not measure.is_repeat)
    again = Counter(measure.level_id for measure in measures if measure.is_repeat)
    levels: list[Level] = [level for level in plan.levels.all() if level.pk in once | again]
    return [
        LevelCount(level.name or "名称のない階層", once[level.pk], again[level.pk])
        for level in levels
    ]


def _level_names(plan: Plan) -> list[str]:
    """The names of the levels from the top down; those of the same depth stand together."""
    by_depth: dict[int, list[str]] = defaultdict(list)
    for level in plan.levels.all():
        by_depth[level.depth].append(level.name or "（名称なし）")
    return ["・".join(by_depth[depth]) for depth in sorted(by_depth)]


@dataclass(frozen=True)
class UsedSheet:
    """An indicator with the measure that uses it."""

    use: IndicatorUse
    measure: Measure
    sheet: IndicatorSheet


@dataclass(frozen=True)
class PlacedProject:
    """A project under the measure: its place, its row, and how far its schedule is."""

    placement: Placement
    measure: Measure
    row: ProjectRow


@require_safe
def measure(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(
        Measure.objects.visible_to(request.user)
        .select_related("plan__organization", "level", "department")
        .prefetch_related(DepartmentSuccession.fetched("department__")),
        pk=pk,
    )
    plan = found.plan
    year = shown_year(plan, request.GET.get("fiscal_year"))
    measures = measures_in_order(plan)
    by_pk = {row.pk: row for row in measures}
    path = measure_path(measures, found)
    below = descendants(measures, found)
    siblings = [row for row in measures if row.parent_id == found.parent_id]
    here = siblings.index(found)
    reviews = _reviews(found, below)
    own_reviews = [review for review in reviews if review.measure_id == found.pk]
    kpis = _kpis(plan, [found, *below], year.fiscal_year, by_pk)
    context = {
        "measure": found,
        "plan": plan,
        "year": year,
        "path": path[:-1],
        "target_states": _target_states(found),
        "bars": _bars(found),
        "reference_lists": list(found.reference_lists.prefetch_related("items")),
        "term_notes": list(found.term_notes.select_related("term")),
        "same": _same(measures, found),
        "review": next((r for r in own_reviews if r.fiscal_year == year.fiscal_year), None),
        "earlier_reviews": [r for r in own_reviews if r.fiscal_year < year.fiscal_year],
        "later_reviews": [r for r in own_reviews if r.fiscal_year > year.fiscal_year],
        # A plan without marks and figures is read for its text: that stands first then.
        "text_first": not (reviews or kpis),
        "children": _children(found, measures, reviews, year.fiscal_year),
        "kpis": kpis,
        # Two beside each other: a table of seven years needs the room.
        "kpi_pairs": (
            [kpis[i : i + 2] for i in range(0, len(kpis), 2)] if len(kpis) <= MAX_CHARTS else []
        ),
        "projects": _projects(plan, [found, *below], by_pk),
        "years": list(plan.fiscal_years),
        "tags": list(found.tags.all()),
        "previous": siblings[here - 1] if here else None,
        "next": siblings[here + 1] if here + 1 < len(siblings) else None,
        "correctable": _correctable(request, found, own_reviews),
        "corrections": corrections_of(request.user, [RoundItem.Kind.REVIEW], found.pk),
        "history": history_of(request.user, [found, *own_reviews], limit=20),
        "breadcrumb": [
            ("計画の一覧", reverse("plans:list")),
            (plan.name, _with_year(reverse("plans:tree", args=[plan.pk]), year.fiscal_year)),
            *(
                (
                    str(row),
                    _with_year(reverse("plans:measure", args=[row.pk]), year.fiscal_year),
                )
                for row in path[:-1]
            ),
            (str(found), ""),
        ],
    }
    return render(request, "plans/measure.html", context)


def _correctable(request: HttpRequest, found: Measure, reviews: list[Review]) -> list[Correctable]:
    """Each settled year with a review, or for which one was asked."""
    kind = RoundItem.Kind.REVIEW
    rounds = correctable_rounds(request.user, [found.plan])
    asked = RoundItem.objects.filter(kind=kind, object_id=found.pk, cycle__in=rounds)
    years = {review.fiscal_year for review in reviews}
    years |= set(asked.values_list("cycle__fiscal_year", flat=True))
    return [Correctable(cycle, kind, found.pk) for cycle in rounds if cycle.fiscal_year in years]


def _with_year(url: str, fiscal_year: int) -> str:
    return f"{url}?fiscal_year={fiscal_year}"


def descendants(measures: list[Measure], measure: Measure) -> list[Measure]:
    """Everything below a measure in tree order, from rows that are already fetched."""
    inside = {measure.pk}
    found = []
    for row in measures:
        if row.parent_id in inside:
            inside.add(row.pk)
            found.append(row)
    return found


@dataclass(frozen=True)
class PhaseStates:
    """What the measure is to look like when a phase ends; no state where that is still open."""

    phase: Phase
    states: list[TargetState]

    @property
    def name(self) -> str:
        """めざす姿 where the document says of whom (対象) and what (意図)."""
        return "めざす姿" if any(state.subject for state in self.states) else "目指す状態"


def _target_states(measure: Measure) -> list[PhaseStates]:
    """By phase, also those to come; nothing where the measure has no state at all."""
    by_phase: dict[int, list[TargetState]] = defaultdict(list)
    for state in measure.target_states.all():
        by_phase[state.phase_id].append(state)
    phases = list(measure.plan.phases.all())
    return [PhaseStates(phase, by_phase[phase.pk]) for phase in phases] if by_phase else []


def _bars(measure: Measure) -> list[Bar]:
    years = list(measure.plan.fiscal_years)
    steps = Milestone.objects.filter(measure=measure, project__isnull=True).order_by("position")
    return [bar(step, years) for step in steps]


def _same(measures: list[Measure], measure: Measure) -> list[Measure]:
    """The original of a measure that is repeated (再掲), or the places that repeat an original."""
    named = [
        row
        for row in measures
        if row.name == measure.name
        and row.level_id == measure.level_id
        and row.is_repeat != measure.is_repeat
    ]
    same_code = [row for row in named if row.code == measure.code]
    return same_code or named


def _reviews(measure: Measure, below: list[Measure]) -> list[Review]:
    return list(
        Review.objects.filter(measure__in=[measure.pk, *(row.pk for row in below)])
        .select_related("mark", "planned_mark")
        .order_by("-fiscal_year", "pk")
    )


def _children(
    measure: Measure, measures: list[Measure], reviews: list[Review], fiscal_year: int
) -> list[Node]:
    """The measures directly below; one without a mark tells of those further down."""
    of_year = {r.measure_id: r for r in reviews if r.fiscal_year == fiscal_year}
    nodes = []
    for row in measures:
        if row.parent_id != measure.pk:
            continue
        below = [of_year.get(lower.pk) for lower in descendants(measures, row)]
        counts = Counter(review.mark for review in below if review and review.mark)
        ordered = sorted(counts.items(), key=lambda item: item[0].position)
        nodes.append(Node(row, of_year.get(row.pk), marks_below=ordered))
    return nodes


def _kpis(
    plan: Plan, measures: list[Measure], fiscal_year: int, by_pk: dict[int, Measure]
) -> list[UsedSheet]:
    """The indicators of these measures, in the tree's order."""
    order = {row.pk: index for index, row in enumerate(measures)}
    uses = sorted(
        IndicatorUse.objects.filter(plan=plan, measure__in=order),
        key=lambda use: (order[use.measure_id], use.position, use.pk),
    )
    indicators = Indicator.objects.with_values().in_bulk([use.indicator_id for use in uses])
    return [
        UsedSheet(
            use,
            by_pk[use.measure_id],
            indicator_sheet(
                indicators[use.indicator_id],
                plan.fiscal_years,
                fiscal_year,
                plan.later_editions,
            ),
        )
        for use in uses
    ]


def _projects(
    plan: Plan, measures: list[Measure], by_pk: dict[int, Measure]
) -> list[PlacedProject]:
    order = {row.pk: index for index, row in enumerate(measures)}
    places = sorted(
        Placement.objects.filter(plan=plan, measure__in=order),
        key=lambda place: (order[place.measure_id], place.position, place.pk),
    )
    projects = Project.objects.prefetch_related(
        ProjectDepartment.named_by(plan), "schedule", "placements"
    ).in_bulk([place.project_id for place in places])
    for place in places:
        place.project = projects[place.project_id]
    return [
        PlacedProject(
            place,
            by_pk[place.measure_id],
            project_row(projects[place.project_id], plan.fiscal_years),
        )
        for place in places
    ]
