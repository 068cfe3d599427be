"""Signing in at a real provider on this machine, and every answer that must not be believed."""

import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import LazySettings
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEntry, RoleAssignment, User
from dxportal.checks import check_services
from tests.accounts.provider import CLIENT_ID, CLIENT_SECRET, Provider, running_provider
from tests.cast import Cast

SIGN_IN = "/accounts/sign-in/"


@pytest.fixture(scope="module")
def running() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture
def provider(running: Provider, settings: LazySettings) -> Provider:
    """The provider as it tells the truth, and the portal set up for it."""
    keys = running.key, running.other_key
    running.__init__(running.address)  # type: ignore[misc]  # as new, but for the keys
    running.key, running.other_key = keys
    settings.OIDC_ISSUER = running.address
    settings.OIDC_RP_CLIENT_ID, settings.OIDC_RP_CLIENT_SECRET = CLIENT_ID, CLIENT_SECRET
    settings.OIDC_OP_AUTHORIZATION_ENDPOINT = f"{running.address}/authorize"
    settings.OIDC_OP_TOKEN_ENDPOINT = f"{running.address}/token"
    settings.OIDC_OP_JWKS_ENDPOINT = f"{running.address}/keys"
    settings.OIDC_END_SESSION_URL = f"{running.address}/end"
    settings.OIDC_STORE_ID_TOKEN = True
    settings.AUTHENTICATION_BACKENDS = [
        *settings.AUTHENTICATION_BACKENDS,
        "accounts.oidc.ProviderBackend",
    ]
    return running


@pytest.fixture
def known(cast: Cast) -> User:
    User.objects.filter(pk=cast.editor.pk).update(
        external_id="104729", email="taro@city.example.lg.jp"
    )
    return User.objects.get(pk=cast.editor.pk)


def sign_in(client: Client, provider: Provider, to: str = "/plans/") -> Any:
    """Through the provider and back; the answer of the portal's callback."""
    start = client.get(reverse("accounts:oidc_start"), {"next": to})
    assert start.url.startswith(f"{provider.address}/authorize?")
    query = {name: values[0] for name, values in parse_qs(urlsplit(start.url).query).items()}
    return client.get(provider.authorize(query))


def said_on_sign_in(client: Client, answer: Any) -> str:
    assert (answer.status_code, answer.url) == (302, SIGN_IN)
    assert "_auth_user_id" not in client.session
    return str(client.get(SIGN_IN).content.decode())


def test_the_button_is_there_only_where_a_provider_is(
    client: Client, db: None, settings: LazySettings
) -> None:
    assert "庁内認証" not in client.get(SIGN_IN).content.decode()
    assert client.get("/accounts/oidc/start/").status_code == 404
    settings.OIDC_ISSUER = "https://id.example.lg.jp"
    page = client.get(SIGN_IN, {"next": "/plans/"}).content.decode()
    assert 'href="/accounts/oidc/start/?next=/plans/"' in page
    assert "庁内認証でサインイン" in page


def test_who_is_known_is_signed_in_and_led_on(
    client: Client, provider: Provider, known: User
) -> None:
    client.get(SIGN_IN)
    client.session["before"] = 1
    old = client.session.session_key
    answer = sign_in(client, provider)
    assert (answer.status_code, answer.url) == (302, "/plans/")
    assert client.session["_auth_user_id"] == str(known.pk)
    assert client.session.session_key != old
    assert client.get("/plans/").status_code == 200
    # The account may be ended while the session lives.
    User.objects.update(is_active=False)
    assert client.get("/plans/").status_code == 302


def test_it_does_not_lead_to_other_hosts(client: Client, provider: Provider, known: User) -> None:
    assert sign_in(client, provider, "https://evil.example/").url == "/"


LIES: dict[str, dict[str, Any]] = {
    "wrong nonce": {"nonce": "another"},
    "no nonce": {"nonce": None},
    "wrong issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "for another client": {"aud": "another"},
    "for two, made for the other": {"aud": [CLIENT_ID, "another"], "azp": "another"},
    "expired": {"exp": int(time.time()) - 120},
    "without an end": {"exp": None},
    "of tomorrow": {"iat": int(time.time()) + 86_400},
    "not a text": {"sub": ["104729"]},
}


@pytest.mark.parametrize("lies", LIES.values(), ids=LIES.keys())
def test_a_token_that_says_something_else_signs_nobody_in(
    client: Client, provider: Provider, known: User, lies: dict[str, Any]
) -> None:
    provider.lies = lies
    assert "サインインができませんでした" in said_on_sign_in(client, sign_in(client, provider))


@pytest.mark.parametrize("algorithm", ["RS256", "HS256", "none"])
def test_a_token_that_the_provider_did_not_sign_signs_nobody_in(
    client: Client, provider: Provider, known: User, algorithm: str
) -> None:
    provider.signs_with_other_key, provider.algorithm = True, algorithm
    assert "サインインができませんでした" in said_on_sign_in(client, sign_in(client, provider))


