"""Acts on many items at once: each is just so many single acts."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from accounts.audit import Actor
from plans.models import Extension, ReportingCycle, RoundItem
from plans.procedure import grant_extension


def extend_items(
    actor: Actor, cycle: ReportingCycle, items: Sequence[RoundItem], until: datetime, reason: str
) -> list[Extension]:
    """More time for each of these items; all or nothing. Raises what `grant_extension` raises."""
    with transaction.atomic():
        return [grant_extension(actor, cycle, until, reason, item=item) for item in items]


def extend_departments(
    actor: Actor, cycle: ReportingCycle, items: Sequence[RoundItem], until: datetime, reason: str
) -> list[Extension]:
    """More time for the departments of these items; what has none gets it item by item."""
    departments = {i.department_id: i.department for i in items if i.department is not None}
    with transaction.atomic():
        granted = [
            grant_extension(actor, cycle, until, reason, department=department)
            for department in departments.values()
        ]
        nobodys = [item for item in items if item.department_id is None]
        return granted + extend_items(actor, cycle, nobodys, until, reason)
