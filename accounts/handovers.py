"""Which department had an item on a day: the item names that of today, handovers those before."""

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence

from django.db import models

from accounts.models import Department, Handover


def handovers_of(rows: Iterable[models.Model]) -> dict[models.Model, list[Handover]]:
    """Each row's handovers, the oldest first, in one query for each kind of rows."""
    by_type: dict[str, dict[int, models.Model]] = defaultdict(dict)
    for row in rows:
        by_type[row._meta.label_lower][row.pk] = row
    found: dict[models.Model, list[Handover]] = defaultdict(list)
    for object_type, own in by_type.items():
        stored = Handover.objects.filter(object_type=object_type, object_id__in=own)
        for handover in stored.select_related("from_department", "to_department"):
            found[own[handover.object_id]].append(handover)
    return found


def departments_on(
    handovers: Sequence[Handover], today: Department | None, day: datetime.date
) -> list[Department]:
    """Who was in charge on that day, given who is today; several where they were merged since.

    `handovers` are those of one item, the oldest first, as `handovers_of` gives them.
    """
    later = [handover for handover in handovers if handover.on > day]
    if not later:
        return [today] if today is not None else []
    return taken_from([handover for handover in later if handover.on == later[0].on])


def taken_from(handovers: Iterable[Handover]) -> list[Department]:
    """Who had it before a day, given that day's handovers; who had it in between is left out."""
    found: dict[Department, None] = {}
    received = set()
    for handover in handovers:
        if handover.from_department_id not in received:
            found[handover.from_department] = None
        received.add(handover.to_department_id)
    return list(found)
