"""Every door into a round: no channel lets through what the procedure forbids.

Each door (page, grid, bulk act, entry workbook, plan book, API, API bulk) is tried by everybody, in
every state of the item and of the round. Where the table says no, nothing in the database changes,
not even the audit log; where it says yes, it does.
"""

import datetime
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import models
from django.urls import reverse
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, User
from budgets.models import BudgetEntry
from dxportal.planbook.faults import PlanBookError
from dxportal.planbook.loader import load_plan
from dxportal.planbook.writer import write_plan
from dxportal.rounds.asking import ask
from dxportal.rounds.entry_book_changes import Outdated, apply_edits
from dxportal.rounds.entry_book_reading import RowEdit
from dxportal.rounds.grid import row_of
from kpi.models import Actual
from plans.models import (
    Correction,
    Extension,
    ItemComment,
    ReportingCycle,
    RoundItem,
    Submission,
)
from plans.procedure import RULES, Step
from projects.models import Review, ScheduleEntry
from tests.api import Caller, other_editor, undone
from tests.cast import THIS_YEAR, Cast, actual

State = RoundItem.State
CycleState = ReportingCycle.State
ROLES = ("editor", "approver", "coordinator", "viewer", "admin", "outsider", "other_editor")
HEADS = {"approver", "coordinator"}
RUNNING: set[str] = {CycleState.OPEN, CycleState.GRACE, CycleState.CLOSED}
# What a round leaves behind: none of it may change where a door is shut.
RECORDS: tuple[type[models.Model], ...] = (
    Actual, Review, ScheduleEntry, BudgetEntry, RoundItem, Submission, Correction, AuditEntry,
)  # fmt: skip


class World:
    """The open round with a figure, a text and an amount entered by the editor, in any state."""

    def __init__(self, cast: Cast, folder: Path) -> None:
        self.cast, self.folder = cast, folder
        cycle = cast.open_cycle
        assert cycle is not None
        cycle.asks_progress = cycle.asks_settlements = True
        cycle.save()
        ask(cycle)
        self.cycle = cycle
        self.people: dict[str, User] = {**cast.people, "other_editor": other_editor(cast)}
        self.callers = {name: Caller(self.people[name]) for name in ROLES}
        self.tourism = cast.departments["観光課"]
        self.kpi, self.project = cast.indicators["立案数"], cast.projects["観光1-2-2"]
        self.figure = actual(self.kpi, THIS_YEAR, 9)
        self.review = Review.objects.create(
            plan=cast.plan, project=self.project, fiscal_year=THIS_YEAR, result="進めた。"
        )
        self.amount = BudgetEntry.objects.create(
            project=self.project, fiscal_year=THIS_YEAR, stage="settled", amount=1000
        )
        self.stage = ScheduleEntry.objects.create(
            project=self.project, fiscal_year=THIS_YEAR, planned="study", actual="build"
        )
        self.package = Submission.objects.create(cycle=cycle, department=self.tourism)

    def put(self, state: str, cycle_state: str) -> None:
        """All items of the department into this state, as the procedure would have left them."""
        items = self.cycle.items.filter(department=self.tourism)
        signed = self.cast.editor if state in RoundItem.LOCKED_STATES else None
        items.update(state=state, entered_by=self.cast.editor, submitted_by=signed)
        figure = state if state in Actual.State.values else Actual.State.DRAFT
        Actual.objects.filter(pk=self.figure.pk).update(state=figure)
        ReportingCycle.objects.filter(pk=self.cycle.pk).update(state=cycle_state)

    def item(self, kind: str = "actual") -> RoundItem:
        thing = self.kpi if kind == "actual" else self.project
        found = RoundItem.objects.select_related("cycle__plan", "department")
        return found.get(cycle=self.cycle, kind=kind, object_id=thing.pk)

    def traces(self) -> dict[str, Any]:
        return {m._meta.label: list(m._base_manager.order_by("pk").values()) for m in RECORDS}


Door = Callable[[World, str], object]


