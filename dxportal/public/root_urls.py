"""All addresses of the read-only door (`PUBLIC_ONLY=1`): the public pages, and whether it lives."""

from django.contrib.auth.decorators import login_not_required
from django.urls import include, path
from django.views.generic import RedirectView

from dxportal.views.health import healthz

to_the_pages = login_not_required(RedirectView.as_view(pattern_name="public:index"))

urlpatterns = [
    path("", to_the_pages, name="home"),
    path("public/", include("dxportal.public.urls")),
    path("healthz/", healthz, name="healthz"),
]
handler400 = "dxportal.public.errors.bad_request"
handler403 = "dxportal.public.errors.forbidden"
handler404 = "dxportal.public.errors.not_found"
handler500 = "dxportal.public.errors.server_error"
