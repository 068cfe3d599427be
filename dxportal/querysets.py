"""The only ways to jobs, reports and webhooks."""

import datetime
from typing import TYPE_CHECKING, Self

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.utils import timezone

from accounts.querysets import AdministeredQuerySet, OrganizationScoped
from plans.querysets import OfPlan

if TYPE_CHECKING:
    from accounts.models import User


class ReportJobQuerySet(OfPlan):
    def stalled(self, lease: datetime.timedelta) -> Self:
        """Running jobs without a sign of life for longer than the lease: their worker is gone."""
        return self.filter(state="running", heartbeat_at__lt=timezone.now() - lease)

    def unclaimed(self, patience: datetime.timedelta) -> Self:
        """Jobs that waited so long that their message must have been lost."""
        return self.filter(state="queued", queued_at__lt=timezone.now() - patience)


class SavedViewQuerySet(OrganizationScoped):
    """One's own, and those that others of the office share."""

    def visible_to(self, user: "User | AnonymousUser") -> Self:
        return super().visible_to(user).filter(Q(user_id=user.pk) | Q(is_shared=True))


class DeliveryQuerySet(AdministeredQuerySet):
    organization_path = "webhook__organization_id"

    def due(self, patience: datetime.timedelta) -> Self:
        """Those whose time has come and for which no message is on its way to a worker."""
        now = timezone.now()
        unsent = Q(message_sent_at__isnull=True) | Q(message_sent_at__lt=now - patience)
        return self.filter(unsent, state="pending", next_attempt_at__lte=now)
