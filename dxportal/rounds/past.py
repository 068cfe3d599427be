"""What an item's rows said before: their history, and how they stood on any past day."""

import datetime
from dataclasses import dataclass

from django.db import models

from accounts import audit
from accounts.models import AuditEntry, User
from budgets.services import ENTERED_FIELDS as BUDGET_FIELDS
from dxportal.rounds.rows import Row
from kpi.models import Actual
from kpi.services import ENTERED_FIELDS as ACTUAL_FIELDS
from plans.history import (
    HistoryItem,
    RowName,
    history_of,
    names_of,
    shown_values,
    values_at,
)
from plans.models import ReportingCycle, RoundItem
from projects.services import REVIEW_FIELDS

# The fields that people fill in, by the kind of row.
FIELDS: dict[str, tuple[str, ...]] = {
    "kpi.actual": tuple(ACTUAL_FIELDS),
    "projects.review": tuple(REVIEW_FIELDS),
    "projects.scheduleentry": ("actual",),
    "budgets.budgetentry": tuple(BUDGET_FIELDS),
    "plans.rounditem": ("state",),
}
HISTORY_LENGTH = 200
State = RoundItem.State


@dataclass(frozen=True)
class Then:
    """One row on a past day: its fields as label and text; none if nothing was there."""

    name: str
    values: list[tuple[str, str]]


def earlier_values(item: RoundItem) -> list[RowName]:
    """The figures that stood in the place of this one and were cleared."""
    if item.kind != RoundItem.Kind.ACTUAL:
        return []
    is_interim = item.cycle.kind == ReportingCycle.Kind.INTERIM
    cleared = AuditEntry.objects.filter(
        object_type=Actual._meta.label_lower,
        action="actual.clear",
        before__indicator=item.object_id,
        before__fiscal_year=item.cycle.fiscal_year,
        before__kind=Actual.Kind.INTERIM if is_interim else Actual.Kind.ACTUAL,
    )
    return [(Actual._meta.label_lower, pk) for pk in cleared.values_list("object_id", flat=True)]


def history_of_row(user: User, row: Row) -> list[HistoryItem]:
    """Everything that happened to an item, to what was entered for it, and around it."""
    item = row.item
    around: list[models.Model] = [
        *item.comments.all(),
        *item.evidence.all(),
        *item.extensions.all(),
    ]
    stored = [thing for thing in row.stored if thing is not None]
    return history_of(user, [item, *stored, *around], HISTORY_LENGTH, also=earlier_values(row.item))


def state_at(row: Row, moment: datetime.datetime) -> list[Then]:
    """How the item, and what was entered for it, stood at that moment."""
    things: list[models.Model] = [row.item, *(thing for thing in row.stored if thing is not None)]
    found = [_then(thing, moment, []) for thing in things]
    earlier = earlier_values(row.item)
    if earlier:
        actual = next((thing for thing in row.stored if thing is not None), None)
        found = [found[0], _then(actual, moment, earlier)]
    if not any(then.values for then in found[1:]):
        found[0] = _untouched(found[0])
    return found


def _untouched(then: Then) -> Then:
    """An item in whose place nothing was stored: entering moves it, and no log tells of that."""
    draft, untouched = (str(state.label) for state in (State.DRAFT, State.UNTOUCHED))
    told = [(label, untouched if text == draft else text) for label, text in then.values]
    return Then(then.name, told)


def _then(thing: models.Model | None, moment: datetime.datetime, earlier: list[RowName]) -> Then:
    names = [*(names_of([thing]) if thing else []), *earlier]
    kind = names[0][0]
    now = audit.values_of(thing, FIELDS[kind]) if thing else None
    values = values_at(names, now, moment)
    main = FIELDS[kind][0]
    told = {
        n: v
        for n, v in (values or {}).items()
        if n in FIELDS[kind] and (n == main or v not in (None, "", False))
    }
    name = str(thing) if thing else str(Actual._meta.verbose_name)
    return Then(name, shown_values(kind, told) if values is not None else [])
