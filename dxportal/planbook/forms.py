"""The form by which a plan book comes in."""

from typing import Any

from django import forms
from django.conf import settings

from accounts.models import Organization, User
from accounts.policy import Act, scope_of
from dxportal.models import ColumnMapping
from plans.models import Plan

NEW_PLAN = "新しい計画として取り込む"


class BookForm(forms.Form):
    """A file, what it is for, and how to read it; offers only what the person may manage."""

    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="団体", empty_label=None
    )
    plan = forms.ModelChoiceField(
        Plan.objects.none(),
        label="取込先の計画",
        required=False,
        empty_label=NEW_PLAN,
        help_text="いまの計画を直すときはその計画を、はじめて取り込むときは「新しい計画として取り込む」"
        "を選びます。",
    )
    mapping = forms.ModelChoiceField(
        ColumnMapping.objects.none(),
        label="列の対応表",
        required=False,
        empty_label="使わない（計画ブックをそのまま読む）",
        help_text="計画ブックではなく、市の進捗管理表などを読むときに選びます。",
    )
    file = forms.FileField(
        label="ファイル",
        widget=forms.FileInput(attrs={"accept": ".xlsx,.zip,.csv"}),
        allow_empty_file=False,
        error_messages={
            "required": "ファイルを選んでください。",
            "empty": "ファイルの中身が空です。",
            "max_length": "ファイル名は%(max)d文字までにしてください（%(length)d文字）。",
        },
        max_length=200,
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        managed = scope_of(user).organizations.get(Act.MANAGE, frozenset())
        organizations = Organization.objects.visible_to(user).filter(pk__in=managed)
        self.fields["organization"].queryset = organizations
        self.fields["organization"].initial = user.organization_id
        if len(managed) == 1:
            self.fields["organization"].widget = forms.HiddenInput()
            self.fields["organization"].initial = next(iter(managed))
        for name, model in (("plan", Plan), ("mapping", ColumnMapping)):
            rows = model.objects.visible_to(user).filter(organization_id__in=managed)
            self.fields[name].queryset = rows.select_related("organization")
        if not self.fields["mapping"].queryset.exists():
            del self.fields["mapping"]
        self.fields[
            "file"
        ].help_text = (
            f"Excel（.xlsx）か、CSVをまとめたZIPファイル。{settings.BOOK_MAX_MEGABYTES}MBまで。"
        )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        organization = cleaned.get("organization")
        for name in ("plan", "mapping"):
            chosen = cleaned.get(name)
            if chosen and organization and chosen.organization_id != organization.pk:
                self.add_error(name, "選んだ団体のものではありません。")
        if cleaned.get("mapping") and not cleaned.get("plan") and "plan" not in self.errors:
            self.add_error("plan", "対応表で読むときは、取込先の計画を選んでください。")
        return cleaned
