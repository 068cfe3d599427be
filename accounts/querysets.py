"""The only ways to rows of the ground floor."""

import datetime
from typing import TYPE_CHECKING, Any, NoReturn, Self

from django.contrib.auth.models import AnonymousUser
from django.db import models
from django.db.models import Q
from tree_queries.query import TreeQuerySet

if TYPE_CHECKING:
    from accounts.models import User


class OrganizationScoped(models.QuerySet):
    """Rows that a user may see because of the organization they belong to.

    `organization_path` is the look-up from the row to its organization's id.
    """

    organization_path = "organization_id"

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        from accounts.policy import scope_of  # the policy reads these models

        return self.filter(**{f"{self.organization_path}__in": scope_of(user).organization_ids})


class OrganizationQuerySet(OrganizationScoped):
    organization_path = "pk"


class DepartmentQuerySet(OrganizationScoped, TreeQuerySet):
    def on(self, day: datetime.date) -> Self:
        """Departments that exist on that day."""
        return self.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=day),
            Q(valid_to__isnull=True) | Q(valid_to__gte=day),
        )


class AuditQuerySet(OrganizationScoped):
    """Entries can be read and added, nothing else."""

    def of(self, instance: models.Model) -> Self:
        return self.filter(object_type=instance._meta.label_lower, object_id=instance.pk)

    def update(self, **kwargs: Any) -> NoReturn:
        raise TypeError("Audit entries are never changed.")

    def delete(self) -> NoReturn:
        raise TypeError("Audit entries are never deleted.")
