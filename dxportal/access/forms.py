"""Forms of tokens: issue one, change what it opens, replace it, end it."""

import datetime
from typing import Any

from django import forms
from django.utils import timezone

from accounts.department_forms import DayInput
from accounts.models import ApiToken, Organization, User
from accounts.rest.resources import resource_labels
from accounts.tokens import LIFETIME, OVERLAP, Limits
from plans.models import Plan


def end_of(day: datetime.date) -> datetime.datetime:
    """The last moment of a day in Japan."""
    return timezone.make_aware(datetime.datetime.combine(day, datetime.time(23, 59, 59)))


def _in(time: datetime.timedelta) -> datetime.date:
    return timezone.localdate() + time


class DayAhead(forms.DateField):
    """A day that has not ended yet."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=DayInput(), **options)

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        if day is not None and not timezone.localdate() <= day <= datetime.date(2199, 12, 31):
            raise forms.ValidationError("今日以後の日付（2199年まで）にしてください。")
        return day


class TokenForm(forms.Form):
    """What a token opens, from where, and until when."""

    name = forms.CharField(
        label="用途", max_length=100, help_text="例：財務会計システム（決算の送信）"
    )
    scope = forms.ChoiceField(
        label="操作", choices=ApiToken.Scope.choices, widget=forms.RadioSelect, initial="read"
    )
    organization_ids = forms.TypedMultipleChoiceField(
        label="団体",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="選ばないと、利用者の役割があるすべての団体です。",
    )
    plan_ids = forms.TypedMultipleChoiceField(
        label="計画",
        coerce=int,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="選ばないと、すべての計画です。選ぶと、ほかの計画にだけある事業・指標も読み書き"
        "できず、計画が共有するもの（タグ、部局）は変えられません。",
    )
    resources = forms.MultipleChoiceField(
        label="対象",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="APIのアドレスの名前です。選ばないと、すべての対象です。団体・部局・計画は、"
        "いつも絞り込みに使えます。",
    )
    addresses = forms.CharField(
        label="接続元",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="IPアドレスか範囲（例：10.1.2.0/24）を1行に1つ。空欄は、どこからでも使えます。",
    )
    expires_on = DayAhead(label="有効期限", help_text="この日の終わりまで使えます。")

    def __init__(self, *args: Any, administered: frozenset[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cities = list(Organization.objects.filter(pk__in=administered))
        plans = Plan.objects.filter(organization__in=administered).select_related("organization")
        self._offer("organization_ids", [(city.pk, str(city)) for city in cities])
        is_one = len(cities) == 1
        if is_one:
            del self.fields["organization_ids"]
        self._offer(
            "plan_ids",
            [(plan.pk, str(plan) if is_one else f"{plan.organization} {plan}") for plan in plans],
        )
        self._offer(
            "resources", [(name, f"{label}（{name}）") for name, label in resource_labels().items()]
        )
        self.fields["expires_on"].initial = _in(LIFETIME)

    def _offer(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]  # they all have some

    @staticmethod
    def initial_of(token: ApiToken) -> dict[str, Any]:
        end = token.expires_at and timezone.localdate(token.expires_at)
        return {
            "name": token.name,
            "scope": token.scope,
            "organization_ids": token.organization_ids,
            "plan_ids": token.plan_ids,
            "resources": token.resources,
            "addresses": "\n".join(token.addresses),
            "expires_on": end,
        }

    def limits(self) -> Limits:
        said = self.cleaned_data
        return Limits(
            scope=said["scope"],
            organization_ids=said.get("organization_ids", []),
            plan_ids=said["plan_ids"],
            resources=said["resources"],
            addresses=said["addresses"].split(),
        )

    def end(self) -> datetime.datetime:
        return end_of(self.cleaned_data["expires_on"])

    def refuse(self, errors: dict[str, list[str]]) -> None:
        """Show what the service refused beside the fields that it is about."""
        for name, messages in errors.items():
            field = {"expires_at": "expires_on"}.get(name, name)
            for message in messages:
                self.add_error(field if field in self.fields else None, message)


class Account(forms.ModelChoiceField):
    def label_from_instance(self, obj: Any) -> str:
        return f"{obj}（{obj.username}）"


class IssueForm(TokenForm):
    """A new token: besides, whose it is."""

    user = Account(
        queryset=User.objects.none(),
        label="利用者",
        empty_label="選んでください",
        help_text="この人（外部システム）の役割でできることのうち、下で選ぶものができます。",
    )
    field_order = ("user", "name")

    def __init__(self, *args: Any, administered: frozenset[int], **kwargs: Any) -> None:
        super().__init__(*args, administered=administered, **kwargs)
        people = User.objects.filter(organization__in=administered, is_active=True)
        self.fields["user"].queryset = people.order_by("display_name", "username")  # type: ignore[attr-defined]  # a choice of rows


class RotateForm(forms.Form):
    """Until when the old secret works beside the new one, and until when the new one does."""

    ends_on = DayAhead(
        label="古いトークンの終わり",
        help_text="この日の終わりまで、古いトークンも使えます。その間に、相手のシステムの設定を"
        "新しいトークンに替えてください。",
    )
    expires_on = DayAhead(
        label="新しいトークンの有効期限", help_text="この日の終わりまで使えます。"
    )

    def __init__(self, *args: Any, token: ApiToken, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        latest = token.expires_at and timezone.localdate(token.expires_at)
        self.fields["ends_on"].initial = min(_in(OVERLAP), latest) if latest else _in(OVERLAP)
        self.fields["expires_on"].initial = _in(LIFETIME)


class RevokeForm(forms.Form):
    reason = forms.CharField(label="理由", max_length=500, required=False)
