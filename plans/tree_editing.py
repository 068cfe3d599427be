"""Verbs for a plan's tree: what a move would do, moving a measure, and adding one."""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import editing, policy
from accounts.audit import Actor
from accounts.policy import Act
from accounts.versions import StaleVersion
from plans.models import Level, Measure, Plan
from plans.tree_order import measures_in_order


@dataclass(frozen=True)
class MovedRow:
    """A measure that a move takes along, with its level before and after."""

    measure: Measure
    before: Level
    after: Level

    @property
    def changes_level(self) -> bool:
        return self.before != self.after


@dataclass(frozen=True)
class Move:
    """What moving a measure would do; nothing is changed by it.

    `rows` are the measure itself and all below it in tree order, `siblings` its new siblings in
    their new order with the measure among them. `refusal` says why it cannot be done; the rest is
    then empty.
    """

    measure: Measure
    parent: Measure | None = None
    rows: list[MovedRow] = field(default_factory=list)
    siblings: list[Measure] = field(default_factory=list)
    refusal: str = ""

    @property
    def going_along(self) -> list[MovedRow]:
        return self.rows[1:]

    @property
    def level_changes(self) -> list[MovedRow]:
        return [row for row in self.rows if row.changes_level]

    @property
    def is_reorder(self) -> bool:
        """Whether it stays among its siblings."""
        return self.measure.parent_id == (self.parent.pk if self.parent else None)

    @property
    def asks_first(self) -> bool:
        """Whether it does more than people see at a glance: others go along, or levels change."""
        return bool(self.level_changes) or (bool(self.going_along) and not self.is_reorder)


class _Refused(Exception):
    """Why a move cannot be done, as a sentence for the person."""


def plan_move(
    measure: Measure, parent: Measure | None, index: int, level: Level | None = None
) -> Move:
    """Work out a move under `parent` (None: the top), to the place `index` among the others there.

    Where the new parent stands as deep as the old one, every level stays. Else the measure takes
    the next level below its new parent (or `level`, where the person chose one), and what is below
    it shifts by as many depths.
    """
    rows = {row.pk: row for row in measures_in_order(measure.plan)}
    levels = list(Level.objects.filter(plan=measure.plan_id))
    try:
        return _work_out(measure, parent, index, level, rows, levels)
    except _Refused as refusal:
        return Move(measure, parent, refusal=str(refusal))


def _work_out(
    measure: Measure,
    parent: Measure | None,
    index: int,
    level: Level | None,
    rows: dict[int, Measure],
    levels: Sequence[Level],
) -> Move:
    if measure.pk not in rows:
        raise _Refused(f"「{measure}」は、ほかの人が削除しました。")
    if parent is not None and parent.plan_id != measure.plan_id:
        raise _Refused("ほかの計画の施策の下には移せません。")
    if parent is not None and parent.pk not in rows:
        raise _Refused(f"移動先の「{parent}」は、ほかの人が削除しました。")
    row = rows[measure.pk]
    new_parent = rows[parent.pk] if parent else None
    below = _below(rows.values(), row)
    if new_parent in [row, *below]:
        raise _Refused(f"「{row}」は、それ自身やその下位の施策の下には移せません。")
    parent_id = new_parent.pk if new_parent else None
    siblings = [other for other in rows.values() if other.parent_id == parent_id and other != row]
    old_parent = rows[row.parent_id] if row.parent_id else None
    after = level or _level_there(row, old_parent, new_parent, siblings, levels)
    if after not in levels_below(new_parent, levels):
        raise _Refused(f"「{after}」は「{new_parent}」より下の階層ではありません。")
    siblings.insert(max(index, 0), row)
    moved = [MovedRow(row, row.level, after), *_shifted(row, below, after, levels)]
    return Move(row, new_parent, moved, siblings)


def _below(rows: Iterable[Measure], measure: Measure) -> list[Measure]:
    inside, found = {measure.pk}, []
    for row in rows:  # in tree order: a parent stands before its children
        if row.parent_id in inside:
            inside.add(row.pk)
            found.append(row)
    return found


def levels_below(parent: Measure | None, levels: Iterable[Level]) -> list[Level]:
    """The levels that a child of `parent` may have (None: the top), the next one first."""
    return [level for level in levels if parent is None or level.depth > parent.level.depth]


def usual_level(
    parent: Measure | None, siblings: Iterable[Measure], levels: Sequence[Level]
) -> Level | None:
    """The level of one more child: as all its siblings, else the next one; None if not plain."""
    of_siblings = {sibling.level for sibling in siblings}
    if of_siblings:
        return of_siblings.pop() if len(of_siblings) == 1 else None
    next_ones = _at_next_depth(parent, levels)
    return next_ones[0] if len(next_ones) == 1 else None


def _at_next_depth(parent: Measure | None, levels: Sequence[Level]) -> list[Level]:
    deeper = levels_below(parent, levels)
    next_depth = min((level.depth for level in deeper), default=None)
    return [level for level in deeper if level.depth == next_depth]


