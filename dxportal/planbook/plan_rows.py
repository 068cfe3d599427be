"""Which rows of the database belong into the book of a plan, sheet by sheet."""

from django.db import models
from django.db.models import Q

from dxportal.planbook.columns import Kind, Scope, Sheet
from plans.models import Plan

# How rows that do not name the plan themselves belong to it.
PLACED = "project__placements__plan"
USED = "indicator__uses__plan"
PATHS: dict[str, str | tuple[str, ...]] = {
    "target_states": "measure__plan",
    # A project's parent and predecessors come along, so that the book refers to nothing outside.
    "projects": (
        "placements__plan",
        "variants__placements__plan",
        "successions__successor__placements__plan",
    ),
    "project_aliases": PLACED,
    "project_successions": "successor__placements__plan",
    "schedule": PLACED,
    "project_tags": "measure__plan",
    "milestones": "measure__plan",
    "reference_items": "reference_list__plan",
    "term_notes": "term__plan",
    "measure_tags": "measure__plan",
    "indicators": "uses__plan",
    "definition_changes": USED,
    "values": USED,
    "budgets": PLACED,
}
# And those that the whole organization shares.
SHARED_PATHS = {
    "organization": "pk",
    "departments": "organization",
    "department_successions": "predecessor__organization",
    "tag_schemes": "organization",
    "tags": "scheme__organization",
}


def rows_of_plan(plan: Plan, sheet: Sheet) -> models.QuerySet:
    """The rows of the plan, each once, with what their columns refer to."""
    rows = sheet.model._base_manager.all()
    if sheet.model is Plan:
        rows = rows.filter(pk=plan.pk)
    elif sheet.name in SHARED_PATHS:
        rows = rows.filter(**{SHARED_PATHS[sheet.name]: plan.organization_id})
    elif sheet.name in PATHS:
        paths = PATHS[sheet.name]
        belongs = Q(
            *((path, plan) for path in ([paths] if isinstance(paths, str) else paths)),
            _connector=Q.OR,
        )
        rows = rows.filter(pk__in=sheet.model._base_manager.filter(belongs).values("pk"))
    elif sheet.scope is Scope.PLAN:
        rows = rows.filter(plan=plan)
    references = [column.field for column in sheet.columns if column.kind is Kind.REFERENCE]
    return rows.select_related(*references) if references else rows
