"""The FilterSet of budget entries."""

from accounts.models import Organization
from budgets.models import BudgetEntry
from plans.filters import FiscalYearFilterSet, InDepartment, RowFilter, UnderMeasure, ordering
from plans.models import Plan
from projects.models import Project


class BudgetFilterSet(FiscalYearFilterSet):
    search_paths = ("project__name", "raw_text")

    organization = RowFilter(Organization, "project__organization", "団体")
    plan = RowFilter(Plan, "project__placements__plan", "計画")
    measure = UnderMeasure("project__placements__measure")
    project = RowFilter(Project, "project", "事業")
    department = InDepartment(
        "project__department_links__department", "project__department_links__plan"
    )
    ordering = ordering(["fiscal_year", "amount"])

    class Meta:
        model = BudgetEntry
        fields = ["stage", "category", "is_zero_budget"]
