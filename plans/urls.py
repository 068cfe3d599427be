"""Pages of plans. `dxportal.urls.pages` adds those that span the apps to the same namespace."""

from django.urls import path

from plans import views

app_name = "plans"
urlpatterns = [
    path("", views.PlanList.as_view(), name="list"),
    path("<int:pk>/document/", views.document, name="document"),
]
