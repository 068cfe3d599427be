"""The editing service: rights, locks, versions, the log, and deletions that can be undone."""

from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError

from accounts import editing
from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Deletion, User
from accounts.versions import StaleVersion
from budgets.models import BudgetEntry
from kpi.models import Target
from kpi.revisions import revise_target
from plans.models import Mark, Measure, Phase, Plan, ReferenceItem, ReferenceList, TargetState
from projects import placements
from projects.models import Placement, Project, ScheduleEntry, Tag, TagScheme
from tests.cast import Cast


def by(user: User) -> Actor:
    return Actor(user, Channel.PAGE)


def mark(cast: Cast, key: str = "x", **fields: Any) -> Mark:
    return Mark(**{"plan": cast.plan, "key": key, "symbol": "×", "label": "中止", **fields})


def everything(cast: Cast) -> tuple[int, ...]:
    """How much there is of what a refused act might have left behind."""
    return tuple(
        model.objects.count() for model in (Mark, Measure, Placement, AuditEntry, Deletion, Target)
    )


@pytest.mark.parametrize("person", ["editor", "approver", "viewer", "admin", "outsider"])
def test_only_who_manages_the_plan_may_edit_it(cast: Cast, person: str) -> None:
    actor, stored = by(cast.people[person]), cast.marks["behind"]
    before = everything(cast)
    for act in (
        lambda: editing.create(actor, mark(cast)),
        lambda: editing.change(actor, stored, {"label": "変えた"}, stored.version),
        lambda: editing.reorder(actor, [stored, cast.marks["on_schedule"]]),
        lambda: editing.delete(actor, stored, stored.version),
        lambda: placements.tag_measure(actor, cast.measures["観光1"], [cast.tag], 1),
    ):
        with pytest.raises(PermissionDenied):
            act()
    stored.refresh_from_db()
    assert (stored.label, stored.position) == ("遅れている", 2)
    assert everything(cast) == before


def test_a_created_row_is_logged_under_its_plan(cast: Cast) -> None:
    made = editing.create(by(cast.coordinator), mark(cast), "評価の区分を足す")
    entry = AuditEntry.objects.of(made).get()
    assert (entry.action, entry.plan_id) == ("mark.create", cast.plan.pk)
    assert (entry.actor, entry.channel) == (cast.coordinator, "page")
    assert entry.before == {} and entry.after["symbol"] == "×"
    assert entry.reason == "評価の区分を足す"
    state = TargetState(measure=cast.measures["観光2"], phase=cast.phase, text="よい")
    deep = AuditEntry.objects.of(editing.create(by(cast.coordinator), state)).get()
    assert deep.plan_id == cast.plan.pk, "a row that reaches the plan over its measure too"


def test_a_change_says_before_and_after_of_what_changed_alone(cast: Cast) -> None:
    row = cast.marks["behind"]
    changes = {"label": "遅延", "symbol": row.symbol}
    stored = editing.change(by(cast.coordinator), row, changes, row.version)
    entry = AuditEntry.objects.of(row).get()
    assert (entry.before, entry.after) == ({"label": "遅れている"}, {"label": "遅延"})
    assert stored.version == row.version + 1
    editing.change(by(cast.coordinator), stored, {"label": "遅延"}, stored.version)
    assert AuditEntry.objects.of(row).count() == 1, "what changes nothing writes nothing"


def test_who_was_slower_changes_nothing(cast: Cast) -> None:
    row = cast.marks["behind"]
    editing.change(by(cast.coordinator), row, {"label": "はやい"}, 1)
    before = everything(cast)
    for act in (
        lambda: editing.change(by(cast.coordinator), row, {"label": "おそい"}, 1),
        lambda: editing.delete(by(cast.coordinator), row, 1),
        lambda: editing.reorder(by(cast.coordinator), [row, cast.marks["on_schedule"]]),
    ):
        with pytest.raises(StaleVersion) as caught:
            act()
        assert caught.value.current.label == "はやい"
    assert everything(cast) == before


def test_nothing_of_a_superseded_plan_can_be_edited(cast: Cast) -> None:
    Plan.objects.filter(pk=cast.plan.pk).update(status=Plan.Status.SUPERSEDED)
    row = Mark.objects.get(pk=cast.marks["behind"].pk)
    actor, before = by(cast.coordinator), everything(cast)
    fresh = mark(cast, plan=row.plan)
    assert "旧版" in editing.why_locked(row)
    for act in (
        lambda: editing.create(actor, fresh),
        lambda: editing.change(actor, row, {"label": "変えた"}, row.version),
        lambda: editing.delete(actor, row, row.version),
        lambda: placements.tag_measure(
            actor, Measure.objects.get(pk=cast.measures["観光1"].pk), [cast.tag], 1
        ),
    ):
        with pytest.raises(editing.Locked, match="旧版のため変更できません"):
            act()
    assert everything(cast) == before


