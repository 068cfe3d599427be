"""Removing rows that the plan has and the book has not, where a person chose so.

By the rules of the editing pages: records refuse, locks hold, and everything that is deleted is
kept so that it can be put back there.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db import models

from accounts import editing
from accounts.audit import Actor
from accounts.rows import organization_path_of
from dxportal.planbook.changes import Change
from dxportal.planbook.faults import Fault
from dxportal.planbook.locks import Locks
from dxportal.planbook.sheets import SHEETS
from plans.models import ReportingCycle

Absent = tuple[Change, models.Model]
MODELS_OF_BOOK = {sheet.model for sheet in SHEETS}


@dataclass
class Removal:
    """How many rows of which sheet were deleted, and what stood in the way."""

    deleted: Counter[str] = field(default_factory=Counter)
    faults: list[Fault] = field(default_factory=list)


def why_kept(instance: models.Model) -> str:
    """Why an import never removes this row; empty where a person may choose to."""
    if getattr(instance, "is_record", False):
        return "記録のため、取込では削除できません。"
    if isinstance(instance, ReportingCycle):
        return "年度照会は、取込では削除できません。"
    if not organization_path_of(instance):
        return "計画の編集画面で外してください。"
    return ""


def remove(actor: Actor, locks: Locks, chosen: Sequence[Absent]) -> Removal:
    """Delete the chosen rows, those first that others hang on, so that one undo brings all back.

    A row that is in use until another chosen one is gone gets another turn. With a fault, nothing
    may be kept of it: the caller undoes the load.
    """
    removal = Removal()
    rows = {(type(row), row.pk) for _, row in chosen}
    waiting = list(chosen)
    while waiting:
        again: list[tuple[Absent, Fault]] = []
        for change, row in waiting:
            try:
                _delete(actor, locks, row, rows)
            except ValidationError as error:
                fault = Fault(change.sheet, None, "", change.label, " ".join(error.messages))
                again.append(((change, row), fault))
            else:
                removal.deleted[change.sheet] += 1
        if len(again) == len(waiting):
            removal.faults = [fault for _, fault in again]
            break
        waiting = [absent for absent, _ in again]
    return removal


def _delete(
    actor: Actor, locks: Locks, row: models.Model, chosen: set[tuple[type[models.Model], int]]
) -> None:
    if reason := why_kept(row):
        raise ValidationError(reason)
    locks.refuse(row, {})
    stored = type(row)._base_manager.filter(pk=row.pk).first()
    if stored is None:
        return  # it went along with a chosen row that it hung on
    along = Counter(
        str(other._meta.verbose_name)
        for other in editing.what_goes(stored).rows[1:]
        if type(other) in MODELS_OF_BOOK and (type(other), other.pk) not in chosen
    )
    if along:
        told = "、".join(f"{kind}{count}件" for kind, count in along.items())
        raise ValidationError(
            f"削除すると、残すことにした{told}も削除されます。その行も削除するか、この行を残すか、"
            "計画の編集画面で削除してください。"
        )
    editing.delete(actor, stored, getattr(stored, "version", None))
