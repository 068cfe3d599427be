"""The FilterSets of plans and their trees, and what FilterSets of all apps are made of.

One FilterSet a model serves its page, its exports and the API. Choices are only ever rows that
the person may see, so a filter can neither show nor confirm anything outside the scope.
"""

from collections.abc import Callable, Iterable
from typing import Any

import django_filters
from django import forms
from django.db import models
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from accounts.models import Department, Organization
from accounts.policy import scope_of
from plans.fiscal_years import MAX_FISCAL_YEAR, MIN_FISCAL_YEAR
from plans.models import (
    Correction,
    Evidence,
    Extension,
    ItemComment,
    Level,
    Measure,
    Phase,
    Plan,
    ReportingCycle,
    RoundItem,
    Submission,
)
from plans.search import search


def visible(model: type[models.Model]) -> Callable[[HttpRequest | None], QuerySet]:
    """Choices of a filter: the rows that the person of the request may see."""

    def choices(request: HttpRequest | None) -> QuerySet:
        if request is None:  # the API's schema is made without a request
            return model.objects.none()  # type: ignore[attr-defined]
        return model.objects.visible_to(request.user)  # type: ignore[attr-defined]

    return choices


def having(queryset: QuerySet, path: str, wanted: Any, **more: Any) -> QuerySet:
    """Rows with a related row that fits; each row once, whatever else is joined."""
    rows = queryset.model._base_manager.filter(pk=OuterRef("pk"), **{path: wanted}, **more)
    return queryset.filter(Exists(rows))


class RowFilter(django_filters.ModelChoiceFilter):
    """A filter by one visible row of a model; `path` leads over relations to it.

    Where it leads over rows of any plan, `plan_path` is that to their plan.
    """

    def __init__(
        self,
        model: type[models.Model],
        path: str,
        label: str,
        plan_path: str = "",
        **options: Any,
    ) -> None:
        options.setdefault("empty_label", "すべて")
        super().__init__(field_name=path, label=label, queryset=visible(model), **options)
        self.plan_path = plan_path

    def filter(self, qs: QuerySet, value: models.Model | None) -> QuerySet:
        return qs if value is None else having(qs, self.field_name, value, **self.within_plans())

    def within_plans(self) -> dict[str, Any]:
        return self.parent.within_plans(self.plan_path) if self.plan_path else {}


class SubtreeFilter(RowFilter):
    """By a row of a tree and everything below it (a measure, a department)."""

    def filter(self, qs: QuerySet, value: models.Model | None) -> QuerySet:
        if value is None:
            return qs
        below = type(value).objects.descendants(value, include_self=True)  # type: ignore[attr-defined]
        keys = [row.pk for row in below]
        return having(qs, f"{self.field_name}__in", keys, **self.within_plans())


class InDepartment(SubtreeFilter):
    def __init__(self, path: str = "department", plan_path: str = "") -> None:
        super().__init__(Department, path, "所管課", plan_path)


class UnderMeasure(SubtreeFilter):
    def __init__(self, path: str = "measure") -> None:
        super().__init__(Measure, path, "施策")


class FiscalYearField(forms.IntegerField):
    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=MIN_FISCAL_YEAR, max_value=MAX_FISCAL_YEAR, **options)


class FiscalYearFilter(django_filters.NumberFilter):
    field_class = FiscalYearField


def updated_since() -> django_filters.IsoDateTimeFilter:
    return django_filters.IsoDateTimeFilter(
        field_name="updated_at", lookup_expr="gte", label="更新日時（以後）"
    )


def ordering(fields: Iterable[tuple[str, str]] | Iterable[str]) -> django_filters.OrderingFilter:
    return django_filters.OrderingFilter(fields=fields, label="並べ替え")


