"""Indicators, their uses and their values in the API."""

from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import Prefetch, Q, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import DepartmentViewSet, OrganizationViewSet
from accounts.audit import Actor
from accounts.editing import Locked
from accounts.models import Organization
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
    Figure,
    FigureText,
    NoVersionYet,
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
    find_visible,
)
from accounts.versions import AnyVersion
from kpi import services
from kpi.achievement import achievement_of
from kpi.filters import (
    ActualFilterSet,
    IndicatorFilterSet,
    IndicatorUseFilterSet,
    TargetFilterSet,
)
from kpi.models import Actual, DefinitionChange, Indicator, IndicatorUse, Target, ValueStatus
from kpi.services import ActualEntry, ActualWrite
from plans.api import MeasureViewSet, PersonName, PlanViewSet
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR
from projects.api import ProjectViewSet


class DefinitionChangeSerializer(RowSerializer):
    class Meta:
        model = DefinitionChange
        fields = ["from_fiscal_year", "name", "unit", "formula", "rationale", "note"]


class IndicatorSerializer(RowSerializer):
    tolerance = Figure(
        label="維持の許容幅（％）",
        max_digits=7,
        decimal_places=2,
        help_text="「維持」の指標で、目標からこの割合までのずれを達成とみなします。",
    )
    baseline_value = Figure(label="基準値", allow_null=True)
    definition_changes = DefinitionChangeSerializer(
        many=True, read_only=True, help_text="年度の途中からの定義の変更。"
    )

    class Meta:
        model = Indicator
        fields = [
            "id",
            "organization",
            "key",
            "name",
            "unit",
            "decimals",
            "direction",
            "aggregation",
            "is_qualitative",
            "achievement_method",
            "tolerance",
            "department",
            "numerator_label",
            "denominator_label",
            "formula",
            "rationale",
            "baseline_fiscal_year",
            "baseline_value",
            "baseline_text",
            "measured_every",
            "measured_from",
            "definition_changes",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {"organization": OrganizationViewSet, "department": DepartmentViewSet}


class IndicatorViewSet(ReadOnlyRows):
    queryset = Indicator.objects.all()
    serializer_class = IndicatorSerializer
    filterset_class = IndicatorFilterSet
    needs = {"outcome": "fiscal_year"}
    about = (
        "指標の定義です。目標は `targets`、実績は `actuals`、使われる場所は `indicator-uses` に"
        "あります。"
    )

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.prefetch_related("definition_changes")


class IndicatorUseSerializer(RowSerializer):
    indicator_name = serializers.CharField(source="indicator.name", read_only=True, label="指標名")

    class Meta:
        model = IndicatorUse
        fields = [
            "id",
            "plan",
            "indicator",
            "indicator_name",
            "role",
            "measure",
            "project",
            "position",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {
            "plan": PlanViewSet,
            "indicator": IndicatorViewSet,
            "measure": MeasureViewSet,
            "project": ProjectViewSet,
        }


class IndicatorUseViewSet(ReadOnlyRows):
    queryset = IndicatorUse.objects.all()
    serializer_class = IndicatorUseSerializer
    filterset_class = IndicatorUseFilterSet
    about = "指標が計画のどこで使われるか（施策のKPI、事業の活動指標など）です。"

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("indicator")


class ValueSerializer(RowSerializer):
    """What targets and actuals show alike."""

    indicator_key = serializers.CharField(
        source="indicator.key", read_only=True, label="指標の識別子"
    )
    indicator_name = serializers.CharField(source="indicator.name", read_only=True, label="指標名")
    unit = serializers.CharField(source="indicator.unit", read_only=True, label="単位")
    value = Figure(label="値", allow_null=True, help_text="数値がないときはnull（0とは別です）。")


class TargetSerializer(ValueSerializer):
    class Meta:
        model = Target
        fields = [
            "id",
            "indicator",
            "indicator_key",
            "indicator_name",
            "fiscal_year",
            "kind",
            "revision",
            "is_current",
            "revised_in",
            "value",
            "unit",
            "comparison",
            "raw_text",
            "note",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {"indicator": IndicatorViewSet}


class TargetViewSet(ReadOnlyRows):
    queryset = Target.objects.all()
    serializer_class = TargetSerializer
    filterset_class = TargetFilterSet
    about = "指標の1年度の目標です。改定前の目標も、`is_current` をfalseにして残ります。"

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("indicator")


class AchievementSerializer(serializers.Serializer):
    percent = serializers.CharField(
        allow_null=True, label="達成率（％）", help_text="小数6桁まで。求められないときはnull。"
    )
    reached = serializers.BooleanField(allow_null=True, label="目標に達したか")
    formula = serializers.CharField(label="式")
    reason = serializers.CharField(label="求められない理由")


class ActualSerializer(ValueSerializer):
    numerator = Figure(label="分子", allow_null=True)
    denominator = Figure(label="分母", allow_null=True)
    achievement = serializers.SerializerMethodField(
        label="達成率", help_text="同じ年度の現行の目標に対する達成率。年度の実績でなければnull。"
    )
    entered_by_name = PersonName(source="entered_by", label="入力者")

    class Meta:
        model = Actual
        fields = [
            "id",
            "indicator",
            "indicator_key",
            "indicator_name",
            "fiscal_year",
            "kind",
            "status",
            "value",
            "unit",
            "numerator",
            "denominator",
            "raw_text",
            "is_preliminary",
            "note",
            "known_on",
            "state",
            "achievement",
            "entered_by_name",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {"indicator": IndicatorViewSet}

    def get_achievement(self, actual: Actual) -> AchievementSerializer(allow_null=True):  # type: ignore[valid-type]  # for the schema
        if actual.kind != Actual.Kind.ACTUAL:
            return None
        targets = {
            target.fiscal_year: target
            for target in actual.indicator.targets.all()
            if target.is_current and target.kind == Target.Kind.TARGET
        }
        found = achievement_of(actual.indicator, targets.get(actual.fiscal_year), actual)
        return {
            "percent": _percent_text(found.rounded()),
            "reached": found.reached,
            "formula": found.formula,
            "reason": found.reason,
        }


def _percent_text(percent: Decimal | None) -> str | None:
    if percent is None:
        return None
    return format(percent.normalize(), "f")


WRITABLE_STATUSES = [
    (status.value, status.label) for status in ValueStatus if status != ValueStatus.UNSTATED
]


class ActualEntryFields(StrictSerializer):
    value = FigureText(
        label="値",
        help_text="「1,234」「▲12.5」「全庁展開」など、書いたとおりの文字列。値がなければnull。",
    )
    status = serializers.ChoiceField(label="値の状態", choices=WRITABLE_STATUSES, required=False)
    note = serializers.CharField(
        label="コメント", required=False, allow_blank=True, trim_whitespace=False, max_length=2000
    )
    is_preliminary = serializers.BooleanField(label="速報", required=False)
    numerator = FigureText(label="分子", help_text="分母とともに送ると、率を計算します。")
    denominator = FigureText(label="分母", help_text="分子とともに送ると、率を計算します。")


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "数値",
            {"indicator": 1, "fiscal_year": 2025, "value": "1,234", "note": "", "version": None},
        ),
        OpenApiExample(
            "率を分子と分母から",
            {"indicator": 2, "fiscal_year": 2025, "numerator": "326", "denominator": "400"},
        ),
        OpenApiExample("未集計", {"indicator": 3, "fiscal_year": 2025, "status": "not_yet"}),
    ]
)
class ActualCreateSerializer(ActualEntryFields):
    indicator = serializers.IntegerField(label="指標", min_value=1)
    fiscal_year = serializers.IntegerField(
        label="年度", min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR
    )
    version = NoVersionYet()


@extend_schema_serializer(
    examples=[
        OpenApiExample("値を直す", {"value": "1,250", "version": 1}),
        OpenApiExample(
            "値を取り下げて該当なしにする",
            {"value": None, "status": "not_applicable", "version": 2},
        ),
    ]
)
class ActualChangeSerializer(ActualEntryFields):
    """The fields to change; those left out stay as they are."""

    version = VersionRead()


class ActualRowSerializer(ActualEntryFields):
    """One row of a bulk call: an indicator and a year, and what is said of them."""

    indicator = serializers.IntegerField(
        label="指標",
        min_value=1,
        max_value=MAX_ID,
        required=False,
        help_text="`indicator_key` か、どちらか1つ。",
    )
    indicator_key = serializers.CharField(
        label="指標の識別子",
        max_length=200,
        required=False,
        help_text="団体の中で1つに決まります。",
    )
    fiscal_year = serializers.IntegerField(
        label="年度", min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR
    )
    version = RowVersion()

    def validate(self, row: dict[str, Any]) -> dict[str, Any]:
        if ("indicator" in row) == ("indicator_key" in row):
            raise ValidationError(
                {"indicator": "indicator か indicator_key のどちらか1つを指定してください。"}
            )
        return row


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "2つの実績を試す",
            {
                "organization": 1,
                "mode": "row_by_row",
                "dry_run": True,
                "rows": [
                    {"indicator_key": "K001", "fiscal_year": 2025, "value": "1,234"},
                    {"indicator_key": "K002", "fiscal_year": 2025, "status": "not_yet"},
                ],
            },
        )
    ]
)
class ActualsBulkSerializer(BulkSerializer):
    organization = serializers.IntegerField(label="団体", min_value=1)
    rows = rows_field(ActualRowSerializer)


class ActualViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = Actual.objects.all()
    serializer_class = ActualSerializer
    filterset_class = ActualFilterSet
    body_classes = {
        "create": ActualCreateSerializer,
        "partial_update": ActualChangeSerializer,
        "bulk": ActualsBulkSerializer,
    }
    told = {
        "bulk": (
            "多くの{noun}をまとめて書き込む",
            "指標と年度で行を見つけ、なければ作成し、あれば送った項目だけを変えます（省いた項目は"
            "そのままです）。行ごとに、作成・変更・変更なし・断ったのどれかと、断った理由を返します。",
        )
    }
    parameters = {"destroy": ["version"]}
    about = (
        "指標の1年度の実績です。0、空（行がない）、該当なし、未集計は、`status` と `value` で"
        "区別します。"
    )

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        current = Target.objects.filter(is_current=True)
        return queryset.select_related("indicator", "entered_by").prefetch_related(
            Prefetch("indicator__targets", current)
        )

    def create(self, request: Request) -> Response:
        """Write a year for the first time; a value that is there already is never replaced."""
        body = self.body()
        indicator = find_visible(Indicator.objects, request, body["indicator"], "indicator")
        actual = services.record_actual(
            actor_of(request), indicator, body["fiscal_year"], entry_of({}, body), None
        )
        return self.created(actual.pk)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Only what is sent changes; `version` must be the one that was read."""
        actual = self._writable()
        body = self.body()
        services.record_actual(
            actor_of(request),
            actual.indicator,
            actual.fiscal_year,
            entry_of(stored_fields(actual), body),
            body["version"],
        )
        return Response(self.represent(actual.pk))

    def destroy(self, request: Request, pk: str) -> Response:
        """Back to "nothing entered"; the audit log keeps what it said."""
        actual = self._writable()
        version = self.version_in_address()
        services.clear_actual(actor_of(request), actual.indicator, actual.fiscal_year, version)
        return Response(status=204)

    @extend_schema(responses=BulkReportSerializer)
    @action(detail=False, methods=["post"], filter_backends=[])
    def bulk(self, request: Request) -> Response:
        """Upsert by indicator and fiscal year, through the service of single calls."""
        body = self.body()
        organization = find_visible(
            Organization.objects, request, body["organization"], "organization"
        )
        rows = check_rows(body["rows"], ActualRowSerializer)
        actor = actor_of(request)
        read = _ActualRows(actor, organization, rows).read
        write = partial(services.record_actuals, actor)
        return Response(write_rows(rows, read, write, body["mode"], body["dry_run"]))

    def _writable(self) -> Actual:
        actual: Actual = self.get_object()
        if actual.kind != Actual.Kind.ACTUAL:
            raise Locked(f"{actual.get_kind_display()}は、このAPIからは変更できません。")
        return actual


class _ActualRows:
    """Reads the rows of a bulk call; the indicators that they name are fetched once for all."""

    def __init__(self, actor: Actor, organization: Organization, rows: list[Checked]) -> None:
        self.once = OnceInACall()
        named = [
            {row.said[name] for row in rows if name in row.said}
            for name in ("indicator", "indicator_key")
        ]
        found = Indicator.objects.visible_to(actor.user).filter(
            Q(pk__in=named[0]) | Q(key__in=named[1]), organization=organization
        )
        self.by_name: dict[int | str, Indicator] = {}
        for indicator in found:
            self.by_name |= {indicator.pk: indicator, indicator.key: indicator}

    def read(self, row: dict[str, Any]) -> ActualWrite:
        field = "indicator" if "indicator" in row else "indicator_key"
        indicator = self.by_name.get(row[field])
        if indicator is None:
            raise NotFound({field: "この指標はありません。"})
        year = row["fiscal_year"]
        self.once.check((indicator.pk, year))
        entry = partial(_changed_by, row)
        return ActualWrite(indicator, year, entry, row.get("version", AnyVersion.ANY))


def _changed_by(row: dict[str, Any], there: Actual | None) -> ActualEntry:
    return entry_of(stored_fields(there) if there else {}, row)


def stored_fields(actual: Actual) -> dict[str, Any]:
    """What was entered before, as a body would say it, so that what is left out stays."""
    return {
        "value": actual.raw_text or _plain(actual.value),
        "status": actual.status,
        "note": actual.note,
        "is_preliminary": actual.is_preliminary,
        "numerator": _plain(actual.numerator),
        "denominator": _plain(actual.denominator),
    }


def _plain(value: Decimal | None) -> str:
    return "" if value is None else format(value.normalize(), "f")


def entry_of(before: dict[str, Any], body: dict[str, Any]) -> ActualEntry:
    """What the service is told: what stands there (`before`), changed by what was sent."""
    if ("numerator" in body or "denominator" in body) and "value" not in body:
        before = {**before, "value": ""}  # a rate is worked out anew from its counts
    said = {**before, **body}
    return ActualEntry(
        text=said.get("value", ""),
        status=said.get("status", ValueStatus.REPORTED),
        note=said.get("note", ""),
        is_preliminary=said.get("is_preliminary", False),
        numerator=said.get("numerator", ""),
        denominator=said.get("denominator", ""),
    )
