"""Which rows a plan's editors show and offer: those of the plan, or of its organization."""

from typing import Any

from django.db.models import Q, QuerySet

from accounts.models import Department, User
from dxportal.editors.editor import Rows
from kpi.models import Indicator, IndicatorUse
from plans.models import GlossaryTerm, Level, Mark, Measure, Phase, Plan, PlanSection, ReferenceList
from projects.models import Placement, Project, ProjectSuccession, Tag, TagScheme


def in_tree(user: User, plan: Plan) -> QuerySet:
    return Measure.objects.visible_to(user).in_trees_of([plan.pk])


def departments(user: User, plan: Plan) -> QuerySet:
    return Department.objects.visible_to(user).in_trees_of([plan.organization_id])


def of_plan(model: Any) -> Any:
    return lambda user, plan: model.objects.visible_to(user).filter(plan=plan)


def of_organization(model: Any) -> Any:
    def rows(user: User, plan: Plan) -> QuerySet:
        return model.objects.visible_to(user).filter(organization_id=plan.organization_id)

    return rows


def tags(user: User, plan: Plan) -> QuerySet:
    found = Tag.objects.visible_to(user).filter(scheme__organization_id=plan.organization_id)
    return found.select_related("scheme").order_by("scheme", "position", "pk")


def the_plan(user: User, plan: Plan) -> QuerySet:
    return Plan.objects.visible_to(user).filter(pk=plan.pk)


def projects(user: User, plan: Plan) -> QuerySet:
    """Those of the plan, and those that stand in no plan and would else be out of reach."""
    own = Project.objects.visible_to(user).filter(organization_id=plan.organization_id)
    placed = own.filter(placements__plan=plan).values("pk")
    anywhere = Placement.objects.filter(plan__organization_id=plan.organization_id)
    return own.filter(Q(pk__in=placed) | ~Q(pk__in=anywhere.values("project")))


def indicators(user: User, plan: Plan) -> QuerySet:
    """Those that the plan uses, and those that no plan uses."""
    own = Indicator.objects.visible_to(user).filter(organization_id=plan.organization_id)
    used = own.filter(uses__plan=plan).values("pk")
    anywhere = IndicatorUse.objects.filter(plan__organization_id=plan.organization_id)
    return own.filter(Q(pk__in=used) | ~Q(pk__in=anywhere.values("indicator")))


def of_projects(model: Any) -> Rows:
    def rows(user: User, plan: Plan) -> QuerySet:
        found = model.objects.visible_to(user)
        return found.filter(project__in=projects(user, plan).values("pk"))

    return rows


def of_indicators(model: Any) -> Rows:
    def rows(user: User, plan: Plan) -> QuerySet:
        found = model.objects.visible_to(user)
        return found.filter(indicator__in=indicators(user, plan).values("pk"))

    return rows


def along(model: Any, path: str) -> Rows:
    """The rows that reach the plan along this path."""

    def rows(user: User, plan: Plan) -> QuerySet:
        return model.objects.visible_to(user).filter(**{path: plan})

    return rows


def successions(user: User, plan: Plan) -> QuerySet:
    own = projects(user, plan).values("pk")
    found = ProjectSuccession.objects.visible_to(user)
    return found.filter(Q(predecessor__in=own) | Q(successor__in=own))


def measures(user: User, plan: Plan) -> QuerySet:
    return in_tree(user, plan).select_related("level", "department")


# What a foreign key may point to, unless its editor says otherwise.
CHOICES: dict[Any, Any] = {
    Measure: in_tree,
    Department: departments,
    **{model: of_plan(model) for model in (Level, Phase, Mark, PlanSection, GlossaryTerm)},
    ReferenceList: of_plan(ReferenceList),
    Project: of_organization(Project),
    Indicator: of_organization(Indicator),
    TagScheme: of_organization(TagScheme),
    Tag: tags,
}
