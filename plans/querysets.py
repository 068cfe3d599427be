"""The only ways to rows of plans, their trees and their rounds."""

from typing import Self

from tree_queries.query import TreeQuerySet

from accounts.querysets import OrganizationScoped


class PlanQuerySet(OrganizationScoped):
    pass


class OfPlan(OrganizationScoped):
    """Rows that belong to a plan and are seen by who sees the plan."""

    organization_path = "plan__organization_id"


class MeasureQuerySet(OfPlan, TreeQuerySet):
    def in_tree_order(self) -> Self:
        """Depth-first, siblings by position; each row carries `tree_depth`."""
        return self.with_tree_fields().select_related("level")


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


class SubmissionQuerySet(OrganizationScoped):
    organization_path = "cycle__plan__organization_id"
