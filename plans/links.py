"""Other plans that a plan names by key: its relations, and the editions before and after it."""

from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.models import User
from plans.models import Plan, PlanRelation


@dataclass(frozen=True)
class LinkedPlans:
    """What a plan refers to; None stands for a plan that the portal does not hold."""

    relations: list[tuple[PlanRelation, Plan | None]]
    before: Plan | None
    after: list[Plan]


def linked_plans(user: User | AnonymousUser, plan: Plan) -> LinkedPlans:
    """The plans that this one names, as far as the person may see them, in two queries."""
    relations = list(plan.relations.all())
    keys = {relation.related_key for relation in relations} | {plan.revises}
    found = {
        other.key: other
        for other in Plan.objects.visible_to(user)
        .filter(organization_id=plan.organization_id)
        .filter(Q(key__in=keys - {""}) | Q(revises=plan.key))
    }
    return LinkedPlans(
        [(relation, found.get(relation.related_key)) for relation in relations],
        found.get(plan.revises),
        [other for other in found.values() if other.revises == plan.key],
    )
