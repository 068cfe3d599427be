"""Checks the cells of a book: each is read exactly or becomes a fault."""

import datetime
import decimal
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from dxportal.planbook.columns import Column, Kind, Sheet
from dxportal.planbook.faults import Fault
from dxportal.planbook.reader import Book
from dxportal.planbook.sheets import SHEETS
from plans import fiscal_years

_WHOLE = re.compile(r"[+-]?\d+")
_DECIMAL = re.compile(r"[+-]?\d+(\.\d+)?")
_YEAR = re.compile(r"\d{4}")


@dataclass
class ParsedRow:
    """A row with its cells as Python values; references are still the other sheet's keys."""

    sheet: Sheet
    number: int
    values: dict[str, Any] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[Any, ...]:
        return tuple(self.values.get(name) for name in self.sheet.key)

    def fault(self, column: str, reason: str) -> Fault:
        return Fault(self.sheet.name, self.number, column, self.raw.get(column, ""), reason)


def parse_book(book: Book) -> tuple[dict[int, list[ParsedRow]], list[Fault]]:
    """All rows by the index of their sheet in SHEETS, and every fault found in the cells."""
    faults: list[Fault] = []
    parsed: dict[int, list[ParsedRow]] = {}
    for index, sheet in enumerate(SHEETS):
        parsed[index] = []
        for row in book.sheets.get(sheet.name, []):
            if not sheet.accepts(row.cells):
                continue
            result = ParsedRow(sheet, row.number, raw=row.cells)
            row_faults = list(_fill(result))
            faults += row_faults
            if not row_faults:
                parsed[index].append(result)
        faults += _duplicates(parsed[index])
    faults += _stray_cells(book)
    return parsed, faults


def _fill(row: ParsedRow) -> Iterator[Fault]:
    for column in row.sheet.columns:
        text = row.raw.get(column.name, "")
        if not text:
            if column.required:
                yield row.fault(column.name, "空欄にできません。")
            continue
        try:
            value = _read(row.sheet, column, text)
            _validate(row.sheet, column, value)
        except ValueError as error:
            yield row.fault(column.name, str(error))
        except ValidationError as error:
            yield from (row.fault(column.name, message) for message in error.messages)
        else:
            row.values[column.name] = value


def _read(sheet: Sheet, column: Column, text: str) -> Any:
    match column.kind:
        case Kind.FISCAL_YEAR:
            return _read_fiscal_year(text)
        case Kind.INTEGER:
            if not _WHOLE.fullmatch(text):
                raise ValueError("整数を半角数字で入れてください。")
            return int(text)
        case Kind.DECIMAL:
            if not _DECIMAL.fullmatch(text):
                raise ValueError("数値を半角数字で、カンマや単位をつけずに入れてください。")
            return decimal.Decimal(text)
        case Kind.BOOLEAN:
            if text not in ("0", "1"):
                raise ValueError("1（はい）か0（いいえ）を入れてください。")
            return text == "1"
        case Kind.DATE:
            try:
                return datetime.date.fromisoformat(text)
            except ValueError:
                raise ValueError("日付は 2024-04-01 の形で入れてください。") from None
    return _read_text(sheet, column, text)


def _validate(sheet: Sheet, column: Column, value: Any) -> None:
    """The rules that the model's field has for a value by itself (a check digit, a range)."""
    field = sheet.model._meta.get_field(column.field)
    if isinstance(field, models.Field) and column.kind not in (Kind.REFERENCE, Kind.BOOLEAN):
        field.run_validators(value)


def _read_fiscal_year(text: str) -> int:
    if not _YEAR.fullmatch(text):
        raise ValueError("年度は西暦4桁の半角数字で入れてください（例：2024）。")
    return fiscal_years.parse(text)


def _read_text(sheet: Sheet, column: Column, text: str) -> str:
    if column.kind is Kind.REFERENCE:
        return text
    field = sheet.model._meta.get_field(column.field)
    choices = dict(getattr(field, "flatchoices", None) or [])
    if choices and text not in choices:
        allowed = "、".join(f"{key}（{label}）" for key, label in choices.items() if key)
        raise ValueError(f"使える値は {allowed} です。")
    limit = getattr(field, "max_length", None)
    if limit and len(text) > limit:
        raise ValueError(f"{limit}文字までです（{len(text)}文字）。")
    return text


def _duplicates(rows: list[ParsedRow]) -> Iterator[Fault]:
    seen: dict[tuple[Any, ...], int] = {}
    for row in rows:
        if row.key in seen:
            columns = "・".join(row.sheet.key)
            value = "・".join("" if part is None else str(part) for part in row.key)
            yield Fault(
                row.sheet.name,
                row.number,
                columns,
                value,
                f"{seen[row.key]}行目と同じ識別子です。",
            )
        seen.setdefault(row.key, row.number)


def _stray_cells(book: Book) -> Iterator[Fault]:
    """A cell that only rows of another kind may have is told of, not dropped."""
    sharing = [sheet for sheet in SHEETS if sum(s.name == sheet.name for s in SHEETS) > 1]
    for sheet in sharing:
        own = {column.name for column in sheet.columns}
        for row in book.sheets.get(sheet.name, []):
            if not sheet.accepts(row.cells):
                continue
            for name, text in row.cells.items():
                if text and name and name not in own:
                    yield Fault(
                        sheet.name,
                        row.number,
                        name,
                        text,
                        f"この種類の行（{sheet.label}）には入れられません。",
                    )


def single_row_faults(parsed: dict[int, list[ParsedRow]]) -> Iterator[Fault]:
    """A book holds one organization and one plan."""
    for index, sheet in enumerate(SHEETS):
        if sheet.name in ("organization", "plan"):
            for extra in parsed[index][1:]:
                yield extra.fault(sheet.key[0], "1つの計画ブックに入れられるのは1行だけです。")
