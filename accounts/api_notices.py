"""One's own notices in the API, and what one wants by mail."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import notices
from accounts.filters import NoticeFilterSet
from accounts.models import MailSetting, Notice
from accounts.rest.viewsets import ReadOnlyRows, RowSerializer, StrictSerializer, WritesWithVersion


class NoticeSerializer(RowSerializer):
    class Meta:
        model = Notice
        fields = ["id", "organization", "kind", "text", "path", "created_at", "read_at"]


@extend_schema_serializer(examples=[OpenApiExample("2件を既読に", {"notices": [411, 412]})])
class ReadNoticesSerializer(StrictSerializer):
    notices = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=2**63 - 1),
        label="お知らせ",
        required=False,
        max_length=1000,
        help_text="省くと、自分の未読すべて。",
    )


class NoticesReadSerializer(serializers.Serializer):
    read = serializers.IntegerField(
        label="既読にした件数", help_text="すでに既読のものは数えません。"
    )


class MailSettingSerializer(serializers.Serializer):
    wants_mail = serializers.BooleanField(label="メールを受け取る")
    unwanted = serializers.ListField(
        child=serializers.ChoiceField(choices=Notice.Kind.choices), label="受け取らない種類"
    )


class MailSettingChangeSerializer(StrictSerializer):
    wants_mail = serializers.BooleanField(label="メールを受け取る", required=False)
    unwanted = serializers.ListField(
        child=serializers.ChoiceField(choices=Notice.Kind.choices),
        label="受け取らない種類",
        required=False,
        max_length=len(Notice.Kind.choices),
    )


class NoticeViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = Notice.objects.all()
    serializer_class = NoticeSerializer
    filterset_class = NoticeFilterSet
    body_classes = {
        "read": ReadNoticesSerializer,
        "change_mail_settings": MailSettingChangeSerializer,
    }
    about = "自分へのお知らせです。`path` はこの件の画面です。"
    told = {
        "read": ("お知らせを既読にする", "ほかの人のものや、ない番号は数えません。"),
        "mail_settings": ("メールの設定", "自分がメールで受け取るものです。"),
        "change_mail_settings": ("メールの設定を変える", "送った項目だけを変えます。"),
    }

    @extend_schema(responses={200: NoticesReadSerializer})
    @action(detail=False, methods=["post"], filter_backends=[], pagination_class=None)
    def read(self, request: Request) -> Response:
        body = self.body()
        return Response({"read": notices.mark_read(request.user, body.get("notices"))})

    @extend_schema(responses={200: MailSettingSerializer})
    @action(detail=False, filter_backends=[], pagination_class=None, url_path="mail-settings")
    def mail_settings(self, request: Request) -> Response:
        return Response(_as_said(notices.setting_of(request.user)))

    @extend_schema(responses={200: MailSettingSerializer})
    @mail_settings.mapping.patch
    def change_mail_settings(self, request: Request) -> Response:
        before, body = notices.setting_of(request.user), self.body()
        changed = notices.change_setting(
            request.user,
            body.get("wants_mail", before.wants_mail),
            body.get("unwanted", before.unwanted),
        )
        return Response(_as_said(changed))


def _as_said(setting: MailSetting) -> dict[str, Any]:
    return dict(MailSettingSerializer(setting).data)