def page(name: str, *kind: str, **form: str) -> Door:
    def knock(world: World, who: str) -> object:
        item = world.item(*kind)
        pk = {"act": world.cycle.pk, "entry_submit": None, "approve_all": None}.get(name, item.pk)
        address = reverse(f"rounds:{name}", args=[pk] if pk else [])
        values = {
            "cycle": world.cycle.pk,
            "department": world.tourism.pk,
            "version": row_of(item).version if name == "entry_item" else item.version,
            "item": f"{item.pk}:{item.version}",
            "reason": "確かめてください",
            "confirmed": "1",
            **form,
        }
        query = f"?cycle={world.cycle.pk}" if name == "entry_submit" else ""
        return world.callers[who].client.post(address + query, values)

    return knock


def grid(kind: str, **values: str) -> Door:
    """The grid's script, which sends JSON."""

    def knock(world: World, who: str) -> object:
        item = world.item(kind)
        body = json.dumps({"version": row_of(item).version, "values": values})
        address = reverse("rounds:entry_item", args=[item.pk])
        return world.callers[who].client.post(address, body, "application/json")

    return knock


def workbook(kind: str, **values: str) -> Door:
    """What stands in an entry workbook that is put back."""

    def knock(world: World, who: str) -> object:
        row = row_of(world.item(kind))
        edit = RowEdit(row.item.pk, row.version, "実績", 5, dict(values), {})
        actor = Actor(world.people[who], Channel.IMPORT)
        try:
            return apply_edits(actor, world.cycle, [edit], {row.item.pk: row.version})
        except Outdated:
            return None

    return knock


def plan_book(sheet: str, old: str, new: str) -> Door:
    def knock(world: World, who: str) -> object:
        write_plan(world.cast.plan, world.folder / "book")
        path = world.folder / "book" / f"{sheet}.csv"
        text = path.read_text(encoding="utf-8-sig")
        (row,) = [
            line
            for line in text.splitlines()
            if str(THIS_YEAR) in line and old in line and "target" not in line
        ]
        path.write_text(text.replace(row, row.replace(old, new)), encoding="utf-8-sig")
        actor = Actor.system() if who == "command" else Actor(world.people[who], Channel.IMPORT)
        try:
            return load_plan(actor, path.parent)
        except (PlanBookError, PermissionDenied):
            return None

    return knock


def api(method: str, path: str, body: Callable[[World], Any]) -> Door:
    def knock(world: World, who: str) -> object:
        places = {
            "item": world.item().pk,
            "figure": world.figure.pk,
            "review": world.review.pk,
            "amount": world.amount.pk,
            "stage": world.stage.pk,
            "package": world.package.pk,
        }
        address = path.format(**places, version=world.figure.version)
        return world.callers[who].call(method, address, body(world))

    return knock


def versioned(**more: Any) -> Callable[[World], Any]:
    return lambda world: {"version": world.item().version, **more}


def in_bulk(step: str) -> Callable[[World], Any]:
    def body(world: World) -> Any:
        items = [{"id": world.item().pk, "version": world.item().version}]
        return {"step": step, "reason": "確認", "items": items}

    return body


# For each step, every way to take it.
STEPS: dict[str, dict[str, Door]] = {
    Step.SUBMIT: {
        "page": page("entry_submit", step="submit"),
        "api": api("POST", "items/{item}/submit/", versioned()),
        "api-bulk": api("POST", "items/bulk/", in_bulk("submit")),
        "api-package": api("POST", "submissions/{package}/submit/", lambda w: {"version": 1}),
    },
    Step.WITHDRAW: {
        "page": page("entry_submit", step="withdraw"),
        "api": api("POST", "items/{item}/withdraw/", versioned()),
        "api-bulk": api("POST", "items/bulk/", in_bulk("withdraw")),
        "api-package": api("POST", "submissions/{package}/withdraw/", lambda w: {"version": 1}),
    },
    Step.RETURN: {
        "page": page("step", step="return"),
        "bulk": page("act", act="return"),
        "api": api("POST", "items/{item}/return/", versioned(reason="端数")),
        "api-bulk": api("POST", "items/bulk/", in_bulk("return")),
    },
    Step.APPROVE: {
        "page": page("step", step="approve"),
        "bulk": page("act", act="approve"),
        "all": page("approve_all"),
        "api": api("POST", "items/{item}/approve/", versioned()),
        "api-bulk": api("POST", "items/bulk/", in_bulk("approve")),
    },
}
# The page of the round is the coordinator's; nothing of other departments waits for them to approve
# on the heads' page, as a department answers for it.
ONLY = {"bulk": {"coordinator"}, "all": {"approver"}}


