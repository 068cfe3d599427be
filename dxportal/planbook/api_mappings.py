"""How a city's own tables are read, in the API: each column by its head, what it means."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import editing
from accounts.models import Organization
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
from dxportal.planbook.mapping_forms import MOST_OF_A_CELL, SAMPLE_ROWS
from dxportal.planbook.meanings import (
    THOUSAND_YEN,
    YEN,
    MappedColumn,
    Meaning,
    faults_of_columns,
    mapping_fault,
    meaning_choices,
)
from dxportal.planbook.reader import MAX_COLUMNS
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR

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


class ColumnMappingViewSet(KeptByOffice, WritesWithVersion, ReadOnlyRows):
    queryset = ColumnMapping.objects.all()
    serializer_class = ColumnMappingSerializer
    filterset_class = ColumnMappingFilterSet
    body_classes = {
        "create": ColumnMappingCreateSerializer,
        "partial_update": ColumnMappingChangeSerializer,
    }
    parameters = {"destroy": ("version",)}
    about = "市の独自の表の読み方です。`books` で `mapping` に指定します。事務局に見えます。"
    told = {
        "destroy": (
            "{noun}を削除する",
            "取込に使ったものは400です。`deletions` の `restore` で元に戻せます。",
        )
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
