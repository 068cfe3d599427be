"""Items of rounds and the packages of departments in the API, with the steps of the procedure."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Model, QuerySet
from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api import DepartmentViewSet
from accounts.rest.authentication import actor_of
from accounts.rest.bulk import MAX_ID
from accounts.rest.errors import Sentence
from accounts.rest.viewsets import (
    ReadOnlyRows,
    RowSerializer,
    StrictSerializer,
    VersionRead,
    WritesWithVersion,
)
from plans import procedure
from plans.api import CycleViewSet, MeasureViewSet, PersonName, reason_field
from plans.api import SubmissionViewSet as ReadOnlySubmissions
from plans.entering import accepts_entry
from plans.filters import ItemFilterSet
from plans.models import RoundItem, Submission
from plans.procedure import BulkResult, Step

MAX_ITEMS = 1000


class RoundItemSerializer(RowSerializer):
    plan = serializers.IntegerField(source="cycle.plan_id", read_only=True, label="計画")
    fiscal_year = serializers.IntegerField(source="cycle.fiscal_year", read_only=True, label="年度")
    accepts_entries = serializers.SerializerMethodField(
        label="入力できるか", help_text="照会の期限か、この項目に及ぶ延長の中で、未提出であるか。"
    )
    is_returned = serializers.BooleanField(read_only=True, label="差し戻されている")
    entered_by_name = PersonName(source="entered_by", label="入力者")
    submitted_by_name = PersonName(source="submitted_by", label="提出者")
    approved_by_name = PersonName(source="approved_by", label="承認者")

    class Meta:
        model = RoundItem
        fields = [
            "id",
            "cycle",
            "plan",
            "fiscal_year",
            "kind",
            "object_id",
            "label",
            "department",
            "measure",
            "position",
            "state",
            "accepts_entries",
            "is_returned",
            "return_reason",
            "entered_by_name",
            "entered_at",
            "submitted_by_name",
            "submitted_at",
            "approved_by_name",
            "approved_at",
            "version",
            "updated_at",
        ]
        expands = {
            "cycle": CycleViewSet,
            "department": DepartmentViewSet,
            "measure": MeasureViewSet,
        }

    def get_accepts_entries(self, item: RoundItem) -> bool:
        return item.state in RoundItem.ENTRY_STATES and accepts_entry(item)


@extend_schema_serializer(examples=[OpenApiExample("提出", {"version": 2})])
class SubmitSerializer(StrictSerializer):
    version = VersionRead()


@extend_schema_serializer(
    examples=[OpenApiExample("差戻し", {"reason": "端数を確かめてください。", "version": 3})]
)
class StepSerializer(StrictSerializer):
    reason = reason_field("差戻しでは必須。")
    version = VersionRead()


class ItemVersionSerializer(StrictSerializer):
    id = serializers.IntegerField(label="項目", min_value=1, max_value=MAX_ID)
    version = serializers.IntegerField(
        label="版", min_value=1, help_text="読み取ったときの `version`。"
    )


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "2件を承認",
            {"step": "approve", "items": [{"id": 1, "version": 3}, {"id": 2, "version": 3}]},
        )
    ]
)
class BulkStepSerializer(StrictSerializer):
    step = serializers.ChoiceField(label="操作", choices=Step.choices)
    reason = reason_field("差戻しでは必須。")
    items = serializers.ListField(
        child=ItemVersionSerializer(), min_length=1, max_length=MAX_ITEMS, label="項目"
    )


class StepOutcomeSerializer(serializers.Serializer):
    id = serializers.IntegerField(label="項目")
    outcome = serializers.ChoiceField(
        label="結果", choices=[("moved", "移した"), ("refused", "断った")]
    )
    reason = Sentence(label="断った理由", allow_blank=True)
    state = serializers.ChoiceField(
        label="いまの状態", choices=RoundItem.State.choices, allow_null=True
    )
    version = serializers.IntegerField(label="いまの版", allow_null=True)


class BulkStepReportSerializer(serializers.Serializer):
    moved = serializers.IntegerField(label="移した件数")
    refused = serializers.IntegerField(label="断った件数")
    results = StepOutcomeSerializer(many=True, label="送られた順の結果")


class RoundItemViewSet(WritesWithVersion, ReadOnlyRows):
    queryset = RoundItem.objects.all()
    serializer_class = RoundItemSerializer
    filterset_class = ItemFilterSet
    body_classes = {
        "submit": SubmitSerializer,
        "withdraw": StepSerializer,
        "send_back": StepSerializer,
        "approve": StepSerializer,
        "bulk": BulkStepSerializer,
    }
    about = (
        "照会が1つの部局に尋ねる1つのこと（指標の実績、事業の進捗・決算、施策の評価）と、その状態です。"
        "`object_id` は、実績値なら指標、進捗と決算なら事業、評価なら施策の番号です。"
    )
    told = {
        "submit": (
            "{noun}を提出する",
            "いつもと大きく違う値にコメントがないときは400で断ります。空欄は空欄として提出されます。",
        ),
        "withdraw": ("提出を取り下げる", "承認される前で、入力の期限内に限ります。"),
        "send_back": ("{noun}を差し戻す", "理由が必要です。所属長か事務局ができます。"),
        "approve": ("{noun}を承認する", "入力・提出した本人は承認できません。"),
        "bulk": (
            "多くの項目に同じ操作をする",
            f"1件ずつの操作をその順に行い、結果を1件ごとに返します（{MAX_ITEMS}件まで）。"
            "断られた項目は、ほかの項目に影響しません。",
        ),
    }

    def for_reading(self, queryset: QuerySet) -> QuerySet:
        people = ("entered_by", "submitted_by", "approved_by")
        return queryset.select_related("cycle", *people).prefetch_related("cycle__extensions")

    @action(detail=True, methods=["post"], filter_backends=[])
    def submit(self, request: Request, pk: str) -> Response:
        return self._take(Step.SUBMIT)

    @action(detail=True, methods=["post"], filter_backends=[])
    def withdraw(self, request: Request, pk: str) -> Response:
        return self._take(Step.WITHDRAW)

    @action(detail=True, methods=["post"], filter_backends=[], url_path="return")
    def send_back(self, request: Request, pk: str) -> Response:
        return self._take(Step.RETURN)

    @action(detail=True, methods=["post"], filter_backends=[])
    def approve(self, request: Request, pk: str) -> Response:
        return self._take(Step.APPROVE)

    def _take(self, step: Step) -> Response:
        item = self.get_object()
        body = self.body()
        actor = actor_of(self.request)
        procedure.move_item(actor, item, step, body["version"], body.get("reason", ""))
        return Response(self.represent(item.pk))

    @extend_schema(responses=BulkStepReportSerializer)
    @action(detail=False, methods=["post"], filter_backends=[])
    def bulk(self, request: Request) -> Response:
        body = self.body()
        versions = {row["id"]: row["version"] for row in body["items"]}
        visible = RoundItem.objects.visible_to(request.user).filter(pk__in=versions)
        items = list(visible)
        for item in items:
            item.version = versions[item.pk]
        actor, reason = actor_of(request), body.get("reason", "")
        result = procedure.move_items(actor, items, body["step"], reason)
        return Response(BulkStepReportSerializer(_report(versions, result)).data)


def _report(asked: Iterable[int], result: BulkResult) -> dict[str, Any]:
    """What became of each item that was asked for; what the caller may not see is not there."""
    outcomes = {outcome.item.pk: outcome for outcome in result.outcomes}
    results = []
    for pk in asked:
        outcome = outcomes.get(pk)
        refusal = outcome.refusal if outcome else "この項目はありません。"
        results.append(
            {
                "id": pk,
                "outcome": "refused" if refusal else "moved",
                "reason": refusal,
                "state": outcome and outcome.item.state,
                "version": outcome and outcome.item.version,
            }
        )
    moved = len(result.moved)
    return {"moved": moved, "refused": len(results) - moved, "results": results}


class SubmissionViewSet(WritesWithVersion, ReadOnlySubmissions):
    body_classes = {"submit": SubmitSerializer, "withdraw": SubmitSerializer}
    told = {
        "submit": (
            "部局の未提出の項目をまとめて提出する",
            "すべて提出するか、何もしないかです。いつもと大きく違う値にコメントがないときは400で断ります。",
        ),
        "withdraw": (
            "部局の提出をまとめて取り下げる",
            "まだ承認されていない項目をすべて下書きに戻します。",
        ),
    }

    @action(detail=True, methods=["post"], filter_backends=[])
    def submit(self, request: Request, pk: str) -> Response:
        return self._move_package(procedure.submit_package)

    @action(detail=True, methods=["post"], filter_backends=[])
    def withdraw(self, request: Request, pk: str) -> Response:
        return self._move_package(procedure.withdraw_package)

    def _move_package(self, verb: Any) -> Response:
        package: Submission = self.get_object()
        version = self.body()["version"]
        verb(actor_of(self.request), package.cycle, package.department, version)
        return Response(self.represent(package.pk))

    def represent_current(self, current: Model) -> dict[str, Any]:
        """An item of the package may be what somebody else was quicker with."""
        if isinstance(current, RoundItem):
            return dict(RoundItemSerializer(current).data)
        return self.represent(current.pk)
