"""Every key figure of the dashboards equals a naive recomputation, over random plans."""

import os
import random
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection
from django.http import QueryDict
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import Channel
from budgets.models import BudgetEntry
from dxportal.dashboards.budgets import Budget, rate_text
from dxportal.dashboards.entry import RoundEntry
from dxportal.dashboards.indicator_values import IndicatorValues
from dxportal.dashboards.indicators import IndicatorRoads
from dxportal.dashboards.logic import LogicModel, Reading
from dxportal.dashboards.projection import Verdict, project, verdict
from dxportal.dashboards.projects import ProjectSchedule
from dxportal.dashboards.scope import Scope, scope_for
from dxportal.dashboards.standing import Standing
from dxportal.rounds.asking import ask
from kpi.achievement import achievement_of
from kpi.models import Actual, Indicator, IndicatorUse, Target
from kpi.services import ActualEntry, record_actual
from plans.models import Measure
from projects.models import Placement, ProjectDepartment, ProjectTag, Review, ScheduleEntry
from tests.cast import Cast, grow

SignIn = Callable[..., Client]
PAGES = ("indicators", "projects", "budgets", "logic", "entry", "meeting")
STAGES = ("study", "build", "operate")
RANDOM_PLANS = range(int(os.environ.get("RANDOM_PLANS", "4")))  # by hand: a hundred


def scope(cast: Cast, **asked: object) -> Scope:
    query = QueryDict(mutable=True)
    query.update({"fiscal_year": "2024", **{name: str(value) for name, value in asked.items()}})
    return scope_for(cast.viewer, cast.plan, query)


def shuffle(cast: Cast, seed: int) -> None:
    """A plan of random marks, values, schedules and money over the grown cast."""
    dice = random.Random(seed)
    grow(cast, 4)
    Review.objects.filter(plan=cast.plan).delete()
    issues = Measure.objects.filter(plan=cast.plan, level=cast.levels["issue"])
    for measure in issues:
        measure.department = dice.choice([None, *cast.departments.values()])
        measure.save()
        for year in range(2022, 2026):
            if dice.random() < 0.8:
                Review.objects.create(
                    plan=cast.plan,
                    measure=measure,
                    fiscal_year=year,
                    planned_mark=cast.marks["on_schedule"],
                    mark=dice.choice([None, cast.marks["on_schedule"], cast.marks["behind"]]),
                )
    projects = [place.project for place in Placement.objects.filter(plan=cast.plan)]
    for project_ in {row.pk: row for row in projects}.values():
        ScheduleEntry.objects.filter(project=project_).delete()
        project_.first_fiscal_year = dice.choice([None, 2022, 2024])
        project_.last_fiscal_year = dice.choice([None, 2024, 2026])
        project_.save()
        for year in range(2022, 2027):
            ScheduleEntry.objects.create(
                project=project_,
                fiscal_year=year,
                planned=dice.choice(STAGES),
                actual=dice.choice(["", *STAGES]),
            )
        for stage in BudgetEntry.Stage:
            if dice.random() < 0.6:
                number = 1 if stage == BudgetEntry.Stage.SUPPLEMENTARY else 0
                amount = dice.randrange(0, 9_999_999)
                parts = {}
                if dice.random() < 0.5:
                    cut = dice.randrange(0, amount + 1)
                    parts = dict.fromkeys(BudgetEntry.SOURCES, 0)
                    parts |= {"national": cut, "general": amount - cut}
                BudgetEntry.objects.create(
                    project=project_,
                    fiscal_year=dice.choice([2023, 2024]),
                    stage=stage,
                    number=number,
                    amount=amount,
                    **parts,
                )


@pytest.mark.parametrize("seed", RANDOM_PLANS)
def test_marks_and_since_when(cast: Cast, seed: int) -> None:
    shuffle(cast, seed)
    standing = Standing(scope(cast))
    rows = list(Review.objects.filter(plan=cast.plan, measure__isnull=False))
    this_year = [row for row in rows if row.fiscal_year == 2024]
    late = {row.measure_id for row in this_year if row.mark and row.mark.is_behind}
    assert {row.review.measure_id for row in standing.late} == late
    assert standing.marked() == sum(1 for row in this_year if row.mark_id)
    assert sum(line.area.total - line.area.unmarked for line in standing.areas) == standing.marked()
    bad = {(row.measure_id, row.fiscal_year) for row in rows if row.mark and row.mark.is_behind}
    for row in standing.late:
        assert all((row.review.measure_id, y) in bad for y in range(row.since, 2025))
        assert (row.review.measure_id, row.since - 1) not in bad


