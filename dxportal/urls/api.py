"""The API's addresses, all under /api/v1/."""

from django.urls import path, re_path
from rest_framework.routers import APIRootView, DefaultRouter

from accounts import api as accounts
from accounts.api_notices import NoticeViewSet
from budgets import api as budgets
from dxportal import api as reports
from dxportal.access.api import AuditViewSet, TokenViewSet
from dxportal.api_plans import PlanActs
from dxportal.api_saved_views import SavedViewViewSet
from dxportal.editors import api_resources
from dxportal.editors.api import DeletionViewSet, PlacementActs, TreeActs, editable
from dxportal.editors.api_bulk import in_bulk
from dxportal.feed.api import ChangesView
from dxportal.planbook.api import BookViewSet
from dxportal.planbook.api_mappings import ColumnMappingViewSet
from dxportal.reorganization.api import OrganizationActs
from dxportal.reports.api_templates import ReportTemplateViewSet
from dxportal.rest.reference import ProblemView, Reference, Schema, UnknownAddress
from dxportal.rounds import api as rounds
from dxportal.rounds import api_at_items as at_items
from dxportal.rounds.api_corrections import CorrectionViewSet
from dxportal.rounds.api_cycles import CycleViewSet
from dxportal.searching.api import SearchView
from dxportal.webhooks import api as webhooks
from kpi import api as kpi
from plans import api as plans
from projects import api as projects
from projects import api_bulk as in_many

RESOURCES = {
    "organizations": OrganizationActs,
    "departments": accounts.DepartmentViewSet,
    "plans": editable("plan", plans.PlanViewSet, PlanActs),
    "levels": editable("level", plans.LevelViewSet),
    "measures": editable("measure", plans.MeasureViewSet, TreeActs),
    "phases": editable("phase", plans.PhaseViewSet),
    "tags": editable("tag", projects.TagViewSet),
    "projects": editable("project", projects.ProjectViewSet),
    "placements": editable("placement", projects.PlacementViewSet, PlacementActs),
    "schedule": editable("schedule", in_many.ScheduleViewSet, in_bulk("schedule")),
    "indicators": editable("indicator", kpi.IndicatorViewSet),
    "indicator-uses": editable("indicator-use", kpi.IndicatorUseViewSet),
    "targets": editable("target", kpi.TargetViewSet, in_bulk("target")),
    "actuals": kpi.ActualViewSet,
    "reviews": in_many.ReviewViewSet,
    "budgets": editable("budget", budgets.BudgetViewSet, in_bulk("budget")),
    "settlements": budgets.SettlementViewSet,
    **api_resources.resources(),
    "cycles": CycleViewSet,
    "submissions": rounds.SubmissionViewSet,
    "items": rounds.RoundItemViewSet,
    "extensions": at_items.ExtensionViewSet,
    "comments": at_items.CommentViewSet,
    "corrections": CorrectionViewSet,
    "evidence": at_items.EvidenceViewSet,
    "deletions": DeletionViewSet,
    "reports": reports.ReportViewSet,
    "published-reports": reports.PublishedReportViewSet,
    "report-templates": ReportTemplateViewSet,
    "books": BookViewSet,
    "column-mappings": ColumnMappingViewSet,
    "jobs": reports.ReportJobViewSet,
    "saved-views": SavedViewViewSet,
    "notices": NoticeViewSet,
    "tokens": TokenViewSet,
    "audit": AuditViewSet,
    "webhooks": webhooks.WebhookViewSet,
    "webhook-origins": webhooks.WebhookOriginViewSet,
    "webhook-deliveries": webhooks.WebhookDeliveryViewSet,
}


class Root(APIRootView):
    """The resources of the API and their addresses."""

    resource = ""


router = DefaultRouter(use_regex_path=False)
router.root_view_name = "api-root"
router.APIRootView = Root
router.include_format_suffixes = False
for name, viewset in RESOURCES.items():
    router.register(name, viewset, basename=f"api-{name}")

urlpatterns = [
    *router.urls,
    path("schema/", Schema.as_view(), name="api-schema"),
    path("changes/", ChangesView.as_view(), name="api-changes"),
    path("search/", SearchView.as_view(), name="api-search"),
    path("docs/", Reference.as_view(), name="api-docs"),
    path("problems/<slug:name>/", ProblemView.as_view(), name="api-problem"),
    re_path(r"^.*$", UnknownAddress.as_view()),
]
