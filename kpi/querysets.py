"""The only ways to indicators and their values."""

from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db.models import Prefetch, Q

from accounts.policy import Act, scope_of
from accounts.querysets import OrganizationScoped
from plans.querysets import OfPlan

if TYPE_CHECKING:
    from accounts.models import User


class IndicatorQuerySet(OrganizationScoped):
    plan_path = "uses__plan"

    def in_plan(self, plan_id: int) -> Self:
        """Each indicator that the plan uses, once."""
        return self.filter(uses__plan_id=plan_id).distinct()

    def allowing(self, user: "User | AnonymousUser", act: Act) -> Self:
        """Indicators on which this person's roles allow the act, there or in their department."""
        scope = scope_of(user)
        return self.filter(
            Q(organization_id__in=scope.organizations.get(act, ()))
            | Q(department_id__in=scope.departments.get(act, ()))
        )

    def enterable_by(self, user: "User | AnonymousUser") -> Self:
        """Indicators whose figures this person may enter when a round is open."""
        return self.allowing(user, Act.ENTER)

    def with_values(self) -> Self:
        """With targets, actuals, definition changes and uses, in a fixed number of queries."""
        return self.select_related("department", "organization").prefetch_related(
            "targets",
            "actuals",
            "definition_changes",
            Prefetch("uses"),
            "uses__measure",
            "uses__project",
            "uses__plan",
        )


class OfIndicator(OrganizationScoped):
    """Rows that belong to an indicator and are seen by who sees the indicator."""

    organization_path = "indicator__organization_id"
    plan_path = "indicator__uses__plan"


class IndicatorUseQuerySet(OfPlan):
    pass


class TargetQuerySet(OfIndicator):
    pass


class ActualQuerySet(OfIndicator):
    pass
