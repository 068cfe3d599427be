"""Addresses of the administrator's pages of the logs."""

from django.urls import path

from dxportal.views import audit

app_name = "audit"
urlpatterns = [
    path("", audit.AuditPage.as_view(), name="list"),
    path("calls/", audit.CallPage.as_view(), name="calls"),
]
