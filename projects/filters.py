"""The FilterSets of projects, their places, schedules, tags and reviews."""

from typing import Any

import django_filters
from django.db.models import Q, QuerySet

from accounts.models import Department, Organization
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
from projects.models import (
    Placement,
    Project,
    ProjectDepartment,
    Review,
    ScheduleEntry,
    Stage,
    Tag,
    TagScheme,
)


class ProjectFilterSet(PortalFilterSet):
    """Projects. `stage` and `mark` look at `fiscal_year` where it is given, else at any year."""

    search_paths = ("name", "summary", "aliases__name", "placements__code")
    paths_over_plans = ("placements__code",)

    organization = RowFilter(Organization, "organization", "団体")
    plan = RowFilter(Plan, "placements__plan", "計画")
    measure = UnderMeasure("placements__measure")
    department = InDepartment("department_links__department", "department_links__plan")
    tag = RowFilter(Tag, "tags", "タグ")
    is_leading = django_filters.BooleanFilter(
        method="filter_leading", label="リーディングプロジェクト"
    )
    fiscal_year = FiscalYearFilter(method="filter_year", label="年度")
    stage = django_filters.ChoiceFilter(
        choices=Stage.choices, method="filter_stage", label="予定の段階", empty_label="すべて"
    )
    mark = django_filters.CharFilter(method="filter_mark", label="進捗の記号")
    ordering = ordering([("first_code", "code"), ("name", "name"), ("key", "key")])

    class Meta:
        model = Project
        fields: list[str] = []

    def filter_leading(self, queryset: QuerySet, name: str, value: bool) -> QuerySet:
        leading = Placement.objects.filter(is_leading=True, **self.within_plans("plan"))
        leading = leading.values("project")
        return queryset.filter(pk__in=leading) if value else queryset.exclude(pk__in=leading)

    def filter_year(self, queryset: QuerySet, name: str, value: int) -> QuerySet:
        """Projects that run in this year, or whose years are not stated."""
        return queryset.filter(
            Q(first_fiscal_year__isnull=True) | Q(first_fiscal_year__lte=value),
            Q(last_fiscal_year__isnull=True) | Q(last_fiscal_year__gte=value),
        )

    def filter_stage(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return having(queryset, "schedule__planned", value, **self._in_year("schedule"))

    def filter_mark(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        limits = self._in_year("reviews") | self.within_plans("reviews__plan")
        return having(queryset, "reviews__mark__key", value, **limits)

    def _in_year(self, path: str) -> dict[str, Any]:
        year = self.form.cleaned_data.get("fiscal_year")
        return {} if year is None else {f"{path}__fiscal_year": year}


class PlacementFilterSet(PortalFilterSet):
    search_paths = ("code", "project__name", "project__aliases__name")

    organization = RowFilter(Organization, "plan__organization", "団体")
    plan = RowFilter(Plan, "plan", "計画")
    measure = UnderMeasure()
    project = RowFilter(Project, "project", "事業")
    department = InDepartment(
        "project__department_links__department", "project__department_links__plan"
    )
    tag = RowFilter(Tag, "project__tags", "タグ")
    ordering = ordering(["position", "code"])

    class Meta:
        model = Placement
        fields = ["is_leading", "is_primary"]


class OfProjectFilterSet(FiscalYearFilterSet):
    """Of rows that a project has for a year."""

    organization = RowFilter(Organization, "project__organization", "団体")
    plan = RowFilter(Plan, "project__placements__plan", "計画")
    measure = UnderMeasure("project__placements__measure")
    project = RowFilter(Project, "project", "事業")
    department = InDepartment(
        "project__department_links__department", "project__department_links__plan"
    )


class ScheduleFilterSet(OfProjectFilterSet):
    search_paths = ("project__name", "text")

    ordering = ordering(["fiscal_year", "project"])

    class Meta:
        model = ScheduleEntry
        fields = ["planned", "actual"]


class TagFilterSet(PortalFilterSet):
    search_paths = ("name", "scheme__name")

    organization = RowFilter(Organization, "scheme__organization", "団体")
    scheme = RowFilter(TagScheme, "scheme", "タグ体系")
    measure = UnderMeasure("measures")
    project = RowFilter(Project, "projects", "事業")
    ordering = ordering(["position", "name"])

    class Meta:
        model = Tag
        fields: list[str] = []


class InCharge(SubtreeFilter):
    """Reviews that a department answers for, as `projects.services.departments_in_charge` says."""

    def __init__(self) -> None:
        super().__init__(Department, "measure__department", "所管課")

    def filter(self, qs: QuerySet, value: Department | None) -> QuerySet:
        if value is None:
            return qs
        below = [row.pk for row in Department.objects.descendants(value, include_self=True)]
        projects = ProjectDepartment.objects.filter(department__in=below).values("project")
        placed = Placement.objects.filter(project__in=projects, is_primary=True)
        return qs.filter(
            Q(project__in=projects)
            | Q(measure__department__in=below)
            | Q(
                measure__department__isnull=True,
                measure__in=self._with_those_above(
                    set(placed.values_list("measure_id", flat=True)), value.organization_id
                ),
            )
        )

    @staticmethod
    def _with_those_above(measures: set[int], organization_id: int) -> set[int]:
        parents = dict(
            Measure.objects.filter(plan__organization=organization_id).values_list(
                "pk", "parent_id"
            )
        )
        found: set[int] = set()
        for measure in measures:
            step: int | None = measure
            while step is not None and step not in found:
                found.add(step)
                step = parents[step]
        return found


class ReviewFilterSet(FiscalYearFilterSet):
    search_paths = ("goal", "result", "delay_reason", "shortfall_reason", "effect", "summary")

    organization = RowFilter(Organization, "plan__organization", "団体")
    plan = RowFilter(Plan, "plan", "計画")
    measure = UnderMeasure()
    project = RowFilter(Project, "project", "事業")
    department = InCharge()
    mark = django_filters.CharFilter(field_name="mark__key", label="進捗の記号")
    planned_mark = django_filters.CharFilter(field_name="planned_mark__key", label="進捗予定の記号")
    is_behind = django_filters.BooleanFilter(field_name="mark__is_behind", label="遅れている")
    updated_since = updated_since()
    ordering = ordering(["fiscal_year", "updated_at"])

    class Meta:
        model = Review
        fields: list[str] = []
