"""The dashboards as they stood at the end of a past day: today's rows with the log taken back.

Figures, marks, texts and the rules of the indicators are those of that day. The tree, the places of
the projects, names and departments are those of today, less what was made after the day; what was
deleted since is counted and named, not drawn.
"""

import datetime
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from django.core.exceptions import FieldDoesNotExist
from django.db import models
from django.db.models import Min
from django.utils import timezone

from accounts import audit
from accounts.models import AuditEntry
from kpi.models import Actual, Indicator, Target
from plans.history import rewound
from plans.models import Plan

Row = TypeVar("Row", bound=models.Model)

# What the dashboards count and show, by the names that the log gives them.
KINDS = (
    "plans.measure",
    "projects.project",
    "projects.placement",
    "projects.review",
    "projects.scheduleentry",
    "kpi.indicator",
    "kpi.indicatoruse",
    "kpi.target",
    "kpi.actual",
    "budgets.budgetentry",
)
# What of a plan is gone since cannot be drawn, only named: its place in the tree is gone too.
STRUCTURE = ("plans.measure", "projects.placement", "kpi.indicatoruse")


def log_begins(plan: Plan) -> datetime.date | None:
    """The first day of which the log tells about this plan; None where it tells nothing.

    Before it came into the portal, a plan's figures may have been anything.
    """
    of_plan = AuditEntry.objects.filter(plan_id=plan.pk).aggregate(first=Min("at"))["first"]
    itself = AuditEntry.objects.of(plan).aggregate(first=Min("at"))["first"]
    moments = [moment for moment in (of_plan, itself) if moment is not None]
    return timezone.localdate(min(moments)) if moments else None


@dataclass(frozen=True)
class LastChange:
    at: datetime.datetime
    who: str


class PastDay:
    """A plan's rows at the end of a day (Japan time); one query for all changes since."""

    def __init__(self, plan: Plan, day: datetime.date) -> None:
        self.plan, self.day = plan, day
        midnight = datetime.datetime.combine(day + datetime.timedelta(days=1), datetime.time())
        self.moment = timezone.make_aware(midnight)

    @cached_property
    def _since(self) -> dict[tuple[str, int], list[AuditEntry]]:
        """The later entries of each row, the newest first."""
        entries = AuditEntry.objects.filter(
            organization_id=self.plan.organization_id, object_type__in=KINDS, at__gte=self.moment
        ).order_by("-id")
        found: dict[tuple[str, int], list[AuditEntry]] = defaultdict(list)
        for entry in entries:
            found[entry.object_type, entry.object_id].append(entry)
        return found

    def last_change(self, row: models.Model) -> LastChange | None:
        """Who changed this row last since the day, and when."""
        entries = self._since.get((row._meta.label_lower, row.pk))
        return LastChange(entries[0].at, entries[0].actor_name) if entries else None

    def existed(self, rows: Iterable[Row]) -> list[Row]:
        """Those of today's rows that were there on the day, as they are today."""
        return [row for row in rows if self._values(row) is not None]

    def rewind(self, rows: Iterable[Row]) -> list[Row]:
        """Those that were there, as they were then; the rows themselves are changed, not saved."""
        found = []
        for row in rows:
            values = self._values(row)
            if values is not None:
                _fill(row, values)
                found.append(row)
        return found

    def _values(self, row: models.Model) -> audit.Values | None:
        entries = self._since.get((row._meta.label_lower, row.pk))
        return rewound({}, entries) if entries else {}

    def gone(self, model: type[Row], **where: Collection[Any]) -> list[Row]:
        """Rows that were there on the day and have been deleted since, as they were then.

        `where` holds the allowed values by attribute (`indicator_id={1, 2}`).
        """
        rows = [
            _made(model, pk, values)
            for (kind, pk), entries in self._since.items()
            if kind == model._meta.label_lower
            and _is_deleted(entries)
            and (values := rewound(None, entries)) is not None
        ]
        return [row for row in rows if all(getattr(row, name) in ok for name, ok in where.items())]

    def rows(self, queryset: models.QuerySet, **where: Collection[Any]) -> list[Any]:
        """A selection as it was then: what is there still, and what is gone since."""
        gone = self.gone(queryset.model, **where)
        return self.rewind(_chosen(queryset, where)) + gone

    def indicators(self, rows: Iterable[Indicator]) -> list[Indicator]:
        """These indicators with their fetched targets and actuals as they were then."""
        found = self.rewind(rows)
        pks = {row.pk for row in found}
        lost: dict[tuple[type, int], list[Any]] = defaultdict(list)
        for model in (Target, Actual):
            for row in self.gone(model, indicator_id=pks):
                lost[model, row.indicator_id].append(row)
        for row in found:
            for model, fetched in ((Target, row.targets.all()), (Actual, row.actuals.all())):
                values = self.rewind(fetched) + lost[model, row.pk]
                values = [value for value in values if _says_something(value)]
                # The fetched rows stand in for the table: the indicator's pages read them alone.
                fetched._result_cache = sorted(values, key=lambda value: value.fiscal_year)
        return found

    @cached_property
    def deleted(self) -> list[str]:
        """Measures, placements and uses of indicators that were there and are gone."""
        return [
            entries[0].object_label
            for (kind, _), entries in self._since.items()
            if kind in STRUCTURE
            and entries[0].plan_id == self.plan.pk
            and _is_deleted(entries)
            and rewound(None, entries) is not None
        ]


def _is_deleted(entries: list[AuditEntry]) -> bool:
    """Whether the newest entry tells that the row was removed."""
    return bool(entries[0].before) and not entries[0].after


def _chosen(queryset: models.QuerySet, where: dict[str, Collection[Any]]) -> models.QuerySet:
    return queryset.filter(**{f"{name}__in": list(values) for name, values in where.items()})


def _says_something(row: Target | Actual) -> bool:
    """A row whose first writing the log tells as a change of empty fields was not there before."""
    is_reported = getattr(row, "status", "reported") == "reported"
    return row.value is not None or bool(row.raw_text) or not is_reported


def _fill(row: models.Model, values: audit.Values) -> None:
    for name, value in values.items():
        try:
            field = row._meta.get_field(name)
        except FieldDoesNotExist:  # a field that was dropped; its history stays in the log
            continue
        if isinstance(field, models.Field):
            setattr(row, field.attname, field.to_python(value))


def _made(model: type[Row], pk: int, values: audit.Values) -> Row:
    row = model(pk=pk)
    _fill(row, values)
    return row
