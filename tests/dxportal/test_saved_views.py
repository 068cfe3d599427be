"""Saved views: kept, shared within the office, mailed once a month by the rights of the day."""

from collections.abc import Callable

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, MailSetting, RoleAssignment
from dxportal import saved_views
from dxportal.models import SavedView
from tests.cast import Cast

SignIn = Callable[..., Client]
PATH = "/dashboard/?fiscal_year=2024"


def saved(cast: Cast, person: str = "editor", **more: bool) -> SavedView:
    choices = {"is_shared": False, "mails_monthly": False, **more}
    return saved_views.save_view(Actor(cast.people[person], Channel.PAGE), "遅れ", PATH, **choices)


def test_a_page_is_saved_listed_and_led_to(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.editor)
    form = client.get(reverse("dashboard:views"), {"path": PATH})
    assert form.context["form"] is not None
    answer = client.post(reverse("dashboard:views"), {"name": "遅れ", "path": PATH})
    assert answer.status_code == 302
    [view] = client.get(reverse("dashboard:views")).context["own"]
    assert view.path == PATH
    assert client.get(view.path).status_code == 200
    assert AuditEntry.objects.of(view).count() == 1


def test_the_same_name_replaces_ones_own_view(cast: Cast) -> None:
    saved(cast)
    saved(cast, is_shared=True)
    assert [view.is_shared for view in SavedView.objects.all()] == [True]


@pytest.mark.parametrize(
    "path",
    [
        "https://example.com/",
        "//example.com/",
        "/\\example.com",
        "/nowhere/",
        "/accounts/sign-out/",
    ],
)
def test_only_pages_of_the_portal_are_saved(cast: Cast, sign_in: SignIn, path: str) -> None:
    client = sign_in(cast.editor)
    answer = client.post(reverse("dashboard:views"), {"name": "よそ", "path": path})
    assert answer.status_code == 422
    assert "よそ" in answer.content.decode()
    assert not SavedView.objects.exists()


def test_shared_views_are_seen_in_the_office_alone(cast: Cast, sign_in: SignIn) -> None:
    view = saved(cast)
    page = reverse("dashboard:views")
    assert sign_in(cast.viewer).get(page).context["shared"] == []
    saved_views.change_view(Actor(cast.editor, Channel.PAGE), view, True, False)
    assert sign_in(cast.viewer).get(page).context["shared"] == [view]
    assert sign_in(cast.outsider).get(page).context["shared"] == []


def test_nobody_else_changes_a_view(cast: Cast) -> None:
    view = saved(cast, is_shared=True)
    with pytest.raises(PermissionDenied):
        saved_views.delete_view(Actor(cast.admin, Channel.PAGE), view)
    assert SavedView.objects.filter(pk=view.pk).exists()


def test_the_mail_comes_once_a_month_with_the_figures(cast: Cast) -> None:
    cast.editor.email = "editor@example.jp"
    cast.editor.save()
    view = saved(cast, mails_monthly=True)
    assert saved_views.send_monthly_views() == 1
    assert saved_views.send_monthly_views() == 0
    [message] = mail.outbox
    assert message.to == ["editor@example.jp"]
    assert "遅れている施策：1件（評価した2件のうち）" in message.body
    assert "理由：契約が遅れた。" in message.body
    assert "来訪者数" in message.body  # at risk, with its figures
    assert "目標 15,000 → 実績 12,345（人）" in message.body
    today = timezone.localtime()
    assert f"（{today.year}年{today.month}月）" in message.subject
    assert message.body.count(PATH) == 1
    view.refresh_from_db()
    assert view.last_mailed_at is not None


def test_no_mail_to_who_wants_none_or_has_no_address(cast: Cast) -> None:
    saved(cast, mails_monthly=True)
    assert saved_views.send_monthly_views() == 0
    cast.editor.email = "editor@example.jp"
    cast.editor.save()
    MailSetting.objects.create(user=cast.editor, wants_mail=False)
    assert saved_views.send_monthly_views() == 0


def test_the_mail_says_no_figures_to_who_lost_the_right(cast: Cast) -> None:
    cast.editor.email = "editor@example.jp"
    cast.editor.save()
    saved(cast, mails_monthly=True)
    RoleAssignment.objects.filter(user=cast.editor).delete()
    saved_views.send_monthly_views()
    assert all("遅れている施策" not in message.body for message in mail.outbox)


def test_a_mail_that_fails_is_tried_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cast.editor.email = "editor@example.jp"
    cast.editor.save()
    saved(cast, mails_monthly=True)

    def broken(*args: object, **kwargs: object) -> None:
        raise OSError("no server")

    with monkeypatch.context() as patch:
        patch.setattr(saved_views, "send_mail", broken)
        assert saved_views.send_monthly_views() == 0
    assert saved_views.send_monthly_views() == 1
