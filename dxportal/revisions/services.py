"""A plan's first edition, and its revision (改定): a draft with copies of its rows, put into force.

What belongs to the organization is shared by both editions and not copied: departments, projects
with their schedules and budgets, indicators with their values, tags. What a year has left stays
with the edition of that year: reviews, rounds, and the totals that the old document prints.

The old edition stays readable as it was. Its own rows are locked once it is superseded, and of
what it shares:
- a project's name is written into its placements when the new edition comes into force;
- targets keep their revisions, and each edition shows its own (`kpi.series.target_in_force`);
- departments and tag schemes are replaced and not renamed (承継, 版), and an indicator's new
  definition carries the year from which it holds. Whoever corrects one of these in place, or a
  project's summary, corrects it in every edition.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, OuterRef, Subquery
from django.utils import timezone

from accounts import audit, editing, policy
from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import Department, DepartmentSuccession, Organization
from accounts.policy import Act
from accounts.versions import StaleVersion
from budgets.models import BudgetEntry, StatedTotal
from dxportal.planbook.columns import Sheet
from dxportal.planbook.plan_rows import rows_of_plan
from dxportal.planbook.sheets import SHEETS
from kpi.models import Actual, DefinitionChange, Indicator, Target
from plans import fiscal_years
from plans.models import Level, Plan, ReportingCycle
from projects.models import (
    Placement,
    Project,
    ProjectAlias,
    ProjectSuccession,
    Review,
    ScheduleEntry,
    Tag,
    TagScheme,
)

SHARED = frozenset(
    {Organization, Department, DepartmentSuccession, Project, ProjectAlias, ProjectSuccession}
    | {ScheduleEntry, BudgetEntry, TagScheme, Tag, Indicator, DefinitionChange, Target, Actual}
)
LEFT_WITH_THE_OLD = frozenset({Review, StatedTotal, ReportingCycle})
# What of the plan's own row the revision starts with; its day and its sources are the old one's.
CARRIED_FIELDS = ("first_fiscal_year", "last_fiscal_year", "summary")
NOT_COPIED_FIELDS = frozenset({"id", "version", "updated_at", "created_at"})


def copied_sheets() -> list[Sheet]:
    """The sheets whose rows are a plan's own, in an order in which they can be written."""
    return [sheet for sheet in SHEETS if sheet.model not in SHARED | LEFT_WITH_THE_OLD | {Plan}]


def start_plan(actor: Actor, plan: Plan, levels: Sequence[str]) -> Plan:
    """A plan in its first edition, with the levels of its tree from the top and nothing else.

    Raises PermissionDenied, and ValidationError with the fields.
    """
    with transaction.atomic():
        editing.create(actor, plan)
        for depth, name in enumerate(levels):
            editing.create(actor, Level(plan=plan, key=str(depth + 1), depth=depth, name=name))
    return plan


def revise_plan(
    actor: Actor,
    plan: Plan,
    key: str,
    name: str,
    edition: str,
    applies_from: int,
    last_fiscal_year: int | None = None,
) -> Plan:
    """A draft of the plan's next edition, with copies of all rows that are its own.

    Measures keep their keys, so that the editions can be compared. Raises PermissionDenied,
    Locked for a superseded plan, and ValidationError with the fields.
    """
    policy.require(actor, Act.MANAGE, plan.organization_id, what="計画の改定")
    with transaction.atomic():
        old = Plan.objects.select_for_update().get(pk=plan.pk)
        if old.why_rows_are_locked:
            raise Locked(f"「{old}」は旧版のため改定できません。いま有効な版を改定してください。")
        carried = {name: getattr(old, name) for name in CARRIED_FIELDS}
        revision = Plan(
            organization=old.organization,
            key=key,
            name=name,
            edition=edition,
            status=Plan.Status.DRAFT,
            revises=old.key,
            applies_from=applies_from,
            **(carried | ({"last_fiscal_year": last_fiscal_year} if last_fiscal_year else {})),
        )
        revision.full_clean()
        _check_years(old, revision)
        revision.save(force_insert=True)
        copied = _copy_rows(old, revision)
        after = audit.values_of(revision, [*CARRIED_FIELDS, "key", "name", "edition", "status"])
        after |= audit.values_of(revision, ["revises", "applies_from"])
        after |= {f"{label}の複写（件）": count for label, count in copied.items()}
        audit.record(actor, "plan.revise", revision, old.organization_id, {}, after)
    return revision


def _check_years(old: Plan, revision: Plan) -> None:
    assert revision.applies_from is not None
    earliest = max(old.first_fiscal_year, old.applies_from or 0)
    if not earliest <= revision.applies_from <= revision.last_fiscal_year:
        span = f"{fiscal_years.long_form(earliest)}～" + fiscal_years.long_form(
            revision.last_fiscal_year
        )
        raise ValidationError({"applies_from": f"計画の期間の年度（{span}）にしてください。"})
    if said := why_rounds_are_in_the_way(old, revision.applies_from):
        raise ValidationError({"applies_from": said})
    beyond = old.phases.filter(last_fiscal_year__gt=revision.last_fiscal_year).first()
    if beyond is not None:
        raise ValidationError(
            {
                "last_fiscal_year": f"期「{beyond}」が"
                f"{fiscal_years.long_form(beyond.last_fiscal_year)}まであります。改定案を"
                "作ったあとで、期を変えてから、計画の終了年度を変えてください。"
            }
        )