@pytest.mark.parametrize("seed", RANDOM_PLANS)
def test_money(cast: Cast, seed: int) -> None:
    shuffle(cast, seed)
    budget = Budget(scope(cast))
    inside = set(Placement.objects.filter(plan=cast.plan).values_list("project_id", flat=True))
    entries = BudgetEntry.objects.filter(project__in=inside, fiscal_year=2024)
    sums = {
        stage: sum(row.amount or 0 for row in entries if row.stage == stage)
        for stage in {row.stage for row in entries}
    }
    assert budget.total.amounts.by_stage == sums
    current = [
        amount
        for stage, amount in sums.items()
        if stage in ("initial", "supplementary", "transfer", "carryover")
    ]
    assert budget.total.amounts.current == (sum(current) if current else None)
    for stage, amount in sums.items():
        assert sum(g.amounts.by_stage.get(stage, 0) for g in budget.by_area()) == amount
    assert sum(amount for _, amount in budget.source_rows()) == sum(current)
    tagged = set(ProjectTag.objects.filter(tag=cast.tag).values_list("project_id", flat=True))
    tag = next(iter(budget.by_tag()), None)
    if tag is not None:
        wanted = sum(
            row.amount or 0
            for row in entries
            if row.project_id in tagged and row.stage == "initial"
        )
        assert tag.amounts.by_stage.get("initial", 0) == wanted


@pytest.mark.parametrize(
    ("settled", "current", "text"),
    [(None, 100, "—"), (50, None, "—"), (5, 0, "—"), (0, 100, "0.0%"), (2, 3, "66.7%")],
)
def test_execution_rate(settled: int | None, current: int | None, text: str) -> None:
    assert rate_text(settled, current) == text


@pytest.mark.parametrize("seed", RANDOM_PLANS)
def test_projects_that_are_late_start_and_end(cast: Cast, seed: int) -> None:
    shuffle(cast, seed)
    schedule = ProjectSchedule(scope(cast))
    rank = {"": 0, "study": 1, "build": 2, "operate": 3}
    entries = ScheduleEntry.objects.filter(
        project__placements__plan=cast.plan, fiscal_year=2024
    ).distinct()
    late = {
        row.project_id for row in entries if row.actual and rank[row.actual] < rank[row.planned]
    }
    assert {row.project.pk for row in schedule.late} == late
    projects = {row.project.pk: row.project for row in schedule.projects}
    assert len(projects) == len(schedule.projects)
    ending = {pk for pk, row in projects.items() if row.last_fiscal_year == 2024}
    assert {row.project.pk for row in schedule.ending} == ending
    assert {row.project.pk for row in schedule.unreported} == {
        row.project_id for row in entries if not row.actual
    }


@pytest.mark.parametrize("seed", RANDOM_PLANS)
@pytest.mark.parametrize("condition", ["department", "tag", "measure", "is_leading"])
def test_conditions_narrow_to_what_fits(
    cast: Cast, sign_in: SignIn, seed: int, condition: str
) -> None:
    shuffle(cast, seed)
    row = {
        "department": cast.departments["観光経済部"].pk,
        "tag": cast.tag.pk if cast.tag else 0,
        "measure": cast.measures["観光"].pk,
        "is_leading": "true",
    }[condition]
    narrow = scope(cast, **{condition: row})
    assert narrow.is_narrowed
    # Each project of the page is in the list under the same condition, and the other way round.
    client = sign_in(cast.viewer)
    listed = client.get(f"{reverse('projects:list')}?plan={cast.plan.pk}&{condition}={row}")
    shown = {place.project_id for place in narrow.primary_places}
    assert len(shown) == listed.context["page_obj"].paginator.count
    for role in IndicatorValues(narrow).by_role().values():
        assert client.get(role.link).context["page_obj"].paginator.count == role.total
    if condition == "department":
        names = {"観光課", "農水産課", "観光経済部"}
        links = ProjectDepartment.objects.filter(plan=cast.plan, department__name__in=names)
        assert shown == set(links.values_list("project_id", flat=True))


def test_entry_by_department_and_day(cast: Cast) -> None:
    assert cast.open_cycle is not None
    ask(cast.open_cycle)
    actor = Actor(cast.editor, Channel.PAGE)
    record_actual(actor, cast.indicators["立案数"], 2025, ActualEntry("7"), None)
    entry = RoundEntry(scope(cast, fiscal_year=2025))
    items = list(cast.open_cycle.items.all())
    assert entry.total.total == len(items)
    assert entry.total.missing == sum(1 for row in items if row.state == "untouched")
    assert [(row.entered, row.so_far) for row in entry.days] == [(1, 1)]
    [row] = [part for part in entry.departments if part.label == "観光課"]
    assert row.entered == 1
    assert row.percent == 100 // row.total


def test_a_projection_needs_three_figures_and_shows_its_doubt() -> None:
    assert project({2022: Decimal(1), 2023: Decimal(2)}, 2027) is None
    straight = project({2022: Decimal(1), 2023: Decimal(2), 2024: Decimal(3)}, 2027)
    assert straight is not None
    assert straight.value == straight.low == straight.high == 6
    bent = project({2022: Decimal(0), 2023: Decimal(6), 2024: Decimal(0)}, 2026)
    assert bent is not None
    assert (bent.low, bent.value, bent.high) == (0, 2, 6)


