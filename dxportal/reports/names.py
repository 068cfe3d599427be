"""The name under which a person saves a report."""

from plans import fiscal_years
from plans.models import Plan


def file_name(plan: Plan, fiscal_year: int, format: str) -> str:
    return f"{plan.name}_{fiscal_years.long_form(fiscal_year)}年次報告書.{format}"
