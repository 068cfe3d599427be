"""What a sheet of a plan book is, and what its columns are.

Every sheet is in long format: one table, header in row 1, one row a fact, one value a cell.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from django.db import models

Cells = dict[str, str]


class Kind(Enum):
    """How a cell is read; the value is its name for people."""

    TEXT = "文字"
    INTEGER = "整数"
    DECIMAL = "数値"
    BOOLEAN = "1または0"
    FISCAL_YEAR = "年度（例：2024）"
    DATE = "日付（例：2024-04-01）"
    REFERENCE = "ほかのシートの識別子"


@dataclass(frozen=True)
class Column:
    """A column, and the model's field that it fills (the same name unless said otherwise)."""

    name: str
    kind: Kind = Kind.TEXT
    required: bool = False
    field_name: str = ""
    refers_to: str = ""

    @property
    def field(self) -> str:
        return self.field_name or self.name


class Scope(Enum):
    """To what the rows of a sheet belong, besides what their columns say."""

    NONE = ""
    ORGANIZATION = "organization"
    PLAN = "plan"


@dataclass(frozen=True)
class Sheet:
    """A sheet and the model whose rows it holds; `key` columns make a row unique in it.

    Two declarations may share a `name` (targets and actuals stand in `values`); `accepts` then
    says which rows are whose. `identifier` is the column by which other sheets refer to it.
    """

    name: str
    model: type[models.Model]
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    scope: Scope = Scope.NONE
    required: bool = False
    accepts: Callable[[Cells], bool] = field(default=lambda cells: True)
    identifier: str = "key"

    @property
    def label(self) -> str:
        return str(self.model._meta.verbose_name)

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def text(name: str, required: bool = False, field_name: str = "") -> Column:
    return Column(name, Kind.TEXT, required, field_name)


def whole(name: str, required: bool = False) -> Column:
    return Column(name, Kind.INTEGER, required)


def decimal(name: str) -> Column:
    return Column(name, Kind.DECIMAL)


def flag(name: str) -> Column:
    return Column(name, Kind.BOOLEAN)


def year(name: str = "fiscal_year", required: bool = False) -> Column:
    return Column(name, Kind.FISCAL_YEAR, required)


def date(name: str) -> Column:
    return Column(name, Kind.DATE)


def ref(name: str, sheet: str, required: bool = False) -> Column:
    return Column(name, Kind.REFERENCE, required, refers_to=sheet)
