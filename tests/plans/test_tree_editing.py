"""Moving and adding measures: what goes along, what is refused, and what always holds."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import AuditEntry, Channel, Organization
from accounts.versions import StaleVersion
from plans.models import Level, Measure, Plan
from plans.tree_editing import add_measure, move_measure, plan_move
from tests.cast import Cast


def by(cast: Cast, person: str = "coordinator") -> Actor:
    return Actor(cast.people[person], Channel.PAGE)


def children(cast: Cast, parent: str | None) -> list[str]:
    rows = Measure.objects.filter(
        plan=cast.plan, parent=cast.measures[parent] if parent else None
    ).order_by("position", "id")
    return [row.key for row in rows]


def everything(plan: Plan) -> list[tuple]:
    fields = ("pk", "parent_id", "level_id", "position", "version")
    return list(Measure.objects.filter(plan=plan).order_by("pk").values_list(*fields))


def test_a_reorder_writes_only_what_differs(cast: Cast) -> None:
    step = cast.measures["観光1-2"]
    move_measure(by(cast), step, cast.measures["観光1"], 0, step.version)
    assert children(cast, "観光1") == ["観光1-2", "観光1-1"]
    told = AuditEntry.objects.filter(action="measure.change").order_by("id")
    assert {entry.object_id for entry in told} == {step.pk, cast.measures["観光1-1"].pk}
    before = AuditEntry.objects.count()
    step.refresh_from_db()
    move_measure(by(cast), step, cast.measures["観光1"], 0, step.version)
    assert AuditEntry.objects.count() == before  # it stood there already


def test_a_move_to_another_parent_of_the_same_depth_keeps_every_level(cast: Cast) -> None:
    issue = cast.measures["観光1"]
    move = plan_move(issue, cast.measures["教育"], 0)
    assert [row.measure.key for row in move.going_along] == ["観光1-1", "観光1-2"]
    assert not move.level_changes and move.asks_first and not move.is_reorder
    move_measure(by(cast), issue, cast.measures["教育"], 0, issue.version)
    assert children(cast, "教育") == ["観光1", "教育1"]
    assert children(cast, "観光") == ["観光2"]
    assert children(cast, "観光1") == ["観光1-1", "観光1-2"]


def test_moving_deeper_and_higher_shifts_levels_with_all_below(cast: Cast) -> None:
    area = cast.measures["教育"]  # with 教育1 below
    move = plan_move(area, cast.measures["観光"], 1)
    assert [(row.before.key, row.after.key) for row in move.rows] == [
        ("area", "issue"),
        ("issue", "step"),
    ]
    move_measure(by(cast), area, cast.measures["観光"], 1, area.version)
    assert children(cast, "観光") == ["観光1", "教育", "観光2"]
    assert Measure.objects.get(key="教育1").level.key == "step"
    area.refresh_from_db()
    move_measure(by(cast), area, None, 2, area.version)
    assert children(cast, None) == ["まちづくり", "行政", "教育"]
    assert Measure.objects.get(key="教育1").level.key == "area"


def test_what_does_not_fit_is_refused_with_its_reason(cast: Cast) -> None:
    rows = cast.measures
    before = everything(cast.plan)
    other = Measure.objects.filter(plan=cast.other_plan).first() or Measure.objects.create(
        plan=cast.other_plan,
        level=Level.objects.create(plan=cast.other_plan, key="x", depth=0),
        key="x",
        name="よその施策",
    )
    for key, parent, reason in [
        ("観光", rows["観光1-1"], "それ自身やその下位"),
        ("観光", rows["観光"], "それ自身やその下位"),
        ("観光1", other, "ほかの計画"),
        ("観光2", rows["観光1-1"], "より下の階層がこの計画にない"),
        ("観光1", rows["教育1"], "一緒に移る「1 データの取得と分析」（ステップ）が入る階層がない"),
    ]:
        row = rows[key]
        assert reason in plan_move(row, parent, 0).refusal
        with pytest.raises(ValidationError, match=reason):
            move_measure(by(cast), row, parent, 0, row.version)
    assert everything(cast.plan) == before


def test_only_who_manages_moves_and_never_in_an_old_edition_or_from_an_old_state(
    cast: Cast,
) -> None:
    step = cast.measures["観光1-2"]
    parent = cast.measures["観光1"]
    before = everything(cast.plan)
    for person in ("editor", "approver", "viewer", "admin", "outsider"):
        with pytest.raises(PermissionDenied):
            move_measure(by(cast, person), step, parent, 0, step.version)
        with pytest.raises(PermissionDenied):
            add_measure(by(cast, person), cast.plan, None, 0, "新しい施策")
    with pytest.raises(StaleVersion):
        move_measure(by(cast), step, parent, 0, step.version + 1)
    Plan.objects.filter(pk=cast.plan.pk).update(status=Plan.Status.SUPERSEDED)
    step = Measure.objects.get(pk=step.pk)
    with pytest.raises(Locked, match="旧版"):
        move_measure(by(cast), step, parent, 0, step.version)
    assert everything(cast.plan) == before


def test_an_added_measure_takes_the_usual_level_and_its_place(cast: Cast) -> None:
    made = add_measure(by(cast), cast.plan, cast.measures["観光1"], 1, "新しいステップ", code="1.5")
    assert made.level.key == "step"
    assert children(cast, "観光1") == ["観光1-1", made.key, "観光1-2"]
    under_a_leaf = add_measure(by(cast), cast.plan, cast.measures["教育1"], 0, "はじめの一歩")
    assert under_a_leaf.level.key == "step"
    assert made.key != under_a_leaf.key
    with pytest.raises(ValidationError) as refused:
        add_measure(by(cast), cast.plan, made, 0, "もっと下")
    assert "より下の階層がありません" in refused.value.message_dict["level"][0]
    with pytest.raises(ValidationError) as refused:
        add_measure(by(cast), cast.plan, None, 0, "")
    assert "name" in refused.value.message_dict


def test_where_two_levels_share_a_depth_the_person_chooses(cast: Cast) -> None:
    other = Level.objects.create(plan=cast.plan, key="other", depth=1, name="その他の取組")
    pillar = add_measure(by(cast), cast.plan, None, 2, "新しい分野")
    with pytest.raises(ValidationError) as refused:
        add_measure(by(cast), cast.plan, pillar, 0, "なにか")
    assert refused.value.message_dict["level"]
    made = add_measure(by(cast), cast.plan, pillar, 0, "なにか", level=other)
    assert made.level == other
    # From then on it is what its siblings are.
    assert add_measure(by(cast), cast.plan, pillar, 1, "もうひとつ").level == other


DEPTHS = [1, 2, 2, 4, 5]  # two share a depth, and one depth is skipped
rows_of_trees = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, len(DEPTHS) - 1)), min_size=1, max_size=12
)
moves = st.lists(
    st.tuples(st.integers(0, 30), st.integers(0, 30), st.integers(0, 12)), min_size=1, max_size=6
)


class RandomTrees(TestCase):
    """Whatever is moved wherever in whatever tree."""

    @settings(max_examples=40)
    @given(rows_of_trees, moves)
    def test_a_tree_stays_a_tree(self, rows: list, asked: list) -> None:
        plan, measures = self._tree(rows)
        for which, where, index in asked:
            measure = Measure.objects.get(pk=measures[which % len(measures)].pk)
            # One place more than there are measures: the top.
            target = where % (len(measures) + 1)
            parent = None if target == len(measures) else measures[target]
            self._move_and_check(plan, measure, parent, index)

    def _tree(self, rows: list) -> tuple[Plan, list[Measure]]:
        city = Organization.objects.create(code="422029", name="市")
        plan = Plan.objects.create(
            organization=city, key="p", name="計画", first_fiscal_year=2022, last_fiscal_year=2027
        )
        levels = [
            Level.objects.create(plan=plan, key=str(number), depth=depth, name=f"階層{number}")
            for number, depth in enumerate(DEPTHS)
        ]
        made: list[Measure] = []
        for number, (parent, level) in enumerate(rows):
            higher = [row for row in made if row.level.depth < DEPTHS[level]]
            made.append(
                Measure.objects.create(
                    plan=plan,
                    level=levels[level],
                    parent=higher[parent % len(higher)] if higher and parent % 4 else None,
                    key=str(number),
                    name=f"施策{number}",
                    position=parent,
                )
            )
        return plan, made

    def _move_and_check(
        self, plan: Plan, measure: Measure, parent: Measure | None, index: int
    ) -> None:
        before = everything(plan)
        siblings = Measure.objects.filter(plan=plan, parent=parent).order_by("position", "id")
        wanted = [row.pk for row in siblings if row.pk != measure.pk]
        wanted.insert(index, measure.pk)
        promised = plan_move(measure, parent, index)
        assert everything(plan) == before
        try:
            move_measure(Actor.system(), measure, parent, index, measure.version)
        except ValidationError as refused:
            assert refused.messages == [promised.refusal]
            assert everything(plan) == before
            return
        assert not promised.refusal
        rows = {row.pk: row for row in Measure.objects.filter(plan=plan).select_related("level")}
        assert [row.pk for row in siblings.all()] == wanted
        assert sorted(rows) == [row[0] for row in before]
        moved = {row.measure.pk: row.after for row in promised.rows}
        for pk, parent_id, level_id, _position, _version in before:
            row = rows[pk]
            assert row.level_id == (moved[pk].pk if pk in moved else level_id)
            if pk != measure.pk:
                assert row.parent_id == parent_id
            if row.parent_id is not None:
                assert rows[row.parent_id].level.depth < row.level.depth
        walked = Measure.objects.filter(plan=plan).with_tree_fields()
        assert len(walked) == len(rows)  # a cycle would hide its rows from the walk
