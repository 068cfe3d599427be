"""The sums of a plan's budget: each project once, whatever is printed again."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Organization
from budgets import money
from budgets.models import BudgetEntry, StatedTotal
from budgets.sums import BudgetSums, Kind, MeasureSum, Rows, Standing, budget_sums, sums_of
from plans.models import Measure
from projects.models import Placement, Project, ProjectTag, Tag, TagScheme
from tests.cast import Cast

CITY = Organization(pk=1, name="市")
SCHEME = TagScheme(pk=1, organization=CITY, key="focus", name="重点取組み")
amounts = st.one_of(st.none(), st.integers(min_value=0, max_value=10**12))


@dataclass(frozen=True)
class Case:
    """A random plan: parents of measures, and by project its places, money and tagged places."""

    parents: list[int | None]
    places: list[list[int]]  # the first is the primary one
    amounts: list[int | None]
    zero: list[bool]
    tagged: list[tuple[int, int, int]]  # tag, project, measure

    def below(self, measure: int) -> set[int]:
        found = {measure}
        for child, parent in enumerate(self.parents):  # parents stand before their children
            if parent in found:
                found.add(child)
        return found


@st.composite
def cases(draw: st.DrawFn) -> Case:
    count = draw(st.integers(1, 8))
    parents = [
        None if number == 0 else draw(st.one_of(st.none(), st.integers(0, number - 1)))
        for number in range(count)
    ]
    measure = st.integers(0, count - 1)
    places = draw(st.lists(st.lists(measure, min_size=1, max_size=4, unique=True), max_size=8))
    tagged = [
        (tag, project, draw(st.sampled_from(places[project])))
        for tag, project in draw(
            st.lists(st.tuples(st.integers(1, 2), st.integers(0, 7)), max_size=12)
        )
        if project < len(places)
    ]
    size = len(places)
    return Case(
        parents,
        places,
        draw(st.lists(amounts, min_size=size, max_size=size)),
        draw(st.lists(st.booleans(), min_size=size, max_size=size)),
        list(dict.fromkeys(tagged)),
    )


def in_tree_order(parents: list[int | None], parent: int | None = None) -> list[int]:
    found = []
    for number, of in enumerate(parents):
        if of == parent:
            found += [number, *in_tree_order(parents, number)]
    return found


def rows_of(case: Case) -> Rows:
    """The case as rows that were never saved; numbers from 1 on, as keys are."""
    measures = {
        number: Measure(
            pk=number + 1,
            parent_id=None if parent is None else parent + 1,
            name=f"施策{number}",
        )
        for number, parent in enumerate(case.parents)
    }
    projects = [Project(pk=n + 1, name=f"事業{n}") for n in range(len(case.places))]
    placements = [
        Placement(
            pk=100 * (project.pk) + number,
            project=project,
            measure=measures[measure],
            is_primary=number == 0,
            is_repeat=number > 0,
        )
        for project, places in zip(projects, case.places, strict=True)
        for number, measure in enumerate(places)
    ]
    entries = [
        BudgetEntry(project=project, amount=None if zero else amount, is_zero_budget=zero)
        for project, amount, zero in zip(projects, case.amounts, case.zero, strict=True)
        if zero or amount is not None
    ]
    tags = {number: Tag(pk=number, scheme=SCHEME, name=f"{number}") for number in (1, 2)}
    links = [
        ProjectTag(pk=n, tag=tags[tag], project=projects[project], measure=measures[measure])
        for n, (tag, project, measure) in enumerate(case.tagged, start=1)
    ]
    ordered = [measures[number] for number in in_tree_order(case.parents)]
    return Rows(ordered, placements, entries, links, [])


def every_node(sums: BudgetSums) -> list[MeasureSum]:
    return [node for root in sums.roots for node in root.walk()]


@given(cases())
@settings(max_examples=300)
def test_sums_equal_a_naive_count(case: Case) -> None:
    sums = sums_of(rows_of(case))
    worth = [
        0 if zero else amount or 0 for amount, zero in zip(case.amounts, case.zero, strict=True)
    ]

    assert (sums.total.amount or 0) == sum(worth)
    assert sums.total.project_count == len(case.places)
    assert sums.if_repeats_counted == sum(
        amount * len(places) for amount, places in zip(worth, case.places, strict=True)
    )
    for node in every_node(sums):
        inside = case.below(node.measure.pk - 1)
        here = [n for n, places in enumerate(case.places) if places[0] in inside]
        assert node.sum.project_count == len(here)
        assert (node.sum.amount or 0) == sum(worth[n] for n in here)
    assert sum(root.sum.amount or 0 for root in sums.roots) == sum(worth)
    for tag_sum in sums.tags:
        carrying = {project for tag, project, _ in case.tagged if tag == tag_sum.tag.pk}
        assert tag_sum.sum.project_count == len(carrying)
        assert (tag_sum.sum.amount or 0) == sum(worth[n] for n in carrying)
    assert {tag_sum.tag.pk for tag_sum in sums.tags} == {tag for tag, _, _ in case.tagged}


@given(cases())
@settings(max_examples=100)
def test_an_amount_a_zero_budget_and_nothing_are_counted_apart(case: Case) -> None:
    counts = sums_of(rows_of(case)).counts
    zero = sum(case.zero)
    absent = sum(
        amount is None and not is_zero
        for amount, is_zero in zip(case.amounts, case.zero, strict=True)
    )
    assert counts[Kind.ZERO_BUDGET] == zero
    assert counts[Kind.NOTHING] == absent
    assert counts[Kind.AMOUNT] == len(case.places) - zero - absent
    assert counts[Kind.CATEGORY_ALONE] == 0


def entry(project: Project, **fields: object) -> BudgetEntry:
    return BudgetEntry.objects.create(
        **{"project": project, "fiscal_year": 2024, "stage": "initial", **fields}
    )


@pytest.fixture
def sums_of_cast(cast: Cast):
    return lambda stage="initial": budget_sums(cast.plan, 2024, stage)


def test_a_plan_without_entries_has_no_total(sums_of_cast) -> None:
    sums = sums_of_cast()
    assert sums.total.amount is None
    assert sums.counts[Kind.NOTHING] == len(sums.counted) > 0
    assert sums.stated is None


def test_a_stated_zero_is_an_amount(cast: Cast, sums_of_cast) -> None:
    entry(cast.projects["教育1-1"], amount=0)
    sums = sums_of_cast()
    assert sums.total.amount == 0
    assert sums.counts[Kind.AMOUNT] == 1


def test_a_category_without_an_amount_is_a_kind_of_its_own(cast: Cast, sums_of_cast) -> None:
    entry(cast.projects["教育1-1"], category="new")
    sums = sums_of_cast()
    assert [line.budget.category_text for line in sums.of_kind(Kind.CATEGORY_ALONE)] == ["新規"]
    assert sums.total.amount is None


def test_another_year_or_stage_is_not_counted(cast: Cast, sums_of_cast) -> None:
    project = cast.projects["教育1-1"]
    entry(project, amount=5000)
    entry(project, amount=70000, fiscal_year=2023)
    entry(project, amount=-2000, stage="supplementary", number=1)
    entry(project, amount=-1000, stage="supplementary", number=2)
    assert sums_of_cast().total.amount == 5000
    assert sums_of_cast("supplementary").total.amount == -3000


def test_a_printed_total_is_compared(cast: Cast, sums_of_cast) -> None:
    entry(cast.projects["教育1-1"], amount=5000)
    StatedTotal.objects.create(plan=cast.plan, fiscal_year=2024, amount=6000)
    StatedTotal.objects.create(plan=cast.plan, fiscal_year=2024, amount=0, tag=cast.tag)
    sums = sums_of_cast()
    assert sums.comparison and not sums.comparison.agrees
    assert sums.comparison.difference == -1000
    assert [tag_sum.comparison.agrees for tag_sum in sums.tags] == [True]


def test_a_project_that_stands_elsewhere_too_is_no_repeat(cast: Cast, sums_of_cast) -> None:
    project = cast.projects["教育1-1"]
    entry(project, amount=5000)
    first = project.placements.get().measure
    beside = Measure.objects.create(
        plan=cast.plan,
        level=first.level,
        parent=first.parent,
        key="隣",
        name="隣の施策",
        position=first.position + 1,
    )
    place = Placement.objects.create(
        plan=cast.plan, measure=beside, project=project, is_primary=False
    )
    sums = sums_of_cast()
    assert sums.if_repeats_counted == 5000
    standings = {line.placement.pk: line.standing for line in sums.lines}
    assert standings[place.pk] is Standing.ELSEWHERE

    place.is_repeat = True
    place.save()
    assert sums_of_cast().if_repeats_counted == 10000


@pytest.mark.parametrize(
    ("yen", "thousands", "words"),
    [
        (2_325_594_000, 2_325_594, "23億2,559万4千円"),
        (117_501_000, 117_501, "1億1,750万1千円"),
        (100_000_000, 100_000, "1億円"),
        (2_610_000, 2_610, "261万円"),
        (25_000, 25, "2万5千円"),
        (1_500, 2, "1,500円"),
        (1_499, 1, "1,499円"),
        (-1_500, -2, "-1,500円"),
        (0, 0, "0円"),
    ],
)
def test_money_in_thousands_and_in_words(yen: int, thousands: int, words: str) -> None:
    assert money.thousands(yen) == thousands
    assert money.in_words(yen) == words
