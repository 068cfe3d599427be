"""How the API describes itself: OpenAPI 3.1 with Japanese texts, made from the same classes."""

from collections.abc import Iterator, Mapping
from typing import Any

import django_filters
from drf_spectacular.contrib.django_filters import DjangoFilterExtension
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from accounts.rest.bulk import BulkSerializer
from accounts.rest.shaping import DESCRIPTIONS, EXPAND, EXPANDED, FIELDS, expands_of
from accounts.rest.streaming import FORMAT, FORMAT_DESCRIPTION, STREAMED
from accounts.rest.viewsets import Rows, StrictSerializer, WritesWithVersion
from dxportal.rest.problems import (
    CONTENT_TYPE,
    KINDS,
    ConflictSerializer,
    ProblemSerializer,
    RowsRefusedSerializer,
)

INTRODUCTION = """\
自治体のDX計画の施策・事業・指標・予算を、画面と同じデータ・同じ権限で読み書きするためのAPIです。

**認証** — 管理者が発行したトークンを `Authorization: Bearer dxp_…` で送ります。見えるのは、
役割のある団体のものだけです（ほかは404）。読み取り専用のトークンでの書き込みは403です。
トークンは団体・計画・対象（アドレスの名前）・接続元に限られることがあります。限られた計画の外は
見えず（404）、限られた対象や接続元の外は403です。計画に限られたトークンでは、計画が共有する行
（タグなど）を変えられず、計画ブックの取込と改定はできません。事業・指標は、その計画の施策などと
一緒に作れます。期限の切れたトークンは401です。

**回数** — トークンごとに1分の回数に限りがあります。応答の `RateLimit`（残りの回数 `r` と、次の
1分までの秒数 `t`）と `RateLimit-Policy`（`q` 回を `w` 秒に）を見て、間をあけてください。こえると
429で、`Retry-After` の秒数だけ待てばまた呼べます。呼び出しは、すべてトークンとともに記録されます
（送られた内容は記録しません）。

**一覧** — `count`・`next`・`previous`・`results` の形です。`page` と `page_size`（1〜1000）で
ページを選びます。書き込みと並行してすべてを読むときは、`page_type=cursor` で始めて
`next` をたどるか、`format=ndjson`（または `csv`）で1度に受け取ります。`fields` で項目を選び、
`expand` で指している先の行を添えられます。
知らないパラメーター、空のパラメーター、同じパラメーターの繰り返しは、無視せずに400で断ります。

**読み直し** — 応答の `ETag` を `If-None-Match` で送ると、変わっていなければ304です。
前に読んでから変わった行だけを知るには、変更の一覧（`changes`）を使います。

**値** — 年度は西暦の整数（2024は令和6年度）、小数は文字列、金額は円の整数です。
0、null、該当なし、未集計は別のものです。

**書き込み** — 直すときは読み取ったときの `version` を添えます（`ETag` を `If-Match` で返しても
同じです）。先にほかの人が変えていれば、何も変えずに、両方の値（`current` と `yours`）を付けて409
（`If-Match` のときは412）を返します。入力期間の外、提出・承認・確定の
後は423です。何度送っても同じなので、再試行しないでください。返事が届かなかった書き込みは、
同じ `Idempotency-Key` を付けて何度でも送り直せます。書き込まれるのは1度だけです。

**エラー** — RFC 9457（`application/problem+json`）です。`detail` に理由、`errors` に項目・
値・理由と、言語によらない `code` があり、`type` を開くと、どうすればよいかがわかります。
`Accept-Language: en` を付けると英語になります。

**約束** — この主版（v1）の間は、項目やアドレスをなくさず、意味や型を変えません。増えることは
あるので、知らない項目は読み飛ばしてください。なくすものは、1年以上前から `Deprecation` と
`Sunset` ヘッダーで知らせます。
"""
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
PARAMETERS: dict[str, tuple[Any, str]] = {
    "version": (
        OpenApiTypes.INT,
        "読み取ったときの `version`。`If-Match` を送るときは省けます。",
    ),
    "format": (OpenApiTypes.STR, "形式。"),
    "with": (OpenApiTypes.INT, "比べる計画の番号（同じ団体のもの）。"),
    "from": (OpenApiTypes.INT, "比べる年度（はじめ）。"),
    "to": (OpenApiTypes.INT, "比べる年度（あと）。"),
}
IF_MATCH = OpenApiParameter(
    "If-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description=(
        "読み取ったときの `ETag`（版を引用符で囲んだもの）。`version` の代わりに使えます。"
        "先にほかの人が変えていれば、両方の値を添えて412を返し、何も変えません。"
    ),
)
IF_NONE_MATCH = OpenApiParameter(
    "If-None-Match",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="前に読み取ったときの `ETag`。変わっていなければ、本文のない304を返します。",
)
UNCHANGED = "`If-None-Match` の `ETag` から変わっていません。本文はありません。"
IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description=(
        "書き込みごとに新しい文字列（UUIDなど、200文字まで）。同じキーで同じ内容を送り直すと、もう一度は"
        "書き込まずに、最初の応答を `Idempotent-Replayed: true` を付けて返します（24時間）。"
    ),
)
SUCCESSES = {
    "200": "成功",
    "201": "作成しました。`Location` ヘッダーにアドレスがあります。",
    "202": "受け付けました。応答の番号（`id`）で進みを確かめられます。",
    "204": "取り消しました。",
}
# What can go wrong, by action; 401 and 429 everywhere.
WRITE_FAILURES = (400, 403, 404, 409, 412, 413, 415, 422, 423)
FAILURES = {
    "destroy": (400, 403, 404, 409, 412, 413, 422, 423),
}


