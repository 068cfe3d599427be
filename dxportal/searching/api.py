"""Searching everything over the API: `search/?q=…`."""

from html import unescape
from typing import Any

from django.utils.html import strip_tags
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.rest.viewsets import refuse_parameters
from dxportal.searching.find import MAX_HITS, find
from dxportal.searching.kinds import KINDS

MAX_LENGTH = 200
LABELS = {kind.key: kind.label for kind in KINDS}


class HitSerializer(serializers.Serializer):
    title = serializers.CharField(label="名称")
    where = serializers.CharField(label="どこの", allow_blank=True)
    excerpt = serializers.CharField(label="見つかった文章", allow_blank=True)
    page = serializers.CharField(label="画面のアドレス")


class GroupSerializer(serializers.Serializer):
    kind = serializers.ChoiceField(choices=list(LABELS.items()), label="種類")
    has_more = serializers.BooleanField(label="ほかにもあるか")
    hits = HitSerializer(many=True, label="見つかったもの")


class FoundSerializer(serializers.Serializer):
    results = GroupSerializer(many=True, label="種類ごとの結果")


class SearchView(APIView):
    """What the search page finds, without its marks."""

    resource = ""  # of no single one; its rows are those that the caller may see

    @extend_schema(
        summary="すべての種類からの検索",
        description=(
            "画面の検索と同じです。言葉をすべて含むものを、表記のゆれ（全角・半角、かな・カナなど）を"
            f"こえて、種類ごとに{MAX_HITS}件まで返します。種類ごとの一覧では `q` で絞り込めます。"
        ),
        responses=FoundSerializer,
        parameters=[
            OpenApiParameter("q", OpenApiTypes.STR, required=True, description="言葉。"),
            OpenApiParameter("kind", enum=list(LABELS), description="種類。省くとすべて。"),
        ],
    )
    def get(self, request: Request) -> Response:
        refuse_parameters(request, {"q", "kind"})
        text, kind = request.query_params.get("q", ""), request.query_params.get("kind", "")
        if not text or len(text) > MAX_LENGTH or "\0" in text:
            raise ValidationError({"q": f"1〜{MAX_LENGTH}文字の言葉を指定してください。"})
        if kind and kind not in LABELS:
            raise ValidationError({"kind": f"{'、'.join(LABELS)} のどれかを指定してください。"})
        groups = find(request.user, text, kind)
        found = [
            {
                "kind": group.kind.key,
                "has_more": group.has_more,
                "hits": [_plain(hit) for hit in group.hits],
            }
            for group in groups
        ]
        return Response(FoundSerializer({"results": found}).data)


def _plain(hit: Any) -> dict[str, str]:
    marked = {"title": hit.title, "excerpt": hit.excerpt}
    words = {name: unescape(strip_tags(text)) for name, text in marked.items()}
    return {**words, "where": hit.where, "page": hit.link}
