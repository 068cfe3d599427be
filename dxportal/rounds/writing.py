"""Writing one row of the entry grid: what was typed goes to the verb of the floor it belongs to.

Used by the grid, the form without scripts, and whatever else brings cells as text.
"""

from collections.abc import Mapping
from typing import Any, NoReturn

from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import transaction

from accounts.audit import Actor
from accounts.editing import Locked
from accounts.versions import StaleVersion
from budgets.money import THOUSAND
from budgets.services import ENTERED_FIELDS, record_settlement
from dxportal.rounds.cells import FLAG_ON, SETTLEMENT_STAGES
from dxportal.rounds.grid import row_of
from dxportal.rounds.rows import ActualRow, ReviewRow, Row, SettlementRow, versions_of
from kpi.models import Actual, ValueStatus
from kpi.numbers import read_number
from kpi.services import ActualEntry, clear_actual, record_actual
from plans.models import Mark, ReportingCycle, RoundItem
from projects.models import Project
from projects.services import record_review, record_stage


class StaleRow(Exception):
    """Somebody else was quicker. `row` is the row as it is stored now."""

    def __init__(self, row: Row) -> None:
        self.row = row
        super().__init__("この項目は、ほかの人が先に変更しました。")


def write_row(actor: Actor, row: Row, typed: Mapping[str, str], version: str) -> Row:
    """Save what was typed into the cells of a row; the row as it is stored then.

    Cells that are not named stay. `version` is the one that the person saw. Typing what is stored
    already is no change, whatever the version: a request that is sent again does no harm. Raises
    StaleRow, and what the verbs raise: PermissionDenied, Locked, ValidationError by cell.
    """
    store_row(actor, row, typed, version)
    return row


def store_row(actor: Actor, row: Row, typed: Mapping[str, str], version: str) -> bool:
    """`write_row` that tells whether there was a change."""
    known = {field.name for field in row.fields}
    if unknown := sorted(set(typed) - known):
        raise ValidationError(dict.fromkeys(unknown, "この項目は入力できません。"))
    if not is_change(row, typed):
        return False
    if version != row.version:
        if row.locked_reason:
            raise Locked(row.locked_reason)
        raise StaleRow(row)
    try:
        _WRITERS[type(row)](actor, row, {**row.values, **typed}, versions_of(version))
    except StaleVersion as error:
        raise StaleRow(row_of(row.item)) from error
    row.item.refresh_from_db(
        fields=("state", "version", "entered_by", "entered_at"),
        from_queryset=RoundItem.objects.select_related("entered_by"),
    )
    return True


def is_change(row: Row, typed: Mapping[str, str]) -> bool:
    """Whether something else was typed than what is stored; 1,234 and 1234 are the same figure."""
    return bool(row.differs(typed)) and not _reads_the_same(row, typed)


def _reads_the_same(row: Row, typed: Mapping[str, str]) -> bool:
    """Whether the cells that differ as text are the same figures, written another way."""
    units = {"value": row.indicator.unit} if isinstance(row, ActualRow) else {}
    return all(
        field.kind == "figure"
        and typed[field.name].strip() != ""
        and _reads_as(row.values[field.name], typed[field.name], units.get(field.name, "千円"))
        for field in row.fields
        if field.name in row.differs(typed)
    )


def _reads_as(stored: str, typed: str, unit: str) -> bool:
    try:
        return read_number(stored, unit).value == read_number(typed, unit).value
    except ValueError:
        return False


def _write_actual(
    actor: Actor, row: ActualRow, typed: Mapping[str, str], versions: list[int | None]
) -> None:
    cycle, kind = row.item.cycle, kind_of(row)
    if is_clearing(typed):
        if row.actual is not None:
            clear_actual(actor, row.indicator, cycle.fiscal_year, versions[0] or 0, kind)
            row.actual = None
        return
    entry = entry_of(row, typed)
    row.actual = record_actual(actor, row.indicator, cycle.fiscal_year, entry, versions[0], kind)


def is_clearing(typed: Mapping[str, str]) -> bool:
    """Whether the cells of an actual say nothing any more."""
    said = [typed[name].strip() for name in ("value", "numerator", "denominator", "note")]
    return not any(said) and typed["status"] == ValueStatus.REPORTED


def kind_of(row: ActualRow) -> Actual.Kind:
    """Which actual of the year the row's round asks for."""
    is_interim = row.item.cycle.kind == ReportingCycle.Kind.INTERIM
    return Actual.Kind.INTERIM if is_interim else Actual.Kind.ACTUAL


