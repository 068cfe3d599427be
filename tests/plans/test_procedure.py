"""The procedure of a round: every state, step, role and time; nothing else is possible."""

import datetime
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ImproperlyConfigured, PermissionDenied, ValidationError
from django.utils import timezone

from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import AuditEntry, Channel, Role, RoleAssignment, User
from accounts.versions import StaleVersion
from budgets.services import record_settlement
from dxportal.rounds.asking import ask, items_asked
from kpi.models import Actual
from kpi.services import ActualEntry, clear_actual, correct_actual, record_actual
from plans import procedure
from plans.models import Correction, ReportingCycle, RoundItem, Submission
from plans.procedure import RULES, NotReady, Step, move_item, move_items, submit_package
from plans.services import move_cycle
from projects.services import record_review, record_stage
from tests.api import undone
from tests.cast import LAST_YEAR, THIS_YEAR, Cast

State = RoundItem.State
CycleState = ReportingCycle.State
TOKYO = ZoneInfo("Asia/Tokyo")
ROLES = ("editor", "approver", "coordinator", "viewer", "admin", "outsider", "other_editor")
MAY: dict[str, set[str]] = {
    Step.SUBMIT: {"editor"},
    Step.WITHDRAW: {"editor"},
    Step.RETURN: {"approver", "coordinator"},
    Step.APPROVE: {"approver", "coordinator"},
}


def as_(user: User) -> Actor:
    return Actor(user, Channel.PAGE)


@pytest.fixture
def round_(cast: Cast) -> ReportingCycle:
    """The open round of the cast, asking for everything."""
    cycle = cast.open_cycle
    cycle.asks_progress = cycle.asks_settlements = True
    cycle.save()
    cycle.review_levels.set([cast.levels["area"], cast.levels["issue"]])
    ask(cycle)
    return cycle


@pytest.fixture
def other_editor(cast: Cast) -> User:
    """An editor of another department."""
    user = User.objects.create(username="other_editor", organization=cast.city)
    RoleAssignment.objects.create(
        user=user,
        role=Role.EDITOR,
        organization=cast.city,
        department=cast.departments["教育委員会"],
    )
    cast.people["other_editor"] = user
    return user


def item_of(cycle: ReportingCycle, cast: Cast, key: str = "立案数") -> RoundItem:
    return RoundItem.objects.get(
        cycle=cycle, kind=RoundItem.Kind.ACTUAL, object_id=cast.indicators[key].pk
    )


def enter(cast: Cast, key: str = "立案数", text: str = "9", version: int | None = None) -> Actual:
    return record_actual(
        as_(cast.editor), cast.indicators[key], THIS_YEAR, ActualEntry(text=text), version
    )


def put(item: RoundItem, state: str) -> RoundItem:
    RoundItem.objects.filter(pk=item.pk).update(state=state)
    item.refresh_from_db()
    return item


# What is asked


def test_a_round_asks_each_thing_once_of_one_department(cast: Cast, round_: ReportingCycle) -> None:
    asked = [
        (item.get_kind_display(), item.label, str(item.department)) for item in round_.items.all()
    ]
    assert len(asked) == len(set(asked))
    assert ("実績値", "データを活用した事業立案数", "観光課") in asked
    assert ("事業の進捗", "ＳＮＳデータの分析", "観光課") in asked
    assert ("決算", "学習用端末の更新", "教育委員会") in asked
    # No department stands at the measure, so the one that leads what is below answers.
    assert ("施策の評価", "1 データにもとづく観光戦略", "観光課") in asked
    assert not any("他市" in label for _, label, _ in asked)
    assert ask(round_) == 0


def test_opening_a_round_asks(cast: Cast) -> None:
    cycle = ReportingCycle.objects.create(plan=cast.plan, fiscal_year=2026)
    move_cycle(as_(cast.coordinator), cycle, CycleState.OPEN, 1)
    assert cycle.items.count() == len(items_asked(cycle)) == 6


# Every state, step and role


@pytest.mark.parametrize("step", Step.values)
def test_only_the_table_is_possible(
    cast: Cast, round_: ReportingCycle, other_editor: User, step: str
) -> None:
    for state, role in product(State.values, ROLES):
        with undone():
            item = put(item_of(round_, cast), state)
            attempt = (as_(cast.people[role]), item, step, item.version, "理由")
            if role not in MAY[step]:
                with pytest.raises(PermissionDenied):
                    move_item(*attempt)
            elif state not in RULES[step].sources:
                with pytest.raises(ValidationError, match="はできません"):
                    move_item(*attempt)
            else:
                assert move_item(*attempt).state == RULES[step].target
                continue
            item.refresh_from_db()
            assert item.state == state
            assert not AuditEntry.objects.of(item).exists()