class PortalFilterSet(django_filters.FilterSet):
    """A FilterSet with a free text search over `search_paths`, if there are any.

    `paths_over_plans` are those of them that lead over rows of any plan.
    """

    search_paths: tuple[str, ...] = ()
    paths_over_plans: tuple[str, ...] = ()

    q = django_filters.CharFilter(method="filter_text", label="キーワード", max_length=200)

    @classmethod
    def get_filters(cls) -> dict[str, django_filters.Filter]:
        """With their model from the start, which gives them their labels.

        The API's schema asks a filter of choices for its field before any FilterSet is in use. The
        field is kept for all who come after, and would be called "Status" on every page.
        """
        found: dict[str, django_filters.Filter] = super().get_filters()
        for each in found.values():
            each.model = cls._meta.model
        return found

    def filter_text(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        shut = self.paths_over_plans if self.within_plans("plan") else ()
        return search(queryset, value, [path for path in self.search_paths if path not in shut])

    def within_plans(self, path: str) -> dict[str, Any]:
        """For who comes with a token of some plans: a condition on the plans along this path."""
        plan_ids = None if self.request is None else scope_of(self.request.user).plan_ids
        return {} if plan_ids is None else {f"{path}__in": plan_ids}


class FiscalYearFilterSet(PortalFilterSet):
    """For rows that carry a fiscal year."""

    fiscal_year = FiscalYearFilter(label="年度")
    fiscal_year__gte = FiscalYearFilter(
        field_name="fiscal_year", lookup_expr="gte", label="年度（から）"
    )
    fiscal_year__lte = FiscalYearFilter(
        field_name="fiscal_year", lookup_expr="lte", label="年度（まで）"
    )


class PlanFilterSet(PortalFilterSet):
    search_paths = ("name", "edition", "organization__name")

    organization = RowFilter(Organization, "organization", "団体")
    fiscal_year = FiscalYearFilter(method="filter_year", label="年度（計画期間に含む）")
    ordering = ordering(["name", "first_fiscal_year", "last_fiscal_year"])

    class Meta:
        model = Plan
        fields = ["status"]

    def filter_year(self, queryset: QuerySet, name: str, value: int) -> QuerySet:
        return queryset.filter(first_fiscal_year__lte=value, last_fiscal_year__gte=value)


class LevelFilterSet(PortalFilterSet):
    search_paths = ("name",)

    organization = RowFilter(Organization, "plan__organization", "団体")
    plan = RowFilter(Plan, "plan", "計画")
    ordering = ordering(["depth", "name"])

    class Meta:
        model = Level
        fields = ["depth"]


class MeasureFilterSet(PortalFilterSet):
    """Measures; `measure` is the subtree below one, itself included."""

    search_paths = ("code", "name", "short_name", "description")

    organization = RowFilter(Organization, "plan__organization", "団体")
    plan = RowFilter(Plan, "plan", "計画")
    level = RowFilter(Level, "level", "階層")
    measure = UnderMeasure("pk")
    department = InDepartment()
    ordering = ordering(["position", "code", "name"])

    class Meta:
        model = Measure
        fields = ["is_repeat"]


class PhaseFilterSet(PortalFilterSet):
    search_paths = ("name",)

    organization = RowFilter(Organization, "plan__organization", "団体")
    plan = RowFilter(Plan, "plan", "計画")
    fiscal_year = FiscalYearFilter(method="filter_year", label="年度（期に含む）")
    ordering = ordering(["first_fiscal_year", "name"])

    class Meta:
        model = Phase
        fields: list[str] = []

    def filter_year(self, queryset: QuerySet, name: str, value: int) -> QuerySet:
        return queryset.filter(first_fiscal_year__lte=value, last_fiscal_year__gte=value)


class CycleFilterSet(FiscalYearFilterSet):
    search_paths = ("plan__name",)

    organization = RowFilter(Organization, "plan__organization", "団体")
    plan = RowFilter(Plan, "plan", "計画")
    updated_since = updated_since()
    ordering = ordering(["fiscal_year", "closes_at", "updated_at"])

    class Meta:
        model = ReportingCycle
        fields = ["kind", "state"]


class SubmissionFilterSet(PortalFilterSet):
    search_paths = ("department__name", "cycle__plan__name")

    organization = RowFilter(Organization, "cycle__plan__organization", "団体")
    plan = RowFilter(Plan, "cycle__plan", "計画")
    cycle = RowFilter(ReportingCycle, "cycle", "年度照会")
    fiscal_year = FiscalYearFilter(field_name="cycle__fiscal_year", label="年度")
    department = InDepartment()
    updated_since = updated_since()
    ordering = ordering(["submitted_at", "approved_at", "updated_at"])

    class Meta:
        model = Submission
        fields = ["state"]


class ItemFilterSet(PortalFilterSet):
    search_paths = ("label", "department__name")

    organization = RowFilter(Organization, "cycle__plan__organization", "団体")
    plan = RowFilter(Plan, "cycle__plan", "計画")
    cycle = RowFilter(ReportingCycle, "cycle", "年度照会")
    fiscal_year = FiscalYearFilter(field_name="cycle__fiscal_year", label="年度")
    fiscal_year__gte = FiscalYearFilter(
        field_name="cycle__fiscal_year", lookup_expr="gte", label="年度（から）"
    )
    fiscal_year__lte = FiscalYearFilter(
        field_name="cycle__fiscal_year", lookup_expr="lte", label="年度（まで）"
    )
    department = InDepartment()
    measure = UnderMeasure()
    updated_since = updated_since()
    ordering = ordering(["position", "label", "submitted_at", "approved_at", "updated_at"])

    class Meta:
        model = RoundItem
        fields = ["kind", "state", "object_id"]


class ExtensionFilterSet(PortalFilterSet):
    search_paths = ("reason",)

    organization = RowFilter(Organization, "cycle__plan__organization", "団体")
    plan = RowFilter(Plan, "cycle__plan", "計画")
    cycle = RowFilter(ReportingCycle, "cycle", "年度照会")
    fiscal_year = FiscalYearFilter(field_name="cycle__fiscal_year", label="年度")
    department = InDepartment()
    item = RowFilter(RoundItem, "item", "項目")
    updated_since = updated_since()
    ordering = ordering(["until", "updated_at"])

    class Meta:
        model = Extension
        fields: list[str] = []


class AtItemFilterSet(PortalFilterSet):
    """For rows that hang on an item of a round."""

    organization = RowFilter(Organization, "item__cycle__plan__organization", "団体")
    plan = RowFilter(Plan, "item__cycle__plan", "計画")
    cycle = RowFilter(ReportingCycle, "item__cycle", "年度照会")
    fiscal_year = FiscalYearFilter(field_name="item__cycle__fiscal_year", label="年度")
    department = InDepartment("item__department")
    item = RowFilter(RoundItem, "item", "項目")


class CommentFilterSet(AtItemFilterSet):
    search_paths = ("text", "item__label")

    ordering = ordering(["at"])

    class Meta:
        model = ItemComment
        fields: list[str] = []


class CorrectionFilterSet(AtItemFilterSet):
    search_paths = ("item__label", "reason")

    ordering = ordering(["corrected_at"])

    class Meta:
        model = Correction
        fields: list[str] = []


class EvidenceFilterSet(AtItemFilterSet):
    search_paths = ("name", "item__label")

    ordering = ordering(["name", "added_at"])

    class Meta:
        model = Evidence
        fields: list[str] = []
