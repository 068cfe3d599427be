"""Saved views in the API: pages as somebody arranged them, one's own and those that are shared."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import ReadOnlyRows, RowSerializer, StrictSerializer, WritesWithVersion
from dxportal import saved_views
from dxportal.filters import SavedViewFilterSet
from dxportal.models import SavedView
from plans.api import PersonName


class SavedViewSerializer(RowSerializer):
    saved_by_name = PersonName(source="user", label="保存した人")
    is_own = serializers.SerializerMethodField(
        label="自分のもの", help_text="変えられるのは自分のものだけです。"
    )

    class Meta:
        model = SavedView
        fields = [
            "id",
            "organization",
            "name",
            "path",
            "is_shared",
            "mails_monthly",
            "is_own",
            "saved_by_name",
            "last_mailed_at",
            "created_at",
        ]

    def get_is_own(self, view: SavedView) -> bool:
        return bool(view.user_id == self.context["request"].user.pk)


def _flag(label: str, **options: Any) -> serializers.BooleanField:
    return serializers.BooleanField(label=label, **options)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "令和6年度の遅れている事業",
            {"name": "遅れている事業", "path": "/projects/?fiscal_year=2024&mark=behind"},
        )
    ]
)
class SavedViewCreateSerializer(StrictSerializer):
    name = serializers.CharField(label="名称", max_length=100)
    path = serializers.CharField(
        label="画面",
        max_length=500,
        help_text="条件を含むアドレス（/から）。ダッシュボード・一覧・予算・検索の画面。",
    )
    is_shared = _flag("庁内の人に見せる", default=False)
    mails_monthly = _flag("毎月メールで受け取る", default=False)


class SavedViewChangeSerializer(StrictSerializer):
    is_shared = _flag("庁内の人に見せる", required=False)
    mails_monthly = _flag("毎月メールで受け取る", required=False)


class SavedViewViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = SavedView.objects.all()
    serializer_class = SavedViewSerializer
    filterset_class = SavedViewFilterSet
    body_classes = {
        "create": SavedViewCreateSerializer,
        "partial_update": SavedViewChangeSerializer,
    }
    about = "条件を付けて保存した画面です。自分のものと、庁内で見せているものが見えます。"
    told = {
        "create": ("画面を保存する", "自分のものとして保存します。同じ名称があれば400です。"),
        "partial_update": ("{noun}の設定を変える", "自分のものだけです（ほかは403）。"),
        "destroy": ("{noun}を削除する", "自分のものだけです（ほかは403）。"),
    }

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("user")

    def create(self, request: Request) -> Response:
        made = saved_views.save_view(actor_of(request), **self.body(), replaces=False)
        return self.created(made.pk)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Only what is sent changes."""
        view = self.get_object()
        body = self.body()
        flags = {name: body.get(name, getattr(view, name)) for name in saved_views.FLAGS}
        saved_views.change_view(actor_of(request), view, **flags)
        return Response(self.represent(view.pk))

    def destroy(self, request: Request, pk: str) -> Response:
        saved_views.delete_view(actor_of(request), self.get_object())
        return Response(status=204)
