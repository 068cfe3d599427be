"""The cells that a person fills in for each kind of item: their names, labels and how they read.

Everything in a cell is text, exactly as typed; the verbs of the floors below read it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from budgets.models import BudgetEntry
from budgets.services import AMOUNT_FIELDS
from kpi.models import Actual, ValueStatus
from plans.models import RoundItem
from projects.models import Review, ScheduleEntry, Stage

FLAG_ON = "1"
Choices = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Field:
    """One cell. `kind`: figure, line, text, choice, or flag (FLAG_ON or empty).

    `pastes`: whether a block that is pasted fills it; the rest is reached by hand. `short`: the
    label where a heading above says the rest of it.
    """

    name: str
    label: str
    kind: str
    pastes: bool = True
    short: str = ""


def _label(model: Any, name: str) -> str:
    return str(model._meta.get_field(name).verbose_name)


STATUSES: Choices = [
    (status.value, status.label) for status in ValueStatus if status != ValueStatus.UNSTATED
]
STAGES: Choices = [("", "（なし）"), *Stage.choices]
REVIEW_TEXTS = ("result", "delay_reason", "shortfall_reason", "effect")
SETTLEMENT_STAGES = (BudgetEntry.Stage.FORECAST, BudgetEntry.Stage.SETTLED)

_MARKS = [Field(name, _label(Review, name), "choice") for name in ("planned_mark", "mark")]
_TEXTS = [Field(name, _label(Review, name), "text") for name in REVIEW_TEXTS]
_AMOUNTS = [(name, _label(BudgetEntry, name).removesuffix("（円）")) for name in AMOUNT_FIELDS]


def _settlement_cells(stage: BudgetEntry.Stage) -> list[Field]:
    """The amount, its sources and the comment of one stage."""
    note = _label(BudgetEntry, "note")
    return [
        *(
            Field(f"{stage}_{name}", f"{stage.label}の{label}", "figure", short=label)
            for name, label in _AMOUNTS
        ),
        Field(f"{stage}_note", f"{stage.label}の{note}", "text", short=note),
    ]


FIELDS: dict[str, list[Field]] = {
    RoundItem.Kind.ACTUAL: [
        Field("value", "実績値", "figure"),
        Field("is_preliminary", "速報値", "flag", pastes=False),
        Field("numerator", "分子", "figure", pastes=False),
        Field("denominator", "分母", "figure", pastes=False),
        Field("status", _label(Actual, "status"), "choice"),
        Field("note", _label(Actual, "note"), "text"),
    ],
    RoundItem.Kind.PROGRESS: [
        Field("stage", f"{_label(ScheduleEntry, 'actual')}の段階", "choice"),
        *_MARKS,
        *_TEXTS,
    ],
    RoundItem.Kind.REVIEW: [
        *_MARKS,
        Field("summary", "総括（進捗概要）", "text"),
        *_TEXTS,
    ],
    RoundItem.Kind.SETTLEMENT: [
        cell for stage in SETTLEMENT_STAGES for cell in _settlement_cells(stage)
    ],
}


@dataclass(frozen=True)
class Cell:
    """A field of one row, with what stands in it and what was said against it."""

    field: Field
    item_pk: int
    value: str
    choices: Choices = ()
    errors: tuple[str, ...] = ()
    is_locked: bool = False

    @property
    def html_id(self) -> str:
        return f"i{self.item_pk}-{self.field.name}"

    @property
    def shown(self) -> str:
        """What a reader sees: the words of a choice, not its key."""
        if self.field.kind == "choice":
            return dict(self.choices).get(self.value, self.value)
        return self.field.label if self.field.kind == "flag" and self.value else self.value
