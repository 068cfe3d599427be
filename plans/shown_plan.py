"""Which plan a page is about when the address names none."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import Max

from accounts.models import User
from plans.models import Plan


def shown_plan(user: User | AnonymousUser, asked: str | None = None) -> Plan | None:
    """The visible plan that is asked for, else the one in force with the newest round."""
    plans = list(
        Plan.objects.visible_to(user)
        .select_related("organization")
        .annotate(last_round=Max("cycles__fiscal_year"))
    )
    for plan in plans:
        if str(plan.pk) == asked:
            return plan
    in_force = [plan for plan in plans if plan.status == Plan.Status.ACTIVE]
    return max(in_force or plans, key=lambda plan: (plan.last_round or 0, -plan.pk), default=None)
