"""Corrections (訂正) of settled figures (決算) and their forecasts."""

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.versions import StaleVersion
from budgets.models import BudgetEntry
from budgets.money import in_words
from budgets.services import AMOUNT_FIELDS, SETTLEMENT_STAGES, Changes, change_settlement
from plans.models import Plan, RoundItem
from plans.procedure import begin_correction, note_correction
from projects.models import Project
from projects.services import require_in_plan


def correct_settlement(
    actor: Actor,
    plan: Plan,
    project: Project,
    fiscal_year: int,
    stage: str,
    changes: Changes,
    expected_version: int | None,
    reason: str,
) -> BudgetEntry:
    """Correct a settled figure; the old amounts are kept, and told of in the 正誤表.

    `changes` are those of `budgets.services.SettlementWrite`. Raises what `record_settlement`
    raises, and ValidationError without a reason or where the year is not settled in this plan.
    """
    if stage not in SETTLEMENT_STAGES:
        raise ValidationError({"stage": "段階は決算見込か決算にしてください。"})
    require_in_plan(plan, project)
    with transaction.atomic():
        item = begin_correction(
            actor, plan, RoundItem.Kind.SETTLEMENT, project, fiscal_year, reason
        )
        same = BudgetEntry.objects.filter(project=project, fiscal_year=fiscal_year, stage=stage)
        entry = same.select_for_update(of=("self",)).first()
        if entry is not None and entry.version != expected_version:
            raise StaleVersion(entry)
        if entry is None:
            entry = BudgetEntry(project=project, fiscal_year=fiscal_year, stage=stage)
        shown = _shown(entry)
        before, after = change_settlement(entry, changes, expected_version)
        if before != after:
            told = [
                (label, old, new)
                for (label, old), new in zip(shown.items(), _shown(entry).values(), strict=True)
                if old != new
            ]
            note_correction(actor, item, told, reason)
            audit.record(
                actor, "settlement.correct", entry, plan.organization_id, before, after, reason
            )
    return entry


def _shown(entry: BudgetEntry) -> dict[str, str]:
    """What a reader sees of it, by the name of the field."""
    stage = entry.get_stage_display()
    found = {}
    for name in AMOUNT_FIELDS:
        label = str(BudgetEntry._meta.get_field(name).verbose_name).removesuffix("（円）")
        yen = getattr(entry, name)
        found[f"{stage}の{label}"] = "" if yen is None else in_words(yen)
    return {**found, f"{stage}のコメント": entry.note}
