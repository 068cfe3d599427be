"""The permission policy: which role may do which act, and where.

Everything that changes data asks `require`; everything that shows data starts from
`Model.objects.visible_to(user)`. The policy knows organizations and departments only, so every
app above can use it for its own rows.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models

from accounts.models import Department, Role, RoleAssignment, User
from accounts.rest.resources import hidden_models
from accounts.rows import is_shared_by_all_plans, organization_path_of, owners_of, plan_id_of

if TYPE_CHECKING:
    from accounts.audit import Actor


class Act(models.TextChoices):
    VIEW = "view", "閲覧"
    ENTER = "enter", "入力"
    APPROVE = "approve", "承認"
    MANAGE = "manage", "取りまとめ"
    ADMINISTER = "administer", "管理"


GRANTS: dict[str, frozenset[Act]] = {
    Role.EDITOR: frozenset({Act.VIEW, Act.ENTER}),
    Role.APPROVER: frozenset({Act.VIEW, Act.APPROVE}),
    Role.COORDINATOR: frozenset({Act.VIEW, Act.MANAGE}),
    Role.VIEWER: frozenset({Act.VIEW}),
    Role.ADMIN: frozenset({Act.VIEW, Act.ADMINISTER}),
    Role.SERVICE: frozenset({Act.VIEW, Act.ENTER}),
}


@dataclass(frozen=True)
class Scope:
    """Where a person may do what: whole organizations, and single departments.

    A token narrows it: to plans (`plan_ids`; None is every plan), and to the kinds of rows that
    its resources need (`hidden_models` are the labels of the others).
    """

    organizations: dict[Act, frozenset[int]] = field(default_factory=dict)
    departments: dict[Act, frozenset[int]] = field(default_factory=dict)
    plan_ids: frozenset[int] | None = None
    hidden_models: frozenset[str] = frozenset()

    @property
    def organization_ids(self) -> frozenset[int]:
        """Organizations in which the person has any role: what they may read."""
        return self.organizations.get(Act.VIEW, frozenset())

    def covers(self, act: Act, organization_id: int, department_id: int | None = None) -> bool:
        """Whether `act` is allowed on a row of this organization and department.

        A role that is limited to departments covers no row without a department.
        """
        if organization_id in self.organizations.get(act, frozenset()):
            return True
        return department_id is not None and department_id in self.departments.get(act, frozenset())

    def may_anywhere(self, act: Act) -> bool:
        return bool(self.organizations.get(act) or self.departments.get(act))


def scope_of(user: User | AnonymousUser) -> Scope:
    """The person's scope, worked out once per user object (so once per request or job)."""
    if not isinstance(user, User) or not user.is_active:
        return Scope()
    cached: Scope | None = getattr(user, "_scope", None)
    if cached is None:
        cached = user._scope = _work_out_scope(user)  # type: ignore[attr-defined]  # a cache, not a field
    return cached


def _work_out_scope(user: User) -> Scope:
    token = user.token
    assignments = list(RoleAssignment.objects.filter(user=user))
    if token is not None and token.organization_ids:
        assignments = [a for a in assignments if a.organization_id in token.organization_ids]
    below = _departments_below({a.organization_id for a in assignments if a.department_id})
    organizations: dict[Act, set[int]] = defaultdict(set)
    departments: dict[Act, set[int]] = defaultdict(set)
    for assignment in assignments:
        for act in GRANTS[assignment.role]:
            if assignment.department_id is None or act == Act.VIEW:
                # Reading is not limited to one's own department: plans are shared by the house.
                organizations[act].add(assignment.organization_id)
            if assignment.department_id is not None:
                departments[act] |= below[assignment.department_id]
    return Scope(
        {act: frozenset(ids) for act, ids in organizations.items()},
        {act: frozenset(ids) for act, ids in departments.items()},
        frozenset(token.plan_ids) if token is not None and token.plan_ids else None,
        hidden_models(token.resources) if token is not None else frozenset(),
    )


