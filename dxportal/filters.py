"""The FilterSets of report jobs and of the reports that they made."""

from accounts.models import Organization
from dxportal.models import ReportJob
from plans.filters import FiscalYearFilterSet, RowFilter, ordering
from plans.models import Plan


class ReportFilterSet(FiscalYearFilterSet):
    search_paths = ("plan__name",)

    organization = RowFilter(Organization, "plan__organization", "団体")
    plan = RowFilter(Plan, "plan", "計画")
    ordering = ordering(["fiscal_year", "finished_at"])

    class Meta:
        model = ReportJob
        fields = ["format"]


class ReportJobFilterSet(ReportFilterSet):
    ordering = ordering(["fiscal_year", "created_at", "finished_at"])

    class Meta:
        model = ReportJob
        fields = ["format", "state"]