@pytest.mark.parametrize(
    ("direction", "target", "wanted"),
    [
        ("increase", 1, Verdict.OPEN),
        ("increase", 0, Verdict.LIKELY),
        ("increase", 7, Verdict.UNLIKELY),
        ("decrease", 6, Verdict.LIKELY),
        ("decrease", 1, Verdict.OPEN),
        ("maintain", 3, Verdict.OPEN),
        ("", 3, Verdict.UNKNOWN),
    ],
)
def test_a_verdict_is_sure_only_where_the_whole_range_is(
    direction: str, target: int, wanted: Verdict
) -> None:
    seen = project({2022: Decimal(0), 2023: Decimal(6), 2024: Decimal(0)}, 2026)
    indicator = Indicator(name="x", direction=direction, tolerance=Decimal(0))
    assert verdict(indicator, Target(value=Decimal(target)), seen) is wanted


def test_gaps_are_what_they_say(cast: Cast) -> None:
    same = cast.indicator("同じ", department=cast.departments["観光課"])
    cast.use(same, cast.measures["観光1"])
    for year in (2022, 2023, 2024):
        Actual.objects.create(indicator=same, fiscal_year=year, value=5)
    ownerless = cast.indicator("課なし")
    cast.use(ownerless, cast.measures["観光1"])
    here = scope(cast)
    gaps = {gap.title: gap.indicators for gap in IndicatorRoads(here, IndicatorValues(here)).gaps()}
    assert gaps["値が変わっていない"] == [same]
    assert ownerless in gaps["所管課がない"]
    assert {same, ownerless} <= set(gaps["目標がない"])
    assert ownerless in gaps["実績が入力されていない"]


def test_activity_beside_outcome(cast: Cast) -> None:
    activity = cast.indicator("回数")
    cast.use(activity, cast.projects["観光1-1-7"], "activity")
    Target.objects.create(indicator=activity, fiscal_year=2024, value=10)
    Actual.objects.create(indicator=activity, fiscal_year=2024, value=3)
    here = scope(cast)
    rows = {row.measure.key: row for row in LogicModel(here, IndicatorValues(here)).rows}
    assert rows["観光1"].reading is Reading.OUTCOME_ALONE
    uses = IndicatorUse.objects.filter(measure=cast.measures["観光1"]).values("indicator")
    reached = [
        achievement_of(
            row,
            row.targets.filter(fiscal_year=2024).first(),
            row.actuals.filter(fiscal_year=2024).first(),
        ).reached
        for row in Indicator.objects.filter(pk__in=uses)
    ]
    judged = [answer for answer in reached if answer is not None]
    assert rows["観光1"].outcome == (sum(judged), len(judged))


@pytest.mark.parametrize("page", PAGES)
def test_queries_do_not_grow(cast: Cast, sign_in: SignIn, page: str) -> None:
    client = sign_in(cast.viewer)
    address = f"{reverse(f'dashboard:{page}')}?fiscal_year=2024"
    grow(cast, 2)
    client.get(address)
    with CaptureQueriesContext(connection) as small:
        client.get(address)
    grow_more(cast)
    with CaptureQueriesContext(connection) as large:
        client.get(address)
    assert len(large) == len(small) <= 40


def grow_more(cast: Cast) -> None:
    """More of everything beside what `grow` has made."""
    for number in range(8):
        issue = Measure.objects.create(
            plan=cast.plan,
            level=cast.levels["issue"],
            parent=cast.measures["観光"],
            key=f"さらに{number}",
            name=f"さらに{number}",
            position=200 + number,
        )
        made = cast.project(f"さらに{number}", issue, "観光課")
        ScheduleEntry.objects.create(project=made, fiscal_year=2024, planned="build")
        indicator = cast.indicator(f"さらに{number}", department=cast.departments["観光課"])
        cast.use(indicator, issue)
        Target.objects.create(indicator=indicator, fiscal_year=2024, value=4)
        Actual.objects.create(indicator=indicator, fiscal_year=2024, value=3)


@pytest.mark.parametrize("name", ["marks", "verdicts", "gantt"])
def test_charts_come_as_files(cast: Cast, sign_in: SignIn, name: str) -> None:
    client = sign_in(cast.viewer)
    query = "?fiscal_year=2024"
    picture = client.get(reverse("dashboard:chart", args=[name, "svg"]) + query)
    assert picture["Content-Type"] == "image/svg+xml"
    assert b"<svg xmlns" in picture.content
    table = client.get(reverse("dashboard:chart", args=[name, "csv"]) + query)
    assert table.content.startswith(b"\xef\xbb\xbf")
    assert len(table.content.decode("utf-8-sig").splitlines()) > 1


@pytest.mark.parametrize("page", PAGES)
def test_another_citys_plan_and_conditions_are_not_there(
    cast: Cast, sign_in: SignIn, page: str
) -> None:
    client = sign_in(cast.outsider)
    address = reverse(f"dashboard:{page}")
    assert client.get(f"{address}?plan={cast.plan.pk}").status_code == 404
    answer = client.get(f"{address}?department={cast.departments['観光課'].pk}")
    assert answer.status_code == 200
    assert "観光課" not in answer.content.decode()
    assert not answer.context["scope"].is_narrowed
