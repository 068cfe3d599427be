"""Resources of the API that are read off the declared editors: a new editor is a new resource.

Kinds of rows whose resource says more than their fields (plans, measures, projects, indicators …)
have a view of their own in their app; here are all others.
"""

from collections.abc import Iterator
from typing import Any

import django_filters
from django.db import models

from accounts.models import Department, Organization
from accounts.rest.viewsets import Figure, ReadOnlyRows, Rows, RowSerializer
from accounts.rows import organization_path_of
from accounts.versions import Versioned
from dxportal.editors.api import editable
from dxportal.editors.editor import Editor
from dxportal.editors.registry import BY_KIND
from plans.filters import (
    FiscalYearFilter,
    FiscalYearFilterSet,
    InDepartment,
    PortalFilterSet,
    RowFilter,
    UnderMeasure,
    ordering,
    updated_since,
)
from plans.models import Measure, Plan

# {the address: the editor}
KINDS = {
    "marks": "mark",
    "plan-relations": "plan-relation",
    "target-states": "target-state",
    "milestones": "milestone",
    "sections": "section",
    "terms": "term",
    "term-notes": "term-note",
    "reference-lists": "reference-list",
    "reference-items": "reference-item",
    "correspondences": "correspondence",
    "project-departments": "project-department",
    "project-aliases": "alias",
    "project-successions": "project-succession",
    "project-tags": "project-tag",
    "tag-schemes": "tag-scheme",
    "definition-changes": "definition-change",
    "stated-totals": "stated-total",
}


def resources() -> dict[str, type[Rows]]:
    """The resources by address, each with a list, its rows, and what its editor can do."""
    return {name: _resource(BY_KIND[kind]) for name, kind in KINDS.items()}


def _resource(editor: Editor) -> type[Rows]:
    model = editor.model
    members = {
        "queryset": model._default_manager.all(),
        "serializer_class": _serializer(editor),
        "filterset_class": _filterset(editor),
        "about": editor.about,
    }
    view = type(f"{model.__name__}ViewSet", (ReadOnlyRows,), members)
    return editable(editor.kind, view)


def _serializer(editor: Editor) -> type[RowSerializer]:
    model = editor.model
    above = [name for name in ("organization", "plan") if editor.has(name)]
    beside = ["position"] if editor.has("position") else []
    version = ["version", "updated_at"] if issubclass(model, Versioned) else []
    decimals = {
        field.name: Figure(
            label=str(field.verbose_name),
            allow_null=field.null,
            max_digits=field.max_digits,
            decimal_places=field.decimal_places,
        )
        for field in model._meta.concrete_fields
        if isinstance(field, models.DecimalField)
    }
    fields = ["id", *above, *editor.fields, *beside, *version]
    meta = type("Meta", (), {"model": model, "fields": fields})
    # Others of the plain name are what rows show of these within them.
    return type(f"{model.__name__}RowSerializer", (RowSerializer,), {**decimals, "Meta": meta})


def _filterset(editor: Editor) -> Any:
    model = editor.model
    organization = organization_path_of(model()).removesuffix("_id")
    steps = organization.split("__")
    filters: dict[str, Any] = {"organization": RowFilter(Organization, organization, "団体")}
    if "plan" in steps:
        path = "__".join(steps[: steps.index("plan") + 1])
        filters["plan"] = RowFilter(Plan, path, "計画")
    filters |= dict(_by_rows(editor))
    if issubclass(model, Versioned):
        filters["updated_since"] = updated_since()
    base = PortalFilterSet
    if editor.has("fiscal_year"):
        base = FiscalYearFilterSet
    elif editor.has("from_fiscal_year"):
        filters["fiscal_year"] = FiscalYearFilter(field_name="from_fiscal_year", label="年度")
    own = {field.name for field in model._meta.concrete_fields}
    orders = [name for name in editor.order if name in own]
    filters["ordering"] = ordering([*orders, *({"updated_at"} & own)])
    chosen = [f.name for f in model._meta.concrete_fields if f.choices and f.name in editor.fields]
    members = {
        **filters,
        "search_paths": editor.search,
        "Meta": type("Meta", (), {"model": model, "fields": chosen}),
    }
    return type(f"{model.__name__}FilterSet", (base,), members)


def _by_rows(editor: Editor) -> Iterator[tuple[str, django_filters.Filter]]:
    """A filter for each row that a row points to: a measure and a department with what is below."""
    for name in editor.fields:
        field = editor.model._meta.get_field(name)
        if not isinstance(field, models.ForeignKey):
            continue
        if field.related_model is Measure:
            yield name, UnderMeasure(name)
        elif field.related_model is Department:
            yield name, InDepartment(name)
        else:
            there: Any = field.related_model
            yield name, RowFilter(there, name, str(field.verbose_name))
