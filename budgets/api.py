"""Budgets and settled accounts in the API."""

from functools import partial
from typing import Any

from django.db.models import Q, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import Actor
from accounts.rest.authentication import actor_of
from accounts.rest.bulk import (
    MAX_ID,
    BulkReportSerializer,
    BulkSerializer,
    Checked,
    OnceInACall,
    RowVersion,
    check_rows,
    rows_field,
    write_rows,
)
from accounts.rest.viewsets import (
    NoVersionYet,
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
    find_visible,
)
from accounts.versions import AnyVersion
from budgets import services
from budgets.filters import BudgetFilterSet
from budgets.models import BudgetEntry
from budgets.services import ENTERED_FIELDS, SETTLEMENT_STAGES, SettlementWrite
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR
from plans.models import Plan
from projects.api import ProjectViewSet
from projects.api_bulk import require_one_project
from projects.models import Project

STAGES = [(stage.value, stage.label) for stage in SETTLEMENT_STAGES]


class BudgetEntrySerializer(RowSerializer):
    project_key = serializers.CharField(source="project.key", read_only=True, label="事業の識別子")
    project_name = serializers.CharField(source="project.name", read_only=True, label="事業名")

    class Meta:
        model = BudgetEntry
        fields = [
            "id",
            "project",
            "project_key",
            "project_name",
            "fiscal_year",
            "stage",
            "number",
            "amount",
            "national",
            "prefectural",
            "bond",
            "other",
            "general",
            "category",
            "is_zero_budget",
            "raw_text",
            "note",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {"project": ProjectViewSet}


class BudgetViewSet(ReadOnlyRows):
    queryset = BudgetEntry.objects.all()
    serializer_class = BudgetEntrySerializer
    filterset_class = BudgetFilterSet
    about = (
        "事業の予算・決算の1つの段階です。金額は円の整数で、書かれていない金額はnullです"
        "（0円とは別です）。"
    )

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("project")


class Yen(serializers.IntegerField):
    """An amount in whole yen, as a JSON number; null takes back what was stated."""

    def __init__(self, label: str) -> None:
        super().__init__(
            label=label,
            required=False,
            allow_null=True,
            min_value=0,
            max_value=10**15,
            help_text="円の整数。nullは「書かれていない」（0円とは別です）。",
        )

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            raise ValidationError("金額は円の整数（JSONの数値）で送ってください。")
        return int(data)


class AmountFields(StrictSerializer):
    amount = Yen("金額（円）")
    national = Yen("国庫支出金（円）")
    prefectural = Yen("県支出金（円）")
    bond = Yen("地方債（円）")
    other = Yen("その他（円）")
    general = Yen("一般財源（円）")
    note = serializers.CharField(
        label="コメント",
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=2000,
        help_text="警告（予算現額との桁の違いなど）があるときは、その理由。",
    )


class SettlementPlace(AmountFields):
    """Which settled figure it is, and what it says."""

    fiscal_year = serializers.IntegerField(
        label="年度", min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR
    )
    stage = serializers.ChoiceField(
        label="段階",
        choices=STAGES,
        default=BudgetEntry.Stage.SETTLED,
        help_text="省くと決算（settled）。",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "決算", {"plan": 1, "project": 12, "fiscal_year": 2025, "amount": 12_345_000}
        )
    ]
)
class SettlementCreateSerializer(SettlementPlace):
    plan = serializers.IntegerField(label="計画", min_value=1)
    project = serializers.IntegerField(label="事業", min_value=1)
    version = NoVersionYet()


@extend_schema_serializer(
    examples=[OpenApiExample("金額を直す", {"plan": 1, "amount": 12_400_000, "version": 1})]
)
class SettlementChangeSerializer(AmountFields):
    """The amounts to change; those left out stay as they are."""

    plan = serializers.IntegerField(
        label="計画", min_value=1, help_text="その照会が入力を受け付けている計画。"
    )
    version = VersionRead()