def test_what_was_deleted_comes_back_with_the_same_numbers(cast: Cast) -> None:
    actor, issue = by(cast.coordinator), cast.measures["教育1"]
    state = TargetState.objects.create(measure=issue, phase=cast.phase, text="端末がある。")
    placed = list(issue.placements.values_list("pk", flat=True))
    cast.tag.measures.add(issue)
    going = editing.what_goes(issue)
    assert not going.refusal and going.counts["目指す状態"] == 1
    assert Measure.objects.filter(pk=issue.pk).exists(), "looking deletes nothing"

    deletion = editing.delete(actor, issue, issue.version)
    assert not TargetState.objects.filter(pk=state.pk).exists()
    assert (deletion.plan_id, deletion.object_label) == (cast.plan.pk, str(issue))
    assert AuditEntry.objects.of(state).get().action == "targetstate.delete"

    editing.restore(actor, deletion)
    again = Measure.objects.get(pk=issue.pk)
    assert (again.key, again.name, again.version) == (issue.key, issue.name, issue.version)
    assert TargetState.objects.get(pk=state.pk).text == "端末がある。"
    assert list(again.placements.values_list("pk", flat=True)) == placed
    assert list(again.tags.all()) == [cast.tag]
    assert AuditEntry.objects.of(state).first().action == "targetstate.restore"
    with pytest.raises(ValidationError, match="すでに元に戻されています"):
        editing.restore(actor, deletion)


def test_restoring_needs_the_right_too(cast: Cast) -> None:
    deletion = editing.delete(by(cast.coordinator), _stored_mark(cast), 1)
    for person in (cast.editor, cast.outsider):
        with pytest.raises(PermissionDenied):
            editing.restore(by(person), deletion)
    deletion.refresh_from_db()
    assert deletion.restored_at is None


def _stored_mark(cast: Cast) -> Mark:
    row = mark(cast)
    row.save()
    return row


def test_what_stands_in_the_way_keeps_a_deletion_from_being_undone(cast: Cast) -> None:
    actor = by(cast.coordinator)
    deletion = editing.delete(actor, _stored_mark(cast), 1)
    editing.create(actor, mark(cast, label="あとから"))
    logged = AuditEntry.objects.count()
    with pytest.raises(ValidationError, match="元に戻せません"):
        editing.restore(actor, deletion)
    deletion.refresh_from_db()
    assert deletion.restored_at is None, "it can be tried again"
    assert AuditEntry.objects.count() == logged
    assert Mark.objects.get(plan=cast.plan, key="x").label == "あとから"


def test_records_of_a_round_are_never_deleted_along(cast: Cast) -> None:
    actor, before = by(cast.coordinator), everything(cast)
    for row in (
        cast.measures["観光2"],  # has a review
        cast.marks["behind"],  # is the mark of a review
        cast.indicators["立案数"],  # has actuals
        Project.objects.get(key="観光1-1-7"),  # has done something
    ):
        assert editing.what_goes(row).refusal
        with pytest.raises(ValidationError, match="削除できません"):
            editing.delete(actor, row, row.version)
    entry = ScheduleEntry.objects.filter(actual="study").first()
    assert entry is not None
    with pytest.raises(ValidationError):
        editing.delete(actor, entry.project, entry.project.version)
    assert everything(cast) == before


def test_a_refused_row_leaves_no_trace(cast: Cast) -> None:
    actor, before = by(cast.coordinator), everything(cast)
    with pytest.raises(ValidationError):
        editing.create(actor, mark(cast, "behind"))
    with pytest.raises(ValidationError):
        editing.change(actor, cast.marks["behind"], {"key": "on_schedule"}, 1)
    with pytest.raises(ValidationError):
        placements.found_project(
            actor,
            Project(organization=cast.city, key="neu", name="新しい"),
            cast.measures["観光1"],
            "",
            cast.other_plan.organization.departments.create(key="他", name="他市の課"),
        )
    assert not Project.objects.filter(key="neu").exists()
    assert everything(cast) == before


def test_an_error_of_the_database_undoes_change_and_log_together(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*args: Any, **kwargs: Any) -> None:
        raise IntegrityError("the log is full")

    monkeypatch.setattr("accounts.audit.record", fails)
    before = everything(cast)
    with pytest.raises(IntegrityError):
        editing.change(by(cast.coordinator), cast.marks["behind"], {"label": "変えた"}, 1)
    with pytest.raises(IntegrityError):
        editing.delete(by(cast.coordinator), _unused_phase(cast), 1)
    assert Mark.objects.get(pk=cast.marks["behind"].pk).label == "遅れている"
    assert Phase.objects.filter(key="空").exists()
    assert everything(cast) == before


