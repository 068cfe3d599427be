"""The FilterSets of indicators, their uses and their values."""

import django_filters
from django.db import models
from django.db.models import Prefetch, Q, QuerySet

from accounts.models import Department, Organization
from kpi.models import Actual, Indicator, IndicatorUse, Target
from kpi.outcomes import Outcome, outcome_of
from kpi.series import year_of
from plans.filters import (
    FiscalYearFilter,
    FiscalYearFilterSet,
    InDepartment,
    PortalFilterSet,
    RowFilter,
    SubtreeFilter,
    UnderMeasure,
    having,
    ordering,
    updated_since,
)
from plans.models import Measure, Plan
from projects.models import Project, Tag


class UnderMeasureByUse(SubtreeFilter):
    """Indicators used by a measure, by one below it, or by a project placed there."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix
        super().__init__(Measure, f"{prefix}uses__measure", "施策")

    def filter(self, qs: QuerySet, value: Measure | None) -> QuerySet:
        if value is None:
            return qs
        below = [row.pk for row in Measure.objects.descendants(value, include_self=True)]
        used = IndicatorUse.objects.filter(
            Q(measure__in=below)
            | Q(project__placements__measure__in=below, project__placements__plan=value.plan_id),
            plan=value.plan_id,
        ).values("indicator")
        return qs.filter(**{f"{self.prefix}pk__in" if not self.prefix else "indicator__in": used})


class IndicatorFilterSet(PortalFilterSet):
    """Indicators. `fiscal_year` is the year by which `outcome` judges; alone it narrows nothing,
    so that indicators without a figure stay in sight.
    """

    search_paths = ("name", "formula", "uses__project__name", "uses__measure__name")
    paths_over_plans = ("uses__project__name", "uses__measure__name")

    organization = RowFilter(Organization, "organization", "団体")
    plan = RowFilter(Plan, "uses__plan", "計画")
    measure = UnderMeasureByUse()
    project = RowFilter(Project, "uses__project", "事業", "uses__plan")
    department = InDepartment()
    # Exactly what is counted for a department or for none, where numbers lead to their lists.
    department_only = RowFilter(Department, "department", "所管課（下位の課を含まない）")
    no_department = django_filters.BooleanFilter(
        field_name="department", lookup_expr="isnull", label="所管課の記載なし"
    )
    tag = RowFilter(Tag, "uses__project__tags", "タグ", "uses__plan")
    role = django_filters.ChoiceFilter(
        choices=IndicatorUse.Role.choices,
        method="filter_role",
        label="使い方",
        empty_label="すべて",
    )
    is_leading = django_filters.BooleanFilter(
        method="filter_leading", label="リーディングプロジェクト"
    )
    fiscal_year = FiscalYearFilter(
        method="filter_year",
        label="年度",
        help_text="達成の状況（outcome）を判定する年度。これだけでは絞り込みません。",
    )
    outcome = django_filters.ChoiceFilter(
        choices=Outcome.choices,
        method="filter_outcome",
        label="達成の状況",
        empty_label="すべて",
    )
    ordering = ordering(["name", "key", "unit"])

    class Meta:
        model = Indicator
        fields = ["direction", "aggregation"]

    def filter_role(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        plan = self.form.cleaned_data.get("plan")
        limit = {"uses__plan": plan} if plan else self.within_plans("uses__plan")
        return having(queryset, "uses__role", value, **limit)

    def filter_leading(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        placed = {"project__placements__is_leading": True}
        placed |= self.within_plans("project__placements__plan")
        used = IndicatorUse.objects.filter(**placed).values("indicator")
        return queryset.filter(pk__in=used) if value else queryset.exclude(pk__in=used)

    def filter_year(self, queryset: QuerySet, name: str, value: int) -> QuerySet:
        return queryset

    def filter_outcome(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """Judged in Python, where the rule is (direction, comparison, baseline): two queries."""
        year = self.form.cleaned_data.get("fiscal_year")
        if year is None:
            return queryset
        plan = self.form.cleaned_data.get("plan")
        later = plan.later_editions if plan else frozenset()
        fits = [
            indicator.pk
            for indicator in with_values_of(queryset, year)
            if outcome_of(year_of(indicator, year, later)) == value
        ]
        return queryset.filter(pk__in=fits)


def with_values_of(queryset: QuerySet, fiscal_year: int) -> QuerySet:
    """With the values of one year only, enough for `year_of`."""
    return queryset.order_by().prefetch_related(
        Prefetch("targets", Target.objects.filter(fiscal_year=fiscal_year)),
        Prefetch("actuals", Actual.objects.filter(fiscal_year=fiscal_year)),
    )


class IndicatorUseFilterSet(PortalFilterSet):
    search_paths = ("indicator__name", "measure__name", "project__name")

    organization = RowFilter(Organization, "plan__organization", "団体")
    plan = RowFilter(Plan, "plan", "計画")
    measure = UnderMeasure()
    project = RowFilter(Project, "project", "事業")
    indicator = RowFilter(Indicator, "indicator", "指標")
    department = InDepartment("indicator__department")
    ordering = ordering(["position", "role"])

    class Meta:
        model = IndicatorUse
        fields = ["role"]


class ValueFilterSet(FiscalYearFilterSet):
    """What targets and actuals are filtered by alike."""

    search_paths = ("indicator__name", "raw_text", "note")

    organization = RowFilter(Organization, "indicator__organization", "団体")
    plan = RowFilter(Plan, "indicator__uses__plan", "計画")
    measure = UnderMeasureByUse("indicator__")
    project = RowFilter(Project, "indicator__uses__project", "事業", "indicator__uses__plan")
    indicator = RowFilter(Indicator, "indicator", "指標")
    department = InDepartment("indicator__department")


class TargetFilterSet(ValueFilterSet):
    ordering = ordering(["indicator", "fiscal_year", "revision"])

    class Meta:
        model = Target
        fields = ["kind", "is_current"]


class ActualFilterSet(ValueFilterSet):
    updated_since = updated_since()
    ordering = ordering(["indicator", "fiscal_year", "updated_at"])

    class Meta:
        model: type[models.Model] = Actual
        fields = ["kind", "status", "state", "is_preliminary"]
