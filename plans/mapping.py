"""A plan's tables of correspondence with other plans (対応表), with what they leave open.

Other plans and their measures are named by key: all are looked up at once, as far as the person
may see them. A key that finds nothing is shown as it is written, without a link.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Count

from accounts.models import User
from plans.models import Correspondence, Measure, Plan


@dataclass(frozen=True)
class MappedRow:
    """A row with what its keys lead to."""

    row: Correspondence
    other_plan: Plan | None
    other_measure: Measure | None

    @property
    def is_renamed(self) -> bool:
        """The same measure under another name; a difference in width alone is no other name."""
        return bool(self.row.other_measure) and _plain(self.row.theirs) != _plain(self.row.ours)

    @property
    def is_respelled(self) -> bool:
        """The same name in other characters (GIGA and ＧＩＧＡ)."""
        differs = self.row.theirs != self.row.ours
        return bool(self.row.other_measure) and differs and not self.is_renamed

    @property
    def is_lost(self) -> bool:
        """It names a measure of a plan that the portal holds, which has none of that key."""
        return bool(self.row.other_measure and self.other_plan and not self.other_measure)


@dataclass(frozen=True)
class Gap:
    """The measures of one plan's level that a table leaves out."""

    plan: Plan
    level_name: str
    measures: list[Measure]
    out_of: int


@dataclass(frozen=True)
class MappingTable:
    name: str
    rows: list[MappedRow]
    other_plans: list[Plan]
    unknown_plans: list[str]
    own_gaps: list[Gap]
    other_gaps: list[Gap]

    @property
    def renamed(self) -> int:
        return sum(row.is_renamed for row in self.rows)

    @property
    def unlinked(self) -> list[MappedRow]:
        """Rows that no own measure stands for."""
        return [row for row in self.rows if row.row.measure_id is None]


@dataclass(frozen=True)
class MappingFrom:
    """A table of another plan that speaks of this one."""

    plan: Plan
    table: str
    rows: int


def mapping_tables(user: User | AnonymousUser, plan: Plan) -> list[MappingTable]:
    """All tables of the plan, in four queries."""
    rows = list(
        Correspondence.objects.visible_to(user)
        .filter(plan=plan)
        .select_related("measure")
        .order_by("table", "position")
    )
    keys = {row.other_plan for row in rows} - {""}
    others = {
        other.key: other
        for other in Plan.objects.visible_to(user).filter(
            organization_id=plan.organization_id, key__in=keys
        )
    }
    measures = _measures_of(user, [plan, *others.values()])
    tables: dict[str, list[Correspondence]] = defaultdict(list)
    for row in rows:
        tables[row.table].append(row)
    return [_table(name, of_table, plan, others, measures) for name, of_table in tables.items()]


def mappings_from(user: User | AnonymousUser, plan: Plan) -> list[MappingFrom]:
    """Where other plans of the organization set themselves against this one."""
    found = (
        Correspondence.objects.visible_to(user)
        .filter(plan__organization_id=plan.organization_id, other_plan=plan.key)
        .exclude(plan=plan)
        .values("plan_id", "table")
        .annotate(rows=Count("pk"))
        .order_by("plan_id", "table")
    )
    entries = list(found)
    plans = Plan.objects.visible_to(user).in_bulk([entry["plan_id"] for entry in entries])
    return [MappingFrom(plans[e["plan_id"]], e["table"], e["rows"]) for e in entries]


MeasuresOfPlans = dict[int, list[Measure]]


def _measures_of(user: User | AnonymousUser, plans: Iterable[Plan]) -> MeasuresOfPlans:
    """Each plan's measures in the order of its tree, together in one query."""
    found: MeasuresOfPlans = defaultdict(list)
    wanted = Measure.objects.visible_to(user).in_trees_of(plan.pk for plan in plans)
    for measure in wanted.select_related("level"):
        found[measure.plan_id].append(measure)
    return found


def _table(
    name: str,
    rows: list[Correspondence],
    plan: Plan,
    others: dict[str, Plan],
    measures: MeasuresOfPlans,
) -> MappingTable:
    by_key = {
        (other.key, measure.key): measure
        for other in others.values()
        for measure in measures[other.pk]
    }
    mapped = [
        MappedRow(row, others.get(row.other_plan), by_key.get((row.other_plan, row.other_measure)))
        for row in rows
    ]
    named = list(dict.fromkeys(row.other_plan for row in rows if row.other_plan))
    other_plans = [others[key] for key in named if key in others]
    theirs = {row.other_measure.pk for row in mapped if row.other_measure}
    return MappingTable(
        name,
        mapped,
        other_plans,
        [key for key in named if key not in others],
        left_out(plan, measures[plan.pk], {row.measure_id for row in rows if row.measure_id}),
        [gap for other in other_plans for gap in left_out(other, measures[other.pk], theirs)],
    )


def left_out(plan: Plan, measures: list[Measure], named: set[int]) -> list[Gap]:
    """By level that the table speaks of: the measures that it does not name. 再掲 needs no row."""
    levels = {row.level_id: row.level for row in measures if row.pk in named}
    gaps = []
    for level in sorted(levels.values(), key=lambda level: (level.depth, level.pk)):
        of_level = [row for row in measures if row.level_id == level.pk and not row.is_repeat]
        missing = [row for row in of_level if row.pk not in named]
        gaps.append(Gap(plan, level.name or "施策", missing, len(of_level)))
    return gaps


def _plain(name: str) -> str:
    return unicodedata.normalize("NFKC", name).strip()
