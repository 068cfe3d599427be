"""Pages of indicators, and of entering their values."""

from django.urls import path

from kpi.views import entry, indicators

app_name = "kpi"
urlpatterns = [
    path("", indicators.IndicatorList.as_view(), name="indicator_list"),
    path("<int:pk>/", indicators.indicator, name="indicator"),
    path("entry/", entry.entry, name="entry"),
    path("entry/<int:cycle_id>/<int:indicator_id>/", entry.entry_row, name="entry_row"),
]
