"""Projects, their places, schedules and tags, and the yearly reviews in the API."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import OrganizationViewSet
from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import (
    NoVersionYet,
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
    find_visible,
)
from plans.api import MeasureViewSet, PersonName, PlanViewSet
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR
from plans.models import Mark, Measure, Plan
from projects import services
from projects.filters import (
    PlacementFilterSet,
    ProjectFilterSet,
    ReviewFilterSet,
    ScheduleFilterSet,
    TagFilterSet,
)
from projects.models import (
    Placement,
    Project,
    ProjectAlias,
    ProjectDepartment,
    ProjectSuccession,
    Review,
    ScheduleEntry,
    Stage,
    Tag,
)


class ProjectDepartmentSerializer(RowSerializer):
    name = serializers.CharField(source="department.name", read_only=True, label="名称")

    class Meta:
        model = ProjectDepartment
        fields = ["plan", "department", "name", "position", "and_others"]


class ProjectAliasSerializer(RowSerializer):
    class Meta:
        model = ProjectAlias
        fields = ["name", "note"]


class ProjectPredecessorSerializer(RowSerializer):
    project = serializers.PrimaryKeyRelatedField(
        source="predecessor", read_only=True, label="前の事業"
    )

    class Meta:
        model = ProjectSuccession
        fields = ["project", "fiscal_year", "note"]


class ProjectSuccessorSerializer(ProjectPredecessorSerializer):
    project = serializers.PrimaryKeyRelatedField(
        source="successor", read_only=True, label="後の事業"
    )


class ProjectSerializer(RowSerializer):
    departments = ProjectDepartmentSerializer(
        source="department_links", many=True, read_only=True, help_text="所管課。先頭が主管です。"
    )
    aliases = ProjectAliasSerializer(many=True, read_only=True, help_text="資料での別の名前。")
    predecessors = ProjectPredecessorSerializer(
        source="predecessions", many=True, read_only=True, help_text="引き継いだ事業。"
    )
    successors = ProjectSuccessorSerializer(
        source="successions", many=True, read_only=True, help_text="引き継がれた事業。"
    )

    class Meta:
        model = Project
        fields = [
            "id",
            "organization",
            "key",
            "parent",
            "name",
            "summary",
            "departments",
            "first_fiscal_year",
            "last_fiscal_year",
            "aliases",
            "predecessors",
            "successors",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {"organization": OrganizationViewSet}


class ProjectViewSet(ReadOnlyRows):
    queryset = Project.objects.all()
    serializer_class = ProjectSerializer
    filterset_class = ProjectFilterSet
    about = "団体の事業です。計画での場所と番号は `placements` にあります。"

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        user = self.request.user
        departments = ProjectDepartment.objects.visible_to(user).select_related("department")
        links = ProjectSuccession.objects.visible_to(user)
        return queryset.with_first_code(user).prefetch_related(
            Prefetch("department_links", departments),
            "aliases",
            Prefetch("predecessions", links),
            Prefetch("successions", links),
        )


class PlacementSerializer(RowSerializer):
    project_name = serializers.CharField(source="project.name", read_only=True, label="事業名")

    class Meta:
        model = Placement
        fields = [
            "id",
            "plan",
            "measure",
            "project",
            "project_name",
            "code",
            "position",
            "is_primary",
            "is_repeat",
            "is_leading",
            "name",
            "summary",
            "period_text",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {"plan": PlanViewSet, "measure": MeasureViewSet, "project": ProjectViewSet}


class PlacementViewSet(ReadOnlyRows):
    queryset = Placement.objects.all()
    serializer_class = PlacementSerializer
    filterset_class = PlacementFilterSet
    about = (
        "計画の施策の下にある事業の場所です。`is_primary` がfalseのものは再掲などで、"
        "数えるときは除きます。"
    )

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("project")


class ScheduleEntrySerializer(RowSerializer):
    class Meta:
        model = ScheduleEntry
        fields = [
            "id",
            "project",
            "fiscal_year",
            "planned",
            "actual",
            "text",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {"project": ProjectViewSet}


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "構築まで進んだ",
            {"plan": 1, "project": 12, "fiscal_year": 2025, "actual": "build", "version": 1},
        )
    ]
)
class StageRecordSerializer(StrictSerializer):
    """What stage a project has reached in a year."""

    plan = serializers.IntegerField(label="計画", min_value=1)
    project = serializers.IntegerField(label="事業", min_value=1)
    fiscal_year = serializers.IntegerField(
        label="年度", min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR
    )
    actual = serializers.ChoiceField(
        label="実績の段階",
        choices=Stage.choices,
        allow_blank=True,
        help_text="空文字で取り消します。",
    )
    version = serializers.IntegerField(
        label="版",
        min_value=1,
        required=False,
        allow_null=True,
        help_text="読み取ったときの `version`。その年度の行がまだなければnull。",
    )


class StageRecordedSerializer(serializers.Serializer):
    entry = ScheduleEntrySerializer(
        allow_null=True, label="段階", help_text="予定も実績もなくなった行は消え、nullになります。"
    )


class ScheduleViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = ScheduleEntry.objects.all()
    serializer_class = ScheduleEntrySerializer
    filterset_class = ScheduleFilterSet
    body_classes = {"record": StageRecordSerializer}
    about = "事業の1年度の段階（検討・構築・運用）の、予定と実績です。"
    told = {
        "record": (
            "事業が1年度に達した段階を書き込む",
            "照会の入力期間に、所管課が書き込みます。予定は変わりません。",
        )
    }

    @extend_schema(responses=StageRecordedSerializer)
    @action(detail=False, methods=["post"], filter_backends=[])
    def record(self, request: Request) -> Response:
        """Write the stage that was reached; the planned one is the plan's."""
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        project = find_visible(Project.objects, request, body["project"], "project")
        entry = services.record_stage(
            actor_of(request),
            plan,
            project,
            body["fiscal_year"],
            body["actual"],
            body.get("version"),
        )
        there = ScheduleEntry.objects.filter(pk=entry.pk).exists()
        return Response({"entry": self.represent(entry.pk) if there else None})


