"""The API's addresses, all under /api/v1/."""

from django.urls import path, re_path
from rest_framework.routers import APIRootView, DefaultRouter

from accounts import api as accounts
from budgets import api as budgets
from dxportal import api as reports
from dxportal.api_reference import ProblemView, Reference, Schema, UnknownAddress
from dxportal.editors.api import DeletionViewSet, TreeActs, editable
from dxportal.rounds import api as rounds
from dxportal.rounds import api_at_items as at_items
from kpi import api as kpi
from plans import api as plans
from projects import api as projects

RESOURCES = {
    "organizations": accounts.OrganizationViewSet,
    "departments": accounts.DepartmentViewSet,
    "plans": editable("plan", plans.PlanViewSet),
    "levels": editable("level", plans.LevelViewSet),
    "measures": editable("measure", plans.MeasureViewSet, TreeActs),
    "phases": editable("phase", plans.PhaseViewSet),
    "tags": editable("tag", projects.TagViewSet),
    "projects": editable("project", projects.ProjectViewSet),
    "placements": editable("placement", projects.PlacementViewSet),
    "schedule": editable("schedule", projects.ScheduleViewSet),
    "indicators": editable("indicator", kpi.IndicatorViewSet),
    "indicator-uses": editable("indicator-use", kpi.IndicatorUseViewSet),
    "targets": editable("target", kpi.TargetViewSet),
    "actuals": kpi.ActualViewSet,
    "reviews": projects.ReviewViewSet,
    "budgets": editable("budget", budgets.BudgetViewSet),
    "settlements": budgets.SettlementViewSet,
    "cycles": plans.CycleViewSet,
    "submissions": rounds.SubmissionViewSet,
    "items": rounds.RoundItemViewSet,
    "extensions": at_items.ExtensionViewSet,
    "comments": at_items.CommentViewSet,
    "corrections": at_items.CorrectionViewSet,
    "evidence": at_items.EvidenceViewSet,
    "deletions": DeletionViewSet,
    "reports": reports.ReportViewSet,
    "jobs": reports.ReportJobViewSet,
}


class Root(APIRootView):
    """The resources of the API and their addresses."""


router = DefaultRouter(use_regex_path=False)
router.root_view_name = "api-root"
router.APIRootView = Root
router.include_format_suffixes = False
for name, viewset in RESOURCES.items():
    router.register(name, viewset, basename=f"api-{name}")

urlpatterns = [
    *router.urls,
    path("schema/", Schema.as_view(), name="api-schema"),
    path("docs/", Reference.as_view(), name="api-docs"),
    path("problems/<slug:name>/", ProblemView.as_view(), name="api-problem"),
    re_path(r"^.*$", UnknownAddress.as_view()),
]
