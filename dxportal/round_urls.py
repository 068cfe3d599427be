"""Pages of the yearly round: entering, approving, and managing it."""

from django.urls import URLPattern

app_name = "rounds"
urlpatterns: list[URLPattern] = []
