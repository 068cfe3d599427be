"""The one form that all editors use, made for an editor, a plan and a person."""

import re
import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.db.models import Model, UniqueConstraint

from accounts.models import User
from accounts.versions import Versioned
from dxportal.editors.editor import Editor, text_of
from dxportal.editors.fields import YenField, formfield_for
from dxportal.editors.rows import CHOICES
from plans.listing import INDENT
from plans.models import Plan

KEY_HELP = "ファイルとのやり取りで行を見分けるための記号です。空欄なら自動で付きます。"
# Constraints whose own message says nothing to a person, by the field to say it at.
TAKEN = {
    "indicator_use_unique_measure": ("measure", "この指標は、この施策ですでに使われています。"),
    "indicator_use_unique_project": ("project", "この指標は、この事業ですでに使われています。"),
    "target_one_current": (
        "fiscal_year",
        "この年度の目標はすでにあります。一覧から開いて訂正するか、改定として記録してください。",
    ),
    "stated_total_of_plan_unique": ("stage", "この年度と段階の総額は、すでに登録されています。"),
    "plan_does_not_revise_itself": ("revises", "計画は自分自身を改定できません。"),
    "indicator_measured_at_all": ("measured_every", "1以上で入れてください。"),
    "indicator_tolerance_not_negative": ("tolerance", "0以上で入れてください。"),
    "department_succession_not_itself": (None, "同じものは選べません。"),
}


class EditorForm(forms.ModelForm):
    """A form of one row; bad input stays as it was typed, refusals stand at their fields."""

    editor: Editor
    plan: Plan
    user: User

    row_version = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is not None:
            for name in self.editor.fixed:
                self.fields.pop(name, None)
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelMultipleChoiceField):
                continue
            if isinstance(field, forms.ModelChoiceField):
                self._limit(name, field)
            elif isinstance(field, forms.ChoiceField):
                self._name_nothing(field)
            elif isinstance(field, YenField):
                self._say_thousands(name, field)
        if key := self.editor.identifier:
            self.fields[key].required = False
            self.fields[key].help_text = KEY_HELP
        self.initial["row_version"] = version_of(self.instance)
        if self.instance.pk is not None:
            # What the person saw goes along, so that only what they changed is written.
            for name in set(self.fields) - {"row_version"}:
                self.fields[name].show_hidden_initial = True

    def _limit(self, name: str, field: forms.ModelChoiceField) -> None:
        model: Any = field.queryset.model if field.queryset is not None else None
        rows = self.editor.choices.get(name) or CHOICES[model]
        field.queryset = rows(self.user, self.plan)
        field.label_from_instance = choice_label  # type: ignore[method-assign]  # Django's own way
        field.empty_label = "選んでください" if field.required else "なし"

    def _name_nothing(self, field: Any) -> None:
        """Say what the empty choice means, instead of a row of dashes."""
        nothing = "選んでください" if field.required else "なし"
        field.choices = [(key, label if key else nothing) for key, label in field.choices]

    def _say_thousands(self, name: str, field: YenField) -> None:
        stored = getattr(self.instance, name, None)
        if stored is not None:
            said = f"いまの値：{field.in_thousands(stored)}"
            field.help_text = f"{field.help_text} {said}".strip()

    def visible_main(self) -> list[forms.BoundField]:
        """What the person fills in; the identifier stands apart."""
        return [f for f in self.visible_fields() if f.name != self.editor.identifier]

    def identifier_field(self) -> forms.BoundField | None:
        return self[self.editor.identifier] if self.editor.identifier else None

    def fixed_values(self) -> list[tuple[str, str]]:
        """What was chosen once and stays, with its name."""
        if self.instance.pk is None:
            return []
        fields = [self.instance._meta.get_field(name) for name in self.editor.fixed]
        return [(str(f.verbose_name), text_of(self.instance, f.name)) for f in fields]  # type: ignore[union-attr]

    def changes(self) -> dict[str, Any]:
        """The row's own fields that the person changed; what only the page knows is left out."""
        names = {f.name for f in self._meta.model._meta.concrete_fields} & set(self.changed_data)
        found = {name: value for name, value in self.cleaned_data.items() if name in names}
        if names & set(self.editor.numbered_within) and self.instance.pk is not None:
            self.editor.put_last(self.instance)
            found["position"] = self.instance.position
        return found

    def _post_clean(self) -> None:
        # A model's own check reads its relations: it is asked once every field was understood.
        if self.errors:
            return
        if self.editor.identifier:
            self._fill_key()
        # Uniqueness is the service's question, after it has looked whether somebody was quicker.
        exclude = self._get_validation_exclusions()  # type: ignore[attr-defined]  # no stub has it
        names = self._meta.fields
        self.instance = forms.models.construct_instance(self, self.instance, names)
        try:
            self.instance.full_clean(exclude, validate_unique=False, validate_constraints=False)
        except ValidationError as error:
            self.add_service_errors(error)
        if self.instance.pk is None and not self.errors:
            self.editor.put_last(self.instance)

    def _fill_key(self) -> None:
        name = self.editor.identifier
        if self.cleaned_data.get(name):
            return
        if self.instance.pk is not None and self.initial.get(name):
            self.cleaned_data[name] = self.initial[name]
            return
        said = [str(self.cleaned_data.get(f) or "") for f in self.editor.key_from]
        longest = self._meta.model._meta.get_field(name).max_length or 50
        self.cleaned_data[name] = free_key(
            next((text for text in said if text.strip()), ""), self._taken_keys(), longest
        )

    def _taken_keys(self) -> set[str]:
        rows = self.editor.key_within or self.editor.rows
        return set(rows(self.user, self.plan).values_list(self.editor.identifier, flat=True))

    def add_service_errors(self, error: ValidationError) -> None:
        """Put a service's refusals at the fields where they were typed, else above the form."""
        found = (
            error.error_dict
            if hasattr(error, "error_dict")
            else {NON_FIELD_ERRORS: error.error_list}
        )
        for name, errors in found.items():
            for one in errors:
                place, message = self._place_of(name, one)
                self.add_error(place, message)

    def _place_of(self, name: str, error: ValidationError) -> tuple[str | None, str]:
        message = " ".join(error.messages)
        if name in self.fields:
            return name, message
        for constraint in self._meta.model._meta.constraints:
            if f"“{constraint.name}”" in message or f"'{constraint.name}'" in message:
                place, sentence = TAKEN.get(constraint.name, (None, message))
                return (place if place in self.fields else None), sentence
        together = (error.params or {}).get("unique_check", ())
        here = [part for part in together if part in self.fields]
        if error.code == "unique_together" and here:
            labels = "と".join(str(self.fields[part].label) for part in here)
            return here[-1], f"{labels}が同じ{self.editor.name}が、すでに登録されています。"
        if name == NON_FIELD_ERRORS:
            return self._field_of_constraint(message), message
        label = getattr(self._model_field(name), "verbose_name", name)
        return None, f"{label}：{message}"

    def _field_of_constraint(self, message: str) -> str | None:
        """Where a constraint's own sentence belongs: at the last of its fields that is shown."""
        for constraint in self._meta.model._meta.constraints:
            if isinstance(constraint, UniqueConstraint) and (
                constraint.violation_error_message == message
            ):
                here = [name for name in constraint.fields if name in self.fields]
                return here[-1] if here else None
        return None

    def _model_field(self, name: str) -> Any:
        return next((f for f in self._meta.model._meta.fields if f.name == name), None)


