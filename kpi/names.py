"""Which indicator a name means: some have none, and some share theirs with others."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence

from kpi.models import Indicator, IndicatorUse


def name_after_use(rows: Sequence[Indicator]) -> None:
    """Read at once what the nameless ones among these are used for; no query if there are none."""
    nameless = {row.pk: row for row in rows if row.is_nameless}
    if not nameless:
        return
    uses = IndicatorUse.objects.filter(indicator__in=nameless).select_related("measure", "project")
    for use in uses.order_by("-position", "-pk"):
        nameless[use.indicator_id].used_for = use.place_name


def told_apart(rows: Iterable[Indicator], places: Mapping[int, str]) -> dict[int, str]:
    """Of indicators that share a name, by number: what tells each from the others.

    The place that uses it (`places`); where two share that too, whatever differs of department and
    unit, and at last the key, which always does.
    """
    alike: dict[str, list[Indicator]] = defaultdict(list)
    for row in rows:
        alike[row.shown_name].append(row)
    found: dict[int, str] = {}
    for twins in alike.values():
        if len(twins) > 1:
            for row, words in _apart(twins, [(places.get(row.pk, ""),) for row in twins]):
                found[row.pk] = "、".join(word for word in words if word)
    return found


SAYINGS: tuple[Callable[[Indicator], str], ...] = (
    lambda row: row.department.name if row.department else "",
    lambda row: f"単位：{row.unit}" if row.unit else "",
    lambda row: row.key,
)


def _apart(
    twins: list[Indicator], words: list[tuple[str, ...]]
) -> list[tuple[Indicator, tuple[str, ...]]]:
    for say in SAYINGS:
        same: dict[tuple[str, ...], set[str]] = defaultdict(set)
        for row, said in zip(twins, words, strict=True):
            same[said].add(say(row))
        words = [
            (*said, say(row)) if len(same[said]) > 1 else said
            for row, said in zip(twins, words, strict=True)
        ]
    return list(zip(twins, words, strict=True))
