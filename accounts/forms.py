"""Forms of the sign-in page and of one's own account."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm

from accounts.models import MailSetting, Notice

WRONG = "利用者名かパスワードが正しくありません。大文字・小文字も確かめてください。"


class SignInForm(AuthenticationForm):
    """Name and password; the same words whatever was wrong, so that names cannot be probed."""

    error_messages = {"invalid_login": WRONG, "inactive": WRONG}


class MailSettingForm(forms.Form):
    """Which notices a person wants by mail. What is on the page is always there."""

    wants_mail = forms.BooleanField(
        label="お知らせをメールでも受け取る（1日に1回まで）", required=False
    )
    wanted = forms.MultipleChoiceField(
        label="メールで受け取る内容",
        choices=Notice.Kind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, setting: MailSetting | None = None, **kwargs: Any) -> None:
        unwanted = set(setting.unwanted) if setting else set()
        kwargs["initial"] = {
            "wants_mail": setting.wants_mail if setting else True,
            "wanted": [kind for kind in Notice.Kind.values if kind not in unwanted],
        }
        super().__init__(*args, **kwargs)

    def unwanted(self) -> list[str]:
        return sorted(set(Notice.Kind.values) - set(self.cleaned_data["wanted"]))
