"""The audit log and the tokens in the API: administrators read them and end tokens.

A token renews and ends itself. Tokens are issued and changed by a person on their page alone: a
token that could make or widen others would make its own limits and its end meaningless.
"""

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import tokens
from accounts.models import ApiToken, AuditEntry
from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import (
    NothingSerializer,
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    WritesWithVersion,
    refuse_second_answer,
)
from dxportal.access.filters import AuditFilterSet, TokenFilterSet


class AuditEntrySerializer(RowSerializer):
    token_name = serializers.CharField(
        source="token.name", default=None, read_only=True, allow_null=True, label="トークンの用途"
    )
    before = serializers.DictField(
        read_only=True, label="変更前", help_text="変わった項目だけ。小数は文字列です。"
    )
    after = serializers.DictField(read_only=True, label="変更後")

    class Meta:
        model = AuditEntry
        fields = [
            "id",
            "at",
            "organization",
            "actor",
            "actor_name",
            "token",
            "token_name",
            "channel",
            "action",
            "object_type",
            "object_id",
            "object_label",
            "plan_id",
            "before",
            "after",
            "reason",
        ]


class AuditViewSet(ReadOnlyRows):
    queryset = AuditEntry.objects.all()
    serializer_class = AuditEntrySerializer
    filterset_class = AuditFilterSet
    about = (
        "だれが、いつ、何を、何から何に変えたかの記録です。管理者にだけ見えます。"
        "消すことも変えることもできません。"
    )

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.administered_by(self.request.user).select_related("token")


UNLIMITED = "空なら限りません。"


def _numbers(label: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.IntegerField(),
        read_only=True,
        label=label,
        help_text=UNLIMITED,
    )


def _texts(label: str) -> serializers.ListField:
    return serializers.ListField(
        child=serializers.CharField(), read_only=True, label=label, help_text=UNLIMITED
    )


class TokenSerializer(RowSerializer):
    """What a token opens and until when; its secret is nowhere kept."""

    username = serializers.CharField(source="user.username", read_only=True, label="利用者名")
    organization_ids = _numbers("団体")
    plan_ids = _numbers("計画")
    resources = _texts("対象")
    addresses = _texts("接続元")

    class Meta:
        model = ApiToken
        fields = [
            "id",
            "username",
            "name",
            "hint",
            "scope",
            "organization_ids",
            "plan_ids",
            "resources",
            "addresses",
            "replaces",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        ]


class TokenWithSecretSerializer(TokenSerializer):
    secret = serializers.CharField(
        read_only=True, label="トークン", help_text="`dxp_…`。この応答でだけ示します。"
    )

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "secret"]


class RevokeSerializer(StrictSerializer):
    reason = serializers.CharField(
        label="理由",
        required=False,
        allow_blank=True,
        max_length=200,
        default="",
        help_text="監査記録に残ります。",
    )


class TokenViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = ApiToken.objects.all()
    serializer_class = TokenSerializer
    filterset_class = TokenFilterSet
    body_classes = {
        "rotate": NothingSerializer,
        "revoke": RevokeSerializer,
        "revoke_own": RevokeSerializer,
    }
    about = "APIのトークンです。一覧は管理者だけに見えます。発行と変更は、画面で人が行います。"
    told = {
        "own": (
            "呼んでいるトークン",
            "範囲と有効期限です。読み取り専用でも、対象が限られていても呼べます。",
        ),
        "rotate": (
            "呼んでいるトークンを新しくする",
            "同じ範囲の新しいトークンを1度だけ示します。有効期間は前と同じ長さです（1年まで）。前の"
            "トークンは14日後に終わるので、それまでに入れ替えてください。更新は1度だけで、監査記録に残ります。",
        ),
        "revoke": (
            "トークンを失効させる",
            "すぐに使えなくなり、元に戻せません。終わっているトークンはそのままです。管理者だけができます。",
        ),
        "revoke_own": (
            "呼んでいるトークンを失効させる",
            "漏れたとき、使わなくなったときに呼びます。読み取り専用でも呼べます。すぐに使えなくなり、"
            "元に戻せません。",
        ),
    }

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("user")

    @extend_schema(responses={200: TokenSerializer})
    @action(
        detail=False,
        filter_backends=[],
        pagination_class=None,
        url_path="self",
        permission_classes=[IsAuthenticated],
    )
    def own(self, request: Request) -> Response:
        return Response(TokenSerializer(tokens.own_token(actor_of(request))).data)

    @extend_schema(responses={201: TokenWithSecretSerializer})
    @action(
        detail=False,
        methods=["post"],
        filter_backends=[],
        pagination_class=None,
        url_path="self/rotate",
        permission_classes=[IsAuthenticated],
    )
    def rotate(self, request: Request) -> Response:
        refuse_second_answer(request)
        self.body()
        successor, secret = tokens.rotate_own_token(actor_of(request))
        return Response({**TokenSerializer(successor).data, "secret": secret}, status=201)

    @action(detail=True, methods=["post"], filter_backends=[])
    def revoke(self, request: Request, pk: str) -> Response:
        token = self.get_object()
        ended = tokens.revoke_token(actor_of(request), token, self.body()["reason"])
        return Response(TokenSerializer(ended).data)

    @extend_schema(responses={200: TokenSerializer})
    @action(
        detail=False,
        methods=["post"],
        filter_backends=[],
        pagination_class=None,
        url_path="self/revoke",
        permission_classes=[IsAuthenticated],
    )
    def revoke_own(self, request: Request) -> Response:
        ended = tokens.revoke_own_token(actor_of(request), self.body()["reason"])
        return Response(TokenSerializer(ended).data)
