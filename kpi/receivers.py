"""What indicators do when a round below them moves."""

from typing import Any

from django.dispatch import receiver

from kpi.services import sync_states
from plans.models import RoundItem
from plans.signals import items_moved


@receiver(items_moved, dispatch_uid="kpi.sync_states")
def follow(items: list[RoundItem], **_: Any) -> None:
    sync_states(items)
