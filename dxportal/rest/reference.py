"""What explains the API: its schema, its reference page (offline, under the CSP), its problems."""

import json
from functools import cache
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.http import HttpResponse, HttpResponseBase
from django.utils.http import content_disposition_header
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.settings import spectacular_settings
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers
from rest_framework.exceptions import MethodNotAllowed, NotAuthenticated, NotFound
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from dxportal.rest.problems import KINDS, TYPE_PREFIX
from dxportal.rest.reference_schema import for_viewer


class Schema(SpectacularAPIView):
    """YAML, or JSON where the client asks for it; it tells everybody the same."""

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        renderer = request.accepted_renderer
        name = f"{spectacular_settings.TITLE}.{renderer.format}"
        return HttpResponse(
            _schema_as(type(renderer)),
            headers={
                "Content-Type": renderer.media_type,
                "Content-Disposition": content_disposition_header(False, name) or "inline",
            },
        )


@cache
def _schema_as(renderer: type[BaseRenderer]) -> bytes:
    """Made once a process: it takes seconds, and changes with the code alone."""
    schema = SchemaGenerator().get_schema(request=None, public=True)
    written: bytes = renderer().render(schema, renderer_context={})
    return written


@cache
def _schema_for_viewer() -> bytes:
    schema = SchemaGenerator().get_schema(request=None, public=True)
    return json.dumps(for_viewer(schema), ensure_ascii=False, default=str).encode()


class Reference(SpectacularSwaggerSplitView):
    """Swagger UI from the portal's own files; its script and its schema are parts of the page."""

    template_name = "dxportal/api_reference.html"

    @extend_schema(exclude=True)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if "schema" in request.GET:
            return HttpResponse(_schema_for_viewer(), content_type="application/json")
        response: HttpResponseBase = super().get(request, *args, **kwargs)
        return response

    def _get_schema_url(self, request: Request) -> str:
        return f"{request.path}?schema="

    def handle_exception(self, exc: Exception) -> HttpResponseBase:
        """A person who is not signed in is sent to the sign-in page, as on any other page."""
        if isinstance(exc, NotAuthenticated) and self.request.method in ("GET", "HEAD"):
            return redirect_to_login(self.request.get_full_path())
        return super().handle_exception(exc)

    def options(self, request: Any, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """A page, which has nothing to tell about itself."""
        raise MethodNotAllowed(request.method)


class KindSerializer(serializers.Serializer):
    type = serializers.CharField(label="種類")
    title = serializers.CharField(label="見出し")
    status = serializers.IntegerField(label="状態コード")
    remedy = serializers.CharField(label="どうすればよいか")


class ProblemView(APIView):
    """What a problem's `type` leads to: what it means and what to do."""

    resource = ""

    serializer_class = KindSerializer

    @extend_schema(
        summary="エラーの種類の説明",
        description="エラーの `type` が指す先です。`Accept-Language: en` なら英語です。",
    )
    def get(self, request: Request, name: str) -> Response:
        if name not in KINDS:
            raise NotFound()
        kind = KINDS[name]
        title, remedy = kind.words()
        return Response(
            {
                "type": TYPE_PREFIX + name + "/",
                "title": title,
                "status": kind.status,
                "remedy": remedy,
            }
        )


class UnknownAddress(APIView):
    """Everything under the API that has no address of its own."""

    schema = None
    resource = ""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        hint = "" if request.path.endswith("/") else "アドレスの末尾に / を付けてください。"
        raise NotFound("このアドレスはありません。" + hint)
