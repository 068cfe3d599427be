"""Writing a reorganisation's handovers: many rows at a time, each with its own record."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import AuditEntry, Department, Handover, RoleAssignment
from accounts.rows import organization_id_of
from accounts.versions import Versioned
from plans.models import Extension, ReportingCycle, RoundItem, Submission
from plans.packages import settle_package
from projects.models import ProjectDepartment

CHANGED = "確認のあとで、引き継ぐものが変わりました。もう一度確認してください。"


def hand_over(
    actor: Actor,
    rows: Iterable[models.Model],
    old: Department,
    new: Department,
    on: datetime.date,
    reason: str,
) -> None:
    """Let these rows name the new department; call it inside the reorganisation's transaction.

    Raises ValidationError (code "changed") where somebody gave one of them away in the meantime.
    """
    by_model: dict[type[models.Model], list[models.Model]] = defaultdict(list)
    for row in rows:
        by_model[type(row)].append(row)
    for model, those in by_model.items():
        if model is ProjectDepartment:
            those = _without_doubles(actor, those, old, new, on, reason)
        _set_department(actor, model, those, old, new, on, reason)


def _set_department(
    actor: Actor,
    model: type[models.Model],
    rows: Sequence[models.Model],
    old: Department,
    new: Department,
    on: datetime.date,
    reason: str,
) -> None:
    changes: dict[str, object] = {"department": new}
    if issubclass(model, Versioned):
        changes |= {"version": F("version") + 1, "updated_at": timezone.now()}
    found = model._base_manager.filter(pk__in=[row.pk for row in rows], department=old)
    if found.update(**changes) != len(rows):
        raise ValidationError(CHANGED, "changed")
    Handover.objects.bulk_create([_handover(row, old, new, on) for row in rows], batch_size=500)
    entries = [
        audit.entry(
            actor,
            f"{model._meta.model_name}.change",
            row,
            organization_id_of(row),
            {"department": old.pk},
            {"department": new.pk},
            reason,
        )
        for row in rows
    ]
    AuditEntry.objects.bulk_create(entries, batch_size=500)


def _handover(row: models.Model, old: Department, new: Department, on: datetime.date) -> Handover:
    return Handover(
        from_department=old,
        to_department=new,
        on=on,
        object_type=row._meta.label_lower,
        object_id=row.pk,
    )


def _without_doubles(
    actor: Actor,
    rows: Sequence[models.Model],
    old: Department,
    new: Department,
    on: datetime.date,
    reason: str,
) -> list[models.Model]:
    """A project that the new department has already, by the same plan: one line is enough.

    The line that stays keeps the record of both, so that past years name both departments.
    """
    links = [row for row in rows if isinstance(row, ProjectDepartment)]
    there = {
        (row.plan_id, row.project_id): row
        for row in ProjectDepartment.objects.filter(
            department=new, project__in=[link.project_id for link in links]
        )
    }
    kept: list[models.Model] = []
    for link in links:
        staying = there.get((link.plan_id, link.project_id))
        if staying is None:
            kept.append(link)
            continue
        _merge(actor, link, staying, reason)
        if not Handover.objects.filter(
            object_type=link._meta.label_lower, object_id=staying.pk, on=on, to_department=new
        ).exists():
            # It was there in its own right before: past years name it beside the other one.
            _handover(staying, new, new, on).save()
        _handover(staying, old, new, on).save()
        Handover.objects.filter(object_type=link._meta.label_lower, object_id=link.pk).update(
            object_id=staying.pk
        )
    return kept


def _merge(actor: Actor, link: ProjectDepartment, staying: ProjectDepartment, reason: str) -> None:
    """The line that stays takes the better place of the two (the first one leads)."""
    before = audit.values_of(staying, ("position", "and_others"))
    staying.position = min(staying.position, link.position)
    staying.and_others = staying.and_others or link.and_others
    staying.save_version(staying.version, ["position", "and_others"])
    organization_id = organization_id_of(staying)
    after = audit.values_of(staying, ("position", "and_others"))
    audit.record(actor, "projectdepartment.change", staying, organization_id, before, after, reason)
    gone = audit.values_of(link, ("plan", "project", "department", "position"))
    audit.record(actor, "projectdepartment.delete", link, organization_id, gone, {}, reason)
    link.delete()


def hand_over_packages(
    actor: Actor,
    packages: Iterable[Submission],
    targets: Mapping[int, list[Department]],
    on: datetime.date,
    reason: str,
) -> None:
    """Let the open packages follow their items, which have changed hands already.

    A package goes to a successor that has none in the round yet; where it has one, the two
    become one.
    """
    for package in packages:
        successors = targets[package.department_id]
        if package.department in successors:
            continue
        items = RoundItem.objects.filter(cycle=package.cycle, department__in=successors)
        getting = set(items.values_list("department", flat=True))
        _pass_on(
            actor,
            package,
            [row for row in successors if row.pk in getting or not getting],
            on,
            reason,
        )


def settle_packages(items: Iterable[RoundItem], departments: Iterable[Department]) -> None:
    """Work out the packages anew of the rounds whose items have changed hands."""
    cycles = {item.cycle for item in items}
    affected = {department.pk for department in departments}
    affected |= {item.department_id for item in items if item.department_id}
    packages = Submission.objects.filter(cycle__in=cycles, department__in=affected)
    for package in packages.select_related("cycle", "department"):
        if RoundItem.objects.filter(cycle=package.cycle, department=package.department).exists():
            settle_package(package.cycle, package.department)


def _pass_on(
    actor: Actor, package: Submission, successors: list[Department], on: datetime.date, reason: str
) -> None:
    taken = set(
        Submission.objects.filter(cycle=package.cycle, department__in=successors).values_list(
            "department", flat=True
        )
    )
    new = next((row for row in successors if row.pk not in taken), None)
    if new is not None:
        _set_department(actor, Submission, [package], package.department, new, on, reason)
        return
    gone = audit.values_of(package, ("cycle", "department", "state"))
    organization_id = organization_id_of(package)
    audit.record(actor, "submission.delete", package, organization_id, gone, {}, reason)
    package.delete()


def extend_successors(targets: Mapping[int, list[Department]]) -> None:
    """More time that an old department was granted holds for who does its work now."""
    granted = Extension.objects.filter(
        department__in=targets, item__isnull=True, ended_at__isnull=True
    ).exclude(cycle__state__in=ReportingCycle.SETTLED_STATES)
    for extension in granted:
        assert extension.department_id is not None  # by the filter
        for successor in targets[extension.department_id]:
            Extension.objects.get_or_create(
                cycle=extension.cycle,
                department=successor,
                item=None,
                until=extension.until,
                reason=extension.reason,
                defaults={"granted_by": extension.granted_by},
            )


def hand_over_role(
    actor: Actor, role: RoleAssignment, departments: Sequence[Department], reason: str
) -> bool:
    """Let a person have the same role in these departments instead; without any it stays.

    Nobody gets a kind of role that they did not have.
    """
    wanted = {department.pk: department for department in departments}
    if not wanted or set(wanted) == {role.department_id}:
        return False
    same = RoleAssignment.objects.filter(user=role.user, role=role.role)
    there = set(same.filter(department__in=wanted).values_list("department", flat=True))
    missing = [wanted[pk] for pk in wanted if pk not in there]
    before = audit.values_of(role, ("user", "role", "department"))
    organization_id = role.organization_id
    if role.department_id not in wanted:
        if missing:
            role.department = missing.pop(0)
            role.save(update_fields=["department"])
            after = audit.values_of(role, ("user", "role", "department"))
            audit.record(
                actor, "roleassignment.change", role, organization_id, before, after, reason
            )
        else:
            audit.record(actor, "roleassignment.delete", role, organization_id, before, {}, reason)
            role.delete()
    for department in missing:
        made = RoleAssignment.objects.create(
            user=role.user,
            role=role.role,
            organization_id=organization_id,
            department=department,
        )
        after = audit.values_of(made, ("user", "role", "department"))
        audit.record(actor, "roleassignment.create", made, organization_id, {}, after, reason)
    return True
