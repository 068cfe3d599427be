"""Verbs that change the amounts of projects."""

from collections.abc import Mapping

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.versions import StaleVersion
from budgets.models import BudgetEntry
from plans import procedure
from plans.models import Plan, RoundItem
from projects.models import Project
from projects.services import leading_department, require_in_charge

SETTLEMENT_STAGES = (BudgetEntry.Stage.FORECAST, BudgetEntry.Stage.SETTLED)
ENTERED_FIELDS = ("amount", *BudgetEntry.SOURCES)


def record_settlement(
    actor: Actor,
    plan: Plan,
    project: Project,
    fiscal_year: int,
    stage: str,
    amounts: Mapping[str, int | None],
    expected_version: int | None,
) -> BudgetEntry:
    """Write a settled figure (決算) or its forecast (決算見込) in yen, with or without its sources.

    `amounts` names fields of ENTERED_FIELDS; those that are not named stay. Raises
    PermissionDenied, Locked, ValidationError with the fields at fault, and StaleVersion.
    """
    if stage not in SETTLEMENT_STAGES:
        raise ValidationError({"stage": "段階は決算見込か決算にしてください。"})
    unknown = set(amounts) - set(ENTERED_FIELDS)
    if unknown:
        raise ValidationError(dict.fromkeys(sorted(unknown), "この項目は変更できません。"))
    require_in_charge(actor, plan, project)
    with transaction.atomic():
        items = procedure.begin_entry(
            [plan.pk],
            RoundItem.Kind.SETTLEMENT,
            project,
            fiscal_year,
            leading_department(plan, project),
        )
        same = BudgetEntry.objects.filter(project=project, fiscal_year=fiscal_year, stage=stage)
        entry = same.select_for_update(of=("self",)).first()
        if entry is not None and entry.version != expected_version:
            raise StaleVersion(entry)
        if entry is None:
            entry = BudgetEntry(project=project, fiscal_year=fiscal_year, stage=stage)
        before = audit.values_of(entry, ENTERED_FIELDS) if entry.pk else {}
        for name, amount in amounts.items():
            setattr(entry, name, amount)
        if entry.amount is None:
            raise ValidationError({"amount": "金額を入れてください。0円のときは 0 と入れます。"})
        entry.full_clean(validate_unique=False)
        after = audit.values_of(entry, ENTERED_FIELDS)
        if before == after:
            return entry
        entry.store(expected_version, ENTERED_FIELDS, same)
        procedure.note_entry(actor, items)
        audit.record(actor, "settlement.record", entry, plan.organization_id, before, after)
    return entry
