"""Forms of departments: one department, its end, and the choice of one in the tree."""

import datetime
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator

from accounts.models import Department, DepartmentSuccession, Organization

Choices = list[tuple[str, str]]
FIRST_DAY, LAST_DAY = datetime.date(1900, 1, 1), datetime.date(2199, 12, 31)


def in_tree(organization: Organization) -> list[Department]:
    """The organization's departments as a tree, with what `Department.label` reads."""
    rows = Department.objects.in_trees_of([organization.pk])
    return list(rows.prefetch_related(DepartmentSuccession.fetched()))


def choices_of(departments: Iterable[Department]) -> Choices:
    """Each department under its number, set in by its depth; those that have ended say so."""
    return [
        (str(row.pk), "　" * getattr(row, "tree_depth", 0) + row.label + _ended(row))
        for row in departments
    ]


def _ended(row: Department) -> str:
    return f"（{row.valid_to:%Y-%m-%d}まで）" if row.valid_to else ""


class DayInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


class DayField(forms.DateField):
    """A day within the years that departments can have; there is always one before and after."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=DayInput(), **options)
        self.validators += [
            MinValueValidator(FIRST_DAY, "1900年1月1日以後の日付にしてください。"),
            MaxValueValidator(LAST_DAY, "2199年12月31日以前の日付にしてください。"),
        ]


class DepartmentChoice(forms.TypedChoiceField):
    """One of the departments that are fetched already, so that many fields share one query."""

    def __init__(self, departments: list[Department], empty: str, **options: Any) -> None:
        self.by_pk = {str(row.pk): row for row in departments}
        super().__init__(
            choices=[("", empty), *choices_of(departments)],
            coerce=self._department,
            empty_value=None,
            **options,
        )

    def _department(self, value: Any) -> Department:
        if isinstance(value, Department):
            return value
        if str(value) not in self.by_pk:
            raise ValueError(value)  # Django makes an error of the field from it
        return self.by_pk[str(value)]

    def prepare_value(self, value: Any) -> Any:
        return value.pk if isinstance(value, Department) else value


class DepartmentForm(forms.Form):
    """A department's name, its place in the tree, and the days between which it exists."""

    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    name = forms.CharField(label="名称", max_length=100)
    valid_from = DayField(label="設置日", required=False, help_text="分からないときは空欄。")

    valid_to = DayField(
        label="廃止日（最終日）",
        required=False,
        help_text="廃止を取り消すときは空欄にします。",
    )

    stored = ("name", "parent", "valid_from", "valid_to")
    field_order = ("row_version", *stored)

    def __init__(self, *args: Any, departments: list[Department], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["parent"] = DepartmentChoice(
            departments, "なし（いちばん上）", label="上位の部局", required=False
        )
        self.order_fields(self.field_order)


class EndForm(forms.Form):
    """The last day of a department."""

    row_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    valid_to = DayField(label="廃止日（最終日）", help_text="この日までが、この部局です。")
    reason = forms.CharField(label="理由", max_length=200, required=False)


class DepartmentFilter(forms.Form):
    """Which departments the list shows."""

    on = DayField(label="基準日", required=False)
    show = forms.ChoiceField(
        label="表示する部局",
        choices=[("", "基準日にある部局"), ("all", "廃止された部局も含む")],
        required=False,
    )
