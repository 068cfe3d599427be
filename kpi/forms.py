"""The form of one indicator's actual in one year."""

from typing import Any

from django import forms

from kpi.models import Actual, Indicator, ValueStatus
from kpi.services import ActualEntry

STATUSES = [
    (status.value, status.label) for status in ValueStatus if status != ValueStatus.UNSTATED
]


class ActualForm(forms.Form):
    """What a person says about a year. Reading the number is the service's work, not the form's."""

    value = forms.CharField(
        label="実績値",
        required=False,
        max_length=100,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "autocomplete": "off"}),
    )
    status = forms.ChoiceField(label="値の状態", choices=STATUSES)
    is_preliminary = forms.BooleanField(label="速報値", required=False)
    note = forms.CharField(
        label="コメント", required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, indicator: Indicator, actual: Actual | None, *args: Any, **kwargs: Any):
        kwargs.setdefault("prefix", f"i{indicator.pk}")
        kwargs.setdefault("initial", _initial(actual))
        super().__init__(*args, **kwargs)
        self.indicator = indicator
        for name, field in self.fields.items():
            if name != "version":
                # The controls stand in cells of their own, outside the row's form element.
                field.widget.attrs["form"] = f"form-{indicator.pk}"

    def entry(self) -> ActualEntry:
        """The cleaned form as the service takes it."""
        return ActualEntry(
            text=self.cleaned_data["value"],
            status=self.cleaned_data["status"],
            note=self.cleaned_data["note"],
            is_preliminary=self.cleaned_data["is_preliminary"],
        )

    def add_service_errors(self, errors: dict[str, list[str]]) -> None:
        """Put the service's refusals at the fields where they were typed."""
        for name, messages in errors.items():
            for message in messages:
                self.add_error(name if name in self.fields else None, message)


def _initial(actual: Actual | None) -> dict[str, Any]:
    if actual is None:
        return {"status": ValueStatus.REPORTED}
    value = "" if actual.value is None else format(actual.value.normalize(), "f")
    return {
        "value": value or actual.raw_text,
        "status": actual.status,
        "is_preliminary": actual.is_preliminary,
        "note": actual.note,
        "version": actual.version,
    }
