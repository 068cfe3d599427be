"""Ordering rows as the plan's tree reads: depth first, siblings by position."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import CharField, Func, IntegerField, Value
from django.db.models.functions import Cast, Concat

from plans.models import Measure, Plan


def measures_in_order(plan: Plan) -> list[Measure]:
    """All measures of the plan, depth first; one query.

    Each has its level, its department, the measure above it, and `tree_depth`.
    """
    rows = list(Measure.objects.in_trees_of([plan.pk]).select_related("level", "department"))
    by_pk = {row.pk: row for row in rows}
    for row in rows:
        if row.parent_id in by_pk:
            row.parent = by_pk[row.parent_id]
    return rows


class _PlaceIn(Func):
    """Where a text stands in another one."""

    function = "INSTR"
    output_field = IntegerField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="STRPOS", **context)


def tree_rank(measures: Sequence[Measure], path: str) -> Func:
    """Where a row's measure stands in the tree, as an expression to sort by.

    The order of a recursive tree is no column. The ids of a plan's measures in their order are
    one short text, and the place of an id in it ranks the rows: cheaper than joining the recursion
    to every list, and than a CASE with a branch for each measure.
    """
    order = "," + "".join(f"{measure.pk}," for measure in measures)
    wanted = Concat(Value(","), Cast(path, CharField()), Value(","))
    return _PlaceIn(Value(order), wanted)


def measure_path(measures: Iterable[Measure], measure: Measure) -> list[Measure]:
    """From the top of the tree down to the measure, from rows that are already fetched."""
    by_pk = {row.pk: row for row in measures}
    path = [measure]
    while path[0].parent_id is not None and path[0].parent_id in by_pk:
        path.insert(0, by_pk[path[0].parent_id])
    return path
