"""The FilterSet of budget entries."""

from budgets.models import BudgetEntry
from plans.filters import ordering
from projects.filters import OfProjectFilterSet


class BudgetFilterSet(OfProjectFilterSet):
    search_paths = ("project__name", "raw_text")

    ordering = ordering(["fiscal_year", "amount"])

    class Meta:
        model = BudgetEntry
        fields = ["stage", "category", "is_zero_budget"]
