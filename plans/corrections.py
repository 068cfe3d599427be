"""What a page tells of corrections (訂正): those that were made, and what may be corrected."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser

from accounts.models import User
from accounts.policy import Act, scope_of
from plans.models import Correction, Plan, ReportingCycle


@dataclass(frozen=True)
class Correctable:
    """A thing of a settled round, which this person may correct."""

    cycle: ReportingCycle
    kind: str
    object_id: int
    what: str = ""


def correctable_rounds(user: User | AnonymousUser, plans: Iterable[Plan]) -> list[ReportingCycle]:
    """The settled annual rounds of these plans in which this person may correct, newest first."""
    organizations = scope_of(user).organizations.get(Act.MANAGE, ())
    managed = {plan.pk for plan in plans if plan.organization_id in organizations}
    if not managed:
        return []
    cycles = ReportingCycle.objects.settled().filter(plan__in=managed)
    return list(cycles.select_related("plan").order_by("-fiscal_year", "plan"))


def corrections_of(
    user: User | AnonymousUser, kinds: Iterable[str], object_id: int
) -> list[Correction]:
    """What was corrected about a thing, newest first."""
    found = Correction.objects.visible_to(user)
    found = found.filter(item__kind__in=list(kinds), item__object_id=object_id)
    return list(found.select_related("item__cycle").order_by("-corrected_at"))
