"""Pages of projects. `dxportal.urls.pages` adds those that span the apps to the same namespace."""

from django.urls import path

from projects import views

app_name = "projects"
urlpatterns = [path("", views.ProjectList.as_view(), name="list")]
