"""From the first budget to the accounts: sums by stage, source, area and tag, with their lines.

A project counts once, where it mainly stands; where it is printed again (再掲) it adds nothing.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from budgets import money
from budgets.models import BudgetEntry
from dxportal.dashboards.scope import Scope
from kpi.charts import BarRow, Bars, Segment
from plans.models import Measure
from projects.models import Placement, ProjectTag, Tag

Stage = BudgetEntry.Stage
# 予算現額 = 当初 ± 補正 ± 流用・予備費 + 前年度繰越
IN_CURRENT = (Stage.INITIAL, Stage.SUPPLEMENTARY, Stage.TRANSFER, Stage.CARRYOVER)
SOURCE_LABELS = {
    "national": "国庫支出金",
    "prefectural": "県支出金",
    "bond": "地方債",
    "other": "その他",
    "general": "一般財源",
}


@dataclass
class Amounts:
    """Sums in yen, each None where no row states an amount: that is not a zero."""

    by_stage: dict[str, int] = field(default_factory=dict)
    sources: dict[str, int] = field(default_factory=dict)
    without_sources: int = 0
    executed: int = 0
    executed_of: int = 0

    def add(self, entry: BudgetEntry) -> None:
        if entry.amount is None or entry.is_zero_budget:
            return
        stage = entry.stage
        self.by_stage[stage] = self.by_stage.get(stage, 0) + entry.amount
        if stage not in IN_CURRENT:
            return
        if entry.general is None:
            self.without_sources += entry.amount
            return
        for name in BudgetEntry.SOURCES:
            self.sources[name] = self.sources.get(name, 0) + getattr(entry, name)

    @property
    def current(self) -> int | None:
        """予算現額; None where none of its parts is stated."""
        stated = [self.by_stage[stage] for stage in IN_CURRENT if stage in self.by_stage]
        return sum(stated) if stated else None

    @property
    def settled(self) -> int | None:
        return self.by_stage.get(Stage.SETTLED)


@dataclass(frozen=True)
class BudgetLine:
    """One project where it mainly stands, with its amounts of the year."""

    placement: Placement
    measure: Measure
    amounts: Amounts
    entries: tuple[BudgetEntry, ...]

    @property
    def is_zero_budget(self) -> bool:
        return any(entry.is_zero_budget for entry in self.entries)

    @property
    def rate(self) -> str:
        return rate_text(self.amounts.settled, self.amounts.current)


@dataclass(frozen=True)
class BudgetGroup:
    """Lines under a heading, and what they add up to."""

    label: str
    lines: list[BudgetLine]
    measure: Measure | None = None

    @cached_property
    def amounts(self) -> Amounts:
        return total_of(self.lines)

    @property
    def stated_lines(self) -> list[BudgetLine]:
        return [line for line in self.lines if line.amounts.by_stage]

    @property
    def rate(self) -> str:
        return rate_of(self.lines)


def total_of(lines: Iterable[BudgetLine]) -> Amounts:
    total = Amounts()
    for line in lines:
        for stage, amount in line.amounts.by_stage.items():
            total.by_stage[stage] = total.by_stage.get(stage, 0) + amount
        for name, amount in line.amounts.sources.items():
            total.sources[name] = total.sources.get(name, 0) + amount
        total.without_sources += line.amounts.without_sources
    return total


def rate_of(lines: Iterable[BudgetLine]) -> str:
    """執行率 of the lines that have both figures: a line without accounts is not 0 %."""
    both = [
        (line.amounts.settled, line.amounts.current)
        for line in lines
        if line.amounts.settled is not None and line.amounts.current is not None
    ]
    if not both:
        return rate_text(None, None)
    return rate_text(sum(s or 0 for s, _ in both), sum(c or 0 for _, c in both))


def rate_text(settled: int | None, current: int | None) -> str:
    """決算 ÷ 予算現額 to one decimal, half up; "—" where there is no rate."""
    if settled is None or not current:
        return "—"
    tenths = (settled * 2000 + current) // (current * 2)
    return f"{tenths // 10}.{tenths % 10}%"


class Budget:
    """The scope's money in the year; three queries beside the scope's own."""

    def __init__(self, scope: Scope, fiscal_year: int | None = None) -> None:
        self.scope = scope
        self.fiscal_year = fiscal_year or scope.fiscal_year

    @cached_property
    def lines(self) -> list[BudgetLine]:
        places = self.scope.primary_places
        entries: dict[int, list[BudgetEntry]] = defaultdict(list)
        for entry in self.scope.rows(
            BudgetEntry.objects.order_by("stage", "number"),
            project_id={place.project_id for place in places},
            fiscal_year={self.fiscal_year},
        ):
            entries[entry.project_id].append(entry)
        return [self._line(place, entries[place.project_id]) for place in places]

    def _line(self, place: Placement, entries: list[BudgetEntry]) -> BudgetLine:
        amounts = Amounts()
        for entry in entries:
            amounts.add(entry)
        return BudgetLine(place, self.scope.by_pk[place.measure_id], amounts, tuple(entries))

    @cached_property
    def total(self) -> BudgetGroup:
        return BudgetGroup("合計", self.lines)

    @property
    def is_empty(self) -> bool:
        return not self.total.amounts.by_stage

    @property
    def stages(self) -> list[BudgetEntry.Stage]:
        """The stages of which the year states an amount, in their order."""
        return [stage for stage in Stage if stage in self.total.amounts.by_stage]

    def by_area(self) -> list[BudgetGroup]:
        groups: dict[int, list[BudgetLine]] = {}
        for line in self.lines:
            groups.setdefault(self.scope.area_of(line.measure.pk).pk, []).append(line)
        return [
            BudgetGroup(str(self.scope.by_pk[pk]), lines, self.scope.by_pk[pk])
            for pk, lines in groups.items()
        ]

    def by_tag(self) -> list[BudgetGroup]:
        """Each tag counts its projects once; a project with two tags is in both sums."""
        links = ProjectTag.objects.filter(measure__plan=self.scope.plan).select_related(
            "tag__scheme"
        )
        tagged: dict[Tag, set[int]] = defaultdict(set)
        for link in links:
            tagged[link.tag].add(link.project_id)
        ordered = sorted(
            tagged, key=lambda tag: (tag.scheme.key, tag.scheme.version, tag.position, tag.name)
        )
        groups = [
            BudgetGroup(
                f"{tag.scheme.name}：{tag.name}",
                [line for line in self.lines if line.placement.project_id in tagged[tag]],
            )
            for tag in ordered
        ]
        return [group for group in groups if group.stated_lines]

    def source_rows(self) -> list[tuple[str, int]]:
        total = self.total.amounts
        rows = [(SOURCE_LABELS[name], total.sources.get(name, 0)) for name in SOURCE_LABELS]
        rows = rows if total.sources else []
        return rows + ([("財源の記載なし", total.without_sources)] if total.without_sources else [])

    def area_chart(self) -> Bars | None:
        """予算現額 by area in 千円; an area below zero cannot be drawn, so none is."""
        areas = [group for group in self.by_area() if group.amounts.current is not None]
        amounts = [money.thousands(group.amounts.current or 0) for group in areas]
        if not areas or min(amounts) < 0:
            return None
        return Bars(
            "予算現額（千円）",
            (Segment("予算現額", 2),),
            tuple(
                BarRow(
                    (group.measure.short_name or group.measure.name)
                    if group.measure
                    else group.label,
                    (amount,),
                )
                for group, amount in zip(areas, amounts, strict=True)
            ),
            unit="千円",
        )