def figure(**more: Any) -> Callable[[World], Any]:
    return lambda w: {"indicator": w.kpi.pk, "fiscal_year": THIS_YEAR, "value": "8", **more}


def of_project(**more: Any) -> Callable[[World], Any]:
    def body(world: World) -> Any:
        place = {"plan": world.cast.plan.pk, "project": world.project.pk}
        return {**place, "fiscal_year": THIS_YEAR, "version": 1, **more}

    return body


def settled(world: World) -> Any:
    row = {"project": world.project.pk, "fiscal_year": THIS_YEAR, "amount": 2000}
    return {"plan": world.cast.plan.pk, "rows": [row]}


# Every way to write what a round asks for, with who may.
WRITES: dict[str, tuple[Door, set[str]]] = {
    "grid-figure": (grid("actual", value="8"), {"editor"}),
    "grid-emptied": (grid("actual", value=""), {"editor"}),
    "grid-progress": (grid("progress", result="終えた。"), {"editor"}),
    "grid-stage": (grid("progress", stage="operate"), {"editor"}),
    "grid-settlement": (grid("settlement", settled_amount="2"), {"editor"}),
    "form": (page("entry_item", value="8", status="reported", note=""), {"editor"}),
    "workbook-figure": (workbook("actual", value="8"), {"editor"}),
    "workbook-progress": (workbook("progress", result="終えた。"), {"editor"}),
    "book-figure": (plan_book("values", ",9,", ",8,"), {"coordinator"}),
    "book-review": (plan_book("reviews", "進めた。", "終えた。"), {"coordinator"}),
    "book-stage": (plan_book("schedule", "build", "operate"), {"coordinator"}),
    "book-settlement": (plan_book("budgets", "1000", "2000"), {"coordinator"}),
    "api-figure": (
        api("PATCH", "actuals/{figure}/", lambda w: {"value": "8", "version": 1}),
        {"editor"},
    ),
    "api-emptied": (api("DELETE", "actuals/{figure}/?version=1", lambda w: None), {"editor"}),
    "api-figures": (
        api("POST", "actuals/bulk/", lambda w: {
            "organization": w.cast.city.pk, "rows": [figure()(w)], "mode": "row_by_row",
        }),
        {"editor"},
    ),
    "api-review": (
        api("PATCH", "reviews/{review}/", lambda w: {"result": "終えた。", "version": 1}),
        {"editor"},
    ),
    "api-stage": (api("POST", "schedule/record/", of_project(actual="operate")), {"editor"}),
    "api-settlement": (
        api("PATCH", "settlements/{amount}/", lambda w: {
            "plan": w.cast.plan.pk, "amount": 2000, "version": 1,
        }),
        {"editor"},
    ),
    "api-settlements": (api("POST", "settlements/bulk/", settled), {"editor"}),
}  # fmt: skip


@pytest.fixture
def world(cast: Cast, tmp_path: Path) -> World:
    return World(cast, tmp_path)


def outcome(world: World, knock: Door, who: str, state: str, cycle_state: str) -> bool:
    """Whether knocking in these states changed anything; all of it is undone."""
    with undone():
        world.put(state, cycle_state)
        before = world.traces()
        knock(world, who)
        return world.traces() != before


def attempts(may: set[str], sources: frozenset[str]) -> Iterator[tuple[str, str, str]]:
    """Item's state, round's state and person: everybody in the open round, in every state; in the
    other rounds those who may, from where they may.
    """
    for state in State.values:
        for who in ROLES:
            yield state, CycleState.OPEN, who
    for cycle_state in set(CycleState.values) - {CycleState.OPEN}:
        for who in may:
            yield min(sources), cycle_state, who