def free_key(text: str, taken: set[str], longest: int) -> str:
    """An identifier made from what the row is called, told apart from those that exist."""
    plain = unicodedata.normalize("NFKC", text).strip()
    base = re.sub(r"[\s/:;,'\"]+", "-", plain).strip("-")[: longest - 5] or "1"
    key, number = base, 2
    while key in taken:
        key = str(int(base) + number - 1) if base == "1" else f"{base}-{number}"
        number += 1
    return key


def form_for(editor: Editor, plan: Plan, user: User, is_new: bool) -> type[EditorForm]:
    """The form's class for this editor; its choices are rows of the plan or its organization."""
    base = (editor.add_form if is_new else None) or editor.form or EditorForm

    def formfield(db_field: models.Field, **options: Any) -> forms.Field | None:
        if db_field.name in editor.help_texts:
            options["help_text"] = editor.help_texts[db_field.name]
        return formfield_for(db_field, **options)

    made: Any = forms.modelform_factory(
        editor.model, form=base, fields=list(editor.fields), formfield_callback=formfield
    )
    made.editor, made.plan, made.user = editor, plan, user
    return made


def choice_label(row: Model) -> str:
    """How a row is called among its fellows; rows of a tree are indented."""
    depth = getattr(row, "tree_depth", 0)
    return INDENT * depth + str(row)


def shown_value(form: EditorForm, name: str, value: Any) -> str:
    """A value of the form in words, to be laid beside another one."""
    field = form.fields[name]
    if value is None or value == "":
        return "（空欄）"
    if isinstance(value, bool):
        return "はい" if value else "いいえ"
    if isinstance(field, forms.ModelMultipleChoiceField):
        return "、".join(str(row) for row in value) or "（空欄）"
    if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
        return str(dict(field.choices).get(value, value))  # type: ignore[arg-type]
    return str(field.prepare_value(value)) if not isinstance(value, Model) else str(value)


def version_of(row: Model) -> int | None:
    return row.version if isinstance(row, Versioned) else None
