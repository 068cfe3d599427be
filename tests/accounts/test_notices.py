"""Telling people: who is told, once, and at most one mail a day that never stops the work."""

import datetime
import smtplib

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts import notices
from accounts.models import MailSetting, Notice, Role, RoleAssignment, User
from accounts.policy import Act
from tests.cast import Cast


def tell(cast: Cast, text: str = "照会が始まりました。", kind: str = "opened") -> int:
    return notices.tell([cast.editor], cast.city, kind, text, "/rounds/entry/")


@pytest.fixture
def editor(cast: Cast) -> User:
    cast.editor.email = "editor@example.lg.jp"
    cast.editor.save()
    return cast.editor


def test_the_nearest_people_are_told(cast: Cast) -> None:
    tourism = cast.departments["観光課"]
    assert list(notices.people_who_may(Act.ENTER, cast.city, tourism)) == [cast.editor]
    # The head of the department above answers for the section below.
    assert list(notices.people_who_may(Act.APPROVE, cast.city, tourism)) == [cast.approver]
    assert not notices.people_who_may(Act.ENTER, cast.city, cast.departments["教育委員会"])
    everywhere = User.objects.create(username="everywhere", organization=cast.city)
    RoleAssignment.objects.create(user=everywhere, role=Role.EDITOR, organization=cast.city)
    school = notices.people_who_may(Act.ENTER, cast.city, cast.departments["教育委員会"])
    assert list(school) == [everywhere]


def test_what_is_not_read_yet_is_not_told_twice(cast: Cast) -> None:
    assert (tell(cast), tell(cast)) == (1, 0)
    notices.mark_read(cast.editor)
    assert tell(cast) == 1


def test_one_mail_a_day(editor: User, cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    tell(cast)
    tell(cast, "「来訪者数」が差し戻されました。理由：根拠", "returned")
    assert notices.send_digests() == 1
    message = mail.outbox[0]
    assert message.to == ["editor@example.lg.jp"]
    assert "お知らせ 2件" in message.subject
    assert "根拠" in message.body and "/rounds/entry/" in message.body
    tell(cast, "承認されました。", "approved")
    assert notices.send_digests() == 0
    tomorrow = timezone.now() + datetime.timedelta(days=1)
    monkeypatch.setattr(timezone, "now", lambda: tomorrow)
    assert notices.send_digests() == 1
    assert "承認されました" in mail.outbox[1].body
    assert "差し戻され" not in mail.outbox[1].body


def test_what_was_read_on_the_page_is_not_mailed(editor: User, cast: Cast) -> None:
    tell(cast)
    notices.mark_read(editor)
    assert notices.send_digests() == 0


def test_a_mail_that_fails_is_tried_again_and_stops_nobody(
    editor: User, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    cast.approver.email = "approver@example.lg.jp"
    cast.approver.save()
    notices.tell([cast.editor, cast.approver], cast.city, "opened", "始まりました。", "/")
    real = notices.send_mail

    def send(subject: str, body: str, sender: str, to: list[str]) -> int:
        if to == ["editor@example.lg.jp"]:
            raise smtplib.SMTPRecipientsRefused({})
        return real(subject, body, sender, to)

    monkeypatch.setattr(notices, "send_mail", send)
    assert notices.send_digests() == 1
    assert MailSetting.objects.get(user=editor).failures == 1
    monkeypatch.setattr(notices, "send_mail", real)
    assert notices.send_digests() == 1
    assert MailSetting.objects.get(user=editor).failures == 0


def test_one_chooses_what_comes_by_mail(editor: User, cast: Cast, sign_in) -> None:  # type: ignore[no-untyped-def]
    client = sign_in(editor)
    answer = client.post(
        reverse("accounts:mail_settings"), {"wants_mail": "on", "wanted": ["returned"]}
    )
    assert answer.status_code == 302
    tell(cast)
    assert notices.send_digests() == 0
    tell(cast, "差し戻されました。", "returned")
    assert notices.send_digests() == 1
    client.post(reverse("accounts:mail_settings"), {"wanted": ["returned"]})
    assert not MailSetting.objects.get(user=editor).wants_mail


def test_the_page_lists_ones_own_and_marks_them_read(cast: Cast, sign_in) -> None:  # type: ignore[no-untyped-def]
    tell(cast)
    notices.tell([cast.approver], cast.city, "submitted", "承認をお願いします。", "/")
    client = sign_in(cast.editor)
    page = client.get(reverse("accounts:notices")).content.decode()
    assert "照会が始まりました。" in page
    assert "承認をお願いします" not in page
    notice = Notice.objects.get(user=cast.editor)
    assert client.get(reverse("accounts:notice", args=[notice.pk])).url == "/rounds/entry/"
    assert notices.unread_count(cast.editor) == 0
