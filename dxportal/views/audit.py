"""The administrator's pages of the two logs: what was changed, and what was called."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.core.paginator import Page
from django.db.models import QuerySet
from django.urls import reverse

from accounts.department_forms import DayInput
from accounts.models import ApiCall, AuditEntry
from dxportal.access.exports import AuditExporter, CallExporter
from dxportal.access.filters import AuditFilterSet, CallFilterSet
from dxportal.views.tokens import administered_by
from plans.history import HistoryItem, history_items
from plans.listing import ListPage


@dataclass(frozen=True)
class LoggedChange:
    """An entry, and what it says in words."""

    entry: AuditEntry
    told: HistoryItem


class LogPage(ListPage):
    """What both logs have in common. `other` is the address and the name of the other one."""

    template_name = "access/audit.html"
    kept: str
    other: tuple[str, str]

    def prepare(self) -> None:
        administered_by(self.request)

    def dress(self, form: forms.Form) -> None:
        super().dress(form)
        for name in ("since", "until"):
            form.fields[name].widget = DayInput()

    def extra_context(self, page: Page) -> dict[str, Any]:
        address, label = self.other
        return {
            "kept": self.kept,
            "other": (reverse(address), label),
            "breadcrumb": [(self.title, "")],
        }


class AuditPage(LogPage):
    model = AuditEntry
    filterset_class = AuditFilterSet
    results_template = "access/_audit_results.html"
    title = "監査記録"
    exporters = {"list": AuditExporter}
    shown_filters = ("q", "actor", "token", "channel", "action", "since", "until")
    kept = "だれが、いつ、何を、何から何に変えたかの記録です。消すことも変えることもできません。"
    other = ("audit:calls", "APIの呼び出しの記録")

    def ordered(self, queryset: QuerySet) -> QuerySet:
        return queryset.administered_by(self.user)

    def for_page(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("token", "organization")

    def rows_of(self, page: Page) -> Iterable[Any]:
        entries = list(page.object_list)
        told = history_items(entries)
        return [LoggedChange(entry, item) for entry, item in zip(entries, told, strict=True)]


class CallPage(LogPage):
    model = ApiCall
    filterset_class = CallFilterSet
    results_template = "access/_call_results.html"
    title = "APIの呼び出しの記録"
    exporters = {"list": CallExporter}
    shown_filters = ("q", "user", "token", "is_change", "outcome", "since", "until")
    boolean_words = {"is_change": (("true", "書き込み"), ("false", "読み取り"))}
    other = ("audit:list", "監査記録（変更）")

    def prepare(self) -> None:
        super().prepare()
        reads, changes = settings.API_READS_KEPT_DAYS, settings.API_CHANGES_KEPT_DAYS
        self.kept = (
            "送られた内容と検索の言葉は残しません。"
            f"読み取りは{reads}日、書き込みは{changes}日が過ぎると消えます。"
        )

    def for_page(self, queryset: QuerySet) -> QuerySet:
        return queryset.select_related("token", "user")
