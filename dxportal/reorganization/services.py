"""Reorganising departments (組織改編) from a day on: who takes over what, all or nothing.

The office that manages the plans does it. New departments come into being, old ones end the day
before, and what is open from that day on changes hands with the people's roles; what is settled
stays with the department of its day. The items name their new department at once, also where the
day is still to come, so that people and their items move together.
"""

import datetime
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import models, transaction

from accounts import audit, departments, policy
from accounts.audit import Actor
from accounts.models import Department, Organization, RoleAssignment
from accounts.policy import Act
from dxportal.reorganization.handing_over import (
    CHANGED,
    extend_successors,
    hand_over,
    hand_over_packages,
    hand_over_role,
    settle_packages,
)
from dxportal.reorganization.open_items import (
    OpenItem,
    Thing,
    followed_by,
    packages_of,
    roles_of,
    round_items_of,
    things_of,
)
from plans.models import RoundItem, Submission
from projects.models import ProjectDepartment

Successor = Department | str


@dataclass(frozen=True)
class Move:
    """A department and who takes over: existing departments, or the names of new ones.

    A department among its own successors goes on and hands over a part.
    """

    old: Department
    successors: tuple[Successor, ...]

    @property
    def goes_on(self) -> bool:
        return self.old in self.successors

    @property
    def is_split(self) -> bool:
        return len(self.successors) > 1

    @property
    def names(self) -> str:
        return "、".join(str(successor) for successor in self.successors)

    def __str__(self) -> str:
        return f"{self.old} → {self.names}"


