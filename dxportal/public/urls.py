"""Public addresses. They hold no question marks, so that the static site has the same pages."""

from django.urls import include, path, register_converter
from django.urls.converters import StringConverter

from dxportal.public import data, pages

app_name = "public"


class OrganizationCode(StringConverter):
    regex = r"\d{6}"


class FileFormat(StringConverter):
    regex = "csv|xlsx|json"


class TableFormat(StringConverter):
    regex = "csv|xlsx"


class ChartFormat(StringConverter):
    regex = "svg|png|csv"


class ReportFormat(StringConverter):
    regex = "pdf|xlsx|docx"


for _converter, _name in (
    (OrganizationCode, "code"),
    (FileFormat, "data_format"),
    (TableFormat, "table_format"),
    (ChartFormat, "chart_format"),
    (ReportFormat, "report_format"),
):
    register_converter(_converter, _name)

plan_pages = [
    path("", pages.plan, name="plan"),
    path("fy<int:fiscal_year>/", pages.plan, name="plan_year"),
    path("text/", pages.text, name="text"),
    path("measures/<int:pk>/", pages.measure, name="measure"),
    path("projects/", pages.projects, name="projects"),
    path("projects/<int:pk>/", pages.project, name="project"),
    path("indicators/", pages.indicators, name="indicators"),
    path("indicators/<int:pk>/", pages.indicator, name="indicator"),
    path("indicators/<int:pk>/chart.<chart_format:format>", data.chart, name="chart"),
    path("indicators/<int:pk>/embed/", data.embed, name="embed"),
    path("budget/", pages.budget, name="budget"),
    path("budget/fy<int:fiscal_year>/", pages.budget, name="budget_year"),
    path("reports/", pages.reports, name="reports"),
    path("reports/<int:pk>/report.<report_format:format>", pages.report_file, name="report_file"),
    path("corrections/", pages.corrections, name="corrections"),
    path("history/", pages.history, name="history"),
]
data_pages = [
    path("", data.plan_data, name="plan_data"),
    path("<slug:name>.<data_format:format>", data.dataset, name="dataset"),
    path("<slug:name>/items.<table_format:format>", data.items, name="items"),
    path("fy<int:fiscal_year>/<slug:name>.<data_format:format>", data.dataset, name="dataset_year"),
    path("versions/<slug:version>/", data.version, name="version"),
    path("versions/<slug:version>/<str:file>", data.version_file, name="version_file"),
]
urlpatterns = [
    path("", pages.index, name="index"),
    path("accessibility/", pages.accessibility, name="accessibility"),
    path("data/", data.data, name="data"),
    path("data/catalog.jsonld", data.catalogue, name="catalogue"),
    path("data/<code:code>/<str:key>/", include(data_pages)),
    path("<code:code>/<str:key>/", include(plan_pages)),
]
