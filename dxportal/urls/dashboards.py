"""The addresses below the dashboard."""

from django.urls import path, re_path

from dxportal.views import dashboard, saved_views

app_name = "dashboard"

urlpatterns = [
    path("indicators/", dashboard.indicators, name="indicators"),
    path("projects/", dashboard.projects, name="projects"),
    path("budgets/", dashboard.budgets, name="budgets"),
    path("logic/", dashboard.logic, name="logic"),
    path("entry/", dashboard.entry, name="entry"),
    path("meeting/", dashboard.meeting, name="meeting"),
    path("views/", saved_views.views, name="views"),
    path("views/<int:pk>/", saved_views.change, name="view_change"),
    path("views/<int:pk>/delete/", saved_views.delete, name="view_delete"),
    re_path(r"^charts/(?P<name>[a-z-]+)\.(?P<file_format>svg|csv)$", dashboard.chart, name="chart"),
]
