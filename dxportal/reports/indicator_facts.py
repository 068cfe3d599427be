"""What a report says of an indicator wherever it stands: its figures, rate, texts and chart.

An indicator stands at several places of a report. Its places differ in the numbers of their notes
alone, so that everything else is made once.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from dxportal.reports.source import Source
from kpi.achievement import Achievement
from kpi.charts import Chart, indicator_chart
from kpi.models import Actual, Indicator, Target
from kpi.series import YearValues, years_of
from plans import fiscal_years


@dataclass(frozen=True)
class Figure:
    """A year's figure, with what a note is to say of it."""

    text: str = ""
    value: Decimal | None = None
    said: tuple[str, ...] = ()


class IndicatorFacts:
    """Of one indicator, in a report of these years."""

    def __init__(self, source: Source, indicator: Indicator, years: range) -> None:
        self.indicator, self.fiscal_year = indicator, source.fiscal_year
        values = years_of(indicator, years, source.later_editions)
        self.values = [self._as_reported(row) for row in values]

    def _as_reported(self, row: YearValues) -> YearValues:
        """A report of R6 shows no actual of R7, even when it is built again years later."""
        return row if row.fiscal_year <= self.fiscal_year else replace(row, actual=None)

    @cached_property
    def current(self) -> YearValues | None:
        """The report's own fiscal year."""
        return next((row for row in self.values if row.fiscal_year == self.fiscal_year), None)

    @cached_property
    def achievement(self) -> Achievement | None:
        return self.current.achievement if self.current else None

    @property
    def comment(self) -> str:
        return self.current.actual.note if self.current and self.current.actual else ""

    @cached_property
    def chart(self) -> Chart:
        return indicator_chart(self.indicator, self.values, self.fiscal_year, minus="△")

    @cached_property
    def name(self) -> str:
        """As it is called in the report's fiscal year."""
        names = [change.name for change in self._changes if change.name]
        return names[-1] if names else self.indicator.name

    @cached_property
    def definition(self) -> str:
        formula, rationale, said = self.indicator.formula, self.indicator.rationale, []
        for change in self._changes:
            formula, rationale = change.formula or formula, change.rationale or rationale
            year = fiscal_years.short_form(change.from_fiscal_year)
            said.append(f"{year}から：{change.note}")
        return "\n".join(part for part in (formula, rationale, *said) if part)

    @cached_property
    def _changes(self) -> list:
        return [
            change
            for change in self.indicator.definition_changes.all()
            if change.from_fiscal_year <= self.fiscal_year
        ]

    # Figures

    @cached_property
    def planned(self) -> list[Figure]:
        return [self._planned(row) for row in self.values]

    @cached_property
    def actual(self) -> list[Figure]:
        return [self._actual(row) for row in self.values]

    def _planned(self, row: YearValues) -> Figure:
        target = row.target
        if target is None:
            return Figure()
        said = [f"{row.label}予定：{target.source_note}"] if target.source_note else []
        if target.note:
            said.append(f"{row.label}予定：{target.note}")
        if old := self._before_revision(row, target):
            said.append(f"{row.label}予定は改定後の値（改定前：{old}）")
        return Figure(row.target_text, target.value, tuple(said))

    def _before_revision(self, row: YearValues, current: Target) -> str:
        olds = [
            target
            for target in self._revisions[row.fiscal_year]
            if target.revision < current.revision
        ]
        return "、".join(replace(row, target=target).target_text for target in olds)

    @cached_property
    def _revisions(self) -> dict[int, list[Target]]:
        found: dict[int, list[Target]] = defaultdict(list)
        for target in self.indicator.targets.all():
            if target.kind == Target.Kind.TARGET:
                found[target.fiscal_year].append(target)
        return found

    @staticmethod
    def _actual(row: YearValues) -> Figure:
        actual: Actual | None = row.actual
        if actual is None:
            return Figure()
        said = [f"{row.label}実績：{actual.source_note}"] if actual.source_note else []
        if actual.is_preliminary:
            said.append(f"{row.label}実績は速報値")
        value = actual.value if actual.has_number else None
        return Figure(row.actual_text, value, tuple(said))


class FactsByIndicator(dict[int, IndicatorFacts]):
    """The facts of each indicator of a report, made when they are first asked for."""

    def __init__(self, source: Source, years: range) -> None:
        super().__init__()
        self.source, self.years = source, years

    def __missing__(self, indicator_id: int) -> IndicatorFacts:
        indicator = self.source.indicators[indicator_id]
        self[indicator_id] = IndicatorFacts(self.source, indicator, self.years)
        return self[indicator_id]