def _departments_below(organization_ids: set[int]) -> dict[int, set[int]]:
    """Each department's id with the ids of itself and all below it, in one query."""
    if not organization_ids:
        return {}
    parents = dict(
        Department.objects.filter(organization_id__in=organization_ids).values_list(
            "pk", "parent_id"
        )
    )
    below: dict[int, set[int]] = {pk: {pk} for pk in parents}
    for pk in parents:
        ancestor = parents[pk]
        while ancestor is not None:
            below[ancestor].add(pk)
            ancestor = parents[ancestor]
    return below


def allows(
    actor: "Actor",
    act: Act,
    organization_id: int,
    department_id: int | None = None,
    on: models.Model | None = None,
    beside: Collection[models.Model] = (),
    reads: bool = False,
) -> bool:
    """Whether the actor may do this; the system itself (a command) may do everything.

    `on` is the row that it is done to, stored or about to be. A token that opens some plans only
    changes nothing where it is not told, and nothing that does not stand in one of them. `beside`
    are rows of the same act: the measure that a new project is about to be placed under, or the
    project that was made a moment ago and stands nowhere until this row is saved. `reads` is what
    only reads although it takes more than the right to view: a reading token may do it.
    """
    if actor.is_system:
        return True
    changes = act != Act.VIEW and not reads
    if changes and (actor.is_read_only or _came_to_read(actor.user)):
        return False
    scope = scope_of(actor.user)
    if not scope.covers(act, organization_id, department_id):
        return False
    if act == Act.VIEW or scope.plan_ids is None:
        return True
    return on is not None and _is_within_plans(scope.plan_ids, on, beside)


def _came_to_read(user: User | AnonymousUser) -> bool:
    """Whether the person is here by a reading token, whatever the actor was told of it."""
    token = user.token if isinstance(user, User) else None
    return token is not None and token.is_read_only


def _is_within_plans(
    plan_ids: frozenset[int], row: models.Model, beside: Collection[models.Model] = ()
) -> bool:
    """Whether the row stands in one of the plans, and all that it names does."""
    # What a whole organization shares is changed by no token that opens some of its plans.
    if is_shared_by_all_plans(row):
        return False
    named = (one for one in _named_by(row) if one not in beside)
    if not all(_stands_in(plan_ids, one) for one in named):
        return False
    if (plan_id := plan_id_of(row)) is not None:
        return plan_id in plan_ids
    if row._state.adding:
        has_owner = next(owners_of(row), None) is not None
        return has_owner or any(_stands_in(plan_ids, place) for place in beside)
    return _stands_in(plan_ids, row)


def _stands_in(plan_ids: frozenset[int], row: models.Model) -> bool:
    if is_shared_by_all_plans(row):
        return True
    if (plan_id := plan_id_of(row)) is not None:
        return plan_id in plan_ids
    rows: Any = type(row)._default_manager
    return bool(rows.within_plans(plan_ids).filter(pk=row.pk).exists())


def _named_by(row: models.Model) -> Iterator[models.Model]:
    """The rows of plans and organizations that this one points to."""
    for relation in row._meta.concrete_fields:
        if relation.is_relation and getattr(row, relation.attname) is not None:
            named = getattr(row, relation.name)
            if organization_path_of(named):
                yield named


def require(
    actor: "Actor",
    act: Act,
    organization_id: int,
    department_id: int | None = None,
    what: str = "この操作",
    on: models.Model | None = None,
    beside: Collection[models.Model] = (),
    reads: bool = False,
) -> None:
    """Raise `PermissionDenied` with a sentence for the person unless the act is allowed."""
    if allows(actor, act, organization_id, department_id, on, beside, reads):
        return
    if scope_of(actor.user).covers(act, organization_id, department_id):
        raise PermissionDenied(f"{what}は、このトークンの対象の計画の外です。")
    raise PermissionDenied(f"{what}を行う権限がありません（必要な権限：{act.label}）。")


def require_within_plans(actor: "Actor", rows: Iterable[models.Model], what: str) -> None:
    """Raise `PermissionDenied` where a row that goes along stands outside the token's plans."""
    plan_ids = scope_of(actor.user).plan_ids
    if actor.is_system or plan_ids is None:
        return
    for row in rows:
        if organization_path_of(row) and not _is_within_plans(plan_ids, row):
            raise PermissionDenied(
                f"{what}は、このトークンの対象の計画の外にある{row._meta.verbose_name}に及びます。"
            )