def _level_there(
    row: Measure,
    old_parent: Measure | None,
    new_parent: Measure | None,
    siblings: Sequence[Measure],
    levels: Sequence[Level],
) -> Level:
    if _depth(old_parent) == _depth(new_parent):
        return row.level
    next_ones = _at_next_depth(new_parent, levels)
    if not next_ones:
        raise _Refused(
            f"「{new_parent}」の階層「{new_parent.level if new_parent else ''}」より下の階層が"
            "この計画にないため、その下には移せません。"
        )
    if row.level in next_ones:
        return row.level
    of_siblings = [other.level for other in siblings if other.level in next_ones]
    return of_siblings[0] if of_siblings else next_ones[0]


def _depth(measure: Measure | None) -> int | None:
    return measure.level.depth if measure else None


def _shifted(
    row: Measure, below: Sequence[Measure], after: Level, levels: Sequence[Level]
) -> list[MovedRow]:
    """What is below, by as many depths deeper or higher as the measure itself."""
    by_depth: dict[int, list[Level]] = {}
    for level in levels:
        by_depth.setdefault(level.depth, []).append(level)
    depths = sorted(by_depth)
    shift = depths.index(after.depth) - depths.index(row.level.depth)
    moved = []
    for child in below:
        rank = depths.index(child.level.depth) + shift
        if rank >= len(depths):
            raise _Refused(
                f"一緒に移る「{child}」（{child.level}）が入る階層がないため、移せません。"
                f"この計画の階層は「{by_depth[depths[-1]][0]}」までです。"
            )
        # Two may share a depth: the second stays a second one where there is one.
        place = by_depth[child.level.depth].index(child.level)
        there = by_depth[depths[rank]]
        moved.append(MovedRow(child, child.level, there[min(place, len(there) - 1)]))
    return moved


def move_measure(
    actor: Actor,
    measure: Measure,
    parent: Measure | None,
    index: int,
    expected_version: int,
    level: Level | None = None,
) -> Measure:
    """Do what `plan_move` says: all of it or nothing, one audit entry for each row that changes.

    Raises PermissionDenied, Locked, ValidationError with the reason, and StaleVersion.
    """
    policy.require(actor, Act.MANAGE, measure.plan.organization_id, what="施策の移動", on=measure)
    with transaction.atomic():
        _lock_tree(measure.plan)
        stored = Measure.objects.select_related("plan").get(pk=measure.pk)
        if stored.version != expected_version:
            raise StaleVersion(stored)
        move = plan_move(stored, parent, index, level)
        if move.refusal:
            raise ValidationError(move.refusal)
        place = {
            "parent": move.parent,
            "level": move.rows[0].after,
            "position": move.siblings.index(stored) + 1,
        }
        moved = editing.change(actor, stored, place, expected_version)
        # From the top down: a child is checked against its parent as it then is.
        for row in move.going_along:
            if row.changes_level:
                editing.change(actor, row.measure, {"level": row.after}, row.measure.version)
        _renumber(actor, move.siblings, moved)
    return moved


def add_measure(
    actor: Actor,
    plan: Plan,
    parent: Measure | None,
    index: int,
    name: str,
    code: str = "",
    level: Level | None = None,
) -> Measure:
    """Add a measure under `parent` (None: at the top), at the place `index` among those there.

    Without a level it gets the usual one there. Raises PermissionDenied, Locked, and
    ValidationError with the fields, also where the person has to choose the level.
    """
    policy.require(actor, Act.MANAGE, plan.organization_id, what="施策の登録", on=plan)
    with transaction.atomic():
        _lock_tree(plan)
        siblings = [
            row
            for row in measures_in_order(plan)
            if row.parent_id == (parent.pk if parent is not None else None)
        ]
        new = Measure(
            plan=plan,
            parent=parent,
            level=level or _chosen_for(plan, parent, siblings),
            key=_new_key(),
            code=code,
            name=name,
            position=min(max(index, 0), len(siblings)) + 1,
        )
        made = editing.create(actor, new)
        siblings.insert(made.position - 1, made)
        _renumber(actor, siblings, made)
    return made


def _chosen_for(plan: Plan, parent: Measure | None, siblings: Sequence[Measure]) -> Level:
    levels = list(Level.objects.filter(plan=plan))
    if not levels_below(parent, levels):
        raise ValidationError(
            {
                "level": f"「{parent}」より下の階層がありません。先に階層を登録してください。"
                if parent
                else "この計画には階層がありません。先に階層を登録してください。"
            }
        )
    level = usual_level(parent, siblings, levels)
    if level is None:
        raise ValidationError({"level": "置ける階層が複数あります。階層を選んでください。"})
    return level


def _new_key() -> str:
    """A key of its own: never that of a row that was deleted, so that one can come back."""
    return f"m-{uuid.uuid4().hex[:12]}"


def _lock_tree(plan: Plan) -> None:
    """Two moves in one tree, each harmless, could make a cycle together: one at a time."""
    Plan.objects.select_for_update(of=("self",)).get(pk=plan.pk)


def _renumber(actor: Actor, siblings: Sequence[Measure], changed: Measure) -> None:
    editing.reorder(actor, [changed if row == changed else row for row in siblings])
