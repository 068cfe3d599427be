"""Addresses of annual reports."""

from django.urls import path

from dxportal.views import published_reports, report_templates, reports

app_name = "reports"
urlpatterns = [
    path("", reports.report_list, name="list"),
    path("start/", reports.start, name="start"),
    path("<int:pk>/", reports.detail, name="detail"),
    path("<int:pk>/progress/", reports.progress, name="progress"),
    path("<int:pk>/cancel/", reports.cancel, name="cancel"),
    path("<int:pk>/download/", reports.download, name="download"),
    path("<int:pk>/publish/", published_reports.publish, name="publish"),
    path("published/", published_reports.published, name="published"),
    path("published/<int:pk>/", published_reports.published_detail, name="published_detail"),
    path(
        "published/<int:pk>/download/",
        published_reports.published_download,
        name="published_download",
    ),
    path("published/<int:pk>/withdraw/", published_reports.withdraw, name="withdraw"),
    path("compare/", published_reports.compare, name="compare"),
    path("templates/", report_templates.templates, name="templates"),
    path("templates/new/", report_templates.new, name="template_new"),
    path("templates/<int:pk>/", report_templates.change, name="template_change"),
    path("templates/<int:pk>/delete/", report_templates.delete, name="template_delete"),
]
