"""A comparison as CSV and xlsx: one row a difference."""

from collections.abc import Iterator
from dataclasses import dataclass

from dxportal.comparison.differences import Comparison, Difference
from plans.exports import Column, Exporter


@dataclass(frozen=True)
class ComparedRow:
    """A difference with the names of the two that are compared."""

    difference: Difference
    before_name: str
    after_name: str


def compared_rows(
    comparison: Comparison, before_name: str, after_name: str, only: str = ""
) -> Iterator[ComparedRow]:
    for part in comparison.parts(only):
        for difference in part.differences:
            yield ComparedRow(difference, before_name, after_name)


class PlanComparisonExporter(Exporter):
    identifier = "comparison"
    title = "版の比較"
    columns = (
        Column("比較元", lambda row: row.before_name, 32),
        Column("比較先", lambda row: row.after_name, 32),
        Column("区分", lambda row: row.difference.subject.label, 20),
        Column("変更", lambda row: row.difference.change.label),
        Column("対象", lambda row: row.difference.what, 40),
        Column("場所", lambda row: row.difference.where, 32),
        Column("項目", lambda row: row.difference.item, 20),
        Column("前", lambda row: row.difference.before, 40),
        Column("後", lambda row: row.difference.after, 40),
        Column("備考", lambda row: row.difference.note, 24),
    )


class YearComparisonExporter(PlanComparisonExporter):
    title = "年度の比較"
