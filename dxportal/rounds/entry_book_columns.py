"""The columns of the entry workbook: what is read beside each thing, and what is filled in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from dxportal.rounds.cells import FIELDS, Field
from dxportal.rounds.entry_book_sheets import KEY_LABEL, NAME_LABEL, RowKey, entry_label
from dxportal.rounds.rows import ActualRow, ReviewRow, Row, SettlementRow
from plans import fiscal_years
from plans.models import ReportingCycle, RoundItem

Kind = RoundItem.Kind
HIDDEN_KEY = 3.0  # width; the column is hidden


@dataclass(frozen=True)
class Column:
    """One column of a sheet: what to read, or (with `field`) what to fill in."""

    label: str
    width: float
    value: Callable[[Any], Any]
    field: Field | None = None
    is_figure: bool = False


def columns_of(kind: str, cycle: ReportingCycle, rows: Sequence[Row]) -> list[Column]:
    used = {field.name for row in rows for field in row.fields}
    entries = [
        Column(entry_label(field), _WIDTHS[field.kind], lambda row: None, field)
        for field in FIELDS[kind]
        if field.name in used
    ]
    return [
        Column("番号", 6, lambda row: None, is_figure=True),
        Column("施策", 22, lambda row: row.path_text),
        Column(NAME_LABEL, 30, lambda row: row.title),
        *_BESIDE[kind](cycle.fiscal_year),
        *entries,
        Column("お知らせ", 34, _notes),
        Column(KEY_LABEL, HIDDEN_KEY, lambda row: str(RowKey.of(row))),
    ]


_WIDTHS = {"figure": 15.0, "flag": 11.0, "choice": 17.0, "text": 36.0, "line": 24.0}


def _notes(row: Row) -> str:
    """What the person should know about the row: returned, locked, unusual."""
    item = row.item
    told = [f"差戻しの理由：{item.return_reason}"] if item.is_returned else []
    return "\n".join([*told, *filter(None, [row.locked_reason]), *row.warnings])


def _about(row: ActualRow) -> str:
    """What the indicator counts, and where it is used: names of indicators repeat."""
    indicator = row.indicator
    lines = [
        "　".join(filter(None, [indicator.get_aggregation_display(), _direction(row)])),
        *(f"事業：{name}" for name in row.used_in),
        f"算出式：{indicator.formula}" if indicator.formula else "",
        f"分子：{indicator.numerator_label}" if indicator.numerator_label else "",
        f"分母：{indicator.denominator_label}" if indicator.denominator_label else "",
    ]
    return "\n".join(filter(None, lines))


def _direction(row: ActualRow) -> str:
    direction = row.indicator.get_direction_display()
    return f"望ましい方向：{direction}" if direction else ""


def _beside_actual(year: int) -> list[Column]:
    def past(before: int) -> Callable[[ActualRow], str]:
        return lambda row: dict(row.past_texts).get(before, "") or "記載なし"

    return [
        Column("単位", 8, lambda row: row.indicator.unit),
        Column("指標の説明", 30, _about),
        *(
            Column(f"{fiscal_years.short_form(before)}実績", 13, past(before), is_figure=True)
            for before in (year - 2, year - 1)
        ),
        Column(
            f"{fiscal_years.short_form(year)}目標",
            13,
            lambda row: row.target_text or "目標なし",
            is_figure=True,
        ),
    ]


def _last_review(row: ReviewRow) -> str:
    review = row.last_review
    if review is None:
        return "記載なし"
    mark = str(review.mark) if review.mark else ""
    return "\n".join(filter(None, [mark, review.result or review.summary]))


def _goal(row: ReviewRow) -> str:
    return row.review.goal if row.review else ""


def _beside_review(year: int) -> list[Column]:
    short = fiscal_years.short_form(year)
    return [
        Column(f"{fiscal_years.short_form(year - 1)}の評価", 32, _last_review),
        Column(f"{short}の目標", 32, _goal),
    ]


def _beside_progress(year: int) -> list[Column]:
    def planned(row: ReviewRow) -> str:
        return row.schedule.get_planned_display() if row.schedule else ""

    return [
        Column("所管", 14, lambda row: row.departments),
        *_beside_review(year),
        Column("予定の段階", 10, lambda row: planned(row) or "記載なし"),
    ]


def _beside_settlement(year: int) -> list[Column]:
    now, before = fiscal_years.short_form(year), fiscal_years.short_form(year - 1)

    def settled(row: SettlementRow) -> str:
        return row.last_settled_text or "記載なし"

    return [
        Column(f"{now}予算現額（千円）", 15, lambda row: row.budget_text or "記載なし", None, True),
        Column(f"{before}決算（千円）", 15, settled, None, True),
    ]


_BESIDE: dict[str, Callable[[int], list[Column]]] = {
    Kind.ACTUAL: _beside_actual,
    Kind.PROGRESS: _beside_progress,
    Kind.REVIEW: _beside_review,
    Kind.SETTLEMENT: _beside_settlement,
}
