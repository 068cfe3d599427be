"""How a city's own tables are read, in the API: each column by its head, what it means."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import editing, policy
from accounts.models import Organization
from accounts.policy import Act
from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import (
    KeptByOffice,
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
    find_visible,
)
from budgets.models import BudgetEntry
from dxportal.editors.api import DeletedSerializer, went_along
from dxportal.filters import ColumnMappingFilterSet
from dxportal.models import ColumnMapping
from dxportal.planbook.faults import PlanBookError
from dxportal.planbook.mapping_forms import MOST_OF_A_CELL, SAMPLE_ROWS, Sample, ShownSample
from dxportal.planbook.meanings import (
    THOUSAND_YEN,
    YEN,
    MappedColumn,
    Meaning,
    faults_of_columns,
    mapping_fault,
    meaning_choices,
    plain,
    suggest_columns,
)
from dxportal.planbook.reader import MAX_COLUMNS
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR
from plans.models import Plan

# An amount is said by its stage, which supplementary budget, and its unit.
AMOUNTS = {value for _, group in meaning_choices() for value, _ in group if ":" in value}


class ColumnSerializer(StrictSerializer):
    head = serializers.CharField(label="見出し", max_length=MOST_OF_A_CELL)
    means = serializers.ChoiceField(label="意味", choices=Meaning.choices)
    fiscal_year = serializers.IntegerField(
        label="年度",
        min_value=MIN_FISCAL_YEAR,
        max_value=MAX_FISCAL_YEAR,
        required=False,
        help_text="年度ごとの値（目標、実績、スケジュール、予算）で必須。",
    )
    stage = serializers.ChoiceField(
        label="段階",
        choices=BudgetEntry.Stage.choices,
        required=False,
        help_text="予算（`budget`）で必須。",
    )
    number = serializers.IntegerField(
        label="補正の号", min_value=0, max_value=6, required=False, help_text="補正予算で1〜6。"
    )
    unit = serializers.ChoiceField(
        label="単位",
        choices=[(YEN, YEN), (THOUSAND_YEN, THOUSAND_YEN)],
        required=False,
        help_text="予算（`budget`）で必須。",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        column = column_of(attrs)
        if column.means is Meaning.BUDGET and column.choice not in AMOUNTS:
            raise ValidationError("予算の列には、段階（補正は号も）と単位を指定してください。")
        return attrs


def column_of(entry: Mapping[str, Any]) -> MappedColumn:
    return MappedColumn.of({**entry, "head": " ".join(entry["head"].split())})


class ColumnMappingSerializer(RowSerializer):
    columns = ColumnSerializer(many=True, read_only=True, label="列の対応")

    class Meta:
        model = ColumnMapping
        fields = [
            "id",
            "organization",
            "name",
            "sheet_name",
            "header_row",
            "columns",
            "version",
            "updated_at",
        ]


class ColumnMappingFields(StrictSerializer):
    name = serializers.CharField(label="名称", max_length=100)
    sheet_name = serializers.CharField(
        label="シート名",
        max_length=100,
        required=False,
        allow_blank=True,
        help_text="空は、はじめのシート。",
    )
    header_row = serializers.IntegerField(
        label="見出しが始まる行", min_value=1, max_value=SAMPLE_ROWS, required=False
    )
    columns: serializers.ListSerializer = serializers.ListSerializer(
        child=ColumnSerializer(), label="列の対応", allow_empty=False, max_length=MAX_COLUMNS
    )

    def validate_columns(self, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        columns = [column_of(entry) for entry in entries]
        if faults := faults_of_columns(columns):
            raise ValidationError(
                [
                    {faults[place][0]: [faults[place][1]]} if place in faults else {}
                    for place in range(len(columns))
                ]
            )
        if reason := mapping_fault(columns):
            raise ValidationError([reason])
        return [column.entry() for column in columns]


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "プロジェクト一覧（毎年7月）",
            {
                "organization": 1,
                "name": "040 プロジェクト一覧",
                "header_row": 2,
                "columns": [
                    {"head": "PID", "means": "project_code"},
                    {"head": "活動指標", "means": "indicator_name"},
                    {"head": "R7実績", "means": "actual", "fiscal_year": 2025},
                    {
                        "head": "R8当初（千円）",
                        "means": "budget",
                        "fiscal_year": 2026,
                        "stage": "initial",
                        "unit": "千円",
                    },
                ],
            },
        )
    ]
)
class ColumnMappingCreateSerializer(ColumnMappingFields):
    organization = serializers.IntegerField(label="団体", min_value=1)


class ColumnMappingChangeSerializer(ColumnMappingFields):
    name = serializers.CharField(label="名称", max_length=100, required=False)
    columns: serializers.ListSerializer = serializers.ListSerializer(
        child=ColumnSerializer(),
        label="列の対応",
        allow_empty=False,
        max_length=MAX_COLUMNS,
        required=False,
        help_text="送ると、列の対応はちょうどこのとおりになります。",
    )
    version = VersionRead()


class SuggestSerializer(StrictSerializer):
    plan = serializers.IntegerField(
        label="計画", min_value=1, help_text="表が扱う計画。見出しの意味を推測するために使います。"
    )
    file = serializers.FileField(
        label="表のファイル",
        help_text="Excel（.xlsx）かCSV。はじめの行だけを読み取り、保存しません。",
    )
    sheet_name = serializers.CharField(
        label="シート名",
        max_length=100,
        required=False,
        allow_blank=True,
        default="",
        help_text="省くと、はじめのシート。",
    )


class SuggestedColumnSerializer(serializers.Serializer):
    head = serializers.CharField(label="見出し")
    means = serializers.ChoiceField(label="意味の案", choices=Meaning.choices)
    fiscal_year = serializers.IntegerField(label="年度", required=False)
    stage = serializers.ChoiceField(label="段階", choices=BudgetEntry.Stage.choices, required=False)
    number = serializers.IntegerField(label="補正の号", required=False)
    unit = serializers.CharField(label="単位", required=False)
    examples = serializers.ListField(child=serializers.CharField(), label="見出しの下の値")


class SuggestionSerializer(serializers.Serializer):
    sheet_names = serializers.ListField(child=serializers.CharField(), label="あるシート")
    sheet_name = serializers.CharField(label="読み取ったシート")
    header_row = serializers.IntegerField(label="見出しが始まる行")
    columns = SuggestedColumnSerializer(many=True, label="列")


class ColumnMappingViewSet(KeptByOffice, WritesWithVersion, ReadOnlyRows):
    queryset = ColumnMapping.objects.all()
    serializer_class = ColumnMappingSerializer
    filterset_class = ColumnMappingFilterSet
    body_classes = {
        "create": ColumnMappingCreateSerializer,
        "partial_update": ColumnMappingChangeSerializer,
        "suggest": SuggestSerializer,
    }
    files_in = ("suggest",)
    max_megabytes = {"suggest": settings.BOOK_MAX_MEGABYTES}
    parameters = {"destroy": ("version",)}
    about = "市の独自の表の読み方です。`books` で `mapping` に指定します。事務局に見えます。"
    told = {
        "suggest": (
            "表の列が何を意味するかの案",
            "`multipart/form-data` で表を送ると、見出しを探し、列ごとに意味の案と値の例を返します。"
            "案は人が確かめ、直してから列の対応表にしてください（`examples` は送りません）。",
        ),
        "destroy": (
            "{noun}を削除する",
            "取込に使ったものは400です。`deletions` の `restore` で元に戻せます。",
        ),
    }

    def create(self, request: Request) -> Response:
        body = self.body()
        city = find_visible(Organization.objects, request, body.pop("organization"), "organization")
        return self.created(
            editing.create(actor_of(request), ColumnMapping(organization=city, **body)).pk
        )

    def partial_update(self, request: Request, pk: str) -> Response:
        """Only what is sent changes; `version` must be the one that was read."""
        mapping = self.get_object()
        body = self.body()
        editing.change(actor_of(request), mapping, body, body.pop("version"))
        return Response(self.represent(mapping.pk))

    @extend_schema(responses={200: DeletedSerializer})
    def destroy(self, request: Request, pk: str) -> Response:
        deletion = editing.delete(actor_of(request), self.get_object(), self.version_in_address())
        return Response({"deletion": deletion.pk, "went_along": went_along(deletion)})

    @extend_schema(responses=SuggestionSerializer)
    @action(detail=False, methods=["post"], filter_backends=[], pagination_class=None)
    def suggest(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        policy.require(actor_of(request), Act.MANAGE, plan.organization_id, what="列の対応表の変更")
        try:
            sample = Sample.of_upload(plan, body["file"])
        except PlanBookError as error:
            raise ValidationError({"file": [fault.reason for fault in error.faults]}) from error
        names = [table.name for table in sample.tables]
        if not names or body["sheet_name"] not in ("", *names):
            raise ValidationError(
                {"sheet_name": f"このシートがありません（あるシート：{'、'.join(names)}）。"}
            )
        shown = ShownSample.guessed(sample.table(body["sheet_name"]))
        examples = shown.examples()
        told = {
            "sheet_names": names,
            "sheet_name": shown.table.name,
            "header_row": shown.head.first_row,
            "columns": [
                {**column.entry(), "examples": examples.get(plain(column.head), [])}
                for column in suggest_columns(shown.heads, plan)
            ],
        }
        return Response(SuggestionSerializer(told).data)
