"""Report templates (報告書のひな形): what an office keeps for next year.

They are created, changed and deleted by the verbs of `accounts.editing`; what a template may hold
is checked here, before.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from django.core.exceptions import ValidationError

from accounts import editing
from accounts.audit import Actor
from dxportal.models import ReportTemplate
from dxportal.reports.design import Design, read_design
from dxportal.reports.sections import require_sections
from plans import fiscal_years
from plans.models import Plan


def design_of(template: ReportTemplate, fiscal_year: int | None = None) -> Design:
    """What the template keeps; for a report of a fiscal year, with that year in its words."""
    data = {"sections": template.sections, "cover": template.cover, "name": template.name}
    design = read_design(data)
    if fiscal_year is None:
        return design
    return replace(design, cover=design.cover.of_year(fiscal_years.long_form(fiscal_year)))


def design_for(template: ReportTemplate, plan: Plan, fiscal_year: int) -> Design:
    """The design for a report of this plan; ValidationError where the template is of another."""
    is_other = template.plan_id not in (None, plan.pk)
    if is_other or template.organization_id != plan.organization_id:
        raise ValidationError({"template": "このひな形は、選んだ計画では使えません。"})
    return design_of(template, fiscal_year)


def create_template(
    actor: Actor, plan: Plan | None, organization_id: int, name: str, design: Design
) -> ReportTemplate:
    """Raises PermissionDenied, and ValidationError for a bad design or a name that is taken."""
    require_sections(design.sections)
    _require_of(organization_id, plan)
    template = ReportTemplate(plan=plan, organization_id=organization_id, **_values(name, design))
    return editing.create(actor, template)


def change_template(
    actor: Actor,
    template: ReportTemplate,
    plan: Plan | None,
    name: str,
    design: Design,
    expected_version: int,
) -> ReportTemplate:
    """Raises what `create_template` does, and StaleVersion when somebody else was quicker."""
    require_sections(design.sections)
    _require_of(template.organization_id, plan)
    changes = {"plan": plan, **_values(name, design)}
    return editing.change(actor, template, changes, expected_version)


def _require_of(organization_id: int, plan: Plan | None) -> None:
    if plan is not None and plan.organization_id != organization_id:
        raise ValidationError({"plan": "選んだ団体の計画を選んでください。"})


def _values(name: str, design: Design) -> Mapping[str, Any]:
    kept = replace(design, name="").as_json()
    return {"name": name, "sections": kept["sections"], "cover": kept["cover"]}
