"""The portal's addresses."""

from django.contrib import admin
from django.urls import include, path

from dxportal.views.health import healthz

urlpatterns = [
    path("", include("dxportal.urls.pages")),
    path("accounts/", include("accounts.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include("dxportal.urls.api")),
    path("reports/", include("dxportal.urls.reports")),
    path("public/", include("dxportal.public.urls")),
    path("healthz/", healthz, name="healthz"),
]
handler404 = "dxportal.public.errors.not_found_anywhere"
