"""Pages on which a plan is built and changed, all below `plans/<plan>/edit/`."""

from django.urls import URLPattern

app_name = "editing"
urlpatterns: list[URLPattern] = []
