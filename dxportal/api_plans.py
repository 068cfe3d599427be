"""What is done with a whole plan over the API: read at once, compared, revised, made public."""

import io
from typing import Any

from django.http import FileResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import policy
from accounts.audit import Actor
from accounts.policy import Act
from accounts.rest.authentication import actor_of
from accounts.rest.streaming import Csv, Ndjson
from accounts.rest.viewsets import RowSerializer, StrictSerializer, VersionRead, find_visible
from dxportal.api import AnyFile
from dxportal.comparison import Comparison, compare_plans, compare_years
from dxportal.editors.api import EditedRows
from dxportal.models import DataVersion, Publication
from dxportal.planbook.writer import lines_of, write_workbook, write_zip
from dxportal.public import services as publishing
from dxportal.public import versions
from dxportal.rest.whole_plan import MEDIA_TYPES, pieces_of
from dxportal.revisions import services as revisions
from plans.api import PlanSerializer
from plans.exports import XLSX_TYPE
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR
from plans.models import Plan

BOOK_TYPES = {"xlsx": XLSX_TYPE, "zip": "application/zip"}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "令和8年度改定",
            {
                "key": "dx-action-plan-r8",
                "name": "佐世保市DX戦略実行計画",
                "edition": "令和8年度改定",
                "applies_from": 2026,
                "last_fiscal_year": 2027,
            },
        )
    ]
)
class RevisionSerializer(StrictSerializer):
    key = serializers.CharField(label="識別子", max_length=100)
    name = serializers.CharField(label="計画名", max_length=200)
    edition = serializers.CharField(label="版", max_length=100)
    applies_from = serializers.IntegerField(
        label="適用を始める年度", min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR
    )
    last_fiscal_year = serializers.IntegerField(
        label="計画の終了年度",
        min_value=MIN_FISCAL_YEAR,
        max_value=MAX_FISCAL_YEAR,
        required=False,
        help_text="省くと、いまの計画と同じ。",
    )


class ForceSerializer(StrictSerializer):
    """A draft becomes the plan in force."""

    version = VersionRead()


class PublicationSerializer(RowSerializer):
    class Meta:
        model = Publication
        fields = ["plan", "licence", "contact", "introduction", "published_at"]


class PublishSerializer(StrictSerializer):
    """The terms; those left out stay as they are."""

    licence = serializers.ChoiceField(
        label="利用条件", choices=Publication.Licence.choices, required=False
    )
    contact = serializers.CharField(
        label="問い合わせ先", max_length=200, required=False, allow_blank=True
    )
    introduction = serializers.CharField(
        label="市民向けの説明", required=False, allow_blank=True, max_length=10_000
    )


class WithdrawSerializer(StrictSerializer):
    reason = serializers.CharField(
        label="取りやめる理由", max_length=500, help_text="庁内の記録に残ります。"
    )


class DataVersionSerializer(RowSerializer):
    class Meta:
        model = DataVersion
        fields = [
            "name",
            "fiscal_years",
            "sha256",
            "size",
            "kept_at",
            "withdrawn_at",
            "withdrawal_reason",
        ]


class WithdrawDataSerializer(StrictSerializer):
    data_version = serializers.CharField(
        label="データの版", max_length=40, help_text="`data-versions` の `name`。"
    )
    reason = serializers.CharField(
        label="取り下げる理由", max_length=500, help_text="版のアドレスを開いた市民にも見えます。"
    )


class DifferenceSerializer(serializers.Serializer):
    subject = serializers.CharField(label="区分", help_text="`measures`・`targets` など。")
    change = serializers.CharField(label="変更", help_text="`added`・`dropped`・`changed` など。")
    what = serializers.CharField(label="対象")
    where = serializers.CharField(label="場所", allow_blank=True)
    item = serializers.CharField(label="項目", allow_blank=True)
    before = serializers.CharField(label="前", allow_blank=True)
    after = serializers.CharField(label="後", allow_blank=True)
    note = serializers.CharField(label="備考", allow_blank=True)


class ComparisonSerializer(serializers.Serializer):
    before = serializers.CharField(label="比較元")
    after = serializers.CharField(label="比較先")
    results = DifferenceSerializer(many=True, label="違い")


