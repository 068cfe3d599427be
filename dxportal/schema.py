"""How the API describes itself: OpenAPI 3.1 with Japanese texts, made from the same classes."""

from collections.abc import Iterator
from typing import Any

import django_filters
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema

from accounts.viewsets import Rows, WritesWithVersion
from dxportal.problems import CONTENT_TYPE, KINDS, ConflictSerializer, ProblemSerializer

SUMMARIES = {
    "list": "{noun}の一覧",
    "retrieve": "{noun}を1件",
    "create": "{noun}を新しく作る",
    "partial_update": "{noun}を直す",
    "destroy": "{noun}を取り消す",
    "download": "{noun}のファイル",
}
DETAILS = {
    "create": "書き込む役割がなければ403、いま書き込めなければ423、先に書かれていれば409です。",
    "partial_update": (
        "送った項目だけを変えます（省いた項目はそのままです）。`version` が読み取ったときのものと"
        "違えば、両方の値を添えて409を返し、何も変えません。"
    ),
    "destroy": (
        "未入力に戻します。内容は監査記録に残ります。読み取ったときの `version` をパラメーターで"
        "送ります。"
    ),
}
# What can go wrong, by action; 401 everywhere.
FAILURES = {
    "list": (400, 404),
    "retrieve": (400, 404),
    "download": (400, 404),
    "create": (400, 403, 404, 409, 415, 423),
    "partial_update": (400, 403, 404, 409, 415, 423),
    "destroy": (400, 403, 404, 409, 423),
}


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "管理者が発行したトークン（`Authorization: Bearer dxp_…`）。",
        }


class SessionScheme(OpenApiAuthenticationExtension):
    target_class = "rest_framework.authentication.SessionAuthentication"
    name = "session"
    priority = 1

    def get_security_definition(self, auto_schema: AutoSchema) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "ポータルにサインインした画面から。書き込みには X-CSRFToken も要ります。",
        }


class StrictFiltersExtension(DjangoFilterExtension):
    """Filters by a row take the row's number; yes and no are `true` and `false`."""

    target_class = "accounts.viewsets.StrictFilters"
    priority = 1

    def resolve_filter_field(
        self, auto_schema: Any, model: Any, filterset_class: Any, field_name: str, declared: Any
    ) -> list[dict[str, Any]]:
        if isinstance(declared, django_filters.ModelChoiceFilter):
            return [
                {
                    "in": "query",
                    "name": field_name,
                    "description": f"{declared.label}の番号（`id`）。",
                    "schema": {"type": "integer"},
                }
            ]
        return super().resolve_filter_field(
            auto_schema, model, filterset_class, field_name, declared
        )


class PortalSchema(AutoSchema):
    """The words come from the models' names and the views' `about`, the failures from here."""

    def get_tags(self) -> list[str]:
        return [self._resource or "api"]

    @property
    def _resource(self) -> str:
        return self.path.removeprefix("/api/v1/").split("/")[0]

    @property
    def _action(self) -> str:
        return getattr(self.view, "action", None) or "retrieve"

    def get_summary(self) -> str | None:
        if not isinstance(self.view, Rows):
            return super().get_summary()
        noun = self.view.queryset.model._meta.verbose_name
        return SUMMARIES[self._action].format(noun=noun)

    def get_description(self) -> str:
        if not isinstance(self.view, Rows):
            return super().get_description() or ""
        return "\n\n".join(filter(None, [self.view.about, DETAILS.get(self._action)]))

    def get_request_serializer(self) -> Any:
        bodies = getattr(self.view, "body_classes", {})
        return bodies[self._action]() if self._action in bodies else super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        found = super().get_response_serializers()
        if isinstance(self.view, WritesWithVersion) and self._action in ("create", "partial_update"):
            if not isinstance(found, dict):
                status = 201 if self._action == "create" else 200
                return {status: self.view.serializer_class}
        return found

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            operation["responses"] |= dict(self._failures())
        return operation

    def _failures(self) -> Iterator[tuple[str, dict[str, Any]]]:
        titles = {kind.status: kind.title for kind in KINDS.values()}
        for status in (401, *FAILURES.get(self._action, (404,))):
            serializer = ConflictSerializer if status == 409 else ProblemSerializer
            component = self.resolve_serializer(serializer, "response")
            yield (
                str(status),
                {
                    "description": titles[status],
                    "content": {CONTENT_TYPE: {"schema": component.ref}},
                },
            )