@pytest.mark.parametrize("step", Step.values)
def test_nothing_moves_in_a_round_that_does_not_run(
    cast: Cast, round_: ReportingCycle, step: str
) -> None:
    actor = as_(cast.editor if "editor" in MAY[step] else cast.approver)
    for state in CycleState.values:
        with undone():
            item = put(item_of(round_, cast), min(RULES[step].sources))
            ReportingCycle.objects.filter(pk=round_.pk).update(state=state)
            running = state in (CycleState.OPEN, CycleState.GRACE)
            if running or (state == CycleState.CLOSED and not RULES[step].while_entering):
                moved = move_item(actor, item, step, item.version, "理由")
                assert moved.state == RULES[step].target
            else:
                with pytest.raises(ValidationError):
                    move_item(actor, item, step, item.version, "理由")


def test_nothing_is_submitted_where_nobody_looks_at_it(
    cast: Cast, round_: ReportingCycle, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the check of the floor above the procedure refuses to work, and says so."""
    monkeypatch.setattr(procedure, "_SUBMISSION_CHECKS", [])
    item = item_of(round_, cast)
    with pytest.raises(ImproperlyConfigured):
        move_item(as_(cast.editor), item, Step.SUBMIT, item.version)
    with pytest.raises(ImproperlyConfigured):
        submit_package(as_(cast.editor), round_, cast.departments["観光課"])
    assert not round_.items.exclude(state=State.UNTOUCHED).exists()


def test_no_verb_submits_an_unusual_figure_without_a_comment(
    cast: Cast, round_: ReportingCycle
) -> None:
    editor, tourism = as_(cast.editor), cast.departments["観光課"]
    actual = enter(cast, "来訪者", "1")
    item, usual = item_of(round_, cast, "来訪者"), item_of(round_, cast, "立案数")
    with pytest.raises(NotReady, match="「来訪者数」"):
        move_item(editor, item, Step.SUBMIT, item.version)
    with pytest.raises(NotReady):
        submit_package(editor, round_, tourism)
    result = move_items(editor, [item, usual], Step.SUBMIT)
    assert [(refused.pk, "警告の理由" in why) for refused, why in result.refused] == [
        (item.pk, True)
    ]
    assert [moved.pk for moved in result.moved] == [usual.pk]
    entry = ActualEntry(text="1", note="台風による休業")
    record_actual(editor, cast.indicators["来訪者"], THIS_YEAR, entry, actual.version)
    assert submit_package(editor, round_, tourism)


def _channels(cast: Cast) -> dict[str, object]:
    """Every verb that writes what a round asks for, by the kind of item that locks it."""
    editor = as_(cast.editor)
    project = cast.projects["観光1-2-2"]
    measure = cast.measures["観光1"]
    plan = cast.plan
    return {
        "actual": lambda: enter(cast),
        "progress": lambda: record_stage(editor, plan, project, THIS_YEAR, "build", None),
        "progress-text": lambda: record_review(
            editor, plan, project, THIS_YEAR, {"result": "進めた。"}, None
        ),
        "review": lambda: record_review(
            editor, plan, measure, THIS_YEAR, {"result": "進めた。"}, None
        ),
        "settlement": lambda: record_settlement(
            editor, plan, project, THIS_YEAR, "settled", {"amount": 1000}, None
        ),
    }


VERBS = ["actual", "progress", "progress-text", "review", "settlement"]


@pytest.mark.parametrize("channel", VERBS)
def test_what_is_submitted_can_be_written_by_no_verb(
    cast: Cast, round_: ReportingCycle, channel: str
) -> None:
    for state in State.values:
        with undone():
            round_.items.update(state=state)
            write = _channels(cast)[channel]
            if state in RoundItem.ENTRY_STATES:
                write()
                written = round_.items.filter(kind=channel.partition("-")[0], state=State.DRAFT)
                assert written.filter(entered_by=cast.editor).exists()
            else:
                with pytest.raises(Locked):
                    write()


@pytest.mark.parametrize("channel", VERBS)
def test_nothing_is_written_outside_of_a_round(
    cast: Cast, round_: ReportingCycle, channel: str
) -> None:
    for cycle_state in CycleState.values:
        with undone():
            ReportingCycle.objects.filter(pk=round_.pk).update(state=cycle_state)
            write = _channels(cast)[channel]
            if cycle_state in ReportingCycle.ENTRY_STATES:
                write()
            else:
                with pytest.raises(Locked):
                    write()


# Time


@pytest.mark.parametrize(
    ("clock", "open_"), [((23, 59, 59), True), ((0, 0, 0), False)], ids=["23:59:59", "00:00:00"]
)
def test_the_end_is_the_moment_that_was_set(
    cast: Cast,
    round_: ReportingCycle,
    monkeypatch: pytest.MonkeyPatch,
    clock: tuple[int, int, int],
    open_: bool,
) -> None:
    """「5月31日まで」 is 24:00 of that day in Japan, wherever the server stands."""
    end = datetime.datetime(2026, 6, 1, 0, 0, tzinfo=TOKYO)
    round_.opens_at, round_.closes_at = end - datetime.timedelta(days=60), end
    round_.save()
    day = end.date() - datetime.timedelta(days=clock != (0, 0, 0))
    moment = datetime.datetime.combine(day, datetime.time(*clock), TOKYO)
    monkeypatch.setattr(timezone, "now", lambda: moment)
    if open_:
        assert enter(cast).value == 9
    else:
        with pytest.raises(Locked, match="2026年5月31日 24:00に締め切りました"):
            enter(cast)


def test_more_time_for_one_department_is_for_that_one(
    cast: Cast, round_: ReportingCycle, other_editor: User
) -> None:
    round_ = move_cycle(as_(cast.coordinator), round_, CycleState.CLOSED, round_.version)
    with pytest.raises(Locked):
        enter(cast)
    until = timezone.now() + datetime.timedelta(days=3)
    procedure.grant_extension(
        as_(cast.coordinator), round_, until, "議会対応のため", cast.departments["観光課"]
    )
    enter(cast)
    with pytest.raises(Locked):
        record_actual(
            as_(other_editor), cast.indicators["未入力"], THIS_YEAR, ActualEntry("5"), None
        )
    procedure.end_extension(as_(cast.coordinator), round_.extensions.get())
    with pytest.raises(Locked):
        enter(cast, "来訪者")


@pytest.mark.parametrize("person", ["editor", "approver", "viewer", "admin", "outsider"])
def test_only_the_dx_office_grants_time(cast: Cast, round_: ReportingCycle, person: str) -> None:
    until = timezone.now() + datetime.timedelta(days=3)
    with pytest.raises(PermissionDenied):
        procedure.grant_extension(as_(cast.people[person]), round_, until, "理由")
    with pytest.raises(ValidationError):
        procedure.grant_extension(as_(cast.coordinator), round_, until, " ")


# Four eyes, versions, packages


def test_nobody_approves_what_they_entered(cast: Cast, round_: ReportingCycle) -> None:
    RoleAssignment.objects.create(
        user=cast.editor,
        role=Role.APPROVER,
        organization=cast.city,
        department=cast.departments["観光課"],
    )
    enter(cast)
    item = item_of(round_, cast)
    item = move_item(as_(cast.editor), item, Step.SUBMIT, item.version)
    with pytest.raises(ValidationError, match="自分で入力"):
        move_item(as_(cast.editor), item, Step.APPROVE, item.version)
    assert move_item(as_(cast.approver), item, Step.APPROVE, item.version).state == State.APPROVED


def test_the_slower_of_two_is_told(cast: Cast, round_: ReportingCycle) -> None:
    item = put(item_of(round_, cast), State.SUBMITTED)
    move_item(as_(cast.approver), item, Step.APPROVE, item.version)
    with pytest.raises(StaleVersion):
        move_item(as_(cast.coordinator), item, Step.RETURN, item.version, "数値の確認")


def test_a_value_follows_its_item(cast: Cast, round_: ReportingCycle) -> None:
    actual = enter(cast)
    item = item_of(round_, cast)
    states = []
    for person, step in [
        ("editor", Step.SUBMIT),
        ("approver", Step.RETURN),
        ("editor", Step.SUBMIT),
        ("approver", Step.APPROVE),
    ]:
        item = move_item(as_(cast.people[person]), item, step, item.version, "根拠を添えて")
        actual.refresh_from_db()
        states.append(actual.state)
    assert states == ["submitted", "draft", "submitted", "approved"]


def test_a_package_is_submitted_with_its_empty_cells(cast: Cast, round_: ReportingCycle) -> None:
    tourism = cast.departments["観光課"]
    enter(cast)
    sent = submit_package(as_(cast.editor), round_, tourism)
    assert {item.state for item in sent} == {State.SUBMITTED}
    assert not Actual.objects.filter(
        indicator=cast.indicators["来訪者"], fiscal_year=THIS_YEAR
    ).exists()
    package = Submission.objects.get(cycle=round_, department=tourism)
    assert (package.state, package.submitted_by) == (Submission.State.SUBMITTED, cast.editor)
    result = move_items(as_(cast.approver), round_.items.filter(department=tourism), Step.APPROVE)
    assert not result.refused
    package.refresh_from_db()
    assert (package.state, package.approved_by) == (Submission.State.APPROVED, cast.approver)
    # As many entries in the log as single acts would have left.
    entries = AuditEntry.objects.filter(action="rounditem.approve")
    assert entries.count() == len(result.moved) == len(sent)


def test_one_returned_item_returns_the_package(cast: Cast, round_: ReportingCycle) -> None:
    tourism = cast.departments["観光課"]
    submit_package(as_(cast.editor), round_, tourism)
    item = item_of(round_, cast)
    move_item(as_(cast.approver), item, Step.RETURN, item.version, "根拠を添えてください")
    package = Submission.objects.get(cycle=round_, department=tourism)
    assert package.state == Submission.State.RETURNED
    assert package.return_reason == "根拠を添えてください"


def test_a_value_that_is_taken_back_is_untouched_again(cast: Cast, round_: ReportingCycle) -> None:
    actual = enter(cast)
    clear_actual(as_(cast.editor), cast.indicators["立案数"], THIS_YEAR, actual.version)
    assert item_of(round_, cast).state == State.UNTOUCHED


# Settling and correcting


def settle(cast: Cast, cycle: ReportingCycle) -> ReportingCycle:
    for state in (CycleState.CLOSED, CycleState.FINAL):
        cycle = move_cycle(as_(cast.coordinator), cycle, state, cycle.version, "全庁の確認を終えた")
    return cycle


def test_settling_needs_everything_approved_or_a_reason(cast: Cast, round_: ReportingCycle) -> None:
    closed = move_cycle(as_(cast.coordinator), round_, CycleState.CLOSED, round_.version)
    with pytest.raises(ValidationError, match="承認されていない項目が"):
        move_cycle(as_(cast.coordinator), closed, CycleState.FINAL, closed.version)


def test_settling_locks_and_stepping_back_gives_back_what_was(
    cast: Cast, round_: ReportingCycle
) -> None:
    actual = enter(cast)
    item = item_of(round_, cast)
    move_item(as_(cast.editor), item, Step.SUBMIT, item.version)
    final = settle(cast, round_)
    actual.refresh_from_db()
    assert actual.state == Actual.State.FINAL
    assert not round_.items.exclude(state=State.FINAL).exists()
    move_cycle(as_(cast.coordinator), final, CycleState.CLOSED, final.version, "集計の誤り")
    item.refresh_from_db()
    actual.refresh_from_db()
    assert (item.state, actual.state) == (State.SUBMITTED, Actual.State.SUBMITTED)
    assert item_of(round_, cast, "来訪者").state == State.UNTOUCHED


def test_a_settled_figure_changes_by_correction_alone(cast: Cast, round_: ReportingCycle) -> None:
    actual = enter(cast)
    settle(cast, round_)
    actual.refresh_from_db()
    kpi = cast.indicators["立案数"]
    args = (cast.plan, kpi, THIS_YEAR, ActualEntry(text="8"), actual.version)
    with pytest.raises(PermissionDenied):
        correct_actual(as_(cast.editor), *args, "集計の誤り")
    with pytest.raises(ValidationError, match="理由"):
        correct_actual(as_(cast.coordinator), *args, "")
    corrected = correct_actual(as_(cast.coordinator), *args, "集計の誤り")
    assert (corrected.value, corrected.state) == (8, Actual.State.FINAL)
    kept = Correction.objects.get()
    assert (kept.field, kept.before, kept.after, kept.reason) == ("実績値", "9", "8", "集計の誤り")
    with pytest.raises(StaleVersion):
        correct_actual(as_(cast.coordinator), *args, "もう一度")


def test_a_year_that_is_not_settled_is_not_corrected(cast: Cast, round_: ReportingCycle) -> None:
    actual = enter(cast)
    with pytest.raises(ValidationError, match="確定していない"):
        correct_actual(
            as_(cast.coordinator),
            cast.plan,
            cast.indicators["立案数"],
            THIS_YEAR,
            ActualEntry(text="8"),
            actual.version,
            "理由",
        )


def test_a_year_settled_before_there_were_items_can_be_corrected(cast: Cast) -> None:
    kpi = cast.indicators["来訪者"]
    stored = kpi.actuals.get(fiscal_year=LAST_YEAR)
    correct_actual(
        as_(cast.coordinator),
        cast.plan,
        kpi,
        LAST_YEAR,
        ActualEntry(text="12,354"),
        stored.version,
        "転記の誤り",
    )
    assert Correction.objects.get().after == "12,354"
