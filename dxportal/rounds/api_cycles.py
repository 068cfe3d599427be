"""What a coordinator does with an open round over the API, besides moving it."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Department
from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import StrictSerializer, find_visible
from dxportal.rounds import telling
from dxportal.rounds.api_entry_book import EntryApplySerializer, EntryBookActs, EntryFileSerializer
from dxportal.rounds.asking import refresh
from plans.api import CycleViewSet as PlainCycles


class RefreshSerializer(StrictSerializer):
    """Nothing is asked but the round itself."""


class RefreshedSerializer(serializers.Serializer):
    items = serializers.IntegerField(label="加えた項目の数")


@extend_schema_serializer(
    examples=[OpenApiExample("2課に督促", {"departments": [5, 8], "text": "本日17時までです。"})]
)
class RemindSerializer(StrictSerializer):
    departments = serializers.ListField(
        child=serializers.IntegerField(min_value=1),
        min_length=1,
        max_length=500,
        label="部局",
        help_text="未提出の項目がない部局には知らせません。",
    )
    text = serializers.CharField(
        label="添える言葉", required=False, allow_blank=True, max_length=500, default=""
    )


class RemindedSerializer(serializers.Serializer):
    told = serializers.IntegerField(label="知らせた人数")


class CycleViewSet(EntryBookActs, PlainCycles):
    body_classes = {
        **PlainCycles.body_classes,
        "entry_book_preview": EntryFileSerializer,
        "entry_book_apply": EntryApplySerializer,
        "refresh": RefreshSerializer,
        "remind": RemindSerializer,
    }
    files_in = ("entry_book_preview",)
    told = {
        **PlainCycles.told,
        **EntryBookActs.told_of_books,
        "refresh": (
            "計画に加わった項目を{noun}に加える",
            "照会を始めたあとで計画に加わった指標・事業・施策を尋ねます。いまある項目はそのままです。",
        ),
        "remind": ("督促する", "未提出の項目がある部局の入力担当に知らせます。"),
    }

    @extend_schema(responses=RefreshedSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def refresh(self, request: Request, pk: str) -> Response:
        cycle = self._cycle()
        self.body()
        return Response({"items": refresh(actor_of(request), cycle)})

    @extend_schema(responses=RemindedSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def remind(self, request: Request, pk: str) -> Response:
        cycle = self._cycle()
        body = self.body()
        of_city: Any = Department.objects.filter(organization_id=cycle.plan.organization_id)
        departments = [
            find_visible(of_city, request, number, "departments") for number in body["departments"]
        ]
        return Response(
            {"told": telling.remind(actor_of(request), cycle, departments, body["text"])}
        )
