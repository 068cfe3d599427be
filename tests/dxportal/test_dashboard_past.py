"""The dashboards of a past day: after any changes, each day shows what it counted then."""

import datetime
import os
from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import pytest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts import audit, editing
from accounts.audit import Actor
from accounts.models import Channel
from budgets.models import BudgetEntry
from dxportal.dashboards.changes import changes_since
from dxportal.dashboards.comparison import compare_with_today
from dxportal.dashboards.figures import Figures
from dxportal.dashboards.scope import Scope, scope_for
from kpi.models import Actual, Target
from kpi.services import ActualEntry, clear_actual, record_actual
from projects.models import Placement, ScheduleEntry
from projects.services import record_review, record_stage
from tests.cast import Cast

SignIn = Callable[..., Client]
EXAMPLES = int(os.environ.get("LIVES_OF_A_PLAN", "8"))  # by hand: several hundred
YEAR = 2025  # whose round is open
FIRST_DAY = datetime.datetime(2026, 5, 1, 3, tzinfo=datetime.UTC)
NOW = FIRST_DAY + datetime.timedelta(days=40)


def on_day(number: int) -> Any:
    return patch.object(timezone, "now", return_value=FIRST_DAY + datetime.timedelta(days=number))


def begin_log(cast: Cast) -> None:
    """The plan came into the portal on the first day."""
    with on_day(0):
        audit.record(Actor.system(), "planbook.create", cast.plan, cast.city.pk, {}, {"key": "dx"})


def scope(cast: Cast, day: int | None = None) -> Scope:
    query = QueryDict(mutable=True)
    query["fiscal_year"] = str(YEAR)
    if day is not None:
        query["as_of"] = f"{timezone.localdate(FIRST_DAY) + datetime.timedelta(days=day)}"
    found = scope_for(cast.viewer, cast.plan, query)
    assert (found.as_of is None) == (day is None), found.form.errors
    return found


def counted(figures: Figures) -> dict[str, Any]:
    """Every figure of the pages that can show a past day, in plain numbers and texts."""
    return {
        "late": [(row.review.measure_id, row.since) for row in figures.standing.late],
        "marked": figures.standing.marked(),
        "areas": [(line.counts, line.area.unmarked) for line in figures.standing.areas],
        "outcomes": {role: dict(found.counts) for role, found in figures.outcomes.items()},
        "values": {
            pk: [(value.target_text, value.actual_text) for value in years.values()]
            for pk, years in figures.values.years.items()
        },
        "risk": [road.indicator.pk for road in figures.roads.at_risk],
        "projects": [
            (row.project.pk, row.is_late, row.reason, [
                (year, entry.planned, entry.actual) for year, entry in sorted(row.schedule.items())
                if entry.planned or entry.actual
            ])
            for row in figures.schedule.projects
        ],
        "money": (figures.budget.total.amounts.by_stage, figures.budget.total.amounts.sources),
    }  # fmt: skip


# What people do: each operation takes the cast and two numbers that choose the row and the value.


def enter_actual(cast: Cast, which: int, value: int) -> None:
    indicator = [cast.indicators["立案数"], cast.indicators["来訪者"]][which % 2]
    stored = Actual.objects.filter(indicator=indicator, fiscal_year=YEAR).first()
    actor = Actor(cast.editor, Channel.PAGE)
    if value == 0 and stored is not None:
        clear_actual(actor, indicator, YEAR, stored.version)
    else:
        entry = ActualEntry(str(value))
        record_actual(actor, indicator, YEAR, entry, stored.version if stored else None)


def review(cast: Cast, which: int, value: int) -> None:
    measure = cast.measures["観光2"]
    stored = measure.reviews.filter(fiscal_year=YEAR).first()
    mark = [None, *cast.marks.values()][value % 3]
    record_review(
        Actor(cast.coordinator, Channel.PAGE), cast.plan, measure, YEAR,
        {"mark": mark, "delay_reason": f"理由{which}"}, stored.version if stored else None,
    )  # fmt: skip


def move_stage(cast: Cast, which: int, value: int) -> None:
    project = [cast.projects["観光1-1-7"], cast.projects["観光1-2-2"]][which % 2]
    stored = project.schedule.filter(fiscal_year=YEAR).first()
    stage = ["", "study", "build", "operate"][value % 4]
    actor = Actor(cast.editor, Channel.PAGE)
    record_stage(actor, cast.plan, project, YEAR, stage, stored.version if stored else None)


def change_money(cast: Cast, which: int, value: int) -> None:
    """The DX office adds, changes and deletes an amount."""
    project = [cast.projects["観光1-1-7"], cast.projects["教育1-1"]][which % 2]
    actor = Actor(cast.coordinator, Channel.PAGE)
    stored = BudgetEntry.objects.filter(project=project, fiscal_year=YEAR, stage="initial").first()
    if stored is None:
        row = BudgetEntry(project=project, fiscal_year=YEAR, stage="initial", amount=value * 1000)
        editing.create(actor, row)
    elif value == 0:
        editing.delete(actor, stored, stored.version)
    else:
        editing.change(actor, stored, {"amount": value * 1000}, stored.version)


