"""Columns of the editors' lists that say more than one field of the row."""

from typing import Any

from budgets import money
from dxportal.editors.editor import Column
from kpi.achievement import format_target
from plans import fiscal_years
from plans.models import Measure

SHORT_TEXT = 60


def short(text: str) -> str:
    """The beginning of a long text, as a list has room for it."""
    plain = " ".join(text.split())
    return plain if len(plain) <= SHORT_TEXT else plain[:SHORT_TEXT] + "…"


def short_column(name: str, label: str) -> Column:
    return Column(label, lambda row: short(getattr(row, name)))


def year_column(name: str = "fiscal_year", label: str = "年度") -> Column:
    def text(row: Any) -> str:
        year = getattr(row, name)
        return "" if year is None else fiscal_years.long_form(year)

    return Column(label, text)


def years_column(label: str = "期間") -> Column:
    def text(row: Any) -> str:
        first, last = row.first_fiscal_year, row.last_fiscal_year
        if first is None and last is None:
            return ""
        said = [fiscal_years.long_form(year) if year else "" for year in (first, last)]
        return said[0] if first == last else "～".join(said)

    return Column(label, text)


def thousands_column() -> Column:
    def text(row: Any) -> str:
        return "" if row.amount is None else f"{money.thousands(row.amount):,}"

    return Column("金額（千円）", text, is_figure=True)


def place_of_placement(row: Any) -> str:
    if row.is_primary:
        return "主たる掲載"
    return str(row.repeat_label)


def place_of_use(row: Any) -> str:
    """The measure or project that uses an indicator, said with its kind."""
    if isinstance(row.measure, Measure):
        return f"施策 {row.measure}"
    return f"事業 {row.project}"


def value_of_target(row: Any) -> str:
    return format_target(row.indicator, row)


def standing_of_target(row: Any) -> str:
    number = f"第{row.revision}次改定" if row.revision else "当初"
    return f"{number}（現行）" if row.is_current else f"{number}（改定前）"


def figure_of_item(row: Any) -> str:
    return f"{row.figure}{row.unit}" if row.value is not None else row.raw_text


def place_of_note(row: Any) -> str:
    return str(row.measure or row.section or "")
