"""Forms with which rounds are made, changed and corrected."""

import datetime
from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from dxportal.rounds.cells import FLAG_ON, Cell
from dxportal.rounds.rows import ActualRow, Row, SettlementRow
from plans import fiscal_years
from plans.deadlines import Deadline, end_of, start_of
from plans.models import Level, Plan, ReportingCycle
from plans.services import ASKED, DEADLINES

REASON_LENGTH = 1000


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%d")


def reason_field(label: str = "理由", **options: Any) -> forms.CharField:
    widget = forms.Textarea(attrs={"rows": 2})
    return forms.CharField(label=label, max_length=REASON_LENGTH, widget=widget, **options)


class RoundForm(forms.Form):
    """The times of a round and what it asks for. Days are of Japan: from 0:00, until 24:00."""

    opens_at = forms.DateField(
        label="入力開始", required=False, widget=DateInput, help_text="お知らせに使う目安の日です。"
    )
    closes_at = forms.DateField(
        label="入力期限",
        required=False,
        widget=DateInput,
        help_text="その日の24:00まで入力できます。",
    )
    grace_until = forms.DateField(
        label="猶予期限",
        required=False,
        widget=DateInput,
        help_text="期限に遅れた部局も、その日の24:00まで入力できます。設けないときは空欄にします。",
    )
    asks_actuals = forms.BooleanField(label="指標の実績値", required=False)
    asks_progress = forms.BooleanField(label="事業の進捗", required=False)
    asks_settlements = forms.BooleanField(label="事業の決算見込・決算", required=False)
    review_levels = forms.ModelMultipleChoiceField(
        Level.objects.none(),
        label="施策の評価を照会する階層",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="選んだ階層の施策ごとに、年度評価と総括を照会します。",
    )

    def __init__(self, plan: Plan, *args: Any, **kwargs: Any) -> None:
        self.plan = plan
        super().__init__(*args, **kwargs)
        self.fields["review_levels"].queryset = Level.objects.filter(plan=plan).order_by("depth")
        self.fields["review_levels"].label_from_instance = lambda level: level.name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        opens, closes, grace = (data.get(name) for name in DEADLINES)
        if opens and closes and closes < opens:
            self.add_error("closes_at", "入力期限は、入力開始の日より後にしてください。")
        if grace and not closes:
            self.add_error("closes_at", "猶予期限を設けるときは、入力期限も入れてください。")
        elif grace and closes and grace < closes:
            self.add_error("grace_until", "猶予期限は、入力期限の日以後にしてください。")
        if not any(data.get(name) for name in ASKED) and not data.get("review_levels"):
            self.add_error("asks_actuals", "照会するものを1つ以上選んでください。")
        return data

    @property
    def times(self) -> dict[str, datetime.datetime | None]:
        """The moments that the days stand for."""
        days = self.cleaned_data
        return {
            "opens_at": start_of(days["opens_at"]) if days["opens_at"] else None,
            "closes_at": end_of(days["closes_at"]) if days["closes_at"] else None,
            "grace_until": end_of(days["grace_until"]) if days["grace_until"] else None,
        }

    @property
    def asks(self) -> dict[str, bool]:
        return {name: self.cleaned_data[name] for name in ASKED}


class CreateForm(RoundForm):
    """A new round of a plan."""

    fiscal_year = forms.TypedChoiceField(
        label="年度", coerce=int, help_text="実績を尋ねる年度です（照会を行う年度ではありません）。"
    )
    kind = forms.ChoiceField(
        label="種別",
        choices=ReportingCycle.Kind.choices,
        widget=forms.RadioSelect,
        help_text="年次は1年間の実績、中間は年度の途中の状況を尋ねます。",
    )
    field_order = ("fiscal_year", "kind")

    def __init__(self, plan: Plan, *args: Any, **kwargs: Any) -> None:
        super().__init__(plan, *args, **kwargs)
        self.fields["fiscal_year"].choices = [
            (year, fiscal_years.both_form(year)) for year in plan.fiscal_years
        ]

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        same = ReportingCycle.objects.filter(
            plan=self.plan, fiscal_year=data.get("fiscal_year"), kind=data.get("kind", "")
        )
        if data.get("fiscal_year") and same.exists():
            self.add_error("fiscal_year", "この年度の照会は、すでに作られています。")
        return data

    def unsaved(self) -> ReportingCycle:
        """The round as it would be made."""
        data = self.cleaned_data
        return ReportingCycle(
            plan=self.plan,
            fiscal_year=data["fiscal_year"],
            kind=data["kind"],
            **self.times,
            **self.asks,
        )


