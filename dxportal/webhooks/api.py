"""Webhooks in the API, for administrators: what the pages do, under the same rights."""

from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiResponse,
    OpenApiWebhook,
    extend_schema,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Organization
from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import (
    NothingSerializer,
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
    find_visible,
    refuse_second_answer,
)
from dxportal.models import SUBSCRIBABLE, EventType, Webhook, WebhookDelivery, WebhookOrigin
from dxportal.webhooks import deliveries, services
from plans.filters import PortalFilterSet, RowFilter, ordering


class WebhookOriginFilterSet(PortalFilterSet):
    search_paths = ("origin", "note")

    organization = RowFilter(Organization, "organization", "団体")
    ordering = ordering(["origin", "created_at"])

    class Meta:
        model = WebhookOrigin
        fields: list[str] = []


class WebhookFilterSet(PortalFilterSet):
    search_paths = ("name", "url")

    organization = RowFilter(Organization, "organization", "団体")
    is_active = django_filters.BooleanFilter(label="送っているもの")
    ordering = ordering(["name", "created_at"])

    class Meta:
        model = Webhook
        fields: list[str] = []


class WebhookDeliveryFilterSet(PortalFilterSet):
    search_paths = ("webhook__name", "event__type")

    organization = RowFilter(Organization, "webhook__organization", "団体")
    webhook = RowFilter(Webhook, "webhook", "Webhook")
    type = django_filters.ChoiceFilter(
        field_name="event__type", label="出来事", choices=EventType.choices
    )
    created_since = django_filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", label="登録日時（以後）"
    )
    ordering = ordering(["created_at", "next_attempt_at"])

    class Meta:
        model = WebhookDelivery
        fields = ["state"]


class WebhookOriginSerializer(RowSerializer):
    networks = serializers.ListField(
        child=serializers.CharField(), read_only=True, label="IPアドレスの範囲"
    )

    class Meta:
        model = WebhookOrigin
        fields = ["id", "organization", "origin", "networks", "note", "created_at"]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "庁内の財務会計",
            {
                "organization": 1,
                "origin": "https://zaimu.city.example.lg.jp",
                "networks": ["10.1.2.0/24"],
            },
        )
    ]
)
class WebhookOriginCreateSerializer(StrictSerializer):
    organization = serializers.IntegerField(label="団体", min_value=1)
    origin = serializers.CharField(
        label="宛先", max_length=300, help_text="https://ホスト名（:ポート）。"
    )
    networks = serializers.ListField(
        child=serializers.CharField(max_length=50),
        label="IPアドレスの範囲",
        max_length=20,
        required=False,
        help_text="ホスト名がこの範囲のアドレスを指すときだけ送ります。空なら限りません。",
    )
    note = serializers.CharField(label="備考", max_length=200, required=False, allow_blank=True)


class WebhookOriginViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = WebhookOrigin.objects.all()
    serializer_class = WebhookOriginSerializer
    filterset_class = WebhookOriginFilterSet
    body_classes = {"create": WebhookOriginCreateSerializer}
    about = "Webhookを送ってよい宛先です。管理者だけに見えます。"
    told = {
        "create": ("宛先を許可する", "ここにない宛先には送りません。転送先にも送りません。"),
        "destroy": ("宛先の許可を取り消す", "ここへのWebhookは届かなくなります。"),
    }

    def create(self, request: Request) -> Response:
        body = self.body()
        organization = find_visible(
            Organization.objects, request, body["organization"], "organization"
        )
        allowed = services.allow_origin(
            actor_of(request),
            organization,
            body["origin"],
            body.get("networks", []),
            body.get("note", ""),
        )
        return self.created(allowed.pk)

    def destroy(self, request: Request, pk: str) -> Response:
        services.remove_origin(actor_of(request), self.get_object())
        return Response(status=204)


def _events(**options: Any) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.ChoiceField(choices=SUBSCRIBABLE), label="知らせる出来事", **options
    )


class WebhookSerializer(RowSerializer):
    events = _events(read_only=True)

    class Meta:
        model = Webhook
        fields = [
            "id",
            "organization",
            "name",
            "url",
            "events",
            "is_active",
            "key_hint",
            "old_key_until",
            "created_at",
            "updated_at",
            "version",
        ]


