"""Ordering rows as the plan's tree reads: depth first, siblings by position."""

from collections.abc import Iterable, Sequence

from django.db.models import Case, IntegerField, Value, When

from plans.models import Measure, Plan


def measures_in_order(plan: Plan) -> list[Measure]:
    """All measures of the plan, depth first, each with its level and `tree_depth`; one query."""
    return list(
        Measure.objects.filter(plan=plan).with_tree_fields().select_related("level", "department")
    )


def tree_rank(measures: Sequence[Measure], path: str) -> Case:
    """Where a row's measure stands in the tree, as an expression to sort by.

    The order of a recursive tree is no column; a plan has a few hundred measures at most, so
    naming each one's place is cheaper than joining the recursion to every list.
    """
    places = [When(**{path: measure.pk}, then=Value(i)) for i, measure in enumerate(measures)]
    return Case(*places, default=Value(len(measures)), output_field=IntegerField())


def measure_path(measures: Iterable[Measure], measure: Measure) -> list[Measure]:
    """From the top of the tree down to the measure, from rows that are already fetched."""
    by_pk = {row.pk: row for row in measures}
    path = [measure]
    while path[0].parent_id is not None and path[0].parent_id in by_pk:
        path.insert(0, by_pk[path[0].parent_id])
    return path
