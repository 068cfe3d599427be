"""Plans, their trees and their rounds in the API."""

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import DepartmentViewSet, OrganizationViewSet
from accounts.rest.authentication import actor_of
from accounts.rest.bulk import MAX_ID
from accounts.rest.viewsets import (
    Figure,
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
    find_visible,
)
from plans import services
from plans.filters import (
    CycleFilterSet,
    LevelFilterSet,
    MeasureFilterSet,
    PhaseFilterSet,
    PlanFilterSet,
    SubmissionFilterSet,
)
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR
from plans.models import (
    GlossaryTerm,
    Level,
    Mark,
    Measure,
    Phase,
    Plan,
    PlanRelation,
    ReportingCycle,
    Submission,
    TargetState,
)


class MarkSerializer(RowSerializer):
    threshold = Figure(
        label="目安（達成率％以上）", max_digits=7, decimal_places=2, allow_null=True
    )

    class Meta:
        model = Mark
        fields = ["key", "symbol", "label", "position", "is_behind", "threshold"]


class PlanRelationSerializer(RowSerializer):
    class Meta:
        model = PlanRelation
        fields = ["kind", "related_key", "name", "note"]


class GlossaryTermSerializer(RowSerializer):
    class Meta:
        model = GlossaryTerm
        fields = ["term", "reading", "text", "page", "source_note"]


class PlanSerializer(RowSerializer):
    marks = MarkSerializer(many=True, read_only=True, help_text="この計画の評価記号。")
    relations = PlanRelationSerializer(many=True, read_only=True, help_text="上位・関連計画。")
    glossary = GlossaryTermSerializer(many=True, read_only=True, help_text="用語集。")

    class Meta:
        model = Plan
        fields = [
            "id",
            "organization",
            "key",
            "name",
            "edition",
            "status",
            "first_fiscal_year",
            "last_fiscal_year",
            "revises",
            "applies_from",
            "decided_on",
            "as_of",
            "summary",
            "marks",
            "relations",
            "glossary",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {"organization": OrganizationViewSet}


class PlanViewSet(ReadOnlyRows):
    queryset = Plan.objects.all()
    serializer_class = PlanSerializer
    filterset_class = PlanFilterSet
    about = "計画と、その評価記号・上位計画・用語集です。"

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.prefetch_related("marks", "glossary", "relations")


class LevelSerializer(RowSerializer):
    class Meta:
        model = Level
        fields = ["id", "plan", "key", "depth", "name", "version", "updated_at"]
        expands = {"plan": PlanViewSet}


class LevelViewSet(ReadOnlyRows):
    queryset = Level.objects.all()
    serializer_class = LevelSerializer
    filterset_class = LevelFilterSet
    about = "計画ごとの階層の名前（基本方針、DX重点課題、課題、ステップなど）です。"


class TargetStateSerializer(RowSerializer):
    class Meta:
        model = TargetState
        fields = ["phase", "position", "title", "subject", "text", "source_note"]


class MeasureSerializer(RowSerializer):
    target_states = TargetStateSerializer(
        many=True, read_only=True, help_text="期の終わりに目指す状態。"
    )

    class Meta:
        model = Measure
        fields = [
            "id",
            "plan",
            "level",
            "parent",
            "key",
            "code",
            "name",
            "short_name",
            "department",
            "description",
            "situation",
            "approach",
            "position",
            "is_repeat",
            "target_states",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {
            "plan": PlanViewSet,
            "level": LevelViewSet,
            "department": DepartmentViewSet,
        }


class MeasureViewSet(ReadOnlyRows):
    queryset = Measure.objects.all()
    serializer_class = MeasureSerializer
    filterset_class = MeasureFilterSet
    about = "施策体系の1つの節（どの階層でも）です。`parent` をたどると木になります。"

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.prefetch_related("target_states")


class PhaseSerializer(RowSerializer):
    class Meta:
        model = Phase
        fields = [
            "id",
            "plan",
            "key",
            "name",
            "first_fiscal_year",
            "last_fiscal_year",
            "version",
            "updated_at",
        ]
        expands = {"plan": PlanViewSet}


class PhaseViewSet(ReadOnlyRows):
    queryset = Phase.objects.all()
    serializer_class = PhaseSerializer
    filterset_class = PhaseFilterSet
    about = "計画の期（3年ごとなどの区切り）です。"


class CycleSerializer(RowSerializer):
    accepts_entries = serializers.SerializerMethodField(
        label="入力できるか", help_text="状態と期限から見て、いま実績と年度評価を書き込めるか。"
    )

    class Meta:
        model = ReportingCycle
        fields = [
            "id",
            "plan",
            "fiscal_year",
            "kind",
            "state",
            "opens_at",
            "closes_at",
            "grace_until",
            "asks_actuals",
            "asks_progress",
            "asks_settlements",
            "review_levels",
            "accepts_entries",
            "version",
            "updated_at",
        ]
        expands = {"plan": PlanViewSet}

    def get_accepts_entries(self, cycle: ReportingCycle) -> bool:
        return cycle.accepts_entries()


def reason_field(help_text: str = "") -> serializers.CharField:
    """Why something is done, as the audit log keeps it."""
    return serializers.CharField(
        label="理由", required=False, allow_blank=True, max_length=2000, help_text=help_text
    )


def _moment(label: str) -> serializers.DateTimeField:
    return serializers.DateTimeField(
        label=label, required=False, allow_null=True, help_text="nullは、決めないことです。"
    )


class CycleFields(StrictSerializer):
    """What a coordinator decides about a round."""

    opens_at = _moment("入力開始")
    closes_at = _moment("入力期限")
    grace_until = _moment("猶予期限")
    asks_actuals = serializers.BooleanField(label="指標の実績値を照会する", required=False)
    asks_progress = serializers.BooleanField(label="事業の進捗を照会する", required=False)
    asks_settlements = serializers.BooleanField(label="事業の決算を照会する", required=False)
    review_levels = serializers.ListField(
        child=serializers.IntegerField(min_value=1, max_value=MAX_ID),
        label="評価を照会する階層",
        required=False,
        max_length=20,
        help_text="階層（`levels`）の番号。",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "年次の照会",
            {
                "plan": 1,
                "fiscal_year": 2025,
                "closes_at": "2026-05-29T17:15:00+09:00",
                "asks_progress": True,
                "review_levels": [2],
            },
        )
    ]
)
class CycleCreateSerializer(CycleFields):
    plan = serializers.IntegerField(label="計画", min_value=1)
    fiscal_year = serializers.IntegerField(
        label="年度", min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR
    )
    kind = serializers.ChoiceField(
        label="種別", choices=ReportingCycle.Kind.choices, required=False
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "期限を延ばす",
            {"closes_at": "2026-06-05T17:15:00+09:00", "reason": "人事異動のため", "version": 3},
        )
    ]
)
class CycleChangeSerializer(CycleFields):
    """The fields to change; those left out stay as they are."""

    reason = reason_field()
    version = VersionRead()