def introduce(result: dict[str, Any], generator: Any, **kwargs: Any) -> dict[str, Any]:
    """Put the introduction and a sentence for each resource before the operations."""
    # A line break inside a Japanese paragraph would be shown as a space.
    paragraphs = (text.replace("\n", "") for text in INTRODUCTION.split("\n\n"))
    result["info"]["description"] = "\n\n".join(paragraphs)
    tags = {}
    for _, _, _, callback in generator.endpoints or []:
        view = callback.cls
        if issubclass(view, Rows):
            name = callback.initkwargs["basename"].removeprefix("api-")
            noun = view.queryset.model._meta.verbose_name
            tags[name] = {"name": name, "description": f"{noun}。{view.about}"}
    result["tags"] = list(tags.values())
    return result


class TokenScheme(OpenApiAuthenticationExtension):
    target_class = "accounts.rest.authentication.TokenAuthentication"
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
            "description": "ポータルにサインインした画面から。書き込みには X-CSRFToken も必要。",
        }


class StrictFiltersExtension(DjangoFilterExtension):
    """Filters by a row take the row's number; yes and no are `true` and `false`."""

    target_class = "accounts.rest.viewsets.StrictFilters"
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
        if isinstance(declared, django_filters.OrderingFilter):
            names = [name for name, _ in declared.extra["choices"]]
            return [
                {
                    "in": "query",
                    "name": field_name,
                    "description": "並べ替え。先頭に - を付けると逆順、コンマ区切りで複数。",
                    "schema": {"type": "array", "items": {"type": "string", "enum": names}},
                    "style": "form",
                    "explode": False,
                }
            ]
        found = super().resolve_filter_field(
            auto_schema, model, filterset_class, field_name, declared
        )
        for parameter in found:
            if "description" not in parameter:
                field = model._meta.get_field(declared.field_name)
                parameter["description"] = str(field.verbose_name)
        return found


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
            return super().get_summary()  # the view's own word
        noun = self.view.queryset.model._meta.verbose_name
        if self._action in self.view.told:
            return self.view.told[self._action][0].format(noun=noun)
        return SUMMARIES[self._action].format(noun=noun)

    def get_description(self) -> str:
        if not isinstance(self.view, Rows):
            return super().get_description() or ""
        _, own = self.view.told.get(self._action, ("", DETAILS.get(self._action, "")))
        return "\n\n".join(filter(None, [self.view.about, own]))

    def get_request_serializer(self) -> Any:
        bodies = getattr(self.view, "body_classes", {})
        if self._action in bodies:
            return bodies[self._action]()
        return super().get_request_serializer()

    def get_response_serializers(self) -> Any:
        found = super().get_response_serializers()
        is_body = self._action in getattr(self.view, "body_classes", {})
        if is_body and not isinstance(found, dict):  # a dict is the view's own word
            return {201 if self._action == "create" else 200: self.view.serializer_class}
        return found

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> dict[str, Any]:
        """Docstrings are for who reads the code; who reads the schema gets the model's name."""
        described = super()._map_basic_serializer(serializer, direction)
        described.pop("description", None)
        if expands := getattr(getattr(serializer, "Meta", None), "expands", {}):
            described["properties"][EXPANDED] = self._expanded(expands)
        if isinstance(serializer, StrictSerializer):
            described["additionalProperties"] = False
        model = getattr(getattr(serializer, "Meta", None), "model", None)
        if model is None:
            return described
        # Not as the title, of which generators of clients make the name of a class.
        return {**described, "description": model._meta.verbose_name}

    def _expanded(self, expands: Mapping[str, Any]) -> dict[str, Any]:
        """Rows that a row points to, there where `expand` asked for them."""
        rows = {
            name: self.resolve_serializer(view.serializer_class, "response").ref
            for name, view in expands.items()
        }
        return {
            "type": "object",
            "description": "`expand` で指定した先の行。指定したときだけ入ります。",
            "properties": {name: {"anyOf": [row, {"type": "null"}]} for name, row in rows.items()},
        }

    def get_override_parameters(self) -> list[OpenApiParameter]:
        if not isinstance(self.view, Rows):
            return super().get_override_parameters()
        return [
            OpenApiParameter(name, PARAMETERS[name][0], description=PARAMETERS[name][1])
            for name in self.view.parameters.get(self._action, ())
        ] + [*self._shape(), *self._headers_of_writes()]

    def _shape(self) -> Iterator[OpenApiParameter]:
        """What reading rows takes besides filters and pages."""
        if self._action not in ("list", "retrieve"):
            return
        known = {FIELDS: list(self.view.serializer_class().fields), EXPAND: expands_of(self.view)}
        for name, names in known.items():
            if names:
                items = {"type": "array", "items": {"type": "string", "enum": list(names)}}
                yield OpenApiParameter(
                    name, items, description=DESCRIPTIONS[name], style="form", explode=False
                )
        if self._action == "list" and self.view.has_format_parameter:
            yield OpenApiParameter(FORMAT, enum=list(STREAMED), description=FORMAT_DESCRIPTION)
        yield IF_NONE_MATCH

    def _headers_of_writes(self) -> list[OpenApiParameter]:
        if self.method == "GET":
            return []
        return [IF_MATCH, IDEMPOTENCY_KEY] if self._takes_version else [IDEMPOTENCY_KEY]

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*args, **kwargs)
        if operation is not None:
            for status, response in operation["responses"].items():
                response["description"] = SUCCESSES[status]
            operation["responses"] |= dict(self._failures())
            self._tell_of_reading(operation["responses"])
        return operation

    def _tell_of_reading(self, responses: dict[str, Any]) -> None:
        if isinstance(self.view, Rows) and self._action in ("list", "retrieve"):
            responses["304"] = {"description": UNCHANGED}
            for media_type, content in responses["200"]["content"].items():
                if media_type != "application/json":
                    content["schema"] = {"type": "string", "description": FORMAT_DESCRIPTION}

    @property
    def _takes_version(self) -> bool:
        """Whether the action changes a row from a version that was read."""
        return isinstance(self.view, WritesWithVersion) and self.view.takes_version()

    def _may_be_late(self) -> bool:
        """Whether somebody else may have been quicker, or the row be locked."""
        bodies = getattr(self.view, "body_classes", {})
        fields = bodies[self._action]().fields if self._action in bodies else ()
        return self._takes_version or "version" in fields

    def _failures(self) -> Iterator[tuple[str, dict[str, Any]]]:
        titles = {kind.status: kind.title for kind in reversed(KINDS.values())}
        # A token may be limited to other resources, so that reading is refused too.
        usual = (400, 403, 404) if self.method == "GET" else WRITE_FAILURES
        more = getattr(self.view, "more_failures", ())
        for status in (401, 429, *more, *FAILURES.get(self._action, usual)):
            if status == 412 and not self._takes_version:
                continue
            yield (
                str(status),
                {
                    "description": titles[status],
                    "content": {CONTENT_TYPE: {"schema": self._shape_of(status)}},
                },
            )

    def _shape_of(self, status: int) -> dict[str, Any]:
        """What a problem of this status may carry besides what all of them say."""
        special: Any = None
        if status == 412 or (status == 409 and self._may_be_late()):
            special = ConflictSerializer
        elif status == 422 and self._is_bulk:
            special = RowsRefusedSerializer
        plain = self.resolve_serializer(ProblemSerializer, "response").ref
        if special is None:
            return dict(plain)
        ref = dict(self.resolve_serializer(special, "response").ref)
        # The same write may still be being done (409), or have used the key (422).
        return ref if status == 412 else {"anyOf": [ref, plain]}

    @property
    def _is_bulk(self) -> bool:
        body = getattr(self.view, "body_classes", {}).get(self._action)
        return body is not None and issubclass(body, BulkSerializer)
