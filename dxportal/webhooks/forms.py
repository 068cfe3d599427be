"""Forms of the administrator's pages of webhooks; what is allowed is judged in the services."""

from typing import Any

from django import forms

from accounts.models import Organization, User
from accounts.policy import Act, scope_of
from dxportal.models import SUBSCRIBABLE, Webhook


class _OfOrganization(forms.Form):
    """The organization is asked for only where the person administers several."""

    organization = forms.ModelChoiceField(
        Organization.objects.none(), label="団体", empty_label=None
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ids = scope_of(user).organizations.get(Act.ADMINISTER, frozenset())
        self.fields["organization"].queryset = Organization.objects.filter(pk__in=ids)  # type: ignore[attr-defined]
        if len(ids) == 1:
            self.fields["organization"].widget = forms.HiddenInput()
            self.initial.setdefault("organization", next(iter(ids)))


class OriginForm(_OfOrganization):
    origin = forms.CharField(
        label="宛先",
        max_length=300,
        help_text="https://ホスト名（:ポート）。例：https://zaimu.city.example.lg.jp",
    )
    networks = forms.CharField(
        label="IPアドレスの範囲",
        required=False,
        max_length=500,
        help_text="ホスト名がこの範囲を指すときだけ送ります。例：10.1.2.0/24（複数はコンマ区切り）",
    )
    note = forms.CharField(label="備考", required=False, max_length=200)

    def clean_networks(self) -> list[str]:
        text = self.cleaned_data["networks"].replace("、", ",")
        return [part.strip() for part in text.split(",") if part.strip()]


class WebhookForm(_OfOrganization):
    """A new webhook; `WebhookChangeForm` changes one that is there."""

    name = forms.CharField(label="名称", max_length=100, help_text="例：財務会計システム")
    url = forms.CharField(
        label="送り先のURL", max_length=500, help_text="許可した宛先のどれかで始まるURLです。"
    )
    events = forms.MultipleChoiceField(
        label="知らせる出来事", choices=SUBSCRIBABLE, widget=forms.CheckboxSelectMultiple
    )


class WebhookChangeForm(WebhookForm):
    row_version = forms.IntegerField(label="版", widget=forms.HiddenInput)

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(user, *args, **kwargs)
        del self.fields["organization"]

    @staticmethod
    def initial_of(webhook: Webhook) -> dict[str, Any]:
        return {
            "name": webhook.name,
            "url": webhook.url,
            "events": webhook.events,
            "row_version": webhook.version,
        }
