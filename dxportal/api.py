"""Report jobs and finished reports in the API."""

from typing import Any

from django.db.models import QuerySet
from django.http import FileResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import (
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    WritesWithVersion,
    find_visible,
)
from dxportal import services
from dxportal.filters import PublishedReportFilterSet, ReportFilterSet, ReportJobFilterSet
from dxportal.models import PublishedReport, ReportJob, ReportTemplate
from dxportal.reports.names import file_name
from dxportal.reports.publishing import (
    FileDamaged,
    publish_report,
    require_intact,
    withdraw_report,
)
from dxportal.reports.templates import design_for
from plans.api import PersonName
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR
from plans.models import Plan

MEDIA_TYPES = {
    ReportJob.Format.PDF: "application/pdf",
    ReportJob.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ReportJob.Format.DOCX: (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    ),
}


class AnyFile(BaseContentNegotiation):
    """A download has one form; whatever the client would like to accept, that is what it gets."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class ReportJobSerializer(RowSerializer):
    percent = serializers.IntegerField(read_only=True, label="進み（％）")
    requested_by_name = PersonName(source="requested_by", label="依頼者")
    report = serializers.SerializerMethodField(
        label="報告書", help_text="できあがった報告書（`reports`）の番号。できるまではnull。"
    )

    class Meta:
        model = ReportJob
        fields = [
            "id",
            "plan",
            "fiscal_year",
            "format",
            "state",
            "step",
            "percent",
            "attempts",
            "error",
            "report",
            "requested_by_name",
            "created_at",
            "started_at",
            "finished_at",
        ]

    def get_report(self, job: ReportJob) -> int | None:
        return job.pk if job.state == ReportJob.State.DONE else None


class ReportRequestSerializer(StrictSerializer):
    """Which report is wanted."""

    plan = serializers.IntegerField(label="計画", min_value=1)
    fiscal_year = serializers.IntegerField(
        label="年度", min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR
    )
    format = serializers.ChoiceField(label="形式", choices=ReportJob.Format.choices)
    template = serializers.IntegerField(
        label="ひな形",
        min_value=1,
        required=False,
        help_text="`report-templates` の番号。省くと標準の章立て。",
    )


class CancelSerializer(StrictSerializer):
    """Nothing is asked but the job itself."""


class ReportJobViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = ReportJob.objects.all()
    serializer_class = ReportJobSerializer
    filterset_class = ReportJobFilterSet
    body_classes = {"create": ReportRequestSerializer, "cancel": CancelSerializer}
    about = "報告書の作成の依頼と、その進みです。"
    told = {"cancel": ("報告書の作成を取りやめる", "終わった作成は400です。")}

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("requested_by")

    def get_object(self) -> ReportJob:
        """Who watches a job whose worker has died brings it back, as on its page."""
        job: ReportJob = super().get_object()
        if job.is_active and services.rescue_stalled_jobs(job.pk):
            job.refresh_from_db()
        return job

    @extend_schema(responses={202: ReportJobSerializer})
    def create(self, request: Request) -> Response:
        """Ask for a report; a worker builds it. The same open request is not made twice."""
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        year, design = body["fiscal_year"], None
        if "template" in body:
            found = find_visible(ReportTemplate.objects, request, body["template"], "template")
            design = design_for(found, plan, year)
        job = services.request_report(actor_of(request), plan, year, body["format"], design)
        return self.created(job.pk, status=202)

    @action(detail=True, methods=["post"], filter_backends=[])
    def cancel(self, request: Request, pk: str) -> Response:
        job = self.get_object()
        self.body()
        services.cancel_report(actor_of(request), job)
        return Response(self.represent(job.pk))


class ReportSerializer(RowSerializer):
    filename = serializers.SerializerMethodField(label="ファイル名")
    download = serializers.SerializerMethodField(
        label="ダウンロード", help_text="ファイルのアドレス。開くたびに権限を確かめます。"
    )
    requested_by_name = PersonName(source="requested_by", label="依頼者")

    class Meta:
        model = ReportJob
        fields = [
            "id",
            "plan",
            "fiscal_year",
            "format",
            "filename",
            "size",
            "sha256",
            "unapproved_count",
            "data_as_of",
            "finished_at",
            "requested_by_name",
            "download",
        ]

    def get_filename(self, job: ReportJob) -> str:
        return file_name(job.plan, job.fiscal_year, job.format)

    @extend_schema_field(OpenApiTypes.URI)
    def get_download(self, job: ReportJob) -> str:
        return reverse("api-reports-download", args=[job.pk], request=self.context["request"])


class PublishedReportSerializer(RowSerializer):
    report = serializers.PrimaryKeyRelatedField(
        source="job", read_only=True, label="報告書", help_text="`reports` の番号。"
    )
    format = serializers.ChoiceField(
        source="job.format", read_only=True, choices=ReportJob.Format.choices, label="形式"
    )
    published_by_name = PersonName(source="published_by", label="公表した人")
    download = serializers.SerializerMethodField(
        label="ダウンロード", help_text="公表したときのままのファイルのアドレス。"
    )

    class Meta:
        model = PublishedReport
        fields = [
            "id",
            "plan",
            "fiscal_year",
            "report",
            "format",
            "title",
            "edition",
            "sha256",
            "published_at",
            "published_by_name",
            "withdrawn_at",
            "withdrawal_reason",
            "download",
        ]

    @extend_schema_field(OpenApiTypes.URI)
    def get_download(self, report: PublishedReport) -> str:
        address: str = reverse(
            "api-published-reports-download", args=[report.pk], request=self.context["request"]
        )
        return address


class ReportPublishSerializer(StrictSerializer):
    title = serializers.CharField(label="表題", max_length=200)
    confirmed = serializers.BooleanField(
        label="確定前と知って公表する",
        default=False,
        help_text="照会が確定していない年度では、trueでなければ400です。",
    )


class ReportWithdrawSerializer(StrictSerializer):
    reason = serializers.CharField(label="取下げの理由", max_length=2000)


class PublishedReportViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = PublishedReport.objects.all()
    serializer_class = PublishedReportSerializer
    filterset_class = PublishedReportFilterSet
    body_classes = {"withdraw": ReportWithdrawSerializer}
    about = "公表した報告書です。ファイルは変わらず、消えません。"
    told = {
        "withdraw": ("公表した報告書を取り下げる", "ファイルは残り、取り下げたことを示します。")
    }

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("plan", "job", "published_by")

    @action(detail=True, methods=["post"], filter_backends=[])
    def withdraw(self, request: Request, pk: str) -> Response:
        report = self.get_object()
        withdraw_report(actor_of(request), report, self.body()["reason"])
        return Response(self.represent(report.pk))

    @extend_schema(
        responses={(200, media_type): OpenApiTypes.BINARY for media_type in MEDIA_TYPES.values()}
    )
    @action(detail=True, filter_backends=[], content_negotiation_class=AnyFile)
    def download(self, request: Request, pk: str) -> FileResponse:
        """The file as it was published; the rights are checked again at every call."""
        report = self.get_object()
        try:
            path = require_intact(report)
        except FileDamaged:
            raise NotFound("公表した報告書のファイルがありません。") from None
        return FileResponse(
            path.open("rb"),
            as_attachment=True,
            filename=file_name(report.plan, report.fiscal_year, report.job.format),
            content_type=MEDIA_TYPES[report.job.format],
        )


class ReportViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = ReportJob.objects.filter(state=ReportJob.State.DONE)
    serializer_class = ReportSerializer
    filterset_class = ReportFilterSet
    body_classes = {"publish": ReportPublishSerializer}
    about = "できあがった報告書のファイルです。"
    told = {"publish": ("報告書を公表する", "ファイルを写して残します。あとから変えられません。")}

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("plan", "requested_by")

    @extend_schema(responses={201: PublishedReportSerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def publish(self, request: Request, pk: str) -> Response:
        body = self.body()
        made = publish_report(actor_of(request), self.get_object(), **body)
        told = PublishedReportSerializer(made, context=self.get_serializer_context()).data
        location = reverse("api-published-reports-detail", args=[made.pk], request=request)
        return Response(told, status=201, headers={"Location": location})

    @extend_schema(
        responses={(200, media_type): OpenApiTypes.BINARY for media_type in MEDIA_TYPES.values()}
    )
    @action(detail=True, filter_backends=[], content_negotiation_class=AnyFile)
    def download(self, request: Request, pk: str) -> FileResponse:
        """The file; the rights are checked again at every call."""
        job = self.get_object()
        try:
            file = job.file.open("rb")
        except FileNotFoundError:
            raise NotFound("報告書のファイルがありません。もう一度作成してください。") from None
        return FileResponse(
            file,
            as_attachment=True,
            filename=file_name(job.plan, job.fiscal_year, job.format),
            content_type=MEDIA_TYPES[job.format],
        )
