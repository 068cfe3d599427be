"""The FilterSets of reports and their templates, of books, saved views and deletions."""

import django_filters

from accounts.models import Deletion, Organization
from dxportal.models import (
    BookImport,
    ColumnMapping,
    PublishedReport,
    ReportJob,
    ReportTemplate,
    SavedView,
)
from plans.filters import (
    FiscalYearFilterSet,
    PortalFilterSet,
    RowFilter,
    ordering,
    updated_since,
)
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


class PublishedReportFilterSet(FiscalYearFilterSet):
    search_paths = ("title",)

    organization = RowFilter(Organization, "plan__organization", "団体")
    plan = RowFilter(Plan, "plan", "計画")
    is_withdrawn = django_filters.BooleanFilter(
        field_name="withdrawn_at", lookup_expr="isnull", exclude=True, label="取り下げたもの"
    )
    ordering = ordering(["fiscal_year", "published_at"])

    class Meta:
        model = PublishedReport
        fields: list[str] = []


class BookFilterSet(PortalFilterSet):
    search_paths = ("file_name",)

    organization = RowFilter(Organization, "organization", "団体")
    plan = RowFilter(Plan, "plan", "計画")
    ordering = ordering(["uploaded_at", "applied_at"])

    class Meta:
        model = BookImport
        fields = ["state"]


class ReportTemplateFilterSet(PortalFilterSet):
    search_paths = ("name",)

    organization = RowFilter(Organization, "organization", "団体")
    plan = RowFilter(Plan, "plan", "計画")
    updated_since = updated_since()
    ordering = ordering(["name", "updated_at"])

    class Meta:
        model = ReportTemplate
        fields: list[str] = []


class ColumnMappingFilterSet(PortalFilterSet):
    search_paths = ("name",)

    organization = RowFilter(Organization, "organization", "団体")
    updated_since = updated_since()
    ordering = ordering(["name", "updated_at"])

    class Meta:
        model = ColumnMapping
        fields: list[str] = []


class SavedViewFilterSet(PortalFilterSet):
    search_paths = ("name",)

    organization = RowFilter(Organization, "organization", "団体")
    ordering = ordering(["name", "created_at"])

    class Meta:
        model = SavedView
        fields = ["is_shared", "mails_monthly"]


class DeletionFilterSet(PortalFilterSet):
    search_paths = ("object_label", "deleted_by_name")

    organization = RowFilter(Organization, "organization", "団体")
    plan_id = django_filters.NumberFilter(label="計画の番号", min_value=1, max_value=2**63 - 1)
    is_restored = django_filters.BooleanFilter(
        field_name="restored_at", lookup_expr="isnull", exclude=True, label="元に戻したもの"
    )
    ordering = ordering(["deleted_at"])

    class Meta:
        model = Deletion
        fields = ["object_type"]
