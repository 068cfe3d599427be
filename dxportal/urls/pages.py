"""The portal's pages. Those that span the apps join the namespace of the thing they show."""

from django.urls import include, path

from dxportal.views import (
    budgets,
    comparison,
    dashboard,
    home,
    mapping,
    plans,
    projects,
    publishing,
    reorganization,
    revisions,
    search,
    tag_matrix,
)
from plans import urls as plan_urls
from projects import urls as project_urls

plan_pages = [
    *plan_urls.urlpatterns,
    path("new/", revisions.create, name="create"),
    path("<int:pk>/", plans.tree, name="tree"),
    path("<int:pk>/budget/", budgets.plan_budget, name="budget"),
    path("<int:pk>/matrix/", tag_matrix.matrix, name="matrix"),
    path("<int:pk>/mapping/", mapping.mapping, name="mapping"),
    path("<int:pk>/compare/", comparison.compare, name="compare"),
    path("<int:pk>/revise/", revisions.revise, name="revise"),
    path("<int:pk>/put-into-force/", revisions.put_into_force, name="put_into_force"),
    path("<int:pk>/publish/", publishing.publish, name="publish"),
    path("<int:pk>/withdraw/", publishing.withdraw, name="withdraw"),
    path(
        "<int:pk>/data-versions/<int:version_pk>/withdraw/",
        publishing.withdraw_version,
        name="withdraw_version",
    ),
    path("measures/<int:pk>/", plans.measure, name="measure"),
]
project_pages = [
    *project_urls.urlpatterns,
    path("<int:pk>/", projects.project, name="detail"),
]

urlpatterns = [
    path("", home.home, name="home"),
    path("search/", search.search, name="search"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/", include("dxportal.urls.dashboards")),
    path("plans/", include((plan_pages, "plans"))),
    path("plans/<int:plan_pk>/edit/", include("dxportal.urls.editing")),
    path("books/", include("dxportal.urls.books")),
    path("rounds/", include("dxportal.urls.rounds")),
    path("projects/", include((project_pages, "projects"))),
    path("departments/reorganization/", reorganization.reorganization, name="reorganization"),
    path(
        "departments/reorganization/<str:on>/", reorganization.result, name="reorganization_result"
    ),
    path("kpi/", include("kpi.urls")),
    path("webhooks/", include("dxportal.urls.webhooks")),
    path("tokens/", include("dxportal.urls.tokens")),
    path("audit/", include("dxportal.urls.audit")),
]