def why_rounds_are_in_the_way(old: Plan, applies_from: int) -> str:
    """What of the old edition's rounds lies in the years of the new one; "" if nothing does."""
    rounds = old.cycles.filter(fiscal_year__gte=applies_from).order_by("fiscal_year")
    told = "、".join(
        f"{fiscal_years.long_form(row.fiscal_year)}（{row.get_kind_display()}・"
        f"{row.get_state_display()}）"
        for row in rounds
    )
    if not told:
        return ""
    return (
        f"「{old}」に、この年度以後の照会があります：{told}。改定後の年度の照会は改定後の計画で"
        "行うので、適用を始める年度を、これより後にしてください。"
    )


Copies = dict[tuple[type[models.Model], int], models.Model]


def _copy_rows(old: Plan, new: Plan) -> Counter[str]:
    """Copies of all rows of the old plan's own, by the name of their kind."""
    copies: Copies = {(Plan, old.pk): new}
    counts: Counter[str] = Counter()
    for sheet in copied_sheets():
        rows = list(rows_of_plan(old, sheet))
        if rows:
            _copy(sheet.model, rows, copies)
            counts[sheet.label] += len(rows)
    return counts


def _copy(model: type[models.Model], rows: list[models.Model], copies: Copies) -> None:
    made = [_copy_of(row, copies) for row in rows]
    model._base_manager.bulk_create(made)
    copies.update({(model, row.pk): copy for row, copy in zip(rows, made, strict=True)})
    # A tree's parents have their numbers only now.
    for name in [f.name for f in model._meta.concrete_fields if f.related_model is model]:
        linked = [
            (row, copy)
            for row, copy in zip(rows, made, strict=True)
            if getattr(row, f"{name}_id") is not None
        ]
        for row, copy in linked:
            setattr(copy, name, copies[model, getattr(row, f"{name}_id")])
        model._base_manager.bulk_update([copy for _, copy in linked], [name], batch_size=500)


def _copy_of(row: models.Model, copies: Copies) -> models.Model:
    model = type(row)
    values = {}
    for column in model._meta.concrete_fields:
        if column.name in NOT_COPIED_FIELDS or column.related_model is model:
            continue
        value = getattr(row, column.attname)
        copy = copies.get((column.related_model, value)) if column.is_relation else None  # type: ignore[arg-type]  # a model, where it is a relation
        values[column.attname] = copy.pk if copy is not None else value
    return model(**values)


@dataclass(frozen=True)
class ComingIntoForce:
    """What putting a draft into force would do, and what stands against it."""

    plan: Plan
    old: Plan | None
    kept_names: int = 0
    refusals: list[str] = field(default_factory=list)


def coming_into_force(plan: Plan) -> ComingIntoForce:
    """The preview of `put_into_force`; nothing is changed."""
    old = Plan.objects.filter(organization_id=plan.organization_id, key=plan.revises).first()
    return ComingIntoForce(
        plan, old, _unnamed(old).count() if old else 0, list(_why_not(plan, old))
    )


def _why_not(plan: Plan, old: Plan | None) -> Iterator[str]:
    if plan.status != Plan.Status.DRAFT:
        yield f"「{plan}」は案ではありません（状態：{plan.get_status_display()}）。"
    if not plan.measures.exists():
        yield "施策がまだ1つもありません。"
    if old is None:
        return
    if old.status == Plan.Status.SUPERSEDED:
        yield f"改定前の「{old}」は、すでにほかの改定によって旧版になっています。"
    if plan.applies_from is None:
        yield "適用を始める年度が決まっていません。計画の設定で決めてください。"
    elif said := why_rounds_are_in_the_way(old, plan.applies_from):
        yield said


def put_into_force(actor: Actor, plan: Plan, expected_version: int) -> Plan:
    """Make a draft the plan in force, and the one that it revises a locked, readable old edition.

    Raises PermissionDenied, StaleVersion, and ValidationError with all that stands against it.
    """
    policy.require(actor, Act.MANAGE, plan.organization_id, what="計画の施行", on=plan)
    with transaction.atomic():
        # Together and in one order, so that two drafts of one plan cannot both win.
        together = Plan.objects.filter(
            organization_id=plan.organization_id, key__in=[plan.key, plan.revises]
        )
        stored = {row.key: row for row in together.select_for_update().order_by("pk")}
        current = stored[plan.key]
        if current.version != expected_version:
            raise StaleVersion(current)
        old = stored.get(current.revises)
        if refusals := list(_why_not(current, old)):
            raise ValidationError(refusals)
        if old is not None:
            kept = _keep_names(old)
            _set_status(actor, old, Plan.Status.SUPERSEDED, {"名称を残した掲載（件）": kept})
        _set_status(actor, current, Plan.Status.ACTIVE, {})
    return current


def _unnamed(plan: Plan) -> models.QuerySet[Placement]:
    return Placement.objects.filter(plan=plan, name="")


def _keep_names(plan: Plan) -> int:
    """Write the projects' names of today where the plan has none of its own; how many."""
    name = Project.objects.filter(pk=OuterRef("project_id")).values("name")
    return _unnamed(plan).update(
        name=Subquery(name), version=F("version") + 1, updated_at=timezone.now()
    )


def _set_status(actor: Actor, plan: Plan, status: str, also: audit.Values) -> None:
    before = audit.values_of(plan, ["status"])
    plan.status = status
    plan.save_version(plan.version, ["status"])
    after = audit.values_of(plan, ["status"]) | also
    verb = "plan.supersede" if status == Plan.Status.SUPERSEDED else "plan.put_into_force"
    audit.record(actor, verb, plan, plan.organization_id, before, after)


def is_in_one_chain(one: Plan, other: Plan) -> bool:
    """Whether one of the two is a later edition of the other."""
    return other.key in one.later_editions or one.key in other.later_editions
