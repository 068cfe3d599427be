"""Many yearly reviews, and many stages that projects reached, in one call of the API."""

from collections.abc import Sequence
from typing import Any

from django.db.models import prefetch_related_objects
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.rest.authentication import actor_of
from accounts.rest.bulk import (
    BulkReportSerializer,
    BulkSerializer,
    ByNumberOrKey,
    Checked,
    OnceInACall,
    RowVersion,
    check_rows,
    key_field,
    number_field,
    rows_field,
    write_rows,
)
from accounts.rest.viewsets import StrictSerializer, find_visible
from accounts.versions import Written
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR
from plans.models import Measure, Plan
from projects import services
from projects.api import ReviewChangeSerializer, review_changes_of
from projects.api import ReviewViewSet as ReviewsOneByOne
from projects.api import ScheduleViewSet as StagesOneByOne
from projects.models import Project, Review, ScheduleEntry, Stage

REPORTED = (
    "なければ作成し、あれば送った項目だけを変えます（省いた項目はそのままです）。行ごとに、作成・変更・"
    "変更なし・断ったのどれかと、断った理由を返します。"
)


def _year() -> serializers.IntegerField:
    return serializers.IntegerField(
        label="年度", min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR
    )


class ReviewRowSerializer(ReviewChangeSerializer):
    """A measure or project and a year, and what is said of them."""

    measure = number_field("measure", "施策")
    measure_key = key_field("施策")
    project = number_field("project", "事業")
    project_key = key_field("事業")
    fiscal_year = _year()
    version = RowVersion()

    def validate(self, row: dict[str, Any]) -> dict[str, Any]:
        names = ("measure", "measure_key", "project", "project_key")
        if sum(name in row for name in names) != 1:
            told = "・".join(names)
            raise ValidationError({"measure": f"{told} のどれか1つを指定してください。"})
        if not set(row) & set(services.REVIEW_FIELDS):
            raise ValidationError("評価の内容を1つ以上入れてください。")
        return row


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "2つの事業の進捗",
            {
                "plan": 1,
                "mode": "row_by_row",
                "rows": [
                    {"project_key": "01-01", "fiscal_year": 2025, "mark": "on_schedule"},
                    {"project_key": "01-02", "fiscal_year": 2025, "mark": "behind"},
                ],
            },
        )
    ]
)
class ReviewsBulkSerializer(BulkSerializer):
    plan = serializers.IntegerField(label="計画", min_value=1)
    rows = rows_field(ReviewRowSerializer)


class ReviewViewSet(ReviewsOneByOne):
    body_classes = {**ReviewsOneByOne.body_classes, "bulk": ReviewsBulkSerializer}
    told = {
        "bulk": (
            "多くの{noun}をまとめて書き込む",
            f"施策か事業と、年度で行を見つけます。{REPORTED}",
        )
    }

    @extend_schema(responses=BulkReportSerializer)
    @action(detail=False, methods=["post"], filter_backends=[])
    def bulk(self, request: Request) -> Response:
        """Upsert by measure or project and fiscal year, through the service of single calls."""
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        rows = check_rows(body["rows"], ReviewRowSerializer)
        reviews = _ReviewRows(request, plan, rows)
        return Response(
            write_rows(rows, reviews.read, reviews.write, body["mode"], body["dry_run"])
        )


class _ReviewRows:
    """Finds what the rows of a call are of, and the reviews that there are."""

    def __init__(self, request: Request, plan: Plan, rows: list[Checked]) -> None:
        self.actor, self.plan, self.once = actor_of(request), plan, OnceInACall()
        prefetch_related_objects([plan], "marks")
        measures = Measure.objects.visible_to(request.user).filter(plan=plan)
        projects = Project.objects.visible_to(request.user).filter(
            organization_id=plan.organization_id
        )
        self.measures = ByNumberOrKey("measure", measures, rows)
        self.projects = ByNumberOrKey("project", projects, rows)
        known = Review.objects.filter(plan=plan)
        self.stored = {
            (measure, project, year): version
            for measure, project, year, version in known.values_list(
                "measure", "project", "fiscal_year", "version"
            )
        }

    def read(self, row: dict[str, Any]) -> dict[str, Any]:
        of_measure = self.measures.names(row)
        thing = (self.measures if of_measure else self.projects).of(row)
        numbers = (thing.pk, None) if of_measure else (None, thing.pk)
        key = (*numbers, row["fiscal_year"])
        self.once.check(key)
        before = self.stored.get(key)
        said = {name: row[name] for name in services.REVIEW_FIELDS if name in row}
        changes = review_changes_of(self.plan, said)
        write = services.ReviewWrite(thing, row["fiscal_year"], changes, _version(row, before))
        return {"write": write, "before": before}

    def write(self, rows: Sequence[dict[str, Any]]) -> list[Written[Review] | Exception]:
        became = services.record_reviews(self.actor, self.plan, [row["write"] for row in rows])
        return [
            one if isinstance(one, Exception) else Written(one, row["before"])
            for row, one in zip(rows, became, strict=True)
        ]


