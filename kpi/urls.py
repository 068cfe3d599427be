"""Pages of indicators."""

from django.urls import path

from kpi.views import indicators

app_name = "kpi"
urlpatterns = [
    path("", indicators.IndicatorList.as_view(), name="indicator_list"),
    path("<int:pk>/", indicators.indicator, name="indicator"),
]
