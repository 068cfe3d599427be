"""Submitting: a department's package, or one item of it.

Whatever submits comes through here, so that nothing unusual is handed in without a comment. What
is empty is meant to be empty.
"""

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.audit import Actor
from accounts.models import Department
from dxportal.rounds.grid import rows_of
from dxportal.rounds.rows import Row
from plans.models import ReportingCycle, RoundItem
from plans.procedure import Step, move_item, submit_package

# So many rows are named in the sentence; the rest is counted.
NAMED = 5


class CommentMissing(ValidationError):
    """Unusual figures without a comment. `rows` are those that need one."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self.rows = rows
        names = "、".join(f"「{row.title}」" for row in rows[:NAMED])
        more = f"ほか{len(rows) - NAMED}件" if len(rows) > NAMED else ""
        super().__init__(
            f"コメントが必要な項目が{len(rows)}件あります：{names}{more}。"
            "警告の理由を書いてから提出してください。"
        )


def submit_department(
    actor: Actor, cycle: ReportingCycle, department: Department | None
) -> list[RoundItem]:
    """Submit all that a department still owes; without a department, what nobody answers for.

    All or nothing. Raises CommentMissing, and what `plans.procedure.submit_package` raises.
    """
    with transaction.atomic():
        owed = RoundItem.objects.filter(cycle=cycle, department=department).owed()
        # Held until the commit: else a figure could change between the look and the submitting.
        _require_comments(cycle, list(owed.select_for_update(of=("self",))))
        return submit_package(actor, cycle, department)


def submit_item(actor: Actor, item: RoundItem, expected_version: int) -> RoundItem:
    """Submit one item. Raises CommentMissing, and what `plans.procedure.move_item` raises."""
    with transaction.atomic():
        held = RoundItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
        _require_comments(item.cycle, [held])
        return move_item(actor, item, Step.SUBMIT, expected_version)


def withdraw_department(
    actor: Actor, cycle: ReportingCycle, department: Department | None
) -> list[RoundItem]:
    """Take back what a department has submitted and nobody has approved yet; all or nothing."""
    with transaction.atomic():
        found = RoundItem.objects.filter(
            cycle=cycle, department=department, state=RoundItem.State.SUBMITTED
        )
        submitted = list(found)
        if not submitted:
            raise ValidationError("取り下げられる提出はありません。")
        return [move_item(actor, item, Step.WITHDRAW, item.version) for item in submitted]


def _require_comments(cycle: ReportingCycle, items: Sequence[RoundItem]) -> None:
    for item in items:
        item.cycle = cycle
    missing = [row for row in rows_of(cycle, items) if row.needs_comment]
    if missing:
        raise CommentMissing(missing)
