"""What waits for a person's approval."""

import datetime
from collections import defaultdict
from dataclasses import dataclass

from django.db.models import Count, Max, Q, QuerySet

from accounts.models import User
from accounts.policy import Act
from dxportal.rounds.board import NO_DEPARTMENT
from dxportal.rounds.grid import rows_of
from dxportal.rounds.rows import Row
from plans.entering import RUNNING_STATES
from plans.models import ReportingCycle, RoundItem


def submitted_items(user: User) -> "QuerySet[RoundItem]":
    """Submitted items of running rounds that this person answers for, their own included."""
    items = RoundItem.objects.visible_to(user)
    own = items.allowing(user, Act.APPROVE).values("pk")
    nobodys = items.filter(department=None).allowing(user, Act.MANAGE).values("pk")
    return items.filter(
        Q(pk__in=own) | Q(pk__in=nobodys),
        state=RoundItem.State.SUBMITTED,
        cycle__state__in=RUNNING_STATES,
    )


def waiting_items(user: User) -> "QuerySet[RoundItem]":
    """What this person may approve: never what they entered or submitted themselves."""
    return submitted_items(user).exclude(entered_by=user).exclude(submitted_by=user)


@dataclass(frozen=True)
class Waiting:
    """What one department has handed in of one round."""

    cycle: ReportingCycle
    name: str
    rows: list[Row]


def packages_for(user: User) -> list[Waiting]:
    """By round and department, in a fixed number of queries for each round."""
    items = waiting_items(user).select_related("department", "entered_by", "submitted_by")
    by_cycle: dict[int, list[RoundItem]] = defaultdict(list)
    for item in items.prefetch_related("evidence").order_by("cycle", "position", "pk"):
        by_cycle[item.cycle_id].append(item)
    cycles = ReportingCycle.objects.filter(pk__in=by_cycle).select_related("plan__organization")
    found: list[Waiting] = []
    for cycle in cycles.prefetch_related("extensions").order_by("closes_at", "pk"):
        for item in by_cycle[cycle.pk]:
            item.cycle = cycle
        groups: dict[tuple[int, str], list[Row]] = {}
        for row in rows_of(cycle, by_cycle[cycle.pk]):
            department = row.item.department
            key = (department.pk, str(department)) if department else (0, NO_DEPARTMENT)
            groups.setdefault(key, []).append(row)
        found += [Waiting(cycle, name, rows) for (_, name), rows in sorted(groups.items())]
    return found


@dataclass(frozen=True)
class WaitingCount:
    """How much one department has handed in of one round, and when last."""

    cycle: ReportingCycle
    name: str
    count: int
    submitted_at: datetime.datetime | None


def counts_for(user: User) -> list[WaitingCount]:
    """What waits for this person, by round and department, in two queries."""
    found = list(
        waiting_items(user)
        .order_by()
        .values("cycle_id", "department_id", "department__name")
        .annotate(count=Count("pk"), last=Max("submitted_at"))
        .order_by("last", "cycle_id", "department_id")
    )
    cycles = ReportingCycle.objects.select_related("plan").in_bulk([r["cycle_id"] for r in found])
    return [
        WaitingCount(
            cycles[row["cycle_id"]],
            row["department__name"] or NO_DEPARTMENT,
            row["count"],
            row["last"],
        )
        for row in found
    ]