class WebhookWithSecretSerializer(WebhookSerializer):
    """The answer to the call that made a secret; no other one has it."""

    secret = serializers.CharField(
        read_only=True, label="署名の鍵", help_text="`whsec_…`。この応答でだけ示します。"
    )

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "財務会計に知らせる",
            {
                "organization": 1,
                "name": "財務会計システム",
                "url": "https://zaimu.city.example.lg.jp/dx/events",
                "events": ["round.finalised", "report.published"],
            },
        )
    ]
)
class WebhookCreateSerializer(StrictSerializer):
    organization = serializers.IntegerField(label="団体", min_value=1)
    name = serializers.CharField(label="名称", max_length=100)
    url = serializers.CharField(label="送り先のURL", max_length=500)
    events = _events(min_length=1)


class WebhookChangeSerializer(StrictSerializer):
    name = serializers.CharField(label="名称", max_length=100, required=False)
    url = serializers.CharField(label="送り先のURL", max_length=500, required=False)
    events = _events(min_length=1, required=False)
    is_active = serializers.BooleanField(label="送る", required=False)
    version = VersionRead()


class OnlyVersionSerializer(StrictSerializer):
    version = VersionRead()


class TrySerializer(serializers.Serializer):
    at = serializers.DateTimeField(label="日時")
    status = serializers.IntegerField(allow_null=True, label="応答コード")
    reason = serializers.CharField(allow_blank=True, label="届かなかった理由")


class WebhookDeliverySerializer(RowSerializer):
    type = serializers.ChoiceField(
        source="event.type", choices=EventType.choices, read_only=True, label="出来事"
    )
    message_id = serializers.CharField(
        source="event.message_id",
        read_only=True,
        label="出来事の番号",
        help_text="`webhook-id`。送り直しても変わりません。",
    )
    occurred_at = serializers.DateTimeField(
        source="event.occurred_at", read_only=True, label="出来事の日時"
    )
    tries = TrySerializer(many=True, read_only=True, label="これまでの送信")

    class Meta:
        model = WebhookDelivery
        fields = [
            "id",
            "webhook",
            "type",
            "message_id",
            "occurred_at",
            "state",
            "attempts",
            "next_attempt_at",
            "status_code",
            "reason",
            "tries",
            "created_at",
            "finished_at",
        ]


class ReplayedSerializer(serializers.Serializer):
    replayed = serializers.IntegerField(label="送り直す件数")


class WebhookViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = Webhook.objects.all()
    serializer_class = WebhookSerializer
    filterset_class = WebhookFilterSet
    body_classes = {
        "create": WebhookCreateSerializer,
        "partial_update": WebhookChangeSerializer,
        "rotate_secret": OnlyVersionSerializer,
        "test": NothingSerializer,
        "replay_dead": NothingSerializer,
    }
    parameters = {"destroy": ("version",)}
    about = "出来事を知らせる先です。管理者だけに見えます。"
    told = {
        "create": (
            "Webhookを登録する",
            "許可した宛先のURLだけを登録できます。署名の鍵は、この応答でだけ示します。",
        ),
        "rotate_secret": (
            "署名の鍵を作り直す",
            "新しい鍵は、この応答でだけ示します。24時間は、前の鍵の署名も一緒に付けて送ります。",
        ),
        "test": (
            "試しに送る",
            "ほかと同じしくみで送り、その送信（`webhook-deliveries`）を返します。",
        ),
        "replay_dead": (
            "届かなかったものをすべて送り直す",
            "送り直す件数を返します。`webhook-id` は変わりません。1件ずつなら "
            "`webhook-deliveries` の `replay` です。",
        ),
        "destroy": ("Webhookを削除する", "送信の記録も削除します。監査記録は残ります。"),
    }

    @extend_schema(responses={201: WebhookWithSecretSerializer})
    def create(self, request: Request) -> Response:
        body = self._body_with_secret()
        organization = find_visible(
            Organization.objects, request, body["organization"], "organization"
        )
        webhook, secret = services.create_webhook(
            actor_of(request), organization, body["name"], body["url"], body["events"]
        )
        response = self.created(webhook.pk)
        response.data["secret"] = secret
        return response

    def partial_update(self, request: Request, pk: str) -> Response:
        webhook = self.get_object()
        body = self.body(partial=True)
        version = body.pop("version")
        services.change_webhook(actor_of(request), webhook, body, version)
        return Response(self.represent(webhook.pk))

    def destroy(self, request: Request, pk: str) -> Response:
        services.delete_webhook(actor_of(request), self.get_object(), self.version_in_address())
        return Response(status=204)

    @extend_schema(responses={200: WebhookWithSecretSerializer})
    @action(detail=True, methods=["post"], filter_backends=[], url_path="rotate-secret")
    def rotate_secret(self, request: Request, pk: str) -> Response:
        webhook = self.get_object()
        body = self._body_with_secret()
        _, secret = services.rotate_secret(actor_of(request), webhook, body["version"])
        return Response({**self.represent(webhook.pk), "secret": secret})

    @extend_schema(responses={202: WebhookDeliverySerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def test(self, request: Request, pk: str) -> Response:
        webhook = self.get_object()
        self.body()
        delivery = services.send_test(actor_of(request), webhook)
        return Response(WebhookDeliverySerializer(delivery).data, status=202)

    @extend_schema(responses={202: ReplayedSerializer})
    @action(detail=True, methods=["post"], filter_backends=[], url_path="replay-dead")
    def replay_dead(self, request: Request, pk: str) -> Response:
        webhook = self.get_object()
        self.body()
        count = deliveries.replay_dead(actor_of(request), webhook)
        return Response({"replayed": count}, status=202)

    def _body_with_secret(self) -> dict[str, Any]:
        refuse_second_answer(self.request)
        return self.body()


class WebhookDeliveryViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = WebhookDelivery.objects.all()
    serializer_class = WebhookDeliverySerializer
    filterset_class = WebhookDeliveryFilterSet
    body_classes = {"replay": NothingSerializer}
    about = "Webhookへの送信です。管理者だけに見えます。"
    told = {"replay": ("もう一度送る", "届いたものも送り直せます。`webhook-id` は変わりません。")}

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("event")

    @extend_schema(responses={202: WebhookDeliverySerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def replay(self, request: Request, pk: str) -> Response:
        found = WebhookDelivery.objects.select_related("webhook").get(pk=self.get_object().pk)
        self.body()
        deliveries.replay(actor_of(request), found)
        return Response(self.represent(found.pk), status=202)


# What a receiver is sent, for the schema


class ToldOrganizationSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    code = serializers.CharField(label="全国地方公共団体コード")
    name = serializers.CharField(label="名称")


class ToldPlanSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    key = serializers.CharField(label="識別子")
    name = serializers.CharField(label="名称")


class ToldCycleSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.CharField(label="種類")


class ToldDepartmentSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    name = serializers.CharField(label="名称")


class ToldReportSerializer(serializers.Serializer):
    format = serializers.CharField(label="形式")
    edition = serializers.IntegerField(label="版")
    sha256 = serializers.CharField(label="SHA-256")


class EventDataSerializer(serializers.Serializer):
    organization = ToldOrganizationSerializer(label="団体")
    plan = ToldPlanSerializer(label="計画", allow_null=True, help_text="試し送りではnull。")
    fiscal_year = serializers.IntegerField(label="年度", required=False)
    cycle = ToldCycleSerializer(label="年度照会", required=False)
    department = ToldDepartmentSerializer(label="部局", required=False)
    report = ToldReportSerializer(label="報告書", required=False)
    links = serializers.DictField(
        child=serializers.URLField(), label="APIのアドレス", help_text="トークンで読みます。"
    )


class EventSerializer(serializers.Serializer):
    """The body of a call to a webhook."""

    id = serializers.CharField(label="出来事の番号", help_text="`webhook-id` と同じ。")
    type = serializers.ChoiceField(choices=EventType.choices, label="出来事")
    timestamp = serializers.DateTimeField(label="日時")
    data = EventDataSerializer(label="内容")  # type: ignore[assignment]  # the event's own


told_to_receivers = OpenApiWebhook(
    name="event",
    decorator=extend_schema(
        summary="登録したWebhookに届くもの",
        description=(
            "Standard Webhooks の方式で署名します（`webhook-id`・`webhook-timestamp`・"
            "`webhook-signature`）。数値・理由・氏名は入りません。200番台で答えてください。"
        ),
        tags=["webhooks"],
        request=EventSerializer,
        responses={"2XX": OpenApiResponse(description="受け取りました。")},
    ),
)
