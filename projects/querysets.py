"""The only ways to rows of projects and what hangs on them."""

from typing import Self

from accounts.querysets import OrganizationScoped
from plans.querysets import OfPlan


class ProjectQuerySet(OrganizationScoped):
    def in_plan(self, plan_id: int) -> Self:
        """Each project of the plan once, however often it is placed."""
        return self.filter(placements__plan_id=plan_id).distinct()


class OfProject(OrganizationScoped):
    """Rows that belong to a project and are seen by who sees the project."""

    organization_path = "project__organization_id"


class PlacementQuerySet(OfPlan):
    def counted_once(self) -> Self:
        """The primary placements: what totals count, so that 再掲 is never counted again."""
        return self.filter(is_primary=True)


class AtMeasure(OrganizationScoped):
    """Rows that belong to a measure, and so to its plan."""

    organization_path = "measure__plan__organization_id"


class ProjectSuccessionQuerySet(OrganizationScoped):
    organization_path = "successor__organization_id"


class TagSchemeQuerySet(OrganizationScoped):
    pass


class TagQuerySet(OrganizationScoped):
    organization_path = "scheme__organization_id"


class ReviewQuerySet(OfPlan):
    def behind(self) -> Self:
        return self.filter(mark__is_behind=True)
