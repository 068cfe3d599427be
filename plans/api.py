"""Plans, their trees and their rounds in the API."""

from typing import Any

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.viewsets import Figure, ReadOnlyRows, RowSerializer
from plans.filters import (
    CycleFilterSet,
    LevelFilterSet,
    MeasureFilterSet,
    PhaseFilterSet,
    PlanFilterSet,
    SubmissionFilterSet,
)
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
        ]


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
        fields = ["id", "plan", "key", "depth", "name"]


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
        ]


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
        fields = ["id", "plan", "key", "name", "first_fiscal_year", "last_fiscal_year"]


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
            "accepts_entries",
            "version",
            "updated_at",
        ]

    def get_accepts_entries(self, cycle: ReportingCycle) -> bool:
        return cycle.accepts_entries()


class CycleViewSet(ReadOnlyRows):
    queryset = ReportingCycle.objects.all()
    serializer_class = CycleSerializer
    filterset_class = CycleFilterSet
    about = "年度照会（計画と年度ごとの、入力の一巡）です。"


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


class SubmissionViewSet(ReadOnlyRows):
    queryset = Submission.objects.all()
    serializer_class = SubmissionSerializer
    filterset_class = SubmissionFilterSet
    about = "年度照会への、部局ごとの提出です。"

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("cycle", "submitted_by", "approved_by")