def entry_of(row: ActualRow, typed: Mapping[str, str]) -> ActualEntry:
    """The actual that all cells of a row together say. Raises ValidationError."""
    if typed["status"] not in ValueStatus:
        raise ValidationError({"status": "値の状態を選んでください。"})
    # The rate follows its counts, unless somebody has typed it as well.
    follows = row.differs(typed) & {"numerator", "denominator"} and typed["numerator"]
    is_typed = "value" in row.differs(typed)
    return ActualEntry(
        text="" if follows and not is_typed else typed["value"],
        status=typed["status"],
        note=typed["note"],
        is_preliminary=typed["is_preliminary"] == FLAG_ON,
        numerator=typed["numerator"],
        denominator=typed["denominator"],
    )


def _write_review(
    actor: Actor, row: ReviewRow, typed: Mapping[str, str], versions: list[int | None]
) -> None:
    changes = review_changes(row, typed)
    plan, year = row.item.cycle.plan, row.item.cycle.fiscal_year
    review, schedule = row.review, row.schedule
    with transaction.atomic():
        if changes:
            review = record_review(actor, plan, row.thing, year, changes, versions[0])
        if "stage" in row.differs(typed) and isinstance(row.thing, Project):
            try:
                entry = record_stage(actor, plan, row.thing, year, typed["stage"], versions[1])
            except ValidationError as error:
                raise_by_cell(error, {"actual": "stage"})
            schedule = entry if entry.pk else None
    row.review, row.schedule = review, schedule


def review_changes(row: ReviewRow, typed: Mapping[str, str]) -> dict[str, Any]:
    """The fields of a review that its cells change. Raises ValidationError."""
    marks = {mark.key: mark for mark in row.marks}
    return {
        name: _mark(marks, name, typed[name]) if "mark" in name else typed[name].strip()
        for name in row.differs(typed) - {"stage"}
    }


def _mark(marks: Mapping[str, Mark], name: str, key: str) -> Mark | None:
    if key and key not in marks:
        raise ValidationError({name: "評価記号を一覧から選んでください。"})
    return marks[key] if key else None


def _write_settlement(
    actor: Actor, row: SettlementRow, typed: Mapping[str, str], versions: list[int | None]
) -> None:
    plan, year = row.item.cycle.plan, row.item.cycle.fiscal_year
    entries = {**row.entries}
    with transaction.atomic():
        for stage, version in zip(SETTLEMENT_STAGES, versions, strict=True):
            changes = settlement_changes(row, stage, typed)
            if not changes:
                continue
            try:
                entries[stage] = record_settlement(
                    actor, plan, row.project, year, stage, changes, version
                )
            except ValidationError as error:
                raise_by_cell(error, settlement_cells(stage))
    row.entries = entries


def settlement_changes(
    row: SettlementRow, stage: str, typed: Mapping[str, str]
) -> dict[str, int | str | None]:
    """The fields of one stage's figure that its cells change, in yen. Raises ValidationError."""
    changed = row.differs(typed)
    return {
        name: typed[cell].strip() if name == "note" else yen_of(cell, typed[cell])
        for name, cell in settlement_cells(stage).items()
        if name and cell in changed
    }


def settlement_cells(stage: str) -> dict[str, str]:
    """The cell of each field of a stage's figure; "" stands for the figure as a whole."""
    return {"": f"{stage}_amount", **{name: f"{stage}_{name}" for name in ENTERED_FIELDS}}


def yen_of(cell: str, text: str) -> int | None:
    """An amount typed in 千円 (1,234), or with its unit (1,234,567円), in yen."""
    if not text.strip():
        return None
    try:
        yen = read_number(text, "千円", has_status=False).value * THOUSAND
    except ValueError as error:
        raise ValidationError({cell: str(error)}) from error
    if yen != yen.to_integral_value():
        raise ValidationError({cell: "1円より細かい金額は入れられません。"})
    if abs(yen) >= 10**15:
        raise ValidationError({cell: "金額の桁が多すぎます。"})
    return int(yen)


def errors_by_cell(error: ValidationError) -> dict[str, list[str]]:
    """What a verb refused, by cell; "" for the row as a whole."""
    if not hasattr(error, "error_dict"):
        return {"": error.messages}
    return {
        "" if name == NON_FIELD_ERRORS else name: said for name, said in error.message_dict.items()
    }


def raise_by_cell(error: ValidationError, cells: Mapping[str, str]) -> NoReturn:
    """Raise the refusal again under the names of the cells; a lock stays what it is."""
    raise by_cell(error, cells)


def by_cell(error: ValidationError, cells: Mapping[str, str]) -> ValidationError:
    """The refusal under the names of the cells."""
    if not hasattr(error, "error_dict"):
        return error
    said = errors_by_cell(error)
    return ValidationError(
        {cells.get(name, name) or NON_FIELD_ERRORS: told for name, told in said.items()}
    )


_WRITERS: dict[type[Row], Any] = {
    ActualRow: _write_actual,
    ReviewRow: _write_review,
    SettlementRow: _write_settlement,
}
