"""Which writes are noted: for each resource its own rows, and those that it shows within."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import models

from accounts.models import Department, DepartmentSuccession, Organization
from accounts.rows import organization_path_of
from dxportal.models import ReportJob
from kpi.models import DefinitionChange, Indicator
from plans.models import (
    GlossaryTerm,
    Mark,
    Measure,
    Plan,
    PlanRelation,
    ReportingCycle,
    TargetState,
)
from projects.models import Project, ProjectAlias, ProjectDepartment, ProjectSuccession, Tag

# What is no part of plans and their rounds, and is for some roles alone; another address of rows
# that are told of already.
NOT_NOTED = frozenset(
    {
        *("audit", "tokens", "notices", "saved-views", "books", "column-mappings"),
        *("report-templates", "webhooks", "webhook-origins", "webhook-deliveries", "settlements"),
    }
)
# What a resource shows within its rows: {the model: (the resource, the way to its row)}.
SHOWN_WITHIN: tuple[tuple[type[models.Model], str, str], ...] = (
    (DepartmentSuccession, "departments", "predecessor"),
    (Mark, "plans", "plan"),
    (PlanRelation, "plans", "plan"),
    (GlossaryTerm, "plans", "plan"),
    (TargetState, "measures", "measure"),
    (ReportingCycle.review_levels.through, "cycles", "reportingcycle"),
    (DefinitionChange, "indicators", "indicator"),
    (ProjectDepartment, "projects", "project"),
    (ProjectAlias, "projects", "project"),
    (ProjectSuccession, "projects", "predecessor"),
    (ProjectSuccession, "projects", "successor"),
    (Tag.measures.through, "tags", "tag"),
    (Tag.projects.through, "tags", "tag"),
)
# Rows that also tell of their progress in the same row: noted only when this column is written.
ONLY_ON: dict[type[models.Model], str] = {ReportJob: "state"}
TARGETS: dict[str, type[models.Model]] = {
    "departments": Department,
    "plans": Plan,
    "measures": Measure,
    "cycles": ReportingCycle,
    "indicators": Indicator,
    "projects": Project,
    "tags": Tag,
}


@dataclass(frozen=True)
class Noted:
    """Writes of a model's rows, noted as changes of a resource's row.

    `row`, `organization` and `plan` are look-up paths from the written row; an empty one is null.
    """

    model: type[models.Model]
    resource: str
    row: str
    organization: str
    plan: str
    is_own: bool
    only_on: str = ""


def noted(resources: dict[str, type[models.Model]]) -> Iterator[Noted]:
    """What is noted for resources of these models."""
    for name, model in resources.items():
        if name not in NOT_NOTED:
            organization, plan = _owners(model)
            yield Noted(model, name, "pk", organization, plan, True, ONLY_ON.get(model, ""))
    for model, name, way in SHOWN_WITHIN:
        organization, plan = _owners(TARGETS[name])
        yield Noted(
            model,
            name,
            f"{way}_id",
            f"{way}__{organization}",
            f"{way}__{plan}" if plan else "",
            False,
        )


def _owners(model: type[models.Model]) -> tuple[str, str]:
    """The ways to the row's organization and plan."""
    organization = "pk" if model is Organization else organization_path_of(model())
    if model is Plan:
        return organization, "pk"
    steps = organization.split("__")
    if "plan" in steps:
        return organization, "__".join([*steps[: steps.index("plan")], "plan_id"])
    fields = {field.attname for field in model._meta.concrete_fields}
    return organization, "plan_id" if "plan_id" in fields else ""
