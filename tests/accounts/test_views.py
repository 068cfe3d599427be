"""Signing in and out, the lock-out, and one's own password."""

from collections.abc import Callable

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, User
from tests.cast import PASSWORD, Cast

SIGN_IN = "/accounts/sign-in/"


@pytest.fixture(autouse=True)
def _plain_passwords(cast: Cast) -> None:
    cast.editor.set_password(PASSWORD)
    cast.editor.save()


def test_every_page_asks_for_a_sign_in_and_leads_back(client: Client) -> None:
    response = client.get("/projects/")
    assert response.status_code == 302
    assert response.url == f"{SIGN_IN}?next=/projects/"


def test_signing_in_renews_the_session(client: Client) -> None:
    client.get(SIGN_IN)
    client.session["before"] = 1
    old = client.session.session_key
    answer = client.post(f"{SIGN_IN}?next=/plans/", {"username": "editor", "password": PASSWORD})
    assert answer.url == "/plans/"
    assert client.session.session_key != old


def test_signing_in_does_not_lead_to_other_hosts(client: Client) -> None:
    data = {"username": "editor", "password": PASSWORD, "next": "https://example.com/"}
    assert client.post(SIGN_IN, data).url == "/"


def test_a_wrong_password_says_the_same_as_a_wrong_name(client: Client) -> None:
    answers = [
        client.post(SIGN_IN, {"username": name, "password": "wrong"}).content.decode()
        for name in ("editor", "nobody")
    ]
    for answer in answers:
        assert "利用者名かパスワードが正しくありません" in answer
        assert "wrong" not in answer


def test_too_many_attempts_lock_out(client: Client, settings: LazySettings) -> None:
    for _ in range(settings.AXES_FAILURE_LIMIT):
        answer = client.post(SIGN_IN, {"username": "editor", "password": "wrong"})
    assert answer.status_code == 429
    assert "しばらくサインインできません" in answer.content.decode()
    assert client.post(SIGN_IN, {"username": "editor", "password": PASSWORD}).status_code == 429


def test_signing_out_takes_a_post(sign_in: Callable[[User], Client], cast: Cast) -> None:
    client = sign_in(cast.editor)
    assert client.get("/accounts/sign-out/").status_code == 405
    client.post("/accounts/sign-out/")
    assert client.get("/").status_code == 302


def test_one_changes_ones_own_password(sign_in: Callable[[User], Client], cast: Cast) -> None:
    client, new = sign_in(cast.editor), "a-long-new-passphrase"
    address = reverse("accounts:change_password")
    wrong = client.post(address, {"old_password": "no", "new_password1": new, "new_password2": new})
    assert "間違って" in wrong.content.decode()
    client.post(address, {"old_password": PASSWORD, "new_password1": new, "new_password2": new})
    cast.editor.refresh_from_db()
    assert cast.editor.check_password(new)
    entry = AuditEntry.objects.of(cast.editor).get()
    assert (entry.action, entry.before, entry.after) == ("user.change_password", {}, {})


def test_the_portal_is_healthy_without_a_sign_in(client: Client) -> None:
    assert client.get("/healthz/").content == b"ok\n"


def test_pages_forbid_framing_and_foreign_sources(client: Client) -> None:
    headers = client.get(SIGN_IN).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
