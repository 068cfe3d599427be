"""Budgets and settled accounts in the API."""

from django.db.models import QuerySet
from rest_framework import serializers

from accounts.viewsets import ReadOnlyRows, RowSerializer
from budgets.filters import BudgetFilterSet
from budgets.models import BudgetEntry


class BudgetEntrySerializer(RowSerializer):
    project_name = serializers.CharField(source="project.name", read_only=True, label="事業名")

    class Meta:
        model = BudgetEntry
        fields = [
            "id",
            "project",
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
            "source_note",
        ]


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
