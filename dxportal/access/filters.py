"""The FilterSets of tokens, of the audit log and of the calls of the API."""

import datetime

import django_filters
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import ApiCall, ApiToken, AuditEntry, Channel, Organization, User
from accounts.policy import Act, scope_of
from plans.filters import PortalFilterSet, RowFilter, ordering

SOON = datetime.timedelta(days=30)


class TokenState(models.TextChoices):
    ACTIVE = "active", "使用中"
    ENDING = "ending", "30日以内に終わる"
    ENDED = "ended", "終わった"


def in_state(tokens: QuerySet, state: str) -> QuerySet:
    now = timezone.now()
    ended = Q(revoked_at__isnull=False) | Q(expires_at__lte=now)
    if state == TokenState.ENDED:
        return tokens.filter(ended)
    there = tokens.exclude(ended)
    return there.filter(expires_at__lte=now + SOON) if state == TokenState.ENDING else there


class TokenFilterSet(PortalFilterSet):
    search_paths = ("name", "hint", "user__username", "user__display_name")

    state = django_filters.ChoiceFilter(
        choices=TokenState.choices, method="filter_state", label="状態", empty_label="すべて"
    )
    scope = django_filters.ChoiceFilter(
        choices=ApiToken.Scope.choices, label="操作", empty_label="すべて"
    )
    ordering = ordering(["name", "user", "created_at", "expires_at", "last_used_at"])

    class Meta:
        model = ApiToken
        fields: list[str] = []

    def filter_state(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        return in_state(queryset, value)


def administered_people(request: HttpRequest | None) -> QuerySet:
    """The people of the organizations that the person of the request administers."""
    if request is None:  # the API's schema is made without a request
        return User.objects.none()
    administered = scope_of(request.user).organizations.get(Act.ADMINISTER, frozenset())
    return User.objects.filter(organization__in=administered).order_by("display_name", "username")


def _administered_tokens(request: HttpRequest | None) -> QuerySet:
    if request is None:
        return ApiToken.objects.none()
    return ApiToken.objects.visible_to(request.user)


class DayFilter(django_filters.DateFilter):
    """By whole days of Japan."""

    def __init__(self, label: str, bound: str) -> None:
        super().__init__(field_name="at", label=label, lookup_expr=bound)

    def filter(self, qs: QuerySet, value: datetime.date | None) -> QuerySet:
        if value is None:
            return qs
        day = value if self.lookup_expr == "gte" else value + datetime.timedelta(days=1)
        start = timezone.make_aware(datetime.datetime.combine(day, datetime.time.min))
        return qs.filter(at__gte=start) if self.lookup_expr == "gte" else qs.filter(at__lt=start)


class LoggedFilterSet(PortalFilterSet):
    """What both logs are filtered by alike."""

    token = django_filters.ModelChoiceFilter(
        queryset=_administered_tokens, label="トークン", empty_label="すべて"
    )
    since = DayFilter("日（から）", "gte")
    until = DayFilter("日（まで）", "lt")


class AuditFilterSet(LoggedFilterSet):
    search_paths = ("object_label", "actor_name", "reason", "action")

    organization = RowFilter(Organization, "organization", "団体")
    actor = django_filters.ModelChoiceFilter(
        queryset=administered_people, label="操作した人", empty_label="すべて"
    )
    action = django_filters.CharFilter(label="操作", max_length=50)
    channel = django_filters.ChoiceFilter(
        choices=Channel.choices, label="経路", empty_label="すべて"
    )
    plan_id = django_filters.NumberFilter(label="計画の番号", min_value=1, max_value=2**63 - 1)
    ordering = ordering(["id", "at"])

    class Meta:
        model = AuditEntry
        fields = ["object_type", "object_id"]


class CallFilterSet(LoggedFilterSet):
    search_paths = ("route", "address", "user__display_name", "token__name")

    user = django_filters.ModelChoiceFilter(
        queryset=administered_people, label="利用者", empty_label="すべて"
    )
    outcome = django_filters.ChoiceFilter(
        choices=[("ok", "成功"), ("refused", "断った"), ("fault", "障害")],
        method="filter_outcome",
        label="結果",
        empty_label="すべて",
    )
    is_change = django_filters.BooleanFilter(label="種類")
    ordering = ordering(["id", "milliseconds"])

    class Meta:
        model = ApiCall
        fields: list[str] = []

    def filter_outcome(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        first, last = {"ok": (100, 399), "refused": (400, 499), "fault": (500, 599)}[value]
        return queryset.filter(status__range=(first, last))
