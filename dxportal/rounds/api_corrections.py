"""Corrections (訂正) of what rounds have settled, in the API."""

from collections.abc import Callable
from typing import Any

from django.db import transaction
from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.audit import Actor
from accounts.rest.authentication import actor_of
from accounts.rest.viewsets import (
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    WritesWithVersion,
    find_visible,
)
from accounts.versions import Versioned
from budgets.api import STAGES, AmountFields, BudgetEntrySerializer, changes_of
from budgets.corrections import correct_settlement
from budgets.models import BudgetEntry
from kpi.api import ActualEntryFields, ActualSerializer, entry_of, stored_fields
from kpi.models import Actual, Indicator
from kpi.services import CYCLE_KINDS, correct_actual
from plans.api import PersonName
from plans.filters import CorrectionFilterSet
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR
from plans.models import Correction, Measure, Plan, RoundItem
from projects.api import (
    ReviewFields,
    ReviewSerializer,
    ScheduleEntrySerializer,
    review_changes_of,
)
from projects.corrections import correct_review, correct_stage
from projects.models import Project, Review, ScheduleEntry, Stage
from projects.services import REVIEW_FIELDS


class CorrectionSerializer(RowSerializer):
    plan = serializers.IntegerField(source="item.cycle.plan_id", read_only=True, label="計画")
    fiscal_year = serializers.IntegerField(
        source="item.cycle.fiscal_year", read_only=True, label="年度"
    )
    kind = serializers.ChoiceField(
        source="item.kind", read_only=True, choices=RoundItem.Kind.choices, label="種類"
    )
    object_id = serializers.IntegerField(
        source="item.object_id", read_only=True, label="対象の番号"
    )
    label = serializers.CharField(  # type: ignore[assignment]  # the row's, not the serializer's
        source="item.label", read_only=True, label="名称"
    )
    corrected_by_name = PersonName(source="corrected_by", label="訂正した人")

    class Meta:
        model = Correction
        fields = [
            "id",
            "item",
            "plan",
            "fiscal_year",
            "kind",
            "object_id",
            "label",
            "field",
            "before",
            "after",
            "reason",
            "corrected_by_name",
            "corrected_at",
        ]


class CorrectionPlace(StrictSerializer):
    """What every correction names."""

    plan = serializers.IntegerField(label="計画", min_value=1)
    fiscal_year = serializers.IntegerField(
        label="年度", min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR
    )
    reason = serializers.CharField(label="訂正の理由", max_length=2000)
    version = serializers.IntegerField(
        label="版",
        min_value=1,
        required=False,
        allow_null=True,
        help_text="訂正する行を読み取ったときの `version`。その年度の行がなければnull。",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "確定した実績値の訂正",
            {
                "plan": 1,
                "indicator": 3,
                "fiscal_year": 2024,
                "value": "1,234",
                "reason": "集計の誤りのため",
                "version": 4,
            },
        )
    ]
)
class CorrectionCreateSerializer(CorrectionPlace, ActualEntryFields):
    """What is to be changed of the settled actual; what is left out stays as it is."""

    indicator = serializers.IntegerField(label="指標", min_value=1)
    kind = serializers.ChoiceField(
        label="値の種類",
        choices=[(Actual.Kind(kind).value, Actual.Kind(kind).label) for kind in CYCLE_KINDS],
        default=Actual.Kind.ACTUAL,
        help_text="省くと年度の実績（actual）。中間の照会で確定した値は interim_actual。",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "確定した評価の訂正",
            {
                "plan": 1,
                "measure": 17,
                "fiscal_year": 2024,
                "mark": "behind",
                "reason": "集計の誤りのため",
                "version": 2,
            },
        )
    ]
)
class ReviewCorrectionSerializer(CorrectionPlace, ReviewFields):
    """What is to be changed of the settled review; what is left out stays as it is."""

    measure = serializers.IntegerField(
        label="施策", min_value=1, required=False, allow_null=True, help_text="事業の評価ではnull。"
    )
    project = serializers.IntegerField(
        label="事業", min_value=1, required=False, allow_null=True, help_text="施策の評価ではnull。"
    )

    def validate(self, body: dict[str, Any]) -> dict[str, Any]:
        if (body.get("measure") is None) == (body.get("project") is None):
            raise ValidationError({"measure": "施策か事業のどちらか1つを指定してください。"})
        return body


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "達した段階の訂正",
            {
                "plan": 1,
                "project": 12,
                "fiscal_year": 2024,
                "actual": "build",
                "reason": "転記の誤りのため",
                "version": 2,
            },
        )
    ]
)
class StageCorrectionSerializer(CorrectionPlace):
    project = serializers.IntegerField(label="事業", min_value=1)
    actual = serializers.ChoiceField(
        label="実績の段階",
        choices=Stage.choices,
        allow_blank=True,
        help_text="空文字で取り消します。",
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "決算の訂正",
            {
                "plan": 1,
                "project": 12,
                "fiscal_year": 2024,
                "amount": 12_400_000,
                "reason": "繰越分の計上漏れのため",
                "version": 2,
            },
        )
    ]
)
class SettlementCorrectionSerializer(CorrectionPlace, AmountFields):
    """The amounts to change, in yen; those left out stay as they are."""

    project = serializers.IntegerField(label="事業", min_value=1)
    stage = serializers.ChoiceField(
        label="段階",
        choices=STAGES,
        default=BudgetEntry.Stage.SETTLED,
        help_text="省くと決算（settled）。",
    )


