"""Indicators and their values as CSV and xlsx."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kpi.models import Actual, Indicator, Target
from plans import fiscal_years
from plans.exports import Column, Exporter


def plain(value: Decimal | None) -> Decimal | None:
    """The number as it was entered: the column's six decimals are not the indicator's."""
    if value is None:
        return None
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value.normalize()


def used_in(indicator: Indicator) -> str:
    return "、".join(
        f"{use.get_role_display()}：{use.measure or use.project}" for use in indicator.uses.all()
    )


def _number(actual: Actual | None) -> Decimal | None:
    return plain(actual.value) if actual is not None and actual.has_number else None


def _status(actual: Actual | None) -> str:
    return "未入力" if actual is None else actual.get_status_display()


class IndicatorExporter(Exporter):
    """One row an indicator, in the year shown."""

    identifier = "indicators"
    title = "指標一覧"
    columns = (
        Column("団体コード", lambda row: row.indicator.organization.code),
        Column("団体", lambda row: row.indicator.organization.name),
        Column("指標ID", lambda row: row.indicator.key, 20),
        Column("指標名", lambda row: row.indicator.name, 40),
        Column("単位", lambda row: row.indicator.unit),
        Column("所管課", lambda row: str(row.indicator.department or ""), 20),
        Column("使い方", lambda row: used_in(row.indicator), 40),
        Column("望ましい方向", lambda row: row.indicator.get_direction_display()),
        Column("年度", lambda row: row.year.fiscal_year),
        Column("前年度実績", lambda row: _number(row.before.actual)),
        Column("前年度実績の状態", lambda row: _status(row.before.actual)),
        Column("目標", lambda row: plain(row.year.target.value) if row.year.target else None),
        Column("目標の表記", lambda row: row.year.target.raw_text if row.year.target else ""),
        Column("実績", lambda row: _number(row.year.actual)),
        Column("実績の表記", lambda row: row.year.actual.raw_text if row.year.actual else ""),
        Column("実績の状態", lambda row: _status(row.year.actual)),
        Column("達成率（％）", lambda row: row.year.achievement.rounded(1)),
        Column("達成の状況", lambda row: row.outcome.label),
        Column("出典注記", lambda row: row.indicator.source_note, 40),
    )


@dataclass(frozen=True)
class ValueRow:
    """A target or an actual, for the long format."""

    indicator: Indicator
    value: Target | Actual

    @property
    def actual(self) -> Actual | None:
        return self.value if isinstance(self.value, Actual) else None

    @property
    def target(self) -> Target | None:
        return self.value if isinstance(self.value, Target) else None


def value_rows(indicator: Indicator) -> Iterator[ValueRow]:
    """Every target, old revisions included, and every actual; by year, from prefetched rows."""
    values: list[Target | Actual] = [*indicator.targets.all(), *indicator.actuals.all()]
    for value in sorted(values, key=lambda v: (v.fiscal_year, isinstance(v, Actual), v.pk)):
        yield ValueRow(indicator, value)


def _of_actual(value: Any) -> Any:
    return lambda row: value(row.actual) if row.actual else None


class ValueExporter(Exporter):
    """One row a value (long format): what a statistics program or another system reads."""

    identifier = "values"
    title = "指標の値"
    columns = (
        Column("団体コード", lambda row: row.indicator.organization.code),
        Column("団体", lambda row: row.indicator.organization.name),
        Column("指標ID", lambda row: row.indicator.key, 20),
        Column("指標名", lambda row: row.indicator.name, 40),
        Column("単位", lambda row: row.indicator.unit),
        Column("所管課", lambda row: str(row.indicator.department or ""), 20),
        Column("年度", lambda row: row.value.fiscal_year),
        Column("年度（和暦）", lambda row: fiscal_years.long_form(row.value.fiscal_year)),
        Column("値の種類", lambda row: row.value.get_kind_display()),
        Column("値", lambda row: plain(row.value.value)),
        Column("比較", lambda row: row.target.get_comparison_display() if row.target else ""),
        Column("表記", lambda row: row.value.raw_text, 20),
        Column("値の状態", _of_actual(lambda actual: actual.get_status_display())),
        Column("速報", _of_actual(lambda actual: actual.is_preliminary)),
        Column("分子", _of_actual(lambda actual: plain(actual.numerator))),
        Column("分母", _of_actual(lambda actual: plain(actual.denominator))),
        Column("手続", _of_actual(lambda actual: actual.get_state_display())),
        Column("改定番号", lambda row: row.target.revision if row.target else None),
        Column("現行", lambda row: row.target.is_current if row.target else None),
        Column("コメント", lambda row: row.value.note, 40),
        Column("出典注記", lambda row: row.value.source_note, 40),
    )
