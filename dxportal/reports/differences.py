"""What differs between two reports, value by value: from the machine-readable tables of both."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from dxportal.reports.content import ReportContent, Table
from plans.exports import Column, Exporter

# The columns that say which fact a row holds; what else differs is a difference of value.
KEYS = {
    "値一覧": ("指標", "年度", "種類", "改定番号"),
    "達成率": ("指標", "年度"),
    "施策": ("施策",),
    "事業": ("事業", "施策"),
    "スケジュール": ("事業", "年度"),
    "指標": ("指標",),
    "指標の利用": ("指標", "使い方", "施策", "事業"),
    "年度評価": ("年度", "施策", "事業"),
}
NAMES = ("指標名", "事業名", "名称")


@dataclass(frozen=True)
class Difference:
    """One value that differs; "" for what is not there."""

    place: str  # the table
    name: str
    fiscal_year: int | None
    column: str
    before: str
    after: str


def differences(before: ReportContent, after: ReportContent) -> list[Difference]:
    """What differs, in the order of the later report, then what is gone."""
    olds = {table.title: table for table in before.tables}
    names = {**_names(before), **_names(after)}
    found: list[Difference] = []
    for table in after.tables:
        if table.title in KEYS and table.title in olds:
            found += _of_table(olds[table.title], table, names)
    return found


Row = dict[str, object]
Key = tuple[object, ...]


def _of_table(old: Table, new: Table, names: dict[Key, str]) -> Iterator[Difference]:
    olds, news = _rows(old), _rows(new)
    for key in [*news, *(key for key in olds if key not in news)]:
        was, now = olds.get(key, {}), news.get(key, {})
        for column in new.head:
            if column in KEYS[new.title] or column in ("団体コード", "計画"):
                continue
            before, after = _text(was.get(column)), _text(now.get(column))
            if before != after:
                row = now or was
                year = row.get("年度")
                yield Difference(
                    place=new.title,
                    name=_name(row, names),
                    fiscal_year=year if isinstance(year, int) else None,
                    column=column,
                    before=before,
                    after=after,
                )


def _rows(table: Table) -> dict[Key, Row]:
    rows = (dict(zip(table.head, row, strict=True)) for row in table.rows)
    return {tuple(row.get(name) for name in KEYS[table.title]): row for row in rows}


def _names(content: ReportContent) -> dict[Key, str]:
    """The names of measures and projects by (column, key)."""
    found: dict[Key, str] = {}
    for table in content.tables:
        for title, column, name in (("施策", "施策", "名称"), ("事業", "事業", "事業名")):
            if table.title == title:
                for row in (dict(zip(table.head, row, strict=True)) for row in table.rows):
                    found[column, row[column]] = str(row[name])
    return found


def _name(row: Row, names: dict[Key, str]) -> str:
    own = next((str(row[name]) for name in NAMES if row.get(name)), "")
    if own:
        return own
    keys = ((column, row.get(column)) for column in ("事業", "施策"))
    return next((names[key] for key in keys if key in names), "")


def _text(value: object) -> str:
    """A value as people read it: the database's six decimals are no part of a figure."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return "" if value is None else str(value)


class DifferenceExporter(Exporter):
    identifier = "report-differences"
    title = "報告書の比較"
    columns = (
        Column("表", lambda row: row.place),
        Column("名称", lambda row: row.name, 40),
        Column("年度", lambda row: row.fiscal_year),
        Column("項目", lambda row: row.column),
        Column("前", lambda row: row.before, 30),
        Column("後", lambda row: row.after, 30),
    )
