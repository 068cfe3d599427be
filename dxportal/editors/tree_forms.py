"""The forms of the page on which a plan's tree is built."""

from collections.abc import Iterable
from typing import Any

from django import forms

from plans.listing import INDENT
from plans.models import Level, Measure, Plan
from plans.tree_editing import levels_below, usual_level

LAST = 10_000  # "at the end": the services take any place behind the last one as the last
TOP = "（いちばん上）"


class MeasureField(forms.ModelChoiceField):
    """A measure of the plan, offered as the tree reads."""

    def __init__(self, **options: Any) -> None:
        super().__init__(Measure.objects.none(), **options)

    def of(self, plan: Plan, without: Iterable[int] = ()) -> None:
        rows = Measure.objects.in_trees_of([plan.pk]).select_related("level")
        self.queryset = rows.exclude(pk__in=list(without))

    def label_from_instance(self, obj: Any) -> str:
        return INDENT * obj.tree_depth + str(obj)


class MoveForm(forms.Form):
    """Where a measure or a placement is to go: under which measure, and to which place there."""

    parent = MeasureField(
        label="移動先",
        required=False,
        empty_label=TOP,
        error_messages={
            "invalid_choice": "この移動先はありません。ほかの人が削除したかもしれません。",
            "required": "移動先の施策を選んでください。",
        },
    )
    index = forms.IntegerField(
        label="並び順",
        min_value=0,
        max_value=LAST,
        widget=forms.Select,
        help_text="移動先にある行のうち、何番目に置くか。",
        error_messages={"required": "並び順を選んでください。"},
    )
    version = forms.IntegerField(widget=forms.HiddenInput)
    level = forms.ModelChoiceField(
        Level.objects.none(), label="移したあとの階層", required=False, widget=forms.HiddenInput
    )

    def __init__(
        self,
        plan: Plan,
        places: int,
        *args: Any,
        is_placement: bool = False,
        without: Iterable[int] = (),
        **kwargs: Any,
    ) -> None:
        """`places`: how many rows stand together where most do; so many places are offered.

        `without`: measures that are not offered, because the row cannot go there.
        """
        super().__init__(*args, **kwargs)
        self.fields["level"].queryset = Level.objects.filter(plan=plan)
        self.fields["parent"].of(plan, without)
        if is_placement:
            self.fields["parent"].required = True
            self.fields["parent"].empty_label = None
        self.fields["index"].widget.choices = [
            (0, "先頭"),
            *((place, f"{place + 1}番目") for place in range(1, places)),
            (LAST, "末尾"),
        ]


class AddForm(forms.Form):
    """A new measure under another one, or at the top."""

    name = forms.CharField(
        label="名称",
        max_length=300,
        error_messages={"required": "名称を入れてください。"},
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    code = forms.CharField(
        label="番号",
        max_length=50,
        required=False,
        help_text="例：1-2。空欄でもかまいません。",
        widget=forms.TextInput(attrs={"autocomplete": "off", "class": "input--small"}),
    )
    level = forms.ModelChoiceField(
        Level.objects.none(),
        label="階層",
        empty_label="選んでください",
        error_messages={"required": "階層を選んでください。"},
    )

    def __init__(self, plan: Plan, parent: Measure | None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, auto_id=f"add-{parent.pk if parent else 'top'}-%s", **kwargs)
        self.parent = parent
        levels = levels_below(parent, list(Level.objects.filter(plan=plan)))
        siblings = Measure.objects.filter(plan=plan, parent=parent).select_related("level")
        field = self.fields["level"]
        field.queryset = Level.objects.filter(pk__in=[level.pk for level in levels])
        field.initial = usual_level(parent, siblings, levels)
        self.levels = levels
        self.place = len(siblings)
        if len(levels) == 1:
            field.required = False
            field.initial = levels[0]
            field.widget = forms.HiddenInput()

    def add_service_errors(self, errors: dict[str, list[str]]) -> None:
        for name, messages in errors.items():
            for message in messages:
                self.add_error(name if name in self.fields else None, message)
