"""The permission policy: which role may do which act, and where.

Everything that changes data asks `require`; everything that shows data starts from
`Model.objects.visible_to(user)`. The policy knows organizations and departments only, so every
app above can use it for its own rows.
"""

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db import models

from accounts.models import Department, Role, RoleAssignment, User

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
    """Where a person may do what: whole organizations, and single departments."""

    organizations: dict[Act, frozenset[int]] = field(default_factory=dict)
    departments: dict[Act, frozenset[int]] = field(default_factory=dict)

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
    assignments = list(RoleAssignment.objects.filter(user=user))
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
    actor: "Actor", act: Act, organization_id: int, department_id: int | None = None
) -> bool:
    """Whether the actor may do this; the system itself (a command) may do everything."""
    if actor.is_system:
        return True
    if act != Act.VIEW and actor.is_read_only:
        return False
    return scope_of(actor.user).covers(act, organization_id, department_id)


def require(
    actor: "Actor",
    act: Act,
    organization_id: int,
    department_id: int | None = None,
    what: str = "この操作",
) -> None:
    """Raise `PermissionDenied` with a sentence for the person unless the act is allowed."""
    if not allows(actor, act, organization_id, department_id):
        raise PermissionDenied(f"{what}を行う権限がありません（必要な権限：{act.label}）。")
