"""What a plan book would change, or has changed, row by row; and what a person takes of it."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from django.db import models

from dxportal.planbook.cells import ParsedRow
from dxportal.planbook.columns import Sheet
from plans.models import Plan


class ChangeKind(Enum):
    ADDED = "追加"
    CHANGED = "変更"
    ABSENT = "ブックになし"


@dataclass(frozen=True)
class Change:
    """One row that differs; `fields` holds (before, after) as text by the sheet's column.

    A row that the plan has and the book has not is `ABSENT`, without a row number: it is told of
    and left as it is unless a `Choice` removes it. `why_fixed` says why there is no choice about
    the row, if there is none. `id` names the row by its sheet and natural key (absent ones by
    their number), so that it stays the same from one preview to the next.
    """

    kind: ChangeKind
    sheet: str
    row: int | None
    label: str
    fields: dict[str, tuple[str, str]] = field(default_factory=dict)
    id: str = ""
    why_fixed: str = ""

    @property
    def is_absent(self) -> bool:
        return self.kind is ChangeKind.ABSENT

    def __str__(self) -> str:
        place = f"{self.sheet} {self.row}行目" if self.row else self.sheet
        told = "、".join(
            f"{name}：「{before}」→「{after}」" for name, (before, after) in self.fields.items()
        )
        return f"{self.kind.value}　{place}　{self.label}" + (f"　{told}" if told else "")


@dataclass(frozen=True)
class Choice:
    """Which changes a person takes, by their ids: all rows of the book but `left_out`, and of the
    absent rows none but `removed`."""

    left_out: frozenset[str] = frozenset()
    removed: frozenset[str] = frozenset()


def row_id(row: ParsedRow) -> str:
    """The stable name of a row of the book: its sheet and natural key."""
    return _digest([row.sheet.name, row.sheet.model._meta.label_lower, *map(str, row.key)])[:20]


def absent_id(sheet: Sheet, instance: models.Model) -> str:
    return _digest([sheet.name, sheet.model._meta.label_lower, instance.pk])[:20]


def added(row: ParsedRow, instance: models.Model) -> Change:
    """A row that the plan does not have yet, with the cells that the book fills."""
    fields = {name: ("", text) for name, text in row.raw.items() if text}
    return Change(
        ChangeKind.ADDED,
        row.sheet.name,
        row.number,
        str(instance),
        fields,
        row_id(row),
        "計画そのものの行のため、外せません。" if isinstance(instance, Plan) else "",
    )


def changed(row: ParsedRow, instance: models.Model, cells: dict[str, tuple[str, str]]) -> Change:
    """A row that the plan has with other cells."""
    return Change(ChangeKind.CHANGED, row.sheet.name, row.number, str(instance), cells, row_id(row))


def absent(sheet: Sheet, instance: models.Model, why_fixed: str = "") -> Change:
    """A row of the plan that the book's sheet does not hold."""
    return Change(
        ChangeKind.ABSENT,
        sheet.name,
        None,
        str(instance),
        id=absent_id(sheet, instance),
        why_fixed=why_fixed,
    )


def digest_of(changes: Iterable[Change]) -> str:
    """The same for the same changes: what was previewed is what is applied.

    Labels do not count: they may name other rows, which somebody has renamed since.
    """
    return _digest([[c.kind.name, c.id, c.row, sorted(c.fields.items())] for c in changes])


def _digest(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
