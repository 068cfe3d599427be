"""The audit log in the API, for administrators: read, never changed."""

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.models import AuditEntry
from accounts.viewsets import ReadOnlyRows, RowSerializer
from dxportal.access.filters import AuditFilterSet


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
