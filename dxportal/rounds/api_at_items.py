"""What is granted, said, corrected and proved at the items of a round, in the API."""

from django.conf import settings
from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiExample,
    extend_schema,
    extend_schema_field,
    extend_schema_serializer,
)
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.models import Department
from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import (
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
    find_visible,
)
from dxportal.api import AnyFile
from dxportal.rounds.evidence import add_evidence, remove_evidence
from plans import discussion, procedure
from plans.api import PersonName, reason_field
from plans.filters import (
    CommentFilterSet,
    EvidenceFilterSet,
    ExtensionFilterSet,
)
from plans.models import (
    Evidence,
    Extension,
    ItemComment,
    ReportingCycle,
    RoundItem,
)


class ExtensionSerializer(RowSerializer):
    granted_by_name = PersonName(source="granted_by", label="認めた人")

    class Meta:
        model = Extension
        fields = [
            "id",
            "cycle",
            "department",
            "item",
            "until",
            "reason",
            "granted_by_name",
            "granted_at",
            "ended_at",
            "version",
            "updated_at",
        ]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "1課の延長",
            {
                "cycle": 2,
                "department": 5,
                "until": "2026-06-12T17:15:00+09:00",
                "reason": "決算の確定を待つため",
            },
        )
    ]
)
class ExtensionCreateSerializer(StrictSerializer):
    cycle = serializers.IntegerField(label="年度照会", min_value=1)
    department = serializers.IntegerField(
        label="部局", min_value=1, required=False, allow_null=True, help_text="nullはすべての部局。"
    )
    item = serializers.IntegerField(
        label="項目", min_value=1, required=False, allow_null=True, help_text="nullはすべての項目。"
    )
    until = serializers.DateTimeField(label="延長後の期限")
    reason = serializers.CharField(label="理由", max_length=2000)


class ExtensionEndSerializer(StrictSerializer):
    reason = reason_field()
    version = VersionRead()


class ExtensionViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = Extension.objects.all()
    serializer_class = ExtensionSerializer
    filterset_class = ExtensionFilterSet
    body_classes = {"create": ExtensionCreateSerializer, "end": ExtensionEndSerializer}
    about = "照会の期限の延長です。照会全体か、1つの部局か、1つの項目に及びます。"
    told = {
        "create": ("期限を延ばす", "事務局だけができます。入力担当に知らせます。"),
        "end": ("期限の延長を取りやめる", "このときから、延長はなかったものになります。"),
    }

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("granted_by")

    def create(self, request: Request) -> Response:
        body = self.body()
        cycle = find_visible(
            ReportingCycle.objects.select_related("plan__organization"),
            request,
            body["cycle"],
            "cycle",
        )
        department, item = body.get("department"), body.get("item")
        extension = procedure.grant_extension(
            actor_of(request),
            cycle,
            body["until"],
            body["reason"],
            department=department
            and find_visible(
                Department.objects.filter(organization_id=cycle.plan.organization_id),
                request,
                department,
                "department",
            ),
            item=item
            and find_visible(RoundItem.objects.filter(cycle=cycle), request, item, "item"),
        )
        return self.created(extension.pk)

    @action(detail=True, methods=["post"], filter_backends=[])
    def end(self, request: Request, pk: str) -> Response:
        extension = self.get_object()
        body = self.body()
        self.require_fresh(extension, body["version"])
        procedure.end_extension(actor_of(request), extension, body.get("reason", ""))
        return Response(self.represent(extension.pk))


class CommentSerializer(RowSerializer):
    by_name = PersonName(source="by", label="書いた人")

    class Meta:
        model = ItemComment
        fields = ["id", "item", "by_name", "at", "text"]


@extend_schema_serializer(
    examples=[OpenApiExample("質問", {"item": 12, "text": "9月末までの件数ですか。"})]
)
class CommentCreateSerializer(StrictSerializer):
    item = serializers.IntegerField(label="項目", min_value=1)
    text = serializers.CharField(label="内容", max_length=2000)


class CommentViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = ItemComment.objects.all()
    serializer_class = CommentSerializer
    filterset_class = CommentFilterSet
    body_classes = {"create": CommentCreateSerializer}
    about = "照会の項目についてのやりとりです。書いたものは変わりません。"
    told = {"create": ("やりとりに書き込む", "入力・承認・取りまとめをする人が書き込めます。")}

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("by")

    def create(self, request: Request) -> Response:
        body = self.body()
        items = RoundItem.objects.select_related("cycle__plan__organization", "department")
        item = find_visible(items, request, body["item"], "item")
        return self.created(discussion.write_comment(actor_of(request), item, body["text"]).pk)


class EvidenceSerializer(RowSerializer):
    added_by_name = PersonName(source="added_by", label="添付者")
    download = serializers.SerializerMethodField(
        label="ダウンロード", help_text="ファイルのアドレス。開くたびに権限を確かめます。"
    )

    class Meta:
        model = Evidence
        fields = ["id", "item", "name", "size", "sha256", "added_by_name", "added_at", "download"]

    @extend_schema_field(OpenApiTypes.URI)
    def get_download(self, evidence: Evidence) -> str:
        address = reverse(
            "api-evidence-download", args=[evidence.pk], request=self.context["request"]
        )
        return str(address)


class EvidenceAddSerializer(StrictSerializer):
    item = serializers.IntegerField(label="項目", min_value=1)
    file = serializers.FileField(label="ファイル", help_text="元の名前のまま残ります。")


class EvidenceViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = Evidence.objects.all()
    serializer_class = EvidenceSerializer
    filterset_class = EvidenceFilterSet
    body_classes = {"create": EvidenceAddSerializer}
    files_in = ("create",)
    max_megabytes = {"create": settings.EVIDENCE_MAX_MEGABYTES}
    about = "照会の項目に添えられた根拠資料のファイルです。"
    told = {
        "create": (
            "根拠資料を添える",
            "`multipart/form-data` で送ります。種類・大きさ・中身が合わないファイルは400です。",
        ),
        "destroy": ("根拠資料を取り除く", "名前と要約値は監査記録に残ります。"),
    }

    def create(self, request: Request) -> Response:
        body = self.body()
        items = RoundItem.objects.select_related("cycle__plan__organization", "department")
        item = find_visible(items, request, body["item"], "item")
        return self.created(add_evidence(actor_of(request), item, body["file"]).pk)

    def destroy(self, request: Request, pk: str) -> Response:
        remove_evidence(actor_of(request), self.get_object())
        return Response(status=204)

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("added_by")

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True, filter_backends=[], content_negotiation_class=AnyFile)
    def download(self, request: Request, pk: str) -> FileResponse:
        """The file as it was put in; the rights are checked again at every call."""
        evidence = self.get_object()
        try:
            file = evidence.file.open("rb")
        except FileNotFoundError:
            raise NotFound("根拠資料のファイルがありません。") from None
        response = FileResponse(
            file,
            as_attachment=True,
            filename=evidence.name,
            content_type="application/octet-stream",
        )
        response["X-Content-Type-Options"] = "nosniff"
        return response