class CorrectedSerializer(serializers.Serializer):
    corrections = CorrectionSerializer(
        many=True, label="記録した訂正", help_text="値が変わらなければ空。"
    )


class CorrectedActualSerializer(CorrectedSerializer):
    actual = ActualSerializer(label="訂正後の実績値")


class CorrectedReviewSerializer(CorrectedSerializer):
    review = ReviewSerializer(label="訂正後の評価")


class CorrectedStageSerializer(CorrectedSerializer):
    entry = ScheduleEntrySerializer(
        allow_null=True, label="訂正後の段階", help_text="何も言わなくなった行は消え、nullです。"
    )


class CorrectedSettlementSerializer(CorrectedSerializer):
    settlement = BudgetEntrySerializer(label="訂正後の決算")


# How what is stored is told, also to the one who came second.
SERIALIZERS: dict[type[Model], type[RowSerializer]] = {
    Actual: ActualSerializer,
    Review: ReviewSerializer,
    ScheduleEntry: ScheduleEntrySerializer,
    BudgetEntry: BudgetEntrySerializer,
}


class CorrectionViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = Correction.objects.all()
    serializer_class = CorrectionSerializer
    filterset_class = CorrectionFilterSet
    body_classes = {
        "create": CorrectionCreateSerializer,
        "reviews": ReviewCorrectionSerializer,
        "stages": StageCorrectionSerializer,
        "settlements": SettlementCorrectionSerializer,
    }
    about = "確定した値の訂正（正誤表の行）です。"
    told = {
        "create": (
            "確定した実績値を訂正する",
            "事務局だけができます。確定していない年度は400です（訂正ではなく入力で変えます）。",
        ),
        "reviews": ("確定した評価を訂正する", "施策の評価と、事業の進捗です。"),
        "stages": ("確定した段階を訂正する", "事業がその年度に達した段階です。"),
        "settlements": ("確定した決算を訂正する", "決算と決算見込です。"),
    }

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("item__cycle", "corrected_by")

    @extend_schema(responses={201: CorrectedActualSerializer})
    def create(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        indicators = Indicator.objects.filter(uses__plan=plan).distinct()
        indicator = find_visible(indicators, request, body["indicator"], "indicator")
        year, kind = body["fiscal_year"], body["kind"]
        there = Actual.objects.filter(indicator=indicator, fiscal_year=year, kind=kind).first()
        before = stored_fields(there) if there else {}
        return self._told(
            "actual",
            lambda actor: correct_actual(
                actor,
                plan,
                indicator,
                year,
                entry_of(before, body),
                body.get("version"),
                body["reason"],
                kind,
            ),
        )

    @extend_schema(responses={201: CorrectedReviewSerializer})
    @action(detail=False, methods=["post"], filter_backends=[])
    def reviews(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        thing: Measure | Project = (
            find_visible(Measure.objects, request, body["measure"], "measure")
            if body.get("project") is None
            else find_visible(Project.objects, request, body["project"], "project")
        )
        changes = review_changes_of(plan, {n: body[n] for n in REVIEW_FIELDS if n in body})
        return self._told(
            "review",
            lambda actor: correct_review(
                actor,
                plan,
                thing,
                body["fiscal_year"],
                changes,
                body.get("version"),
                body["reason"],
            ),
        )

    @extend_schema(responses={201: CorrectedStageSerializer})
    @action(detail=False, methods=["post"], filter_backends=[])
    def stages(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        project = find_visible(Project.objects, request, body["project"], "project")
        return self._told(
            "entry",
            lambda actor: correct_stage(
                actor,
                plan,
                project,
                body["fiscal_year"],
                body["actual"],
                body.get("version"),
                body["reason"],
            ),
        )

    @extend_schema(responses={201: CorrectedSettlementSerializer})
    @action(detail=False, methods=["post"], filter_backends=[])
    def settlements(self, request: Request) -> Response:
        body = self.body()
        plan = find_visible(Plan.objects, request, body["plan"], "plan")
        project = find_visible(Project.objects, request, body["project"], "project")
        return self._told(
            "settlement",
            lambda actor: correct_settlement(
                actor,
                plan,
                project,
                body["fiscal_year"],
                body["stage"],
                changes_of(body),
                body.get("version"),
                body["reason"],
            ),
        )

    def _told(self, name: str, correct: Callable[[Actor], Versioned]) -> Response:
        """Correct, and tell what is stored then and what was kept for the 正誤表."""
        actor = actor_of(self.request)
        with transaction.atomic():
            last = Correction.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            row = correct(actor)
            made = self.get_queryset().filter(pk__gt=last, corrected_by=actor.account)
            corrections = CorrectionSerializer(made, many=True).data
        current = self.represent_current(row) if row.pk else None
        return Response({name: current, "corrections": corrections}, status=201)

    def represent_current(self, current: Model) -> dict[str, Any]:
        """What is corrected is no row of this list, and that is what somebody else has changed."""
        stored = type(current)._default_manager.get(pk=current.pk)
        return dict(SERIALIZERS[type(current)](stored, context=self.get_serializer_context()).data)