@dataclass(frozen=True)
class Shares:
    """Who gets what, as places in the successors of its old department.

    By default a thing stays with a department that goes on, or goes to the first successor.

    A person may get a role in several of them, or in none: the role then stays where it was.
    """

    items: Mapping[Thing, int] = field(default_factory=dict)
    roles: Mapping[int, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class MovePreview:
    """What one old department would hand over."""

    move: Move
    things: list[OpenItem]
    round_items: list[OpenItem]
    followers: frozenset[Thing]
    packages: list[Submission]
    roles: list[OpenItem]

    @property
    def count(self) -> int:
        return len(self.things) + len(self.round_items)

    @property
    def asked(self) -> list[OpenItem]:
        """The items whose successor a person chooses; others follow what they ask about."""
        return [i for i in [*self.things, *self.round_items] if i.thing not in self.followers]


@dataclass(frozen=True)
class Preview:
    """All that a reorganisation would do, and a mark by which a later change is noticed."""

    on: datetime.date
    moves: list[MovePreview]

    @property
    def fingerprint(self) -> str:
        rows = [
            (*item.thing, item.old_id)
            for move in self.moves
            for item in [*move.things, *move.round_items, *move.roles]
        ]
        return hashlib.sha256(repr(sorted(rows)).encode()).hexdigest()[:20]

    @property
    def count(self) -> int:
        return sum(move.count for move in self.moves)


@dataclass(frozen=True)
class Reorganization:
    """What was done."""

    on: datetime.date
    items: int
    roles: int
    created: list[Department]


def preview_reorganization(
    actor: Actor, organization: Organization, on: datetime.date, moves: Iterable[Move]
) -> Preview:
    """Everything that would change hands, in a fixed number of queries; nothing is changed.

    Raises PermissionDenied, and ValidationError with a message for each move that cannot be.
    """
    policy.require(actor, Act.MANAGE, organization.pk, what="組織改編")
    moves = list(moves)
    _refuse_impossible(organization, on, moves)
    return _preview(organization, on, moves)


def _preview(organization: Organization, on: datetime.date, moves: list[Move]) -> Preview:
    olds = [move.old for move in moves]
    ending = [move.old for move in moves if not move.goes_on]
    things = things_of(organization.pk, olds, on, ending)
    asked = round_items_of(organization.pk, olds)
    packages = packages_of(organization.pk, olds)
    roles = roles_of(organization.pk, olds)
    leaders = {item.thing for item in things}
    links = _links(things)
    followers = frozenset(
        item.thing
        for item in asked
        if isinstance(item.row, RoundItem) and followed_by(item.row, links) in leaders
    )
    return Preview(
        on,
        [
            MovePreview(
                move,
                [item for item in things if item.old_id == move.old.pk],
                [item for item in asked if item.old_id == move.old.pk],
                followers,
                [package for package in packages if package.department_id == move.old.pk],
                [item for item in roles if item.old_id == move.old.pk],
            )
            for move in moves
        ],
    )


def _links(things: Iterable[OpenItem]) -> dict[tuple[int, int, int], int]:
    rows = [item.row for item in things if isinstance(item.row, ProjectDepartment)]
    return {(row.plan_id, row.project_id, row.department_id): row.pk for row in rows}


def _refuse_impossible(organization: Organization, on: datetime.date, moves: list[Move]) -> None:
    errors = [error for move in moves if (error := _why_not(organization, on, move, moves))]
    if not moves:
        errors = ["旧部局と新部局の組を1つ以上選んでください。"]
    if errors:
        raise ValidationError(errors)


def _why_not(organization: Organization, on: datetime.date, move: Move, moves: list[Move]) -> str:
    """Why this move cannot be; "" if it can."""
    old = move.old
    last_day = on - datetime.timedelta(days=1)
    existing = [s for s in move.successors if isinstance(s, Department)]
    ending = {other.old.pk for other in moves if not other.goes_on}
    if any(row.organization_id != organization.pk for row in [old, *existing]):
        return "ほかの団体の部局は選べません。"
    if sum(other.old == old for other in moves) > 1 or len(set(move.successors)) != len(
        move.successors
    ):
        return f"「{old}」の引継ぎ先が重なっています。"
    if move.successors in ((), (old,)):
        return f"「{old}」の新部局を選んでください。"
    if old.valid_to and old.valid_to < last_day:
        return f"「{old}」は{_day(old.valid_to)}に廃止されています。"
    if old.valid_from and old.valid_from > last_day:
        return (
            f"「{old}」は{_day(old.valid_from)}に設置されるため、それより後の日を選んでください。"
        )
    if old.name in move.successors:
        return f"「{old}」と同じ名前です。引継ぎ先の一覧から選ぶか、別の名前にしてください。"
    for successor in existing:
        if successor.pk in ending:
            return f"「{successor}」は同じ改編でなくなるため、引継ぎ先にできません。"
        if successor.valid_to and successor.valid_to < on:
            return f"引継ぎ先の「{successor}」は{_day(successor.valid_to)}に廃止されています。"
        if successor.valid_from and successor.valid_from > on:
            return f"引継ぎ先の「{successor}」は{_day(successor.valid_from)}に設置されます。"
    return ""


def _day(day: datetime.date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def reason_of(on: datetime.date) -> str:
    """The reason that the audit log names for all that a reorganisation changed."""
    return f"組織改編（{_day(on)}）"


def default_place(move: Move) -> int:
    """Where a thing goes unless a person chooses: it stays if the department goes on."""
    return move.successors.index(move.old) if move.goes_on else 0


def default_roles(move: Move) -> tuple[int, ...]:
    """Where roles go unless a person chooses: to every successor; they stay if it goes on."""
    if move.goes_on:
        return (move.successors.index(move.old),)
    return tuple(range(len(move.successors)))


def reorganize(
    actor: Actor,
    organization: Organization,
    on: datetime.date,
    moves: Iterable[Move],
    shares: Shares | None = None,
    seen: str | None = None,
) -> Reorganization:
    """Carry the moves out in one transaction, with a handover and an audit entry for each item.

    `seen` is the fingerprint of the preview that the person confirmed. Raises PermissionDenied,
    and ValidationError for moves that cannot be, or (code "changed") where something has come or
    gone since the preview; nothing is then changed.
    """
    policy.require(actor, Act.MANAGE, organization.pk, what="組織改編")
    shares = shares or Shares()
    with transaction.atomic():
        stored = {
            row.pk: row
            for row in Department.objects.select_for_update(of=("self",)).filter(
                organization=organization
            )
        }
        moves = [_fresh(move, stored) for move in moves]
        _refuse_impossible(organization, on, moves)
        preview = _preview(organization, on, moves)
        if seen is not None and seen != preview.fingerprint:
            raise ValidationError(CHANGED, "changed")
        reason = reason_of(on)
        created = _create_new(actor, organization, on, moves, reason)
        targets = {
            move.old.pk: [s if isinstance(s, Department) else created[s] for s in move.successors]
            for move in moves
        }
        _name_successors(actor, on, moves, targets, reason)
        handed = _hand_over_items(actor, preview, targets, shares, reason)
        roles = sum(
            _hand_over_roles(actor, part, targets[part.move.old.pk], shares, reason)
            for part in preview.moves
        )
        _end_old(actor, organization, on, moves, reason)
        after = {"改編日": on.isoformat(), "引継ぎ": "／".join(str(move) for move in moves)}
        audit.record(
            actor, "organization.reorganize", organization, organization.pk, {}, after, reason
        )
    return Reorganization(on, handed, roles, list(created.values()))


def _fresh(move: Move, stored: Mapping[int, Department]) -> Move:
    """The same with the rows that are held now; those of elsewhere are refused later."""
    return Move(
        stored.get(move.old.pk, move.old),
        tuple(
            stored.get(successor.pk, successor) if isinstance(successor, Department) else successor
            for successor in move.successors
        ),
    )


def _create_new(
    actor: Actor, organization: Organization, on: datetime.date, moves: list[Move], reason: str
) -> dict[str, Department]:
    """A department for each new name, where the first of its predecessors stands."""
    created: dict[str, Department] = {}
    depths = dict(Department.objects.in_trees_of([organization.pk]).values_list("pk", "tree_depth"))
    # From the top down: a new department may stand under another new one.
    for move in sorted(moves, key=lambda move: depths[move.old.pk]):
        for name in move.successors:
            if isinstance(name, str) and name not in created:
                parent, position = _parent_of_new(move, moves, created), move.old.position
                created[name] = departments.create(
                    actor, organization, name, parent, on, reason, position
                )
    return created


def _parent_of_new(
    move: Move, moves: list[Move], created: Mapping[str, Department]
) -> Department | None:
    """Where the old one stood, or under who takes over from what it stood under."""
    above = next((m for m in moves if m.old.pk == move.old.parent_id and not m.goes_on), None)
    if above is None:
        return move.old.parent
    successor = above.successors[0]
    return successor if isinstance(successor, Department) else created[successor]


def _name_successors(
    actor: Actor,
    on: datetime.date,
    moves: list[Move],
    targets: Mapping[int, list[Department]],
    reason: str,
) -> None:
    """Only who ends has successors; a part that is handed over makes none."""
    for move in moves:
        if not move.goes_on:
            for successor in targets[move.old.pk]:
                departments.succeed(actor, move.old, successor, on, reason)


def _hand_over_items(
    actor: Actor,
    preview: Preview,
    targets: Mapping[int, list[Department]],
    shares: Shares,
    reason: str,
) -> int:
    things = [item for move in preview.moves for item in move.things]
    asked = [item for move in preview.moves for item in move.round_items]
    to: dict[Thing, Department] = {
        item.thing: _target(shares, item, targets[item.old_id]) for item in things
    }
    links = _links(things)
    for item in asked:
        assert isinstance(item.row, RoundItem)
        leader = followed_by(item.row, links)
        follows = leader in to and leader is not None
        to[item.thing] = to[leader] if follows else _target(shares, item, targets[item.old_id])  # type: ignore[index]  # asked for in the condition
    below = [item for item in things if isinstance(item.row, Department)]
    others = [item for item in [*things, *asked] if not isinstance(item.row, Department)]
    _move_below(actor, below, to, reason)
    by_pair: dict[tuple[int, Department], list[models.Model]] = defaultdict(list)
    for item in others:
        if to[item.thing].pk != item.old_id:
            by_pair[item.old_id, to[item.thing]].append(item.row)
    olds = {move.move.old.pk: move.move.old for move in preview.moves}
    for (old_id, target), rows in by_pair.items():
        hand_over(actor, rows, olds[old_id], target, preview.on, reason)
    packages = [package for move in preview.moves for package in move.packages]
    hand_over_packages(actor, packages, targets, preview.on, reason)
    settle_packages([item.row for item in asked if isinstance(item.row, RoundItem)], to.values())
    extend_successors(targets)
    return len(below) + sum(len(rows) for rows in by_pair.values())


def _target(shares: Shares, item: OpenItem, successors: list[Department]) -> Department:
    stays = (place for place, row in enumerate(successors) if row.pk == item.old_id)
    place = shares.items.get(item.thing, next(stays, 0))
    if not 0 <= place < len(successors):
        raise ValidationError("引継ぎ先の選び方が正しくありません。もう一度選んでください。")
    return successors[place]


def _move_below(
    actor: Actor, items: list[OpenItem], to: Mapping[Thing, Department], reason: str
) -> None:
    """Departments below go under the successor; a successor itself goes where the old one stood."""
    for item in items:
        child, target = item.row, to[item.thing]
        assert isinstance(child, Department)
        if target.pk == item.old_id:
            continue
        stored = Department.objects.get(pk=child.pk)
        target = Department.objects.get(pk=target.pk)
        above = [row.pk for row in target.ancestors(include_self=True)]
        old = Department.objects.get(pk=item.old_id)
        parent = old.parent if stored.pk in above else target
        departments.change(actor, stored, {"parent": parent}, stored.version, reason)


def _hand_over_roles(
    actor: Actor, part: MovePreview, successors: list[Department], shares: Shares, reason: str
) -> int:
    """How many roles changed; by default every successor gets them, unless the old one goes on."""
    default = default_roles(part.move)
    changed = 0
    for item in part.roles:
        assert isinstance(item.row, RoleAssignment)
        places = shares.roles.get(item.row.pk, default)
        if any(not 0 <= place < len(successors) for place in places):
            raise ValidationError("役割の引継ぎ先が正しくありません。もう一度選んでください。")
        changed += hand_over_role(actor, item.row, [successors[p] for p in places], reason)
    return changed


def _end_old(
    actor: Actor, organization: Organization, on: datetime.date, moves: list[Move], reason: str
) -> None:
    """The lowest first: who stands above others that go on cannot end before them."""
    last_day = on - datetime.timedelta(days=1)
    ending = [move.old.pk for move in moves if not move.goes_on]
    rows = Department.objects.in_trees_of([organization.pk]).filter(pk__in=ending)
    for old in sorted(rows, key=lambda row: -row.tree_depth):
        if old.valid_to != last_day:
            departments.end(actor, old, last_day, old.version, reason)
