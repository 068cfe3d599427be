"""Forgetting old changes, so that the feed does not grow for ever.

The newest row that is forgotten stays as a mark with nothing in it: positions below it lead
nowhere any more, whatever else came and went (numbers of writes that were undone are missing too).
"""

import datetime

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from dxportal.models import RowChange


def forget_old_changes() -> int:
    """Delete what is older than API_FEED_KEPT_DAYS; how many rows."""
    limit = timezone.now() - datetime.timedelta(days=settings.API_FEED_KEPT_DAYS)
    with transaction.atomic():
        newest = RowChange.objects.filter(at__lt=limit).order_by("-pk").first()
        if newest is None:
            return 0
        RowChange.objects.filter(pk=newest.pk).update(
            resource="", object_id=0, organization_id=None, plan_id=None
        )
        deleted, _ = RowChange.objects.filter(pk__lt=newest.pk).delete()
    return deleted


def forgotten_until() -> int:
    """The position below which changes are gone; 0 where none was forgotten."""
    first = RowChange.objects.order_by("pk").first()
    return first.pk if first is not None and not first.resource else 0