def _unused_phase(cast: Cast) -> Phase:
    return Phase.objects.create(
        plan=cast.plan, key="空", name="空", first_fiscal_year=2022, last_fiscal_year=2023
    )


def test_rows_whose_positions_are_unique_can_swap(cast: Cast) -> None:
    listed = ReferenceList.objects.create(plan=cast.plan, key="l", title="一覧")
    rows = [
        ReferenceItem.objects.create(reference_list=listed, label=label, position=n)
        for n, label in enumerate("abc", start=1)
    ]
    editing.reorder(by(cast.coordinator), [rows[2], rows[1], rows[0]])
    assert [row.label for row in listed.items.all()] == ["c", "b", "a"]
    assert AuditEntry.objects.of(rows[0]).get().after == {"position": 3}
    assert not AuditEntry.objects.of(rows[1]).exists(), "who stays where it is has no entry"


# The verbs that stand on the service


def test_a_project_keeps_one_primary_place_in_a_plan(cast: Cast) -> None:
    actor, project = by(cast.coordinator), cast.projects["教育1-1"]
    first = Placement.objects.get(project=project)
    second = placements.place(
        actor,
        Placement(
            plan=cast.plan,
            measure=cast.measures["観光2"],
            project=project,
            is_primary=False,
            is_repeat=True,
        ),
    )
    for going in (first, cast.measures["教育1"]):  # alone, and along with its measure
        with pytest.raises(ValidationError, match="主たる掲載は削除できません"):
            editing.delete(actor, going, going.version)
    placements.change_placement(actor, second, {"is_primary": True}, second.version)
    places = Placement.objects.filter(project=project).order_by("pk")
    assert [(place.is_primary, place.is_repeat) for place in places] == [
        (False, True),
        (True, False),
    ]
    first.refresh_from_db()
    editing.delete(actor, first, first.version)
    assert Placement.objects.get(project=project) == second


def test_a_stale_swap_changes_neither_place(cast: Cast) -> None:
    actor, project = by(cast.coordinator), cast.projects["教育1-1"]
    place = Placement(
        plan=cast.plan, measure=cast.measures["観光2"], project=project, is_primary=False
    )
    second = placements.place(actor, place)
    editing.change(actor, second, {"code": "新"}, second.version)
    with pytest.raises(StaleVersion):
        placements.change_placement(actor, second, {"is_primary": True}, second.version)
    assert Placement.objects.get(project=project, is_primary=True).pk != second.pk


def test_a_measure_does_not_take_another_citys_tag(cast: Cast) -> None:
    scheme = TagScheme.objects.create(organization=cast.other_city, key="k", name="他市の体系")
    strange = Tag.objects.create(scheme=scheme, key="s", name="他市のタグ")
    with pytest.raises(ValidationError, match="同じ団体"):
        placements.tag_measure(by(cast.coordinator), cast.measures["観光1"], [strange], 1)
    assert not cast.measures["観光1"].tags.exists()


def test_a_revised_target_keeps_the_old_one_and_the_settled_year(cast: Cast) -> None:
    actor = by(cast.coordinator)
    target = Target.objects.get(indicator=cast.indicators["立案数"], fiscal_year=2026)
    revised = revise_target(actor, target, {"value": 12}, cast.plan, target.version)
    target.refresh_from_db()
    assert (target.value, target.is_current, target.revision) == (8, False, 0)
    assert (revised.value, revised.is_current, revised.revision) == (12, True, 1)
    assert revised.revised_in == cast.plan.key
    with pytest.raises(ValidationError, match="現行の目標だけ"):
        revise_target(actor, target, {"value": 13}, cast.plan, target.version)
    settled = Target.objects.get(indicator=cast.indicators["立案数"], fiscal_year=2024)
    with pytest.raises(editing.Locked, match="確定している"):
        revise_target(actor, settled, {"value": 1}, cast.plan, settled.version)
    empty = {"value": None, "raw_text": ""}
    with pytest.raises(ValidationError):
        revise_target(actor, revised, empty, cast.plan, revised.version)
    revised.refresh_from_db()
    assert revised.is_current, "a revision that says nothing leaves the old one in force"


def test_a_project_with_a_budget_is_not_deleted(cast: Cast) -> None:
    lonely = Project.objects.create(organization=cast.city, key="l", name="独り")
    BudgetEntry.objects.create(project=lonely, fiscal_year=2024, stage="initial", amount=1000)
    assert "予算1件" in editing.what_goes(lonely).refusal
