"""What is granted, said, corrected and proved at the items of a round, in the API."""

from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
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

from accounts.authentication import actor_of
from accounts.models import Department
from accounts.viewsets import (
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
    find_visible,
)
from dxportal.api import AnyFile
from kpi.api import ActualEntryFields, ActualSerializer, entry_of, stored_fields
from kpi.models import Actual, Indicator
from kpi.services import correct_actual
from plans import discussion, procedure
from plans.api import PersonName, reason_field
from plans.filters import (
    CommentFilterSet,
    CorrectionFilterSet,
    EvidenceFilterSet,
    ExtensionFilterSet,
)
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR
from plans.models import (
    Correction,
    Evidence,
    Extension,
    ItemComment,
    Plan,
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


class CorrectionSerializer(RowSerializer):
    plan = serializers.IntegerField(source="item.cycle.plan_id", read_only=True, label="計画")
    fiscal_year = serializers.IntegerField(
        source="item.cycle.fiscal_year", read_only=True, label="年度"
    )
    kind = serializers.ChoiceField(
        source="item.kind", read_only=True, choices=RoundItem.Kind.choices, label="種類"
    )
    object_id = serializers.IntegerField(
        source="item.object_id", read_only=True, label="対象の番号"
    )
    label = serializers.CharField(  # type: ignore[assignment]  # the row's, not the serializer's
        source="item.label", read_only=True, label="名称"
    )
    corrected_by_name = PersonName(source="corrected_by", label="訂正した人")

    class Meta:
        model = Correction
        fields = [
            "id",
            "item",
            "plan",
            "fiscal_year",
            "kind",
            "object_id",
            "label",
            "field",
            "before",
            "after",
            "reason",
            "corrected_by_name",
            "corrected_at",
        ]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "確定した実績値の訂正",
            {
                "plan": 1,
                "indicator": 3,
                "fiscal_year": 2024,
                "value": "1,234",
                "reason": "集計の誤りのため",
                "version": 4,
            },
        )
    ]
)
class CorrectionCreateSerializer(ActualEntryFields):
    """What is to be changed of the settled actual; what is left out stays as it is."""

    plan = serializers.IntegerField(label="計画", min_value=1)
    indicator = serializers.IntegerField(label="指標", min_value=1)
    fiscal_year = serializers.IntegerField(
        label="年度", min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR
    )
    reason = serializers.CharField(label="訂正の理由", max_length=2000)
    version = serializers.IntegerField(
        label="版",
        min_value=1,
        required=False,
        allow_null=True,
        help_text="実績（`actuals`）の `version`。その年度に値がなければnull。",
    )


class CorrectedSerializer(serializers.Serializer):
    actual = ActualSerializer(label="訂正後の実績値")
    corrections = CorrectionSerializer(
        many=True, label="記録した訂正", help_text="値が変わらなければ空。"
    )


class CorrectionViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = Correction.objects.all()
    serializer_class = CorrectionSerializer
    filterset_class = CorrectionFilterSet
    body_classes = {"create": CorrectionCreateSerializer}
    about = "確定した値の訂正（正誤表の行）です。"
    told = {
        "create": (
            "確定した実績値を訂正する",
            "事務局だけができます。確定していない年度は400です（訂正ではなく入力で変えます）。",
        )
    }

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("item__cycle", "corrected_by")

    @extend_schema(responses={201: CorrectedSerializer})
    def create(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        indicators = Indicator.objects.filter(uses__plan=plan).distinct()
        indicator = find_visible(indicators, request, body["indicator"], "indicator")
        of_year = Actual.objects.filter(indicator=indicator, fiscal_year=body["fiscal_year"])
        there = of_year.filter(kind=Actual.Kind.ACTUAL).first()
        before = stored_fields(there) if there else {}
        with transaction.atomic():
            last = Correction.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            actual = correct_actual(
                actor_of(request),
                plan,
                indicator,
                body["fiscal_year"],
                entry_of(before, body),
                body.get("version"),
                body["reason"],
            )
            made = self.get_queryset().filter(
                pk__gt=last,
                item__cycle__plan=plan,
                item__kind=RoundItem.Kind.ACTUAL,
                item__object_id=indicator.pk,
            )
            corrections = CorrectionSerializer(made, many=True).data
        return Response(
            {"actual": self.represent_current(actual), "corrections": corrections}, status=201
        )

    def represent_current(self, current: Model) -> dict[str, Any]:
        """What is corrected is an actual, and that is what somebody else may have changed."""
        actual = Actual.objects.select_related("indicator", "entered_by").get(pk=current.pk)
        return dict(ActualSerializer(actual).data)


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


class EvidenceViewSet(ReadOnlyRows):
    queryset = Evidence.objects.all()
    serializer_class = EvidenceSerializer
    filterset_class = EvidenceFilterSet
    about = "照会の項目に添えられた根拠資料のファイルです。"

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