def _version(row: dict[str, Any], before: int | None) -> int | None:
    """The version that the row was made from; left out it is that of now."""
    said: int | None = row.get("version", before)
    if before is None and said is not None:
        raise ValidationError({"version": "この年度の行はまだありません。"})
    return said


def require_one_project(row: dict[str, Any]) -> None:
    """A row names its project by number or by key. Raises ValidationError."""
    if ("project" in row) == ("project_key" in row):
        raise ValidationError(
            {"project": "project か project_key のどちらか1つを指定してください。"}
        )


class StageRowSerializer(StrictSerializer):
    """A project and a year, and the stage that was reached."""

    project = number_field("project", "事業")
    project_key = key_field("事業")
    fiscal_year = _year()
    actual = serializers.ChoiceField(
        label="実績の段階",
        choices=Stage.choices,
        allow_blank=True,
        help_text="空文字で取り消します。",
    )
    version = RowVersion()

    def validate(self, row: dict[str, Any]) -> dict[str, Any]:
        require_one_project(row)
        return row


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "1つの事業",
            {"plan": 1, "rows": [{"project_key": "01-01", "fiscal_year": 2025, "actual": "build"}]},
        )
    ]
)
class StagesBulkSerializer(BulkSerializer):
    plan = serializers.IntegerField(label="計画", min_value=1)
    rows = rows_field(StageRowSerializer)


class ScheduleViewSet(StagesOneByOne):
    body_classes = {**StagesOneByOne.body_classes, "record_bulk": StagesBulkSerializer}
    told = {
        **StagesOneByOne.told,
        "record_bulk": (
            "多くの事業が達した段階をまとめて書き込む",
            f"事業と年度で行を見つけます。予定は変わりません。{REPORTED}",
        ),
    }

    @extend_schema(responses=BulkReportSerializer)
    @action(
        detail=False,
        methods=["post"],
        filter_backends=[],
        url_path="record/bulk",
        url_name="record-bulk",
    )
    def record_bulk(self, request: Request) -> Response:
        """Through the service of single calls."""
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        rows = check_rows(body["rows"], StageRowSerializer)
        stages = _StageRows(request, plan, rows)
        return Response(write_rows(rows, stages.read, stages.write, body["mode"], body["dry_run"]))


class _StageRows:
    """Finds the projects of the rows of a call, and what is stored of their years."""

    def __init__(self, request: Request, plan: Plan, rows: list[Checked]) -> None:
        self.actor, self.plan, self.once = actor_of(request), plan, OnceInACall()
        of_city = Project.objects.visible_to(request.user).filter(
            organization_id=plan.organization_id
        )
        self.projects = ByNumberOrKey("project", of_city, rows)
        known = ScheduleEntry.objects.filter(project__in=self.projects.numbers)
        self.stored = {
            (project, year): version
            for project, year, version in known.values_list("project", "fiscal_year", "version")
        }

    def read(self, row: dict[str, Any]) -> dict[str, Any]:
        project = self.projects.of(row)
        key = (project.pk, row["fiscal_year"])
        self.once.check(key)
        before = self.stored.get(key)
        version = _version(row, before)
        write = services.StageWrite(project, row["fiscal_year"], row["actual"], version)
        return {"write": write, "before": before}

    def write(self, rows: Sequence[dict[str, Any]]) -> list[Written[ScheduleEntry] | Exception]:
        became = services.record_stages(self.actor, self.plan, [row["write"] for row in rows])
        return [
            one if isinstance(one, Exception) else self._written(one, row["before"])
            for row, one in zip(rows, became, strict=True)
        ]

    @staticmethod
    def _written(entry: ScheduleEntry, before: int | None) -> Written[ScheduleEntry]:
        if entry.pk is None and before is not None:
            entry.version = before + 1  # a row that says nothing any more is gone
        return Written(entry, before)
