"""What a plan book would change, or has changed, row by row."""

from dataclasses import dataclass, field
from enum import Enum

from django.db import models

from dxportal.planbook.cells import ParsedRow
from dxportal.planbook.sheets import Sheet


class ChangeKind(Enum):
    ADDED = "追加"
    CHANGED = "変更"
    ABSENT = "ブックになし"


@dataclass(frozen=True)
class Change:
    """One row that differs; `fields` holds (before, after) as text by the sheet's column.

    A row that the plan has and the book has not is `ABSENT`, without a row number: it is told of
    and left as it is.
    """

    kind: ChangeKind
    sheet: str
    row: int | None
    label: str
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)

    def __str__(self) -> str:
        place = f"{self.sheet} {self.row}行目" if self.row else self.sheet
        told = "、".join(
            f"{name}：「{before}」→「{after}」" for name, (before, after) in self.fields.items()
        )
        return f"{self.kind.value}　{place}　{self.label}" + (f"　{told}" if told else "")


def added(row: ParsedRow, instance: models.Model) -> Change:
    """A row that the plan does not have yet, with the cells that the book fills."""
    fields = {name: ("", text) for name, text in row.raw.items() if text}
    return Change(ChangeKind.ADDED, row.sheet.name, row.number, str(instance), fields)


def changed(row: ParsedRow, instance: models.Model, cells: dict[str, tuple[str, str]]) -> Change:
    """A row that the plan has with other cells."""
    return Change(ChangeKind.CHANGED, row.sheet.name, row.number, str(instance), cells)


def absent(sheet: Sheet, instance: models.Model) -> Change:
    """A row of the plan that the book's sheet does not hold."""
    return Change(ChangeKind.ABSENT, sheet.name, None, str(instance))
