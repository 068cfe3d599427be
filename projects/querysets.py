"""The only ways to rows of projects and what hangs on them."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db.models import Min, Q

from accounts.policy import scope_of
from accounts.querysets import EVERY_PLAN, OrganizationScoped
from plans.querysets import OfPlan

if TYPE_CHECKING:
    from accounts.models import User


class ProjectQuerySet(OrganizationScoped):
    plan_path = "placements__plan"

    def in_plan(self, plan_id: int) -> Self:
        """Each project of the plan once, however often it is placed."""
        return self.filter(placements__plan_id=plan_id).distinct()

    def with_first_code(self, user: "User | AnonymousUser") -> Self:
        """With `first_code`, the first of the codes of its places: what lists sort by as `code`."""
        plan_ids = scope_of(user).plan_ids
        opened = None if plan_ids is None else Q(placements__plan__in=plan_ids)
        return self.annotate(first_code=Min("placements__code", filter=opened))


class OfProject(OrganizationScoped):
    """Rows that belong to a project and are seen by who sees the project."""

    organization_path = "project__organization_id"
    plan_path = "project__placements__plan"


class PlacementQuerySet(OfPlan):
    def counted_once(self) -> Self:
        """The primary placements: what totals count, so that 再掲 is never counted again."""
        return self.filter(is_primary=True)


class AtMeasure(OrganizationScoped):
    """Rows that belong to a measure, and so to its plan."""

    organization_path = "measure__plan__organization_id"


class ProjectSuccessionQuerySet(OrganizationScoped):
    organization_path = "successor__organization_id"

    def within_plans(self, plan_ids: Iterable[int]) -> Self:
        """Both ends are named by the row, so both must stand in one of the plans."""
        standing = self.model._base_manager.filter(
            successor__placements__plan__in=plan_ids, predecessor__placements__plan__in=plan_ids
        )
        return self.filter(pk__in=standing.values("pk"))


class TagSchemeQuerySet(OrganizationScoped):
    plan_path = EVERY_PLAN


class TagQuerySet(OrganizationScoped):
    organization_path = "scheme__organization_id"
    plan_path = EVERY_PLAN


class ReviewQuerySet(OfPlan):
    def behind(self) -> Self:
        return self.filter(mark__is_behind=True)
