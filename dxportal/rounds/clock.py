"""What a round does by itself: at its stored times it goes on to its next state."""

import datetime
import logging

from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import Channel
from accounts.versions import StaleVersion
from plans.models import ReportingCycle
from plans.services import move_cycle

State = ReportingCycle.State
REASON = "期限になったため"
logger = logging.getLogger(__name__)


def due_state(cycle: ReportingCycle, now: datetime.datetime) -> str:
    """The state in which a round should be by its times; its own where nothing is due."""
    if cycle.state not in ReportingCycle.ENTRY_STATES:
        return cycle.state
    end = cycle.entry_ends_at
    if end is not None and end <= now:
        return State.CLOSED
    if cycle.state == State.OPEN and cycle.closes_at is not None and cycle.closes_at <= now:
        return State.GRACE
    return cycle.state


def advance_rounds(now: datetime.datetime | None = None) -> int:
    """Move every round whose time has come (入力中 → 猶予 → 締切); how many moved.

    Running it twice moves nothing twice. Whether a figure may be entered is decided by the times
    themselves, so a late run lets nothing slip in.
    """
    now = now or timezone.now()
    actor = Actor.system(Channel.JOB)
    moved = 0
    for cycle in ReportingCycle.objects.accepting().select_related("plan"):
        to = due_state(cycle, now)
        if to == cycle.state:
            continue
        try:
            move_cycle(actor, cycle, to, cycle.version, REASON)
        except (StaleVersion, ValidationError) as error:
            logger.info("Round %s was moved by somebody else meanwhile: %s", cycle.pk, error)
            continue
        moved += 1
    return moved
