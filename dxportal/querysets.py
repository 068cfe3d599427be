"""The only ways to jobs and reports."""

import datetime
from typing import Self

from django.utils import timezone

from plans.querysets import OfPlan


class ReportJobQuerySet(OfPlan):
    def stalled(self, lease: datetime.timedelta) -> Self:
        """Running jobs without a sign of life for longer than the lease: their worker is gone."""
        return self.filter(state="running", heartbeat_at__lt=timezone.now() - lease)

    def unclaimed(self, patience: datetime.timedelta) -> Self:
        """Jobs that waited so long that their message must have been lost."""
        return self.filter(state="queued", queued_at__lt=timezone.now() - patience)
