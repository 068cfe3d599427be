"""The chain of a plan's editions (改定): which plan comes after, and whose a year is."""

from plans import fiscal_years
from plans.models import Plan


def successor_of(plan: Plan) -> Plan | None:
    """The plan in force, or once in force, that took this one's place; None while there is none."""
    return (
        Plan.objects.filter(organization_id=plan.organization_id, revises=plan.key)
        .exclude(status=Plan.Status.DRAFT)
        .order_by("applies_from", "pk")
        .first()
    )


def why_year_is_not_its_own(plan: Plan, fiscal_year: int) -> str:
    """Why a round of this year belongs to the plan's successor; "" if it is the plan's own."""
    if plan.status != Plan.Status.SUPERSEDED:
        return ""
    after = successor_of(plan)
    if after is None or after.applies_from is None or fiscal_year < after.applies_from:
        return ""
    return (
        f"「{plan}」は旧版です。{fiscal_years.long_form(after.applies_from)}からの照会は、"
        f"改定後の「{after}」で作成してください。"
    )
