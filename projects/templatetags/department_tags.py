"""Who was in charge of a project in earlier years, as a plan names them."""

from django import template

from plans.models import Plan
from plans.templatetags.in_charge_tags import earlier_in_charge
from projects.models import Project

register = template.Library()


@register.filter
def earlier_in_charge_by(project: Project, plan: Plan | None) -> str:
    """「（令和6年度までは情報政策推進室）」 from the links that are fetched with the project."""
    links = project.department_links.all()
    return earlier_in_charge([link for link in links if plan is None or link.plan_id == plan.pk])
