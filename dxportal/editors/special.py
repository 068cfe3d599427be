"""Forms and verbs of the kinds that are more than one row: projects, measures, targets."""

from typing import Any

from django import forms
from django.db import models, transaction

from accounts import editing
from accounts.audit import Actor
from accounts.models import Department
from dxportal.editors.forms import EditorForm
from dxportal.editors.rows import tags
from kpi import revisions
from kpi.models import Indicator, IndicatorUse
from plans.models import Measure, Plan
from projects import placements
from projects.models import Project, Tag


class MeasureForm(EditorForm):
    """A measure with its tags; its place in the tree is changed on the tree's page."""

    tags = forms.ModelMultipleChoiceField(
        Tag.objects.none(), label="タグ", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["tags"]
        field.queryset = tags(self.user, self.plan)
        field.label_from_instance = lambda tag: f"{tag}（{tag.scheme}）"
        if not field.queryset.exists():
            del self.fields["tags"]
        elif self.instance.pk is not None:
            self.initial["tags"] = list(self.instance.tags.all())


def change_measure(
    actor: Actor, plan: Plan, row: Measure, form: Any, version: int | None
) -> models.Model:
    with transaction.atomic():
        stored = editing.change(actor, row, form.changes(), version)
        if "tags" in form.changed_data:
            stored = placements.tag_measure(
                actor, stored, form.cleaned_data["tags"], stored.version
            )
    return stored


class NewProjectForm(EditorForm):
    """A new project with the place that it takes in the plan at once."""

    measure = forms.ModelChoiceField(Measure.objects.none(), label="掲載する施策")
    placement_code = forms.CharField(
        label="番号（PID）",
        required=False,
        max_length=50,
        help_text="同じ番号が複数あってもかまいません。",
    )
    department = forms.ModelChoiceField(
        Department.objects.none(),
        label="所管課",
        required=False,
        help_text="2つめからの所管課は、登録のあとで加えられます。",
    )
    field_order = ("measure", "placement_code", "name", "department")


def create_project(actor: Actor, plan: Plan, form: Any) -> models.Model:
    given = form.cleaned_data
    return placements.found_project(
        actor, form.instance, given["measure"], given["placement_code"], given["department"]
    )


def create_placement(actor: Actor, plan: Plan, form: Any) -> models.Model:
    return placements.place(actor, form.instance)


def change_placement(
    actor: Actor, plan: Plan, row: Any, form: Any, version: int | None
) -> models.Model:
    return placements.change_placement(actor, row, form.changes(), version)


class PlacementForm(EditorForm):
    """A placement; only who says so takes the primary place from another one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.initial["is_primary"] = False


class NewIndicatorForm(EditorForm):
    """A new indicator with the measure or project that uses it, if it is known already."""

    measure = forms.ModelChoiceField(
        Measure.objects.none(), label="使う施策", required=False, help_text="KPI・成果指標のとき。"
    )
    project = forms.ModelChoiceField(
        Project.objects.none(), label="使う事業", required=False, help_text="活動指標のとき。"
    )
    role = forms.ChoiceField(label="使い方", choices=IndicatorUse.Role, required=False)
    field_order = ("name", "unit", "measure", "project", "role")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        if given.get("measure") and given.get("project"):
            self.add_error("project", "施策か事業のどちらか1つを選んでください。")
        return given


def create_indicator(actor: Actor, plan: Plan, form: Any) -> models.Model:
    given = form.cleaned_data
    used_by = given["measure"] or given["project"]
    with transaction.atomic():
        made: Indicator = editing.create(actor, form.instance, beside=[used_by] if used_by else ())
        if used_by:
            use = IndicatorUse(
                plan=plan,
                indicator=made,
                measure=given["measure"],
                project=given["project"],
                role=given["role"] or IndicatorUse.Role.KPI,
            )
            same = plan.indicator_uses.filter(measure=use.measure, project=use.project)
            use.position = same.count() + 1
            editing.create(actor, use, beside=[made])
    return made


def change_target(
    actor: Actor, plan: Plan, row: Any, form: Any, version: int | None
) -> models.Model:
    """A plain correction, or a revision where the person pressed that button."""
    if "revise" in form.data and version is not None:
        return revisions.revise_target(actor, row, form.changes(), plan, version)
    return editing.change(actor, row, form.changes(), version)
