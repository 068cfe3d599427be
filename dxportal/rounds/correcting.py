"""Correcting (訂正) what a settled round holds, in the cells in which it was entered.

What was typed goes to the verb of the floor it belongs to, as when it was entered
(`dxportal.rounds.writing`); the verbs know who may correct, and keep what was said before.
"""

from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.audit import Actor
from accounts.versions import StaleVersion
from budgets.corrections import correct_settlement
from dxportal.rounds.cells import SETTLEMENT_STAGES
from dxportal.rounds.grid import row_of
from dxportal.rounds.rows import ActualRow, ReviewRow, Row, SettlementRow, versions_of
from dxportal.rounds.writing import (
    StaleRow,
    entry_of,
    is_change,
    kind_of,
    raise_by_cell,
    review_changes,
    settlement_cells,
    settlement_changes,
)
from kpi.models import Indicator
from kpi.services import correct_actual
from plans.models import Measure, Plan, ReportingCycle, RoundItem
from projects.corrections import correct_review, correct_stage
from projects.models import Project


def item_to_correct(cycle: ReportingCycle, kind: str, number: int) -> RoundItem | None:
    """The round's item of a thing; a new one for a year settled before the portal kept items.

    None for what does not stand in the round's plan.
    """
    item = cycle.items.filter(kind=kind, object_id=number).select_related("department").first()
    if item is None and kind in RoundItem.Kind:
        thing = _thing(cycle.plan, kind, number)
        if thing is not None:
            item = RoundItem(kind=kind, object_id=number, label=str(thing)[:300])
    if item is not None:
        item.cycle = cycle
    return item


def _thing(plan: Plan, kind: str, number: int) -> Any:
    match kind:
        case RoundItem.Kind.ACTUAL:
            return Indicator.objects.filter(pk=number, uses__plan=plan).first()
        case RoundItem.Kind.REVIEW:
            return Measure.objects.filter(pk=number, plan=plan).first()
        case _:
            return Project.objects.filter(pk=number, placements__plan=plan).first()


def correct_row(
    actor: Actor, row: Row, typed: Mapping[str, str], version: str, reason: str
) -> bool:
    """Correct the cells that were typed otherwise; whether there were any. All or nothing.

    `version` is the one that the person saw. Raises StaleRow, and what the verbs raise:
    PermissionDenied, ValidationError by cell.
    """
    if not is_change(row, typed):
        return False
    if version != row.version:
        raise StaleRow(row)
    try:
        with transaction.atomic():
            cells = {**row.values, **typed}
            _VERBS[type(row)](actor, row, cells, versions_of(version), reason)
    except StaleVersion as error:
        raise StaleRow(row_of(row.item)) from error
    return True


Versions = list[int | None]


def _correct_actual(
    actor: Actor, row: ActualRow, typed: Mapping[str, str], versions: Versions, reason: str
) -> None:
    cycle = row.item.cycle
    correct_actual(
        actor,
        cycle.plan,
        row.indicator,
        cycle.fiscal_year,
        entry_of(row, typed),
        versions[0],
        reason,
        kind_of(row),
    )


def _correct_review(
    actor: Actor, row: ReviewRow, typed: Mapping[str, str], versions: Versions, reason: str
) -> None:
    plan, year = row.item.cycle.plan, row.item.cycle.fiscal_year
    if changes := review_changes(row, typed):
        correct_review(actor, plan, row.thing, year, changes, versions[0], reason)
    if "stage" in row.differs(typed) and isinstance(row.thing, Project):
        try:
            correct_stage(actor, plan, row.thing, year, typed["stage"], versions[1], reason)
        except ValidationError as error:
            raise_by_cell(error, {"actual": "stage"})


def _correct_settlement(
    actor: Actor, row: SettlementRow, typed: Mapping[str, str], versions: Versions, reason: str
) -> None:
    plan, year = row.item.cycle.plan, row.item.cycle.fiscal_year
    for stage, version in zip(SETTLEMENT_STAGES, versions, strict=True):
        if changes := settlement_changes(row, stage, typed):
            try:
                correct_settlement(actor, plan, row.project, year, stage, changes, version, reason)
            except ValidationError as error:
                raise_by_cell(error, settlement_cells(stage))


_VERBS: dict[type[Row], Any] = {
    ActualRow: _correct_actual,
    ReviewRow: _correct_review,
    SettlementRow: _correct_settlement,
}
