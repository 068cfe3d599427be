"""The only ways to rows of the ground floor."""

import datetime
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from tree_queries.query import TreeQuerySet

if TYPE_CHECKING:
    from accounts.models import User


# What an organization's plans share and what says nothing of any of them: departments, tags.
EVERY_PLAN = "*"


class OrganizationScoped(models.QuerySet):
    """Rows that a user may see because of the organization they belong to.

    `organization_path` is the look-up from the row to its organization's id. `plan_path` is the
    one to the plans that the row stands in, for who comes with a token that opens some plans
    only; left out, it is read off an organization path that leads through the plan, and rows of
    no plan are then seen by nobody with such a token.
    """

    organization_path = "organization_id"
    plan_path = ""

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        from accounts.policy import scope_of  # the policy reads these models

        scope = scope_of(user)
        if self.model._meta.label_lower in scope.hidden_models:
            return self.none()
        rows = self.filter(**{f"{self.organization_path}__in": scope.organization_ids})
        return rows if scope.plan_ids is None else rows.within_plans(scope.plan_ids)

    def within_plans(self, plan_ids: Iterable[int]) -> Self:
        """Rows that stand in one of these plans, each once, and what all plans share."""
        path = self.plan_path or self._path_through_plan()
        if path == EVERY_PLAN:
            return self
        if not path:
            return self.none()
        standing = self.model._base_manager.filter(**{f"{path}__in": plan_ids})
        return self.filter(pk__in=standing.values("pk"))

    def _path_through_plan(self) -> str:
        steps = self.organization_path.split("__")
        return "__".join(steps[: steps.index("plan") + 1]) if "plan" in steps else ""


class OrganizationQuerySet(OrganizationScoped):
    organization_path = "pk"
    plan_path = EVERY_PLAN


class TreesQuerySet(TreeQuerySet):
    """Many trees in one table, one to each owner; only the owner's tree is ever walked.

    Left alone, the library ranks all rows of the table for each question about one tree.
    """

    tree_owner = "organization_id"

    def in_trees_of(self, owners: Iterable[int]) -> Self:
        """Rows of these owners' trees, depth first; each row carries `tree_depth`."""
        those = {f"{self.tree_owner}__in": list(owners)}
        found: Self = self.filter(**those).with_tree_fields().tree_filter(**those)
        return found

    def descendants(self, of: Any, *, include_self: bool = False) -> Self:
        found: Self = TreeQuerySet.descendants(self._beside(of), of, include_self=include_self)
        return found

    def ancestors(self, of: Any, *, include_self: bool = False) -> Self:
        found: Self = TreeQuerySet.ancestors(self._beside(of), of, include_self=include_self)
        return found

    def _beside(self, of: Any) -> Self:
        """The tree in which this row (or the row of this number) stands."""
        if isinstance(of, models.Model):
            return self.in_trees_of([getattr(of, self.tree_owner)])
        owners = self.model._base_manager.filter(pk=of).values_list(self.tree_owner, flat=True)
        return self.in_trees_of(owners)


class DepartmentQuerySet(OrganizationScoped, TreesQuerySet):
    plan_path = EVERY_PLAN

    def on(self, day: datetime.date) -> Self:
        """Departments that exist on that day."""
        return self.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=day),
            Q(valid_to__isnull=True) | Q(valid_to__gte=day),
        )


class OfNumberedPlan(OrganizationScoped):
    """Rows that keep the number of their plan, and outlive it."""

    plan_path = "plan_id"


class AdministeredQuerySet(OrganizationScoped):
    """Rows that are there for the administrators of their organization alone."""

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return super().visible_to(user).administered_by(user)

    def administered_by(self, user: "User | AnonymousUser") -> Self:
        from accounts.policy import Act, scope_of  # the policy reads these models

        administered = scope_of(user).organizations.get(Act.ADMINISTER, frozenset())
        return self.filter(**{f"{self.organization_path}__in": administered})


class TokenQuerySet(AdministeredQuerySet):
    organization_path = "user__organization_id"


class NoticeQuerySet(OrganizationScoped):
    """One's own, of the organizations in which one still has a part."""

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return super().visible_to(user).filter(user_id=user.pk)


class CallQuerySet(AdministeredQuerySet):
    """Calls are added, and cleared when their time is over.

    Who calls without a valid token is of no organization: every administrator sees that.
    """

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        from accounts.policy import Act, scope_of  # the policy reads these models

        scope = scope_of(user)
        administered = scope.organizations.get(Act.ADMINISTER, frozenset())
        if not administered or scope.plan_ids is not None:
            return self.none()
        return self.filter(Q(organization__in=administered) | Q(organization__isnull=True))

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("Calls are never changed.")


class AuditQuerySet(OfNumberedPlan):
    """Entries can be read and added, nothing else."""

    administered_by = AdministeredQuerySet.administered_by

    def of(self, instance: models.Model) -> Self:
        return self.filter(object_type=instance._meta.label_lower, object_id=instance.pk)

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("Audit entries are never changed.")

    def delete(self) -> NoReturn:
        raise TypeError("Audit entries are never deleted.")