def change_target(cast: Cast, which: int, value: int) -> None:
    indicator = [cast.indicators["立案数"], cast.indicators["来訪者"]][which % 2]
    actor = Actor(cast.coordinator, Channel.PAGE)
    stored = Target.objects.filter(indicator=indicator, fiscal_year=YEAR).first()
    if stored is None:
        editing.create(actor, Target(indicator=indicator, fiscal_year=YEAR, value=value))
    elif value == 0:
        editing.delete(actor, stored, stored.version)
    else:
        editing.change(actor, stored, {"value": value}, stored.version)


OPERATIONS = (enter_actual, review, move_stage, change_money, change_target)
LIVES = st.lists(
    st.tuples(st.sampled_from(OPERATIONS), st.integers(0, 1), st.integers(0, 9)), max_size=8
)


@settings(max_examples=EXAMPLES)
@given(LIVES)
def test_each_day_shows_what_it_counted_then(
    cast: Cast, life: list[tuple[Callable[[Cast, int, int], None], int, int]]
) -> None:
    with transaction.atomic():
        begin_log(cast)
        seen = [counted(Figures(scope(cast)))]
        for number, (operation, which, value) in enumerate(life, start=1):
            with on_day(number):
                operation(cast, which, value)
            seen.append(counted(Figures(scope(cast))))
        with patch.object(timezone, "now", return_value=NOW):
            for number, expected in enumerate(seen):
                assert counted(Figures(scope(cast, number))) == expected
        transaction.set_rollback(True)  # the next life begins with the same plan


def test_the_day_and_now_stand_side_by_side_with_who_changed_what(cast: Cast) -> None:
    begin_log(cast)
    with on_day(3):
        enter_actual(cast, 0, 9)
    with on_day(5):
        review(cast, 1, 2)
    with patch.object(timezone, "now", return_value=NOW):
        then = Figures(scope(cast, 2))
        now = Figures(then.scope.today)
        figures = {row.label: row for row in compare_with_today(then, now).rows}
        assert (figures["遅れている施策"].before, figures["遅れている施策"].now) == (None, 1)
        kpi = figures["目標に達したKPI"]
        assert (kpi.before, kpi.now, kpi.difference_text) == (0, 1, "+1")
        told = [
            (row.kind, row.item, row.before, row.after, row.last.who if row.last else "")
            for row in changes_since(then, now).rows
        ]
    assert told == [
        ("課題", "進捗", "記載なし", "△ 遅れている", "事務 局子"),
        ("指標", "実績", "未入力", "9", "江出 太郎"),
    ]


def test_what_was_made_later_is_left_out_and_what_is_gone_is_named(cast: Cast) -> None:
    begin_log(cast)
    place = Placement.objects.get(project=cast.projects["教育1-1"])
    actor = Actor(cast.coordinator, Channel.PAGE)
    with on_day(2):
        made = cast.indicator("あとから")
        audit.record(actor, "indicator.create", made, cast.city.pk, {}, {"key": "あとから"})
        cast.use(made, cast.measures["観光1"])
    with on_day(3):
        editing.delete(actor, place, place.version)
    with patch.object(timezone, "now", return_value=NOW):
        then = Figures(scope(cast, 1))
        assert made not in then.values.rows
        assert made in Figures(then.scope.today).values.rows
        assert changes_since(then, Figures(then.scope.today)).deleted == [str(place)]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("2026-04-30", "記録は2026年5月1日に始まります"),
        ("2099-01-01", "今日より後の日は選べません"),
        ("昨日", "日付"),
    ],
)
def test_a_day_that_cannot_be_told_is_refused_with_the_reason(
    cast: Cast, sign_in: SignIn, asked: str, reason: str
) -> None:
    begin_log(cast)
    page = sign_in(cast.viewer).get(reverse("dashboard"), {"fiscal_year": YEAR, "as_of": asked})
    assert reason in page.content.decode()
    assert page.context["scope"].past is None
    assert page.context["changes"] is None


def test_pages_of_a_past_day_say_so_and_lead_to_each_other(cast: Cast, sign_in: SignIn) -> None:
    begin_log(cast)
    client = sign_in(cast.viewer)
    query = f"fiscal_year={YEAR}&as_of=2026-05-02"
    for page in ("", "indicators/", "projects/", "budgets/", "logic/", "meeting/"):
        text = client.get(f"/dashboard/{page}?{query}").content.decode()
        assert "2026年5月2日" in text, page
        assert text.count("as_of=2026-05-02") >= 1, page
    assert "as_of=" not in client.get(f"/dashboard/entry/?fiscal_year={YEAR}").content.decode()


def test_a_schedule_row_that_was_taken_back_comes_back_on_its_day(cast: Cast) -> None:
    begin_log(cast)
    project = cast.projects["観光1-2-2"]
    with on_day(1):
        move_stage(cast, 1, 2)
    with on_day(2):
        move_stage(cast, 1, 0)
    assert not ScheduleEntry.objects.filter(project=project, fiscal_year=YEAR).exists()
    with patch.object(timezone, "now", return_value=NOW):
        rows = {row.project.pk: row for row in Figures(scope(cast, 1)).schedule.projects}
    entry = rows[project.pk].entry
    assert entry is not None
    assert entry.actual == "build"
