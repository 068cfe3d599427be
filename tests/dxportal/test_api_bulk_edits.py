"""Budgets, targets, stages and reviews in one call, found by what they are of."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.editing_many import _Writing
from accounts.models import AuditEntry
from budgets.models import BudgetEntry
from kpi.models import Target
from projects.models import Review, ScheduleEntry
from tests.api import Caller, service
from tests.cast import LAST_YEAR, THIS_YEAR, Cast, grow

SNS, BIG = "観光1-1-7", "観光1-2-2"


@pytest.fixture
def coordinator(cast: Cast) -> Caller:
    return Caller(cast.coordinator)


@pytest.fixture
def writer(cast: Cast) -> Caller:
    return Caller(secret=service(cast, "write")[1])


def sent(
    caller: Caller, cast: Cast, name: str, rows: list[dict[str, Any]], **how: Any
) -> dict[str, Any]:
    body = {"plan": cast.plan.pk, "mode": "row_by_row", "rows": rows, **how}
    response = caller.post(f"{name}/bulk/", body)
    assert response.status_code == 200, response.content.decode()
    report: dict[str, Any] = response.json()
    return report


def outcomes(report: dict[str, Any]) -> list[str]:
    return [result["outcome"] for result in report["results"]]


def refused(report: dict[str, Any], index: int) -> tuple[str | None, str]:
    (error,) = report["results"][index]["errors"]
    return error["field"], error["message"]


def test_budgets_are_created_changed_and_found_unchanged(cast: Cast, coordinator: Caller) -> None:
    rows = [
        {"project_key": SNS, "fiscal_year": 2026, "stage": "initial", "amount": 5000},
        {"project": cast.projects[BIG].pk, "fiscal_year": 2026, "stage": "initial", "amount": 0},
        {
            "project_key": SNS,
            "fiscal_year": 2026,
            "stage": "supplementary",
            "number": 1,
            "amount": 9,
        },
    ]
    assert outcomes(sent(coordinator, cast, "budgets", rows, dry_run=True)) == ["created"] * 3
    assert not BudgetEntry.objects.filter(fiscal_year=2026).exists()
    assert outcomes(sent(coordinator, cast, "budgets", rows)) == ["created"] * 3
    rows[0] = {"project_key": SNS, "fiscal_year": 2026, "stage": "initial", "raw_text": "５千円"}
    report = sent(coordinator, cast, "budgets", rows)
    assert outcomes(report) == ["updated", "unchanged", "unchanged"]
    stored = BudgetEntry.objects.get(pk=report["results"][0]["id"])
    assert (stored.amount, stored.raw_text, stored.version) == (5000, "５千円", 2)


def test_what_one_row_says_wrongly_is_refused_for_it_alone(cast: Cast, coordinator: Caller) -> None:
    good = {"project_key": SNS, "fiscal_year": 2026, "stage": "initial", "amount": 5000}
    rows = [
        good,
        good,
        {**good, "project_key": "なし"},
        {**good, "fiscal_year": 2027, "amount": 1.5},
        {**good, "fiscal_year": 2027, "national": 1},
        {**good, "fiscal_year": 2028, "version": 3},
        {"project_key": SNS, "fiscal_year": 2026, "amount": 1},
        {**good, "project": 1},
        {**good, "amonut": 1},
    ]
    report = sent(coordinator, cast, "budgets", rows)
    assert outcomes(report) == ["created"] + ["refused"] * 8
    assert "この前（0）" in refused(report, 1)[1]
    told = [result["errors"][0]["field"] for result in report["results"][2:]]
    assert told == ["project_key", "amount", None, "version", "stage", "project", "amonut"]
    whole = coordinator.post("budgets/bulk/", {"plan": cast.plan.pk, "rows": rows[1:3]})
    assert whole.status_code == 422 and whole.json()["counts"]["refused"] == 1
    assert BudgetEntry.objects.filter(fiscal_year=2026).count() == 1


def test_creating_never_overwrites_and_the_late_one_is_told(
    cast: Cast, coordinator: Caller
) -> None:
    target = Target.objects.get(indicator=cast.indicators["来訪者"], fiscal_year=2025)
    row = {"indicator_key": "来訪者", "fiscal_year": 2025, "value": "16000"}
    report = sent(coordinator, cast, "targets", [{**row, "version": None}])
    assert refused(report, 0)[0] == "version" and report["results"][0]["id"] == target.pk
    report = sent(coordinator, cast, "targets", [{**row, "version": 1}])
    assert outcomes(report) == ["updated"], report["results"]
    late = sent(coordinator, cast, "targets", [{**row, "value": "1", "version": 1}])
    assert outcomes(late) == ["refused"] and late["results"][0]["version"] == 2
    target.refresh_from_db()
    assert str(target.value) == "16000.000000"
    (other,) = sent(coordinator, cast, "targets", [{**row, "value": 99.5}])["results"]
    assert other["errors"][0]["field"] == "value"


def test_a_system_may_not_write_what_the_plan_says(cast: Cast, writer: Caller) -> None:
    row = {"project_key": SNS, "fiscal_year": 2026, "planned": "build"}
    report = sent(writer, cast, "schedule", [row])
    assert outcomes(report) == ["refused"] and "権限" in refused(report, 0)[1]
    assert not ScheduleEntry.objects.filter(fiscal_year=2026).exists()


def test_planned_and_reached_stages(cast: Cast, coordinator: Caller, writer: Caller) -> None:
    plan = {"project_key": BIG, "fiscal_year": THIS_YEAR, "planned": "build"}
    assert outcomes(sent(coordinator, cast, "schedule", [plan])) == ["created"]
    reached = {"project_key": BIG, "fiscal_year": THIS_YEAR, "actual": "operate"}
    assert outcomes(sent(writer, cast, "schedule/record", [reached])) == ["updated"]
    assert outcomes(sent(writer, cast, "schedule/record", [reached])) == ["unchanged"]
    entry = ScheduleEntry.objects.get(project=cast.projects[BIG], fiscal_year=THIS_YEAR)
    assert (entry.planned, entry.actual) == ("build", "operate")
    locked = sent(writer, cast, "schedule/record", [{**reached, "fiscal_year": 2024}])
    assert outcomes(locked) == ["refused"]


@pytest.mark.parametrize(
    ("name", "said", "most"),
    [("reviews", {"goal": "進める。"}, 6), ("schedule/record", {"actual": "build"}, 7)],
)
def test_what_a_department_enters_takes_few_queries_a_row(
    cast: Cast, writer: Caller, name: str, said: dict[str, Any], most: int
) -> None:
    """Who answers, the round and its items are read for all rows at once."""
    for number in range(8):
        cast.project(f"多{number}", cast.measures["観光1-1"], "観光課")
    taken = []
    for size in (2, 8):
        rows = [
            {"project_key": f"多{number}", "fiscal_year": THIS_YEAR, **said}
            for number in range(size)
        ]
        with CaptureQueriesContext(connection) as captured:
            report = sent(writer, cast, name, rows, dry_run=True)
        assert report["counts"]["created"] == size
        taken.append(len(captured))
    assert (taken[1] - taken[0]) / 6 <= most


def many(name: str, count: int, year: int, new: bool) -> list[dict[str, Any]]:
    """Rows of a kind: each of a project or indicator of its own."""
    said: dict[str, dict[str, Any]] = {
        "budgets": {"stage": "initial", "amount": 5000 if new else 6000},
        "targets": {"value": "5" if new else "6"},
        "schedule": {"planned": "build" if new else "operate"},
    }
    owner, key = ("indicator_key", "増kpi") if name == "targets" else ("project_key", "増")
    return [{owner: f"{key}{number}", "fiscal_year": year, **said[name]} for number in range(count)]


@pytest.mark.parametrize("name", ["budgets", "targets", "schedule"])
@pytest.mark.parametrize("mode", ["row_by_row", "all_or_nothing"])
def test_the_queries_do_not_grow_with_the_rows(
    cast: Cast, coordinator: Caller, name: str, mode: str
) -> None:
    """New rows cost the same however many they are, changed ones one UPDATE each."""
    grow(cast, 20)
    taken: dict[tuple[str, int], int] = {}
    for size, year in ((4, 2028), (20, 2029)):
        for new, outcome in ((True, "created"), (False, "updated")):
            rows = many(name, size, year, new)
            with CaptureQueriesContext(connection) as captured:
                report = sent(coordinator, cast, name, rows, mode=mode)
            taken[outcome, size] = len(captured)
            assert outcomes(report) == [outcome] * size
    assert taken["created", 20] == taken["created", 4] <= 32
    assert taken["updated", 20] - taken["updated", 4] == 20 - 4


@pytest.mark.parametrize("name", ["budgets", "targets", "schedule"])
def test_each_row_stands_in_the_log_as_if_it_had_been_written_alone(
    cast: Cast, coordinator: Caller, name: str
) -> None:
    grow(cast, 2)
    (row,) = many(name, 1, 2028, True)
    (result,) = sent(coordinator, cast, name, [row])["results"]
    owner = "indicator" if name == "targets" else "project"
    other = cast.indicators["増kpi1"] if name == "targets" else cast.projects["増1"]
    alone = {**row, owner: other.pk, "plan": cast.plan.pk}
    del alone[f"{owner}_key"]
    made = coordinator.post(f"{name}/", alone)
    assert made.status_code == 201, made.content.decode()
    numbers = (result["id"], made.json()["id"])
    assert changed_alike(numbers, owner) == 1
    (row,) = many(name, 1, 2028, False)
    sent(coordinator, cast, name, [row])
    new = {n: v for n, v in row.items() if n not in (f"{owner}_key", "fiscal_year", "stage")}
    assert coordinator.patch(f"{name}/{numbers[1]}/", {**new, "version": 1}).status_code == 200
    assert changed_alike(numbers, owner) == 2


def changed_alike(numbers: tuple[int, int], owner: str) -> int:
    """How many entries each of two rows has; they say the same but for what they belong to."""
    found = []
    for number in numbers:
        entries = AuditEntry.objects.filter(object_id=number, action__regex="(create|change)$")
        told = list(
            entries.filter(
                object_type__in=("budgets.budgetentry", "kpi.target", "projects.scheduleentry")
            )
            .order_by("pk")
            .values_list("action", "before", "after", "channel", "organization", "actor")
        )
        for entry in told:
            entry[2].pop(owner, None)
        found.append(told)
    assert found[0] == found[1]
    return len(found[0])


def test_a_settled_year_keeps_its_targets(cast: Cast, coordinator: Caller) -> None:
    row = {"indicator_key": "来訪者", "value": "1"}
    rows = [{**row, "fiscal_year": LAST_YEAR}, {**row, "fiscal_year": 2028}]
    report = sent(coordinator, cast, "targets", rows)
    assert outcomes(report) == ["refused", "created"]
    assert "確定しているため" in refused(report, 0)[1]


@pytest.mark.parametrize(
    ("name", "row", "field"),
    [
        ("budgets", {"stage": "initial", "number": 2, "amount": 1}, "number"),
        ("budgets", {"stage": "supplementary", "amount": 1}, "number"),
        ("budgets", {"stage": "initial", "amount": -1}, "amount"),
        ("budgets", {"stage": "initial", "amount": 1, "is_zero_budget": True}, "amount"),
        ("targets", {"comparison": "gte"}, "value"),
        ("schedule", {"planned": ""}, "planned"),
    ],
)
def test_what_the_database_would_refuse_is_refused_with_its_field(
    cast: Cast, coordinator: Caller, name: str, row: dict[str, Any], field: str
) -> None:
    owner = {"indicator_key": "来訪者"} if name == "targets" else {"project_key": SNS}
    report = sent(coordinator, cast, name, [{**owner, "fiscal_year": 2029, **row}])
    assert outcomes(report) == ["refused"] and refused(report, 0)[0] == field


def test_a_row_that_came_meanwhile_is_seen_at_the_second_try(
    cast: Cast, coordinator: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody puts a row there between the look and the writing."""
    project, finish = cast.projects[SNS], _Writing.finish
    came: list[BudgetEntry] = []

    def put_first(writing: Any) -> None:
        if not came:
            row = BudgetEntry(project=project, fiscal_year=2026, stage="initial", amount=1)
            BudgetEntry.objects.bulk_create([row])
            came.append(row)
        finish(writing)

    def rolled_back(*args: Any) -> Any:
        """The other's row is committed, whatever becomes of this transaction."""
        if came:
            BudgetEntry.objects.bulk_create(came)
        return read(*args)

    read = _Writing._stored
    monkeypatch.setattr(_Writing, "finish", put_first)
    monkeypatch.setattr(_Writing, "_stored", rolled_back)
    row = {"project_key": SNS, "fiscal_year": 2026, "stage": "initial", "amount": 5000}
    report = sent(coordinator, cast, "budgets", [{**row, "version": None}])
    assert outcomes(report) == ["refused"] and refused(report, 0)[0] == "version"
    assert BudgetEntry.objects.get(project=project, fiscal_year=2026).amount == 1


def test_reviews_of_measures_and_projects(cast: Cast, writer: Caller) -> None:
    rows = [
        {"measure_key": "観光1", "fiscal_year": THIS_YEAR, "mark": "behind", "goal": "続ける。"},
        {"project_key": SNS, "fiscal_year": THIS_YEAR, "result": "進んだ。"},
        {"measure_key": "観光1", "project_key": SNS, "fiscal_year": THIS_YEAR, "goal": "x"},
        {"project_key": SNS, "fiscal_year": THIS_YEAR},
        {"measure_key": "観光", "fiscal_year": THIS_YEAR, "mark": "◎◎"},
    ]
    report = sent(writer, cast, "reviews", rows)
    assert outcomes(report) == ["created", "created", "refused", "refused", "refused"]
    assert refused(report, 4)[0] == "mark"
    again = [{"measure_key": "観光1", "fiscal_year": THIS_YEAR, "mark": None}, rows[1]]
    assert outcomes(sent(writer, cast, "reviews", again)) == ["updated", "unchanged"]
    review = Review.objects.get(measure=cast.measures["観光1"], fiscal_year=THIS_YEAR)
    assert (review.mark, review.goal) == (None, "続ける。")