class SettlementRowSerializer(SettlementPlace):
    project = serializers.IntegerField(
        label="事業",
        min_value=1,
        max_value=MAX_ID,
        required=False,
        help_text="`project_key` か、どちらか1つ。",
    )
    project_key = serializers.CharField(
        label="事業の識別子",
        max_length=200,
        required=False,
        help_text="団体の中で1つに決まります。",
    )
    version = RowVersion()

    def validate(self, row: dict[str, Any]) -> dict[str, Any]:
        require_one_project(row)
        return row


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "2つの事業の決算",
            {
                "plan": 1,
                "mode": "row_by_row",
                "rows": [
                    {"project_key": "01-01", "fiscal_year": 2025, "amount": 12_345_000},
                    {
                        "project_key": "01-02",
                        "fiscal_year": 2025,
                        "amount": 3_000_000,
                        "national": 1_500_000,
                        "prefectural": 0,
                        "bond": 0,
                        "other": 0,
                        "general": 1_500_000,
                    },
                ],
            },
        )
    ]
)
class SettlementsBulkSerializer(BulkSerializer):
    plan = serializers.IntegerField(label="計画", min_value=1)
    rows = rows_field(SettlementRowSerializer)


class SettlementViewSet(WritesWithVersion, BudgetViewSet):
    queryset = BudgetEntry.objects.filter(stage__in=SETTLEMENT_STAGES)
    body_classes = {
        "create": SettlementCreateSerializer,
        "partial_update": SettlementChangeSerializer,
        "bulk": SettlementsBulkSerializer,
    }
    about = (
        "事業の決算（settled）と決算見込（forecast）です。照会の入力期間に、所管課か財務会計"
        "システムが書き込みます。"
    )
    told = {
        "bulk": (
            "多くの事業の決算をまとめて書き込む",
            "事業・年度・段階で行を見つけ、なければ作成し、あれば送った金額だけを変えます（省いた金額は"
            "そのままです）。行ごとに、作成・変更・変更なし・断ったのどれかと、断った理由を返します。",
        )
    }

    def create(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        project = find_visible(Project.objects, request, body["project"], "project")
        entry = services.record_settlement(
            actor_of(request),
            plan,
            project,
            body["fiscal_year"],
            body["stage"],
            changes_of(body),
            None,
        )
        return self.created(entry.pk)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Only what is sent changes; `version` must be the one that was read."""
        entry: BudgetEntry = self.get_object()
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        services.record_settlement(
            actor_of(request),
            plan,
            entry.project,
            entry.fiscal_year,
            entry.stage,
            changes_of(body),
            body["version"],
        )
        return Response(self.represent(entry.pk))

    @extend_schema(responses=BulkReportSerializer)
    @action(detail=False, methods=["post"], filter_backends=[])
    def bulk(self, request: Request) -> Response:
        """Upsert by project, fiscal year and stage, through the service of single calls."""
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        rows = check_rows(body["rows"], SettlementRowSerializer)
        actor = actor_of(request)
        read = _SettlementRows(actor, plan, rows).read
        write = partial(services.record_settlements, actor, plan)
        return Response(write_rows(rows, read, write, body["mode"], body["dry_run"]))


def changes_of(said: dict[str, Any]) -> dict[str, int | str | None]:
    return {name: said[name] for name in ENTERED_FIELDS if name in said}


class _SettlementRows:
    """Reads the rows of a bulk call; the projects that they name are fetched once for all."""

    def __init__(self, actor: Actor, plan: Plan, rows: list[Checked]) -> None:
        self.once = OnceInACall()
        numbers = {row.said["project"] for row in rows if "project" in row.said}
        keys = {row.said["project_key"] for row in rows if "project_key" in row.said}
        of_city = Project.objects.visible_to(actor.user).filter(
            organization_id=plan.organization_id
        )
        self.by_name: dict[int | str, Project] = {}
        for project in of_city.filter(Q(pk__in=numbers) | Q(key__in=keys)):
            self.by_name |= {project.pk: project, project.key: project}

    def read(self, row: dict[str, Any]) -> SettlementWrite:
        field = "project" if "project" in row else "project_key"
        project = self.by_name.get(row[field])
        if project is None:
            raise NotFound({field: "この事業はありません。"})
        year, stage = row["fiscal_year"], row["stage"]
        self.once.check((project.pk, year, stage))
        version = row.get("version", AnyVersion.ANY)
        return SettlementWrite(project, year, stage, changes_of(row), version)
