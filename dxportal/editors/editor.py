"""What an editor is: which rows of one kind a plan has, and how they are shown, chosen, saved."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.db import models
from django.db.models import Max

from accounts import editing
from accounts.audit import Actor
from accounts.models import Deletion, User
from plans import fiscal_years
from plans.models import Plan
from plans.tree_order import measures_in_order, tree_rank

SHARED = "同じ団体のほかの計画にも使われているものは、直すとそちらにも反映されます。"
Rows = Callable[[User, Plan], models.QuerySet]


@dataclass(frozen=True)
class Column:
    """A column of the list: its head, and what a row says there."""

    label: str
    text: Callable[[Any], str]
    is_figure: bool = False


@dataclass(frozen=True)
class Child:
    """Rows of another kind that hang on one of these: its editor's kind, and the field there."""

    kind: str
    field: str


def create_row(actor: Actor, plan: Plan, form: Any) -> models.Model:
    return editing.create(actor, form.instance)


def change_row(
    actor: Actor, plan: Plan, row: models.Model, form: Any, version: int | None
) -> models.Model:
    return editing.change(actor, row, form.changes(), version)


def delete_row(actor: Actor, row: models.Model, version: int | None) -> Deletion:
    return editing.delete(actor, row, version)


@dataclass(frozen=True)
class Editor:
    """The declaration of one kind of rows. Everything that pages do with them is read off here."""

    kind: str
    model: type[models.Model]
    fields: tuple[str, ...]
    columns: tuple[str | Column, ...]
    rows: Rows
    group: str
    label: str = ""
    about: str = ""
    search: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    # The column with a measure's number, where the list is to follow the plan's tree.
    by_tree: str = ""
    # Rows with the same values here are numbered together by their `position`.
    numbered_within: tuple[str, ...] = ()
    can_add: bool = True
    # What is chosen once: a placement stays that of its project.
    fixed: tuple[str, ...] = ()
    # What the identifier is made from when it is left empty.
    key_from: tuple[str, ...] = ("code", "name")
    key_within: Rows | None = None
    choices: Mapping[str, Rows] = field(default_factory=dict)
    help_texts: Mapping[str, str] = field(default_factory=dict)
    children: tuple[Child, ...] = ()
    form: type[forms.ModelForm] | None = None
    add_form: type[forms.ModelForm] | None = None
    create: Callable[[Actor, Plan, Any], models.Model] = create_row
    change: Callable[[Actor, Plan, Any, Any, int | None], models.Model] = change_row
    delete: Callable[[Actor, Any, int | None], Deletion] = delete_row

    @property
    def name(self) -> str:
        return self.label or str(self.model._meta.verbose_name)

    def has(self, name: str) -> bool:
        """Whether the model has a field of this name."""
        return any(found.name == name for found in self.model._meta.get_fields())

    @property
    def is_ordered(self) -> bool:
        """Whether people put the rows in an order of their own."""
        return bool(self.numbered_within)

    @property
    def identifier(self) -> str:
        """The name of the field that files know the row by; "" if it has none."""
        return "key" if "key" in self.fields else ""

    def new(self, plan: Plan) -> models.Model:
        """An empty row of this plan, or of its organization."""
        row = self.model()
        if self.has("plan"):
            row.plan = plan  # type: ignore[attr-defined]  # asked above
        if self.has("organization"):
            row.organization = plan.organization  # type: ignore[attr-defined]  # asked above
        return row

    def listed(self, user: User, plan: Plan) -> models.QuerySet:
        """The rows of this plan in the order of the list."""
        rows = self.rows(user, plan)
        if self.related:
            rows = rows.select_related(*self.related)
        if self.by_tree:
            return rows.order_by(
                tree_rank(measures_in_order(plan), self.by_tree), *self.order, "pk"
            )
        return rows.order_by(*self.order, "pk") if self.order else rows

    def siblings(self, row: Any) -> models.QuerySet:
        """The rows that are numbered together with this one, in their order."""
        same = {name: getattr(row, name) for name in self.numbered_within}
        return self.model._base_manager.filter(**same).order_by("position", "pk")

    def put_last(self, row: Any) -> None:
        """Give the row the next number among those that it is numbered with."""
        if not self.is_ordered:
            return
        others = self.siblings(row).exclude(pk=row.pk)
        row.position = (others.aggregate(Max("position"))["position__max"] or 0) + 1

    def shown_columns(self) -> list[Column]:
        return [self._column(column) for column in self.columns]

    def _column(self, column: str | Column) -> Column:
        if isinstance(column, Column):
            return column
        found = self.model._meta.get_field(column)
        return Column(str(getattr(found, "verbose_name", column)), lambda row: text_of(row, column))


def text_of(row: models.Model, name: str) -> str:
    """A field as a list says it; empty where there is nothing."""
    found = row._meta.get_field(name)
    value = getattr(row, name)
    if isinstance(found, models.BooleanField):
        return "はい" if value else ""
    if getattr(found, "choices", None):
        return str(getattr(row, f"get_{name}_display")())
    if value is None:
        return ""
    if name.endswith("fiscal_year"):
        return fiscal_years.long_form(value)
    if isinstance(found, models.DecimalField):
        return f"{value.normalize():,f}"
    return str(value)