@extend_schema_serializer(
    examples=[
        OpenApiExample("入力を始める", {"to": "open", "version": 1}),
        OpenApiExample(
            "締切から入力中に戻す", {"to": "open", "reason": "1課の入力漏れのため", "version": 4}
        ),
    ]
)
class CycleMoveSerializer(StrictSerializer):
    to = serializers.ChoiceField(label="移す先の状態", choices=ReportingCycle.State.choices)
    reason = reason_field("前の状態に戻すとき、承認を待たずに確定するときは必須。")
    version = VersionRead()


class CycleViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = ReportingCycle.objects.all()
    serializer_class = CycleSerializer
    filterset_class = CycleFilterSet
    body_classes = {
        "create": CycleCreateSerializer,
        "partial_update": CycleChangeSerializer,
        "move": CycleMoveSerializer,
    }
    about = "年度照会（計画と年度ごとの、入力の一巡）です。"
    told = {
        "create": (
            "{noun}を作る",
            "準備の状態で作ります。入力を始めるには `move` で `open` に移します。"
            "事務局だけができます。",
        ),
        "move": (
            "{noun}の状態を移す",
            "準備・入力中・猶予・締切・確定・公表の間を移します。できない移り方と、理由のない"
            "戻し方は400です。確定するとすべての値が確定し、以後は訂正だけになります。",
        ),
    }

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.prefetch_related("review_levels")

    def create(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(Plan.objects, request, body.pop("plan"), "plan")
        asks = {name: body.pop(name) for name in services.ASKED if name in body}
        levels = self._levels(body) or []
        cycle = services.create_cycle(
            actor_of(request),
            plan,
            body.pop("fiscal_year"),
            asks=asks,
            review_levels=levels,
            **body,
        )
        return self.created(cycle.pk)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Only what is sent changes; `version` must be the one that was read."""
        cycle = self._cycle()
        body = self.body()
        version, reason = body.pop("version"), body.pop("reason", "")
        levels = self._levels(body)
        services.change_cycle(actor_of(request), cycle, body, version, levels, reason)
        return Response(self.represent(cycle.pk))

    @action(detail=True, methods=["post"], filter_backends=[])
    def move(self, request: Request, pk: str) -> Response:
        cycle = self._cycle()
        body = self.body()
        self.require_fresh(cycle, body["version"])
        services.move_cycle(
            actor_of(request), cycle, body["to"], body["version"], body.get("reason", "")
        )
        return Response(self.represent(cycle.pk))

    def _cycle(self) -> ReportingCycle:
        cycle: ReportingCycle = self.get_object()
        cycle.plan = Plan.objects.select_related("organization").get(pk=cycle.plan_id)
        return cycle

    def _levels(self, body: dict[str, Any]) -> list[Level] | None:
        if "review_levels" not in body:
            return None
        wanted = body.pop("review_levels")
        found = {
            level.pk: level
            for level in Level.objects.visible_to(self.request.user).filter(pk__in=wanted)
        }
        if missing := [pk for pk in wanted if pk not in found]:
            raise ValidationError({"review_levels": f"階層{missing[0]}はありません。"})
        return list(found.values())


class PersonName(serializers.StringRelatedField):
    """A person by name alone; people have no address in the API."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.allow_null = True


class SubmissionSerializer(RowSerializer):
    plan = serializers.IntegerField(source="cycle.plan_id", read_only=True, label="計画")
    fiscal_year = serializers.IntegerField(source="cycle.fiscal_year", read_only=True, label="年度")
    submitted_by_name = PersonName(source="submitted_by", label="提出者")
    approved_by_name = PersonName(source="approved_by", label="承認者")

    class Meta:
        model = Submission
        fields = [
            "id",
            "cycle",
            "plan",
            "fiscal_year",
            "department",
            "state",
            "submitted_by_name",
            "submitted_at",
            "approved_by_name",
            "approved_at",
            "return_reason",
            "version",
            "updated_at",
        ]
        expands = {"cycle": CycleViewSet, "department": DepartmentViewSet}


class SubmissionViewSet(ReadOnlyRows):
    queryset = Submission.objects.all()
    serializer_class = SubmissionSerializer
    filterset_class = SubmissionFilterSet
    about = "年度照会への、部局ごとの提出です。"

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("cycle", "submitted_by", "approved_by")