class PlanActs(EditedRows):
    """Acts on a plan as a whole, by the services of its pages."""

    body_classes = {
        "revise": RevisionSerializer,
        "put_into_force": ForceSerializer,
        "publish": PublishSerializer,
        "withdraw": WithdrawSerializer,
        "withdraw_data": WithdrawDataSerializer,
    }
    parameters = {
        "rows": ["format"],
        "book": ["format"],
        "compare": ["with", "from", "to"],
    }
    told = {
        "rows": (
            "計画のすべての行を1度に",
            "`format=ndjson`（既定）は1行に1つのJSONで、`resource` に資源の名前、"
            "`row` に行が入ります。"
            "`csv` は、資源ごとの表（UTF-8、BOM付き）のZIPです。資源ごとに、読んだ時点の行です。",
        ),
        "book": (
            "計画ブックのファイル",
            "取込と同じ形式の `zip`（CSV、既定）か `xlsx` です。事務局だけができます。",
        ),
        "compare": (
            "計画の版か、2つの年度の違い",
            "`with` にほかの計画の番号か、`from` と `to` に年度を指定します。",
        ),
        "revise": (
            "計画を改定する",
            "計画の行をすべて写した改定案（案の計画）を作ります。施行するまで、いまの版が有効です。",
        ),
        "put_into_force": (
            "改定案を施行する",
            "案の計画を施行し、改定前の計画を旧版にします。できないときは、すべての理由を400で返します。",
        ),
        "publication": ("市民への公開の条件", "公開していなければ404です。"),
        "publish": (
            "計画を市民に公開する",
            "公開している計画では、送った条件だけを変えます。案の計画は公開できません。",
        ),
        "withdraw": ("計画の公開を取りやめる", "公開のアドレスは、すぐにすべて開けなくなります。"),
        "data_versions": (
            "オープンデータの版",
            "公開したデータを版ごとに、新しいものから返します。取り下げた版も含みます。",
        ),
        "withdraw_data": (
            "オープンデータの版を1つ取り下げる",
            "その版のファイルを消します。元に戻せず、その版へのリンクは取下げの理由を示します。",
        ),
    }

    @extend_schema(responses={(200, kind): OpenApiTypes.BINARY for kind in MEDIA_TYPES.values()})
    @action(detail=True, filter_backends=[], content_negotiation_class=AnyFile)
    def rows(self, request: Request, pk: str) -> StreamingHttpResponse:
        plan: Plan = self.get_object()
        asked = self._one_of("format", MEDIA_TYPES, Ndjson.format)
        pieces = pieces_of(plan, request, asked)
        response = StreamingHttpResponse(pieces, content_type=MEDIA_TYPES[asked])
        suffix = "zip" if asked == Csv.format else asked
        response["Content-Disposition"] = f'attachment; filename="plan-{plan.pk}.{suffix}"'
        return response

    @extend_schema(responses={(200, kind): OpenApiTypes.BINARY for kind in BOOK_TYPES.values()})
    @action(detail=True, filter_backends=[], content_negotiation_class=AnyFile)
    def book(self, request: Request, pk: str) -> FileResponse:
        actor, plan = self._plan()
        what = "計画ブックの書き出し"
        policy.require(actor, Act.MANAGE, plan.organization_id, what=what, on=plan, reads=True)
        asked = self._one_of("format", BOOK_TYPES, "zip")
        content = io.BytesIO()
        if asked == "xlsx":
            write_workbook(lines_of(plan), content)
        else:
            write_zip(lines_of(plan), content, "utf-8")
        content.seek(0)
        return FileResponse(
            content,
            as_attachment=True,
            filename=f"{plan.name}.{asked}",
            content_type=BOOK_TYPES[asked],
        )

    def _one_of(self, name: str, known: Any, default: str) -> str:
        said = str(self.request.query_params.get(name, default))
        if said not in known:
            raise ValidationError({name: f"{' か '.join(known)} を指定してください。"})
        return said

    @extend_schema(responses=ComparisonSerializer)
    @action(detail=True, filter_backends=[])
    def compare(self, request: Request, pk: str) -> Response:
        plan: Plan = self.get_object()
        said = {name: self._number(name) for name in self.parameters["compare"]}
        if said["with"] is not None and said["from"] is None and said["to"] is None:
            plans = Plan.objects.filter(organization_id=plan.organization_id)
            other = find_visible(plans.exclude(pk=plan.pk), request, said["with"], "with")
            old, new = sorted((plan, other), key=lambda p: (p.applies_from or 0, p.pk))
            if new.key not in old.later_editions and old.key in new.later_editions:
                old, new = new, old
            return self._compared(compare_plans(old, new), old, new)
        first, last = said["from"], said["to"]
        if said["with"] is not None or first is None or last is None:
            raise ValidationError({"with": "with か、from と to のどちらかを指定してください。"})
        for name, year in (("from", first), ("to", last)):
            if year not in plan.fiscal_years:
                raise ValidationError({name: "計画の期間の年度を指定してください。"})
        earlier, later = min(first, last), max(first, last)
        return self._compared(compare_years(plan, earlier, later), earlier, later)

    def _number(self, name: str) -> int | None:
        text = self.request.query_params.get(name)
        if text is not None and not (text.isascii() and text.isdigit() and len(text) < 10):
            raise ValidationError({name: "番号か年度を、整数で指定してください。"})
        return None if text is None else int(text)

    @staticmethod
    def _compared(comparison: Comparison, before: Any, after: Any) -> Response:
        told = {"before": str(before), "after": str(after), "results": comparison.differences}
        return Response(ComparisonSerializer(told).data)

    @extend_schema(responses={201: PlanSerializer})
    @action(detail=True, methods=["post"], filter_backends=[])
    def revise(self, request: Request, pk: str) -> Response:
        actor, plan = self._plan()
        return self.created(revisions.revise_plan(actor, plan, **self.body()).pk)

    @action(detail=True, methods=["post"], filter_backends=[], url_path="put-into-force")
    def put_into_force(self, request: Request, pk: str) -> Response:
        actor, plan = self._plan()
        revisions.put_into_force(actor, plan, self.body()["version"])
        return Response(self.represent(plan.pk))

    @extend_schema(responses=PublicationSerializer)
    @action(detail=True, filter_backends=[])
    def publication(self, request: Request, pk: str) -> Response:
        return Response(self._terms(self.get_object()))

    @extend_schema(responses=PublicationSerializer)
    @action(detail=True, methods=["post"], filter_backends=[])
    def publish(self, request: Request, pk: str) -> Response:
        actor, plan = self._plan()
        publishing.publish_plan(actor, plan, self.body())
        return Response(self._terms(plan))

    @extend_schema(responses={204: None})
    @action(detail=True, methods=["post"], filter_backends=[])
    def withdraw(self, request: Request, pk: str) -> Response:
        actor, plan = self._plan()
        publishing.withdraw_plan(actor, plan, self.body()["reason"])
        return Response(status=204)

    @extend_schema(responses=DataVersionSerializer(many=True))
    @action(detail=True, filter_backends=[], pagination_class=None, url_path="data-versions")
    def data_versions(self, request: Request, pk: str) -> Response:
        kept = self.get_object().data_versions.all()
        return Response(DataVersionSerializer(kept, many=True).data)

    @extend_schema(responses=DataVersionSerializer)
    @action(detail=True, methods=["post"], filter_backends=[], url_path="withdraw-data")
    def withdraw_data(self, request: Request, pk: str) -> Response:
        actor, plan = self._plan()
        body = self.body()
        found = DataVersion.objects.filter(plan=plan, name=body["data_version"]).first()
        if found is None:
            raise NotFound({"data_version": "この版はありません。"})
        found.plan = plan
        withdrawn = versions.withdraw_version(actor, found, body["reason"])
        return Response(DataVersionSerializer(withdrawn).data)

    def _plan(self) -> tuple[Actor, Plan]:
        plan = Plan.objects.select_related("organization").get(pk=self.get_object().pk)
        return actor_of(self.request), plan

    @staticmethod
    def _terms(plan: Plan) -> dict[str, Any]:
        publication = publishing.publication_of(plan)
        if publication is None:
            raise NotFound("この計画は公開していません。")
        return dict(PublicationSerializer(publication).data)
