"""Verbs on where a project stands in a plan (掲載), and on which tags a measure carries.

They go through `accounts.editing` and keep what one row alone cannot: exactly one primary
placement of a project in a plan.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max

from accounts import audit, editing
from accounts.audit import Actor
from accounts.models import Department
from accounts.versions import StaleVersion
from plans.models import Measure, Plan
from projects.models import Placement, Project, ProjectDepartment, Tag


def found_project(
    actor: Actor, project: Project, measure: Measure, code: str, department: Department | None
) -> Project:
    """Make a project and place it under a measure of a plan, led by a department if one is named.

    Raises PermissionDenied, Locked, or ValidationError; nothing is then made.
    """
    with transaction.atomic():
        made = editing.create(actor, project, beside=[measure])
        placement = Placement(plan=measure.plan, measure=measure, project=made, code=code)
        place(actor, placement, beside=[made])
        if department is not None:
            led = ProjectDepartment(plan=measure.plan, project=made, department=department)
            editing.create(actor, led)
    return made


def place(actor: Actor, placement: Placement, beside: Collection[Project] = ()) -> Placement:
    """Save a new placement; the first one in a plan is the primary one.

    A further one that is to be primary takes that from the one that was. `beside` is the project
    where it was made in the same act. Raises as `editing.create` does.
    """
    with transaction.atomic():
        primary = _primary(placement.plan, placement.project)
        if primary is None:
            placement.is_primary, placement.is_repeat = True, False
        elif placement.is_primary:
            _step_back(actor, primary, as_repeat=True)
            placement.is_repeat = False
        if not placement.position:
            last = Placement.objects.filter(measure=placement.measure).aggregate(Max("position"))
            placement.position = (last["position__max"] or 0) + 1
        return editing.create(actor, placement, beside=beside)


def change_placement(
    actor: Actor, placement: Placement, changes: Mapping[str, Any], expected_version: int | None
) -> Placement:
    """Change a placement; one that becomes primary takes that from the one that was.

    Raises as `editing.change` does, and ValidationError when the primary one is to be none.
    """
    with transaction.atomic():
        stored = Placement.objects.select_for_update(of=("self",)).get(pk=placement.pk)
        if stored.version != expected_version:
            raise StaleVersion(stored)
        becomes = changes.get("is_primary", stored.is_primary)
        if stored.is_primary and not becomes:
            raise ValidationError(
                {
                    "is_primary": "主たる掲載は1か所必要です。ほかの掲載を開いて、そちらを"
                    "主たる掲載にしてください。"
                }
            )
        if becomes and not stored.is_primary:
            primary = _primary(stored.plan, stored.project)
            if primary is not None:
                _step_back(actor, primary, as_repeat=stored.is_repeat)
        if becomes:
            changes = {**changes, "is_repeat": False}
        return editing.change(actor, placement, changes, expected_version)


def _primary(plan: Plan, project: Project) -> Placement | None:
    found = Placement.objects.select_for_update(of=("self",))
    return found.filter(plan=plan, project=project, is_primary=True).first()


def _step_back(actor: Actor, primary: Placement, as_repeat: bool) -> None:
    changes = {"is_primary": False, "is_repeat": as_repeat}
    editing.change(actor, primary, changes, primary.version)


def tag_measure(
    actor: Actor, measure: Measure, tags: Iterable[Tag], expected_version: int | None
) -> Measure:
    """Let the measure carry exactly these tags; the log keeps their names.

    Counts as a change of the measure, so that two people do not undo each other's tags unseen.
    Raises PermissionDenied, Locked, StaleVersion, and ValidationError for another city's tag.
    """
    editing.require_may_edit(actor, measure, "タグの変更")
    organization_id = measure.plan.organization_id
    wanted = {tag.pk: tag for tag in tags}
    if any(tag.scheme.organization_id != organization_id for tag in wanted.values()):
        raise ValidationError({"tags": "タグは同じ団体のものを選んでください。"})
    with transaction.atomic():
        stored = Measure.objects.select_for_update(of=("self",)).get(pk=measure.pk)
        if stored.version != expected_version:
            raise StaleVersion(stored)
        before = list(stored.tags.order_by("scheme", "position", "pk"))
        if {tag.pk for tag in before} == set(wanted):
            return stored
        stored.tags.set(wanted)
        stored.save_version(stored.version, [])
        names = "、".join(tag.name for tag in before)
        after = "、".join(tag.name for tag in stored.tags.order_by("scheme", "position", "pk"))
        audit.record(
            actor,
            "measure.tag",
            stored,
            organization_id,
            {"tag_names": names},
            {"tag_names": after},
        )
    return stored
