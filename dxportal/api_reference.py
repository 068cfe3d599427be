"""The API's schema and its reference page, which works offline and under the portal's CSP."""

from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponseBase
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated


class Schema(SpectacularAPIView):
    """YAML, or JSON where the client asks for it."""


class Reference(SpectacularSwaggerSplitView):
    """Swagger UI from the portal's own files; its script has an address of its own."""

    url_name = "api-schema"
    template_name = "dxportal/api_reference.html"

    def handle_exception(self, exc: Exception) -> HttpResponseBase:
        """A person who is not signed in is sent to the sign-in page, as on any other page."""
        if isinstance(exc, NotAuthenticated) and self.request.method in ("GET", "HEAD"):
            return redirect_to_login(self.request.get_full_path())
        return super().handle_exception(exc)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A page, which has nothing to tell about itself."""
        raise MethodNotAllowed(request.method)