class TagSerializer(RowSerializer):
    organization = serializers.IntegerField(
        source="scheme.organization_id", read_only=True, label="団体"
    )
    scheme_key = serializers.CharField(
        source="scheme.key", read_only=True, label="タグ体系の識別子"
    )
    scheme_name = serializers.CharField(
        source="scheme.name", read_only=True, label="タグ体系の名称"
    )
    scheme_version = serializers.CharField(
        source="scheme.version", read_only=True, label="タグ体系の版"
    )

    class Meta:
        model = Tag
        fields = [
            "id",
            "organization",
            "scheme",
            "scheme_key",
            "scheme_name",
            "scheme_version",
            "key",
            "name",
            "position",
            "measures",
            "projects",
            "version",
            "updated_at",
        ]


class TagViewSet(ReadOnlyRows):
    queryset = Tag.objects.all()
    serializer_class = TagSerializer
    filterset_class = TagFilterSet
    about = "版のあるタグ（国の重点取組事項など）と、それが付いた施策・事業です。"

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        user = self.request.user
        return queryset.select_related("scheme").prefetch_related(
            Prefetch("measures", Measure.objects.visible_to(user).only("pk")),
            Prefetch("projects", Project.objects.visible_to(user).only("pk")),
        )


class ReviewSerializer(RowSerializer):
    planned_mark = serializers.CharField(
        source="planned_mark.key",
        default=None,
        read_only=True,
        allow_null=True,
        label="進捗予定",
        help_text="計画の評価記号（`marks`）の `key`。",
    )
    planned_mark_symbol = serializers.CharField(
        source="planned_mark.symbol", default=None, read_only=True, allow_null=True, label="記号"
    )
    mark = serializers.CharField(
        source="mark.key",
        default=None,
        read_only=True,
        allow_null=True,
        label="進捗",
        help_text="計画の評価記号（`marks`）の `key`。",
    )
    mark_symbol = serializers.CharField(
        source="mark.symbol", default=None, read_only=True, allow_null=True, label="記号"
    )
    is_behind = serializers.BooleanField(read_only=True, label="遅れている")
    entered_by_name = PersonName(source="entered_by", label="入力者")

    class Meta:
        model = Review
        fields = [
            "id",
            "plan",
            "measure",
            "project",
            "fiscal_year",
            "planned_mark",
            "planned_mark_symbol",
            "mark",
            "mark_symbol",
            "is_behind",
            "goal",
            "result",
            "delay_reason",
            "shortfall_reason",
            "effect",
            "summary",
            "entered_by_name",
            "source_note",
            "version",
            "updated_at",
        ]
        expands = {"plan": PlanViewSet, "measure": MeasureViewSet, "project": ProjectViewSet}


