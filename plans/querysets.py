"""The only ways to rows of plans, their trees and their rounds."""

from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from accounts.policy import Act, scope_of
from accounts.querysets import OrganizationScoped, TreesQuerySet

if TYPE_CHECKING:
    from accounts.models import User


class PlanQuerySet(OrganizationScoped):
    plan_path = "pk"


class OfPlan(OrganizationScoped):
    """Rows that belong to a plan and are seen by who sees the plan."""

    organization_path = "plan__organization_id"


class MeasureQuerySet(OfPlan, TreesQuerySet):
    tree_owner = "plan_id"


class OfTerm(OrganizationScoped):
    organization_path = "term__plan__organization_id"


class OfReferenceList(OrganizationScoped):
    organization_path = "reference_list__plan__organization_id"


class TargetStateQuerySet(OrganizationScoped):
    organization_path = "measure__plan__organization_id"


class CycleQuerySet(OfPlan):
    def accepting(self) -> Self:
        """Rounds in which figures can be entered, as far as the stored state says."""
        return self.filter(state__in=self.model.ENTRY_STATES)

    def settled(self) -> Self:
        """Annual rounds whose figures are final: they change by correction alone."""
        return self.filter(kind="annual", state__in=self.model.SETTLED_STATES)


class OfCycle(OrganizationScoped):
    organization_path = "cycle__plan__organization_id"


class SubmissionQuerySet(OfCycle):
    pass


class ItemQuerySet(OfCycle):
    def of(self, kind: str, object_id: int, fiscal_year: int) -> Self:
        """The items that ask for one thing of a year, in all rounds of all plans."""
        return self.filter(kind=kind, object_id=object_id, cycle__fiscal_year=fiscal_year)

    def allowing(self, user: "User | AnonymousUser", act: Act) -> Self:
        """Items on which this person's roles allow the act, there or in their department."""
        scope = scope_of(user)
        return self.filter(
            Q(cycle__plan__organization_id__in=scope.organizations.get(act, ()))
            | Q(department_id__in=scope.departments.get(act, ()))
        )

    def owed(self) -> Self:
        """Items that still wait for their department."""
        return self.filter(state__in=self.model.ENTRY_STATES)


class OfItem(OrganizationScoped):
    organization_path = "item__cycle__plan__organization_id"


class CorrectionQuerySet(OfItem):
    pass