def wrong_outcomes(
    world: World, knock: Door, may: set[str], sources: frozenset[str], rounds: set[str]
) -> list[tuple[str, str, str]]:
    """The attempts that were let through and should not have been, or the other way round."""
    return [
        (state, cycle_state, who)
        for state, cycle_state, who in attempts(may, sources)
        if outcome(world, knock, who, state, cycle_state)
        != (who in may and state in sources and cycle_state in rounds)
    ]


@pytest.mark.parametrize(
    ("step", "door"), [(step, door) for step, doors in STEPS.items() for door in doors]
)
def test_a_step_is_taken_by_whom_and_from_where_the_table_says(
    world: World, step: str, door: str
) -> None:
    rule = RULES[step]
    may = {"editor"} if rule.while_entering else ONLY.get(door, HEADS)
    rounds = set(ReportingCycle.ENTRY_STATES) if rule.while_entering else RUNNING
    assert not wrong_outcomes(world, STEPS[step][door], may, rule.sources, rounds)


@pytest.mark.parametrize("door", WRITES)
def test_a_value_is_written_by_whom_and_while_the_table_says(world: World, door: str) -> None:
    knock, may = WRITES[door]
    sources, rounds = frozenset(RoundItem.ENTRY_STATES), set(ReportingCycle.ENTRY_STATES)
    assert not wrong_outcomes(world, knock, may, sources, rounds)


@pytest.mark.parametrize("door", [door for door in WRITES if door.startswith("book")])
def test_a_command_obeys_the_round_too(world: World, door: str) -> None:
    """The operator at the command line is above all roles, and under every lock."""
    for state in State.values:
        is_done = outcome(world, WRITES[door][0], "command", state, CycleState.OPEN)
        assert is_done == (state in RoundItem.ENTRY_STATES), state


MIDNIGHT = datetime.datetime(2026, 6, 1, tzinfo=ZoneInfo("Asia/Tokyo"))
LAST_SECOND = MIDNIGHT - datetime.timedelta(seconds=1)
AT_MIDNIGHT: dict[str, Door] = {
    **{name: WRITES[name][0] for name in (
        "grid-figure", "grid-progress", "grid-settlement", "form", "workbook-figure",
        "api-figure", "api-emptied", "api-figures", "api-review", "api-settlements",
    )},
    **{f"submit-{name}": door for name, door in STEPS[Step.SUBMIT].items()},
}  # fmt: skip


def end_at_midnight(world: World, end: str) -> None:
    """The round ends at 24:00 of 31 May in Japan: by itself, after its grace, or for more time."""
    before = MIDNIGHT - datetime.timedelta(days=7)
    cycle = ReportingCycle.objects.filter(pk=world.cycle.pk)
    cycle.update(opens_at=MIDNIGHT - datetime.timedelta(days=60), closes_at=before)
    match end:
        case "deadline":
            cycle.update(closes_at=MIDNIGHT)
        case "grace":
            cycle.update(grace_until=MIDNIGHT)
        case "extension":
            cycle.update(state=CycleState.CLOSED)
            Extension.objects.create(
                cycle=world.cycle, department=world.tourism, until=MIDNIGHT, reason="災害のため"
            )


@pytest.mark.parametrize("end", ["deadline", "grace", "extension"])
def test_every_door_shuts_at_midnight_in_japan(
    world: World, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    wrong = []
    for name, knock in [*AT_MIDNIGHT.items(), ("book-figure", WRITES["book-figure"][0])]:
        who = "coordinator" if name.startswith("book") else "editor"
        for moment in (LAST_SECOND, MIDNIGHT):
            with undone(), monkeypatch.context() as clock:
                world.put(State.DRAFT, CycleState.OPEN)
                end_at_midnight(world, end)
                before = world.traces()
                clock.setattr(timezone, "now", lambda moment=moment: moment)
                knock(world, who)
                if (world.traces() != before) != (moment < MIDNIGHT):
                    wrong.append((name, f"{moment:%H:%M:%S}"))
    assert not wrong


def test_the_administration_site_has_no_door_into_a_round() -> None:
    shut = {*RECORDS, ReportingCycle, Extension, ItemComment} - {AuditEntry}
    assert not shut & set(admin.site._registry)
    assert not admin.site._registry[AuditEntry].has_change_permission(None)  # type: ignore[arg-type]
