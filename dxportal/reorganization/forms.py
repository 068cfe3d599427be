"""The form of a reorganisation: a day, and lines that each say who takes over from whom."""

import datetime
from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils import timezone

from accounts.department_forms import DayField, DepartmentChoice
from accounts.models import Department
from dxportal.reorganization.services import Move, MovePreview, Preview, Shares
from plans import fiscal_years

LINES = 3


def next_april() -> datetime.date:
    """The first day of the next fiscal year."""
    today = timezone.localdate()
    return fiscal_years.first_day(fiscal_years.fiscal_year_of(today) + 1)


class DayForm(forms.Form):
    on = DayField(
        label="改編日",
        help_text="新しい組織になる最初の日。旧部局は、その前日までになります。",
    )


class LineForm(forms.Form):
    """One line; lines of the same old department split it, the same new one merges several."""

    def __init__(self, *args: Any, departments: list[Department], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["old"] = DepartmentChoice(
            departments, "選んでください", label="旧部局", required=False
        )
        self.fields["new"] = DepartmentChoice(
            departments, "新しく作る（名称を入力）", label="新部局", required=False
        )
        self.fields["name"] = forms.CharField(
            label="新しい部局の名称", max_length=100, required=False
        )

    def clean(self) -> dict[str, Any]:
        data = self.cleaned_data
        old, new, name = data.get("old"), data.get("new"), data.get("name")
        if old and not (new or name):
            self.add_error("new", "新部局を選ぶか、新しい部局の名称を入力してください。")
        if (new or name) and not old:
            self.add_error("old", "旧部局を選んでください。")
        if new and name:
            self.add_error("name", "既存の部局を選んだときは、名称を空欄にしてください。")
        return data


LineFormSet = forms.formset_factory(LineForm, extra=LINES, max_num=60)


def moves_of(lines: Any) -> list[Move]:
    """The lines of a valid formset, put together by their old departments in their order."""
    found: dict[Department, list[Department | str]] = {}
    for form in lines:
        old = form.cleaned_data.get("old")
        if old is not None:
            new = form.cleaned_data["new"] or form.cleaned_data["name"].strip()
            found.setdefault(old, []).append(new)
    return [Move(old, tuple(successors)) for old, successors in found.items()]


def shares_of(data: Mapping[str, str], preview: Preview) -> Shares:
    """Who gets what, as the person chose in the form of the preview."""
    items, roles = {}, {}
    for part in preview.moves:
        if part.move.is_split:
            for item in part.asked:
                chosen = data.get(item.field_name, "")
                items[item.thing] = int(chosen) if chosen.isdecimal() else -1
        for role in part.roles:
            roles[role.row.pk] = ticked(data, part, role.row.pk)
    return Shares(items, roles)


def ticked(data: Mapping[str, str], part: MovePreview, role: int) -> tuple[int, ...]:
    places = range(len(part.move.successors))
    return tuple(place for place in places if f"role-{role}-{place}" in data)
