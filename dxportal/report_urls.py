"""Addresses of annual reports."""

from django.urls import path

from dxportal.views import reports

app_name = "reports"
urlpatterns = [
    path("", reports.report_list, name="list"),
    path("start/", reports.start, name="start"),
    path("<int:pk>/", reports.detail, name="detail"),
    path("<int:pk>/progress/", reports.progress, name="progress"),
    path("<int:pk>/cancel/", reports.cancel, name="cancel"),
    path("<int:pk>/download/", reports.download, name="download"),
]
