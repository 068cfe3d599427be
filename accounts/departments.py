"""Verbs for the tree of departments: add, correct, move, end, and name a successor.

Administrators keep the departments; the office that manages the plans (事務局) may do so as well,
because it reorganises what departments are in charge of. What lives on the floors above is handed
over by `dxportal.reorganization`.
"""

import datetime
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import models, transaction
from django.db.models import Count

from accounts import audit, editing, policy
from accounts.audit import Actor
from accounts.models import Department, DepartmentSuccession, Organization
from accounts.policy import Act

KEEPERS = (Act.ADMINISTER, Act.MANAGE)


def may_keep(actor: Actor, organization_id: int) -> bool:
    """Whether the actor may change the organization's departments."""
    return any(policy.allows(actor, act, organization_id) for act in KEEPERS)


def require_keeper(actor: Actor, organization_id: int) -> None:
    """Raise PermissionDenied unless the actor may change the organization's departments."""
    if not may_keep(actor, organization_id):
        raise PermissionDenied(
            "部局の変更を行う権限がありません（必要な権限：管理または取りまとめ）。"
        )


def create(
    actor: Actor,
    organization: Organization,
    name: str,
    parent: Department | None = None,
    valid_from: datetime.date | None = None,
    reason: str = "",
    position: int | None = None,
) -> Department:
    """A new department at the end of its siblings, or at `position`.

    Raises PermissionDenied, and ValidationError for a name that a department of the same place
    has on that day, or a parent of another organization.
    """
    require_keeper(actor, organization.pk)
    name = name.strip()
    rows = Department.objects.filter(organization=organization)
    _refuse_same_name(rows, name, parent, valid_from)
    if position is None:
        last = rows.filter(parent=parent).aggregate(last=models.Max("position"))["last"]
        position = 0 if last is None else last + 1
    department = Department(
        organization=organization,
        key=_free_key(rows, name),
        name=name,
        parent=parent,
        position=position,
        valid_from=valid_from,
    )
    return editing.create(actor, department, reason, act=_act(actor, organization.pk))


def _refuse_same_name(
    rows: models.QuerySet,
    name: str,
    parent: Department | None,
    valid_from: datetime.date | None,
    but: int | None = None,
) -> None:
    same = rows.filter(name=name, parent=parent).exclude(pk=but)
    if valid_from is not None:
        same = same.exclude(valid_to__lt=valid_from)
    else:
        same = same.filter(valid_to__isnull=True)
    if same.exists():
        raise ValidationError({"name": f"「{name}」は、同じ上位の部局の下にすでにあります。"})


def _free_key(rows: models.QuerySet, name: str) -> str:
    """The name itself, numbered where a department of another time bears it."""
    taken = set(rows.filter(key__startswith=name[:90]).values_list("key", flat=True))
    key, number = name[:100], 1
    while key in taken:
        number += 1
        key = f"{name[:90]}-{number}"
    return key


def change(
    actor: Actor,
    department: Department,
    changes: Mapping[str, Any],
    expected_version: int | None,
    reason: str = "",
) -> Department:
    """Correct the name, the place in the tree or the days. A new name by reorganisation is a
    department of its own (`dxportal.reorganization`), so that past years keep the old one.

    Raises PermissionDenied, ValidationError with the fields, and StaleVersion.
    """
    require_keeper(actor, department.organization_id)
    with transaction.atomic():
        # Two that move below each other at the same moment would close the tree to a ring.
        others = _locked(department.organization_id)
        if parent := changes.get("parent"):
            _refuse_ring(department, parent, others)
        name = changes.get("name", department.name)
        above = changes.get("parent", department.parent)
        rows = Department.objects.filter(organization_id=department.organization_id)
        valid_from = changes.get("valid_from", department.valid_from)
        if {"name", "parent"} & changes.keys():
            _refuse_same_name(rows, name, above, valid_from, but=department.pk)
        act = _act(actor, department.organization_id)
        return editing.change(actor, department, changes, expected_version, reason, act=act)


def _locked(organization_id: int) -> dict[int, Department]:
    rows = Department.objects.filter(organization_id=organization_id)
    return {row.pk: row for row in rows.select_for_update(of=("self",))}