def _text(label: str) -> serializers.CharField:
    return serializers.CharField(
        label=label, required=False, allow_blank=True, trim_whitespace=False, max_length=10_000
    )


def _mark(label: str) -> serializers.CharField:
    return serializers.CharField(
        label=label,
        required=False,
        allow_null=True,
        max_length=50,
        help_text="計画の評価記号（`marks`）の `key`。nullで取り消します。",
    )


@extend_schema_serializer(
    examples=[OpenApiExample("進捗を直す", {"mark": "on_schedule", "version": 1})]
)
class ReviewFields(StrictSerializer):
    planned_mark = _mark("進捗予定")
    mark = _mark("進捗")
    goal = _text("目標")
    result = _text("実績・評価・今後の対応")
    delay_reason = _text("後倒理由")
    shortfall_reason = _text("未達理由")
    effect = _text("到達像への影響")
    summary = _text("進捗概要")


class ReviewChangeSerializer(ReviewFields):
    """The fields to change; those left out stay as they are."""

    version = VersionRead()


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "施策の評価",
            {
                "plan": 1,
                "measure": 17,
                "fiscal_year": 2025,
                "planned_mark": "on_schedule",
                "mark": "behind",
                "delay_reason": "契約が遅れたため。",
                "version": None,
            },
        )
    ]
)
class ReviewCreateSerializer(ReviewChangeSerializer):
    plan = serializers.IntegerField(label="計画", min_value=1)
    measure = serializers.IntegerField(
        label="施策", min_value=1, required=False, allow_null=True, help_text="事業の評価ではnull。"
    )
    project = serializers.IntegerField(
        label="事業", min_value=1, required=False, allow_null=True, help_text="施策の評価ではnull。"
    )
    fiscal_year = serializers.IntegerField(
        label="年度", min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR
    )
    version = NoVersionYet()

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        if (body.get("measure") is None) == (body.get("project") is None):
            raise ValidationError({"measure": "施策か事業のどちらか1つを指定してください。"})
        if not set(body) & set(services.REVIEW_FIELDS):
            raise ValidationError("評価の内容を1つ以上入れてください。")
        return body


class ReviewViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = Review.objects.all()
    serializer_class = ReviewSerializer
    filterset_class = ReviewFilterSet
    body_classes = {"create": ReviewCreateSerializer, "partial_update": ReviewChangeSerializer}
    about = "施策または事業の年度評価です。"

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("mark", "planned_mark", "entered_by", "measure", "project")

    def create(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(Plan.objects, request, body.pop("plan"), "plan")
        measure, project = body.pop("measure", None), body.pop("project", None)
        thing = (
            find_visible(Measure.objects, request, measure, "measure")
            if project is None
            else find_visible(Project.objects, request, project, "project")
        )
        return self.created(self._record(plan, thing, body.pop("fiscal_year"), body).pk)

    def partial_update(self, request: Request, pk: str) -> Response:
        """Only what is sent changes; `version` must be the one that was read."""
        review = self.get_object()
        body = self.body()
        thing = review.measure or review.project
        plan = Plan.objects.visible_to(request.user).get(pk=review.plan_id)
        self._record(plan, thing, review.fiscal_year, body)
        return Response(self.represent(review.pk))

    def _record(
        self, plan: Plan, thing: Measure | Project, fiscal_year: int, body: dict[str, Any]
    ) -> Review:
        version = body.pop("version", None)
        changes = review_changes_of(plan, body)
        return services.record_review(
            actor_of(self.request), plan, thing, fiscal_year, changes, version
        )


def review_changes_of(plan: Plan, said: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a review as its service takes them: marks are named by their keys."""
    return {
        name: _find_mark(plan, name, value) if name.endswith("mark") else value
        for name, value in said.items()
    }


def _find_mark(plan: Plan, field: str, key: str | None) -> Mark | None:
    if key is None:
        return None
    marks = {mark.key: mark for mark in plan.marks.all()}
    if key not in marks:
        known = "、".join(marks) or "なし"
        raise ValidationError({field: f"この評価記号はありません（この計画の記号：{known}）。"})
    return marks[key]