def test_an_answer_is_good_once_and_only_for_who_asked(
    client: Client, provider: Provider, known: User
) -> None:
    start = client.get(reverse("accounts:oidc_start"))
    query = {name: values[0] for name, values in parse_qs(urlsplit(start.url).query).items()}
    back = provider.authorize(query)
    other = Client()
    assert "できませんでした" in said_on_sign_in(other, other.get(back))
    assert client.get(back).url == "/"
    client.logout()
    assert "できませんでした" in said_on_sign_in(client, client.get(back))


def test_who_is_unknown_or_has_left_is_told_whom_to_ask(
    client: Client, provider: Provider, known: User
) -> None:
    for unknown in ("999", "", " "):
        provider.claims["sub"] = unknown
        assert "管理者に登録を依頼" in said_on_sign_in(client, sign_in(client, provider))
    provider.claims["sub"] = "999"
    assert "管理者に登録を依頼" in said_on_sign_in(client, sign_in(client, provider))
    assert not User.objects.filter(external_id="999").exists()
    provider.claims["sub"] = "104729"
    User.objects.update(is_active=False)
    assert "管理者に登録を依頼" in said_on_sign_in(client, sign_in(client, provider))


def test_a_provider_that_is_away_or_refuses_is_told(
    client: Client, provider: Provider, known: User
) -> None:
    provider.is_down = True
    assert "庁内認証に接続できません" in said_on_sign_in(client, sign_in(client, provider))
    refused = client.get("/accounts/oidc/callback/", {"error": "access_denied", "state": "x"})
    assert "取りやめられました" in said_on_sign_in(client, refused)


def test_failures_lock_out_nobody(client: Client, provider: Provider, known: User) -> None:
    provider.signs_with_other_key = True
    for _ in range(12):
        sign_in(client, provider)
    provider.signs_with_other_key = False
    assert sign_in(client, provider).url == "/plans/"


def test_a_mail_address_counts_only_where_the_provider_has_checked_it(
    client: Client, provider: Provider, known: User, settings: LazySettings
) -> None:
    settings.OIDC_MATCH = settings.OIDC_CLAIM = "email"
    provider.claims["email"] = "Taro@city.example.lg.jp"
    assert "登録を依頼" in said_on_sign_in(client, sign_in(client, provider))
    provider.claims["email_verified"] = True
    assert sign_in(client, provider).url == "/plans/"
    client.logout()
    # Two accounts with one address: nobody can say whose it is.
    User.objects.filter(username="viewer").update(email="taro@city.example.lg.jp")
    assert "登録を依頼" in said_on_sign_in(client, sign_in(client, provider))


def test_the_userinfo_must_be_of_the_same_person(
    client: Client, provider: Provider, known: User, settings: LazySettings
) -> None:
    settings.OIDC_OP_USER_ENDPOINT = f"{provider.address}/userinfo"
    settings.OIDC_CLAIM = "employee_number"
    provider.claims["sub"] = "abc"
    provider.userinfo = {"sub": "somebody else", "employee_number": "104729"}
    assert "できませんでした" in said_on_sign_in(client, sign_in(client, provider))
    provider.userinfo["sub"] = "abc"
    assert sign_in(client, provider).url == "/plans/"


def test_accounts_are_made_only_where_it_is_set_and_have_no_role(
    client: Client, provider: Provider, known: User, settings: LazySettings
) -> None:
    settings.OIDC_CREATE_USER = True
    provider.claims |= {"sub": "new-one", "name": "新任 花子"}
    assert sign_in(client, provider).status_code == 302
    made = User.objects.get(external_id="new-one")
    assert client.session["_auth_user_id"] == str(made.pk)
    assert (str(made), made.has_usable_password(), made.is_staff) == ("新任 花子", False, False)
    assert not RoleAssignment.objects.filter(user=made).exists()
    assert AuditEntry.objects.of(made).get().action == "user.register"


def test_signing_out_ends_the_session_there_too(
    client: Client, provider: Provider, known: User
) -> None:
    sign_in(client, provider)
    answer = client.post("/accounts/sign-out/")
    assert answer.url.startswith(f"{provider.address}/end?id_token_hint=")
    assert "post_logout_redirect_uri=http%3A%2F%2Ftestserver%2Faccounts%2Fsign-in%2F" in answer.url
    assert "_auth_user_id" not in client.session
    # Who came by a password is signed out here alone.
    client.force_login(known, backend="django.contrib.auth.backends.ModelBackend")
    assert client.post("/accounts/sign-out/").url == SIGN_IN


def test_a_half_set_up_is_told_at_the_start(settings: LazySettings) -> None:
    settings.OIDC_ISSUER = "https://id.example.lg.jp"
    settings.OIDC_MATCH, settings.OIDC_RP_SIGN_ALGO = "name", "HS256"
    told = " ".join(error.msg for error in check_services())
    for name in ("CLIENT_ID", "TOKEN_URL", "KEYS_URL", "MATCH", "SIGN_ALGO"):
        assert f"OIDC_{name}" in told