def _refuse_ring(
    department: Department, parent: Department, others: Mapping[int, Department]
) -> None:
    above: Department | None = others.get(parent.pk)
    while above is not None:
        if above.pk == department.pk:
            raise ValidationError(
                {"parent": "その部局自身や、その下の部局を、上位の部局にすることはできません。"}
            )
        above = others.get(above.parent_id) if above.parent_id else None


def end(
    actor: Actor,
    department: Department,
    last_day: datetime.date,
    expected_version: int | None,
    reason: str = "",
) -> Department:
    """Abolish a department after its last day; its rows and its past stay as they are.

    Raises PermissionDenied, StaleVersion, and ValidationError while departments below it go on,
    or for a day before its first.
    """
    require_keeper(actor, department.organization_id)
    if department.valid_from and last_day < department.valid_from:
        raise ValidationError({"valid_to": "廃止日は設置日より後の日付にしてください。"})
    below = Department.objects.filter(parent=department).on(last_day + datetime.timedelta(1))
    if names := [row.name for row in below[:5]]:
        raise ValidationError(
            {
                "valid_to": f"下に部局（{'、'.join(names)}）があるため廃止できません。"
                "先にそちらを移すか廃止してください。"
            }
        )
    return change(actor, department, {"valid_to": last_day}, expected_version, reason)


def succeed(
    actor: Actor,
    predecessor: Department,
    successor: Department,
    on: datetime.date,
    reason: str = "",
) -> DepartmentSuccession:
    """Name who took over on a day; a succession without a day, as documents have it, gets one."""
    require_keeper(actor, predecessor.organization_id)
    found = DepartmentSuccession.objects.filter(predecessor=predecessor, successor=successor)
    row = found.select_for_update(of=("self",)).first()
    if row is not None and row.on is not None:
        return row
    before = audit.values_of(row, ("on",)) if row else {}
    row = row or DepartmentSuccession(predecessor=predecessor, successor=successor)
    row.on = on
    row.full_clean()
    row.save()
    after = audit.values_of(row, ("on",) if before else ("predecessor", "successor", "on"))
    verb = "change" if before else "create"
    action = f"departmentsuccession.{verb}"
    audit.record(actor, action, row, predecessor.organization_id, before, after, reason)
    return row


def _act(actor: Actor, organization_id: int) -> Act:
    """The right that this actor has of those that keep departments."""
    return next((a for a in KEEPERS if policy.allows(actor, a, organization_id)), Act.ADMINISTER)


def what_they_have(departments: Iterable[Department]) -> dict[int, Counter[str]]:
    """How many rows of which kind name each department, one query for each kind.

    The kinds are those of every floor that refers to departments, told by their own names.
    """
    pks = [department.pk for department in departments]
    found: dict[int, Counter[str]] = {pk: Counter() for pk in pks}
    for kind, model, column, counted in _references():
        rows = model._base_manager.filter(**{f"{column}__in": pks}).order_by()
        counts = rows.values_list(column).annotate(count=Count(counted, distinct=True))
        for pk, count in counts:
            found[pk][kind] += count
    return found


def _references() -> list[tuple[str, type[models.Model], str, str]]:
    """Kind, model, column to the department, and what is counted of each relation."""
    own = {Department, DepartmentSuccession}
    found: list[tuple[str, type[models.Model], str, str]] = []
    through = set()
    for relation in Department._meta.related_objects:
        if isinstance(relation, models.ManyToManyRel):
            link = relation.through
            assert link is not None  # a relation of many to many has its table
            far = relation.field.m2m_field_name()
            near = relation.field.m2m_reverse_field_name()
            found.append((str(relation.related_model._meta.verbose_name), link, near, far))
            through.add(link)
    for relation in Department._meta.related_objects:
        model = relation.related_model
        is_link = isinstance(relation, models.ManyToManyRel) or model in through | own
        if model is not None and not is_link and model._meta.model_name != "handover":
            found.append((str(model._meta.verbose_name), model, relation.field.name, "pk"))
    return found
