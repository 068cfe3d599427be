"""What differs between two plans or editions, and between two fiscal years of one plan."""

from dxportal.comparison.differences import Change, Comparison, Difference, Subject
from dxportal.comparison.of_plans import compare_plans
from dxportal.comparison.of_years import compare_years

__all__ = ["Change", "Comparison", "Difference", "Subject", "compare_plans", "compare_years"]