class ChangeForm(RoundForm):
    """A round that is there, with the version that the person saw."""

    reason = reason_field("変更の理由", required=False)
    row_version = forms.IntegerField(widget=forms.HiddenInput)

    def __init__(self, cycle: ReportingCycle, *args: Any, **kwargs: Any) -> None:
        self.cycle = cycle
        kwargs["initial"] = {
            "opens_at": _day(cycle.opens_at, is_end=False),
            "closes_at": _day(cycle.closes_at),
            "grace_until": _day(cycle.grace_until),
            **{name: getattr(cycle, name) for name in ASKED},
            "review_levels": list(cycle.review_levels.all()),
            "row_version": cycle.version,
        }
        super().__init__(cycle.plan, *args, **kwargs)

    @property
    def changes(self) -> dict[str, Any]:
        """What to change. A day that was left as it was keeps its stored hour."""
        times = {n: moment for n, moment in self.times.items() if n in self.changed_data}
        return {**times, **self.asks}


def _day(moment: datetime.datetime | None, is_end: bool = True) -> datetime.date | None:
    if moment is None:
        return None
    # The day on which something begins at midnight is that day itself.
    shift = datetime.timedelta(0) if is_end else datetime.timedelta(microseconds=1)
    return Deadline(moment + shift).last_day


class ReasonForm(forms.Form):
    """Why something is done; `needed` where it cannot be done without."""

    reason = reason_field(required=False)

    def __init__(
        self, *args: Any, needed: bool = False, label: str = "理由", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = needed
        self.fields["reason"].label = label


class MoveForm(ReasonForm):
    row_version = forms.IntegerField(widget=forms.HiddenInput)


class RemindForm(forms.Form):
    text = reason_field(
        "添える言葉",
        required=False,
        help_text="残りの件数と期限は、自動で書かれます。",
    )


class ExtendForm(forms.Form):
    """More time for what was chosen, its departments, or everybody."""

    ITEMS, DEPARTMENTS, ALL = "items", "departments", "all"
    scope = forms.ChoiceField(
        label="延長する範囲",
        choices=[
            (ITEMS, "選んだ項目だけ"),
            (DEPARTMENTS, "選んだ項目の部局のすべての項目"),
            (ALL, "すべての部局"),
        ],
        initial=ITEMS,
        widget=forms.RadioSelect,
    )
    until = forms.DateField(
        label="延長後の期限", widget=DateInput, help_text="その日の24:00まで入力できます。"
    )
    reason = reason_field()


class CorrectionForm(forms.Form):
    """A correction of what a round has settled: its cells as they are to say, and why."""

    def __init__(self, row: Row, *args: Any) -> None:
        super().__init__(*args, initial={**row.values, "row_version": row.version})
        for cell in row.cells.values():
            field = _cell_field(row, cell)
            field.widget.attrs["data-was"] = _shown(field, cell)
            self.fields[cell.field.name] = field
        self.cells = list(self.fields)
        self.fields["reason"] = reason_field(
            "訂正の理由",
            help_text="正誤表に載ります。なぜ誤ったか、何を確かめたかを書いてください。",
        )
        self.fields["row_version"] = forms.CharField(widget=forms.HiddenInput)

    @property
    def typed(self) -> dict[str, str]:
        """The cells as text, as the grid sends them."""
        said = {name: self.cleaned_data[name] for name in self.cells}
        return {name: FLAG_ON if text is True else text or "" for name, text in said.items()}


def _shown(field: forms.Field, cell: Cell) -> str:
    """What the control shows of the cell, for the dialog that tells both values."""
    if isinstance(field, forms.BooleanField):
        return "はい" if cell.value else "いいえ"
    if isinstance(field, forms.ChoiceField):
        return str(dict(cell.choices).get(cell.value, ""))
    return cell.value.strip()


def _cell_field(row: Row, cell: Cell) -> forms.Field:
    """The control of a cell, which refuses nothing that the verb does not refuse."""
    label, unit = cell.field.label, ""
    if cell.field.kind == "figure":
        is_value = isinstance(row, ActualRow) and cell.field.name == "value"
        unit = row.indicator.unit if is_value else "千円" if isinstance(row, SettlementRow) else ""
    told: dict[str, Any] = {"label": f"{label}（{unit}）" if unit else label, "required": False}
    match cell.field.kind:
        case "flag":
            return forms.BooleanField(**told)
        case "choice":
            return forms.ChoiceField(choices=cell.choices, **told)
        case "text":
            return forms.CharField(widget=forms.Textarea(attrs={"rows": 3}), **told)
        case _:
            return forms.CharField(max_length=200, **told)


def add_errors(form: forms.Form, error: ValidationError, names: Iterable[str] = ()) -> None:
    """Put what a verb refused at its fields; what belongs to none stands above the form."""
    known = {*form.fields, *names}
    if not hasattr(error, "error_dict"):
        form.add_error(None, error.messages)
        return
    for name, said in error.message_dict.items():
        form.add_error(name if name in known else None, said)
