"""Form fields that read fiscal years and figures as people write them."""

from decimal import Decimal
from typing import Any

from django import forms

from budgets import money
from kpi.numbers import read_number
from plans import fiscal_years

# Texts that may be this long get the room of a long line.
LONG = 200


class FiscalYearField(forms.CharField):
    """A fiscal year typed as 2024, R6 or 令和6年度."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("help_text", "")
        options["help_text"] = f"{options['help_text']} 例：2024、R6、令和6年度".strip()
        super().__init__(max_length=30, **options)
        self.widget.attrs |= {"autocomplete": "off", "class": "input--year"}

    def to_python(self, value: Any) -> int | None:  # type: ignore[override]  # text in, a year out
        text = super().to_python(value)
        if not text:
            return None
        try:
            return fiscal_years.parse(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error

    def prepare_value(self, value: Any) -> Any:
        return fiscal_years.long_form(value) if isinstance(value, int) else value

    def run_validators(self, value: Any) -> None:
        """Those of text do not fit a year, which `parse` has looked at already."""


class FigureField(forms.CharField):
    """A figure in any width with thousands commas.

    `whole` refuses fractions; `empty` is what an empty field means; `digits` counts all digits,
    `places` those behind the point.
    """

    def __init__(
        self,
        whole: bool = False,
        places: int = 6,
        digits: int = 20,
        empty: Any = None,
        **options: Any,
    ) -> None:
        super().__init__(max_length=100, **options)
        self.whole, self.places, self.digits, self.empty = whole, places, digits, empty
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text:
            return self.empty
        try:
            found = self.read(text)
        except ValueError as error:
            raise forms.ValidationError(str(error)) from error
        return self._checked(found, text)

    def read(self, text: str) -> Decimal:
        return read_number(text, has_status=False).value

    def _checked(self, found: Decimal, text: str) -> Decimal | int:
        _, digits, exponent = found.normalize().as_tuple()
        places = max(0, -int(exponent))
        if self.whole and places:
            raise forms.ValidationError(f"「{text}」には端数があります。整数で入れてください。")
        if places > self.places:
            raise forms.ValidationError(f"小数点以下は{self.places}桁までです。")
        if len(digits) + int(exponent) > self.digits - self.places:
            raise forms.ValidationError(f"「{text}」は大きすぎて保存できません。")
        return int(found) if self.whole else found

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Decimal):
            return f"{value.normalize():,f}"
        return f"{value:,}" if isinstance(value, int) else value

    def run_validators(self, value: Any) -> None:
        """Those of text do not fit a figure."""


class YenField(FigureField):
    """An amount in yen: 1,234,000 or 123万4千円; what is stored is also said in thousands."""

    def __init__(self, **options: Any) -> None:
        super().__init__(whole=True, places=0, digits=16, **options)

    def read(self, text: str) -> Decimal:
        return read_number(text, "円", has_status=False).value

    @staticmethod
    def in_thousands(yen: int) -> str:
        return f"{money.thousands(yen):,}千円"


def formfield_for(db_field: Any, **options: Any) -> forms.Field | None:
    """The form field of a model's field, where it differs from Django's own."""
    name = db_field.name
    plain = {
        "label": options.get("label") or str(db_field.verbose_name),
        "required": not db_field.blank,
        "help_text": options.get("help_text") or db_field.help_text,
    }
    if name.endswith("fiscal_year") or name in ("measured_from", "applies_from"):
        return FiscalYearField(**plain)
    kind = db_field.get_internal_type()
    if kind == "BigIntegerField":
        return YenField(**plain)
    if kind == "DecimalField" or kind.startswith("Positive"):
        if db_field.has_default():
            plain |= {"required": False, "empty": db_field.default}
        if kind == "DecimalField":
            digits, places = db_field.max_digits, db_field.decimal_places
            return FigureField(places=places, digits=digits, **plain)
        # PositiveSmallIntegerField holds up to 32767 on PostgreSQL.
        return FigureField(whole=True, places=0, digits=4, **plain)
    if kind == "TextField":
        options["widget"] = forms.Textarea(attrs={"rows": 3})
    found: forms.Field | None = db_field.formfield(**options)
    if kind == "CharField" and found is not None and (db_field.max_length or 0) >= LONG:
        found.widget.attrs["class"] = "input--long"
    return found
