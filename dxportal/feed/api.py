"""The change feed: `changes/?since=…`."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse
from rest_framework.views import APIView

from accounts.rest.paging import Pages
from accounts.rest.viewsets import refuse_parameters
from dxportal.feed.reading import (
    Changes,
    Forgotten,
    NoSuchPosition,
    changes_since,
    current_position,
)

SINCE, SIZE = "since", "page_size"
MAX_POSITION = 2**63 - 1
DETAIL = """\
前に読んだ位置（`since`）から後に書き込まれた行と、削除された行を、資源の名前と番号で返します。\
内容は、その資源のアドレスで読みます。画面・API・取込・コマンドのどれで変わっても載ります。見えるもの\
だけが載ります。

はじめは `since` を付けずに呼んで `position` を控え、それからすべてを読みます\
（`format=ndjson` など）。あとは控えた位置から `next` をたどります。`has_more` がtrueの間は\
続けて、falseになったら間をおいて\
呼びます。同じ行がまた載ることがあるので、番号で上書きしてください。書き込みの途中のもの（大きな取込など）\
は、終わってから載ります。

変更は一定の日数（既定では365日）だけ残ります。それより古い位置は410です。新しい `position` を\
控えてから、すべてを読み直してください。

ほかの行から計算される項目（実績の `achievement` など）だけが変わったときは、もとの行（目標など）が\
載ります。`settlements` の行は `budgets` として載ります。計画そのもの\
でないもの（監査記録、トークン、お知らせ、保存した画面、ひな形、取込、Webhook）は載りません。
"""


class ChangeSerializer(serializers.Serializer):
    resource = serializers.CharField(label="資源", help_text="アドレスの名前（`actuals` など）。")
    id = serializers.IntegerField(label="行の番号（`id`）")
    change = serializers.ChoiceField(
        choices=[("saved", "書き込まれた"), ("deleted", "削除された")], label="変更"
    )
    at = serializers.DateTimeField(label="日時")


class ChangesSerializer(serializers.Serializer):
    position = serializers.IntegerField(label="次の `since`")
    has_more = serializers.BooleanField(label="続きがもうあるか")
    next = serializers.URLField(label="続きのアドレス")
    results = ChangeSerializer(many=True, label="変わった行")


class Gone(APIException):
    """What came after the position is not kept any more."""

    status_code = 410
    default_detail = "この位置から後の変更は、もう残っていません。すべてを読み直してください。"


class ChangesView(APIView):
    """What changed since a position."""

    more_failures = (410,)
    parameters = (SINCE, SIZE)
    resource = ""  # it tells of all, as far as the caller sees their rows

    @extend_schema(
        summary="前に読んでから変わった行",
        description=DETAIL,
        responses=ChangesSerializer,
        parameters=[
            OpenApiParameter(
                SINCE,
                OpenApiTypes.INT64,
                description=(
                    "前の応答の `position`。0は初めから。省くと、いまの位置だけを返します。"
                ),
            ),
            OpenApiParameter(SIZE, OpenApiTypes.INT, description=Pages.page_size_query_description),
        ],
        examples=[
            OpenApiExample(
                "実績が1件書き込まれ、事業が1件削除された",
                {
                    "position": 18_231,
                    "has_more": False,
                    "next": "https://dx.city.example/api/v1/changes/?since=18231",
                    "results": [
                        {
                            "resource": "actuals",
                            "id": 412,
                            "change": "saved",
                            "at": "2026-05-20T10:15:00+09:00",
                        },
                        {
                            "resource": "placements",
                            "id": 88,
                            "change": "deleted",
                            "at": "2026-05-20T10:16:30+09:00",
                        },
                    ],
                },
            )
        ],
    )
    def get(self, request: Request) -> Response:
        refuse_parameters(request, set(self.parameters))
        size = Pages().get_page_size(request)
        found = self._found(request, size)
        response = Response(
            ChangesSerializer(
                {
                    "position": found.position,
                    "has_more": found.has_more,
                    "next": self._next(request, found.position),
                    "results": found.told,
                }
            ).data
        )
        response["Cache-Control"] = "private, no-cache"
        return response

    def _found(self, request: Request, size: int) -> Changes:
        text = request.query_params.get(SINCE)
        if text is None:
            return Changes(current_position(), False, [])
        if not (text.isascii() and text.isdigit() and int(text[:30]) <= MAX_POSITION):
            raise ValidationError({SINCE: "前の応答の position を指定してください。"})
        try:
            return changes_since(request.user, int(text), size)
        except Forgotten:
            raise Gone() from None
        except NoSuchPosition:
            raise ValidationError(
                {SINCE: "この位置はまだありません。はじめから読み直してください。"}
            ) from None

    def _next(self, request: Request, position: int) -> str:
        size = request.query_params.get(SIZE)
        more = f"&{SIZE}={size}" if size else ""
        address: Any = reverse("api-changes", request=request)
        return f"{address}?{SINCE}={position}{more}"
