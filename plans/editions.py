"""Whose a fiscal year is, in the chain of a plan's editions (改定)."""

from plans import fiscal_years
from plans.models import Plan


def why_year_is_not_its_own(plan: Plan, fiscal_year: int) -> str:
    """Why a round of this year belongs to the plan's successor; "" if it is the plan's own."""
    if plan.status != Plan.Status.SUPERSEDED:
        return ""
    after = plan.successor
    if after is None or after.applies_from is None or fiscal_year < after.applies_from:
        return ""
    return (
        f"「{plan}」は旧版です。{fiscal_years.long_form(after.applies_from)}からの照会は、"
        f"改定後の「{after}」で作成してください。"
    )
