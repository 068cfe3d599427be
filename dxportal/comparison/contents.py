"""What a plan says, read once: the rows of its own, by sheet and by the keys that identify them."""

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models

from dxportal.planbook.columns import Column, Kind, Sheet
from dxportal.planbook.plan_rows import rows_of_plan
from dxportal.planbook.sheets import IDENTIFIERS
from dxportal.revisions.services import copied_sheets
from plans import fiscal_years
from plans.models import Measure, Plan
from projects.models import Placement

Key = tuple[Any, ...]


@dataclass
class Contents:
    """The rows of one plan: one query for each sheet, however large the plan is."""

    plan: Plan
    rows: dict[str, list[Any]]
    measures: list[Measure]  # depth first
    # Where a project mainly stands.
    main_places: dict[int, Placement]

    @classmethod
    def of(cls, plan: Plan) -> "Contents":
        rows = {sheet.name: list(rows_of_plan(plan, sheet)) for sheet in copied_sheets()}
        places: list[Placement] = sorted(rows["placements"], key=lambda row: not row.is_primary)
        main: dict[int, Placement] = {}
        for place in places:
            main.setdefault(place.project_id, place)
        return cls(plan, rows, _depth_first(rows["measures"]), main)

    def by_key(self, sheet: Sheet) -> dict[Key, Any]:
        """The rows of a sheet, by what identifies them in any plan."""
        rows = self.measures if sheet.model is Measure else self.rows[sheet.name]
        columns = [sheet.column(name) for name in sheet.key]
        return {tuple(identity(row, column) for column in columns): row for row in rows}


def _depth_first(measures: list[Measure]) -> list[Measure]:
    below: dict[int | None, list[Measure]] = defaultdict(list)
    for measure in sorted(measures, key=lambda row: (row.position, row.pk)):
        below[measure.parent_id].append(measure)
    found: list[Measure] = []
    waiting = below[None][::-1]
    while waiting:
        measure = waiting.pop()
        found.append(measure)
        waiting += below[measure.pk][::-1]
    return found


def identity(row: models.Model, column: Column) -> Any:
    """The value of a column as it is the same in every plan: a reference by its key."""
    value = getattr(row, column.field)
    if column.kind is Kind.REFERENCE:
        return getattr(value, IDENTIFIERS[column.refers_to]) if value is not None else ""
    return value


def shown(row: models.Model, column: Column) -> str:
    """The value of a column as a reader sees it."""
    value = getattr(row, column.field)
    if value is None or value == "":
        return ""
    if column.kind is Kind.FISCAL_YEAR:
        return fiscal_years.long_form(value)
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    if choices := dict(getattr(row._meta.get_field(column.field), "flatchoices", ())):
        return str(choices.get(value, value))
    return str(value)


def measure_of(row: models.Model) -> Measure | None:
    """The measure at which a row stands, or that it is."""
    return row if isinstance(row, Measure) else getattr(row, "measure", None)
