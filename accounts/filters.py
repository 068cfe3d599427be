"""The FilterSets of organizations, departments and notices."""

import datetime

import django_filters
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from accounts.models import Department, Notice, Organization


def _visible_organizations(request: HttpRequest | None) -> QuerySet:
    if request is None:  # the API's schema is made without a request
        return Organization.objects.none()
    return Organization.objects.visible_to(request.user)


def _visible_departments(request: HttpRequest | None) -> QuerySet:
    if request is None:
        return Department.objects.none()
    return Department.objects.visible_to(request.user)


class OrganizationFilterSet(django_filters.FilterSet):
    ordering = django_filters.OrderingFilter(fields=["code", "name"], label="並べ替え")

    class Meta:
        model = Organization
        fields = ["code"]


class NoticeFilterSet(django_filters.FilterSet):
    organization = django_filters.ModelChoiceFilter(queryset=_visible_organizations, label="団体")
    is_read = django_filters.BooleanFilter(
        field_name="read_at", lookup_expr="isnull", exclude=True, label="読んだもの"
    )
    created_since = django_filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", label="日時（以後）"
    )
    ordering = django_filters.OrderingFilter(fields=["created_at"], label="並べ替え")

    class Meta:
        model = Notice
        fields = ["kind"]


class DepartmentFilterSet(django_filters.FilterSet):
    """Departments; `department` is the subtree below one, itself included."""

    organization = django_filters.ModelChoiceFilter(queryset=_visible_organizations, label="団体")
    department = django_filters.ModelChoiceFilter(
        queryset=_visible_departments, method="filter_subtree", label="部局（その下を含む）"
    )
    valid_on = django_filters.DateFilter(method="filter_valid", label="この日にある部局")
    ordering = django_filters.OrderingFilter(fields=["position", "key", "name"], label="並べ替え")

    class Meta:
        model = Department
        fields = ["key"]

    def filter_subtree(self, queryset: QuerySet, name: str, value: Department) -> QuerySet:
        below = Department.objects.descendants(value, include_self=True)
        return queryset.filter(pk__in=[department.pk for department in below])

    def filter_valid(self, queryset: QuerySet, name: str, value: datetime.date) -> QuerySet:
        return queryset.filter(
            Q(valid_from__isnull=True) | Q(valid_from__lte=value),
            Q(valid_to__isnull=True) | Q(valid_to__gte=value),
        )
