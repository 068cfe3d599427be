"""Verbs that change the yearly reviews of measures and projects."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import Department
from accounts.policy import Act
from accounts.versions import StaleVersion
from plans import procedure
from plans.models import Measure, Plan, RoundItem
from projects.models import Placement, Project, ProjectDepartment, Review, ScheduleEntry

REVIEW_FIELDS = (
    "planned_mark",
    "mark",
    "goal",
    "result",
    "delay_reason",
    "shortfall_reason",
    "effect",
    "summary",
)


def departments_in_charge(thing: Measure | Project) -> set[int]:
    """Who answers for a measure or project: its own department, else those of what is below.

    Documents often name a department for projects only; the departments that lead a measure's
    projects then answer for the measure.
    """
    links = ProjectDepartment.objects.all()
    if isinstance(thing, Project):
        links = links.filter(project=thing)
    elif thing.department_id is not None:
        return {thing.department_id}
    else:
        below = Measure.objects.all().descendants(thing, include_self=True).values("pk")
        placed = Placement.objects.filter(measure__in=below, is_primary=True)
        links = links.filter(project__in=placed.values("project_id"))
    return set(links.values_list("department_id", flat=True))


def leading_department(plan: Plan, thing: Measure | Project) -> Department | None:
    """The one department that a round asks: the named one, else the one that leads most below."""
    if isinstance(thing, Project):
        links = ProjectDepartment.objects.filter(project=thing, plan=plan)
        first = links.select_related("department").first()
        return first.department if first else None
    if thing.department is not None:
        return thing.department
    below = Measure.objects.all().descendants(thing, include_self=True).values("pk")
    placed = Placement.objects.filter(measure__in=below, is_primary=True).values("project_id")
    links = ProjectDepartment.objects.filter(plan=plan, project__in=placed).order_by("position")
    first_of: dict[int, int] = {}
    for project_id, department_id in links.values_list("project_id", "department_id"):
        first_of.setdefault(project_id, department_id)
    leads = Counter(first_of.values())
    if not leads:
        return None
    return Department.objects.get(pk=min(leads, key=lambda pk: (-leads[pk], pk)))


def record_review(
    actor: Actor,
    plan: Plan,
    thing: Measure | Project,
    fiscal_year: int,
    changes: Mapping[str, Any],
    expected_version: int | None,
) -> Review:
    """Write the review of a measure or project; only the fields named in `changes` are touched.

    Raises PermissionDenied, Locked, ValidationError with the fields at fault, and StaleVersion.
    """
    unknown = set(changes) - set(REVIEW_FIELDS)
    if unknown:
        raise ValidationError(dict.fromkeys(sorted(unknown), "この項目は変更できません。"))
    require_in_charge(actor, plan, thing)
    is_project = isinstance(thing, Project)
    place: dict[str, Any] = {"project" if is_project else "measure": thing}
    kind = RoundItem.Kind.PROGRESS if is_project else RoundItem.Kind.REVIEW
    with transaction.atomic():
        items = procedure.begin_entry(
            [plan.pk], kind, thing, fiscal_year, leading_department(plan, thing)
        )
        review = (
            Review.objects.select_for_update(of=("self",))
            .filter(plan=plan, fiscal_year=fiscal_year, **place)
            .first()
        )
        if review is not None and review.version != expected_version:
            raise StaleVersion(review)
        if review is None:
            review = Review(plan=plan, fiscal_year=fiscal_year, **place)
        before = audit.values_of(review, REVIEW_FIELDS) if review.pk else {}
        for name, value in changes.items():
            setattr(review, name, value)
        review.full_clean(validate_unique=False)
        after = audit.values_of(review, REVIEW_FIELDS)
        if before == after:
            return review
        review.entered_by = actor.account
        same = Review.objects.filter(plan=plan, fiscal_year=fiscal_year, **place)
        review.store(expected_version, [*REVIEW_FIELDS, "entered_by"], same)
        procedure.note_entry(actor, items)
        audit.record(actor, "review.record", review, plan.organization_id, before, after)
    return review


def record_stage(
    actor: Actor,
    plan: Plan,
    project: Project,
    fiscal_year: int,
    stage: str,
    expected_version: int | None,
) -> ScheduleEntry:
    """Write what stage (検討・構築・運用) a project has reached in a year; "" takes it back.

    Raises what `record_review` raises. The planned stage is the plan's and stays as it is.
    """
    require_in_charge(actor, plan, project)
    with transaction.atomic():
        items = procedure.begin_entry(
            [plan.pk],
            RoundItem.Kind.PROGRESS,
            project,
            fiscal_year,
            leading_department(plan, project),
        )
        of_year = ScheduleEntry.objects.filter(project=project, fiscal_year=fiscal_year)
        entry = of_year.select_for_update(of=("self",)).first()
        if entry is not None and entry.version != expected_version:
            raise StaleVersion(entry)
        if entry is None:
            entry = ScheduleEntry(project=project, fiscal_year=fiscal_year)
        before = audit.values_of(entry, ["actual"])
        if before["actual"] == stage:
            return entry
        entry.actual = stage
        says_nothing = entry.pk and not (entry.actual or entry.planned or entry.text)
        if not says_nothing:
            entry.full_clean(validate_unique=False)
            entry.store(expected_version, ["actual"], of_year)
        procedure.note_entry(actor, items)
        after = {"actual": stage}
        audit.record(actor, "schedule.record", entry, plan.organization_id, before, after)
        if says_nothing:
            entry.delete()  # after the log, which names it by its number
    return entry


def require_in_charge(actor: Actor, plan: Plan, thing: Measure | Project) -> None:
    """Raise PermissionDenied unless the actor may enter what a round asks about the thing."""
    organization_id = plan.organization_id
    belongs = (
        Placement.objects.filter(project=thing, plan=plan).exists()
        if isinstance(thing, Project)
        else thing.plan_id == plan.pk
    )
    if not belongs:
        raise PermissionDenied("この計画の施策・事業ではありません。")
    if policy.allows(actor, Act.ENTER, organization_id):
        return
    departments = departments_in_charge(thing)
    if not departments and policy.allows(actor, Act.MANAGE, organization_id):
        return  # what no department answers for is the DX office's own work
    if not any(policy.allows(actor, Act.ENTER, organization_id, pk) for pk in departments):
        raise PermissionDenied(f"「{thing}」について入力する権限がありません。")
