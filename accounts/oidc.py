"""Signing in by OpenID Connect: the city's own provider says who somebody is.

The library (mozilla-django-oidc) does the code flow with state, nonce and PKCE; what an ID token
must say besides its signature, and whose account it opens, is decided here. Off unless
`settings.OIDC_ISSUER` names a provider.
"""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import jwt
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from mozilla_django_oidc.auth import OIDCAuthenticationBackend
from mozilla_django_oidc.views import (
    OIDCAuthenticationCallbackView,
    OIDCAuthenticationRequestView,
)
from requests import RequestException

from accounts.models import User
from accounts.services import register_from_provider

logger = logging.getLogger(__name__)
BACKEND = "accounts.oidc.ProviderBackend"
REQUIRED = ("iss", "aud", "exp", "iat", "sub", "nonce")
# Clocks of two machines differ a little.
LEEWAY_SECONDS = 60
FIELDS = {"external_id": "external_id", "username": "username", "email": "email__iexact"}

TELL = "続くときは管理者に知らせてください。"
NOT_DONE = f"庁内認証でのサインインができませんでした。もう一度お試しください。{TELL}"
NOT_ANSWERING = f"庁内認証に接続できません。しばらくしてからお試しください。{TELL}"
UNKNOWN = (
    "庁内認証では確認できましたが、このポータルに登録がないか、利用が止められています。"
    "管理者に登録を依頼してください。"
)
CANCELLED = "庁内認証でのサインインが取りやめられました。"


class Refused(Exception):
    """Nobody is signed in; the message is for the person, the cause for the log.

    No PermissionDenied: that would count as a wrong password and lock out a whole address.
    """


class ProviderBackend(OIDCAuthenticationBackend):
    """Whose account an answer of the provider opens."""

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The account; None where this is no answer of a provider. Raises Refused."""
        if "nonce" not in credentials:
            return None
        try:
            user: User | None = super().authenticate(request, **credentials)
        except RequestException as error:
            raise Refused(NOT_ANSWERING) from error
        except (SuspiciousOperation, jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
            raise Refused(NOT_DONE) from error
        if user is None or not user.is_active:
            raise Refused(UNKNOWN)
        return user

    def _verify_jws(self, payload: str, key: Any) -> dict[str, Any]:
        """The claims of a token that this provider made, for this portal, for now.

        The library looks at the signature alone.
        """
        if jwt.get_unverified_header(payload).get("alg") != self.OIDC_RP_SIGN_ALGO:
            raise SuspiciousOperation("The ID token is signed in another way than OIDC_SIGN_ALGO.")
        claims: dict[str, Any] = jwt.decode(
            payload,
            key,
            algorithms=[self.OIDC_RP_SIGN_ALGO],
            issuer=settings.OIDC_ISSUER,
            audience=settings.OIDC_RP_CLIENT_ID,
            leeway=LEEWAY_SECONDS,
            options={"require": list(REQUIRED)},
        )
        is_for_many = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if is_for_many and claims.get("azp") != settings.OIDC_RP_CLIENT_ID:
            raise SuspiciousOperation("The ID token was made for another client (azp).")
        return claims

    def get_userinfo(
        self, access_token: str, id_token: str, payload: dict[str, Any]
    ) -> dict[str, Any]:
        """The claims of the ID token, and those of the provider's userinfo where it is asked."""
        if not settings.OIDC_OP_USER_ENDPOINT:
            return payload
        more = super().get_userinfo(access_token, id_token, payload)
        if more.get("sub") != payload["sub"]:
            raise Refused(NOT_DONE) from SuspiciousOperation("The userinfo is of somebody else.")
        return {**more, **payload}

    def verify_claims(self, claims: Mapping[str, Any]) -> bool:
        """Whether they say who it is; a mail address only where the provider has checked it."""
        is_proven = settings.OIDC_MATCH != "email" or claims.get("email_verified") is True
        return is_proven and bool(self._said_by(claims))

    def filter_users_by_claims(self, claims: Mapping[str, Any]) -> Any:
        return User.objects.filter(**{FIELDS[settings.OIDC_MATCH]: self._said_by(claims)})

    def create_user(self, claims: Mapping[str, Any]) -> User:
        """Only where `OIDC_CREATE_USERS` says so; an account without any role."""
        return register_from_provider(
            settings.OIDC_MATCH,
            self._said_by(claims),
            display_name=str(claims.get("name") or ""),
            email=str(claims.get("email") or ""),
        )

    def get_user(self, user_id: int) -> Any:
        """As every other backend: nobody whose account was ended since."""
        return ModelBackend().get_user(user_id)

    @staticmethod
    def _said_by(claims: Mapping[str, Any]) -> str:
        said = claims.get(settings.OIDC_CLAIM)
        return said.strip() if isinstance(said, str) else ""


def is_configured() -> bool:
    return bool(settings.OIDC_ISSUER)


def _require_configured() -> None:
    if not is_configured():
        raise Http404("庁内認証でのサインインは設定されていません。")


@method_decorator([login_not_required, never_cache], name="dispatch")
class Start(OIDCAuthenticationRequestView):
    """Leads to the provider."""

    def __init__(self, **options: Any) -> None:
        _require_configured()
        super().__init__(**options)


@method_decorator([login_not_required, never_cache], name="dispatch")
class Callback(OIDCAuthenticationCallbackView):
    """Where the provider leads back to: signs in, or says on the sign-in page why not."""

    def get(self, request: HttpRequest) -> HttpResponse:
        _require_configured()
        if request.GET.get("error"):
            logger.warning("The provider refused: %r", request.GET["error"][:200])
            super().get(request)
            return self._back(CANCELLED if request.GET["error"] == "access_denied" else NOT_DONE)
        try:
            answer: HttpResponse = super().get(request)
        except Refused as refused:
            logger.warning("No sign-in by the provider: %r", refused.__cause__ or UNKNOWN)
            return self._back(str(refused))
        except (SuspiciousOperation, KeyError) as error:
            logger.warning("No sign-in by the provider: %r", error)
            return self._back(NOT_DONE)
        return answer

    def login_failure(self) -> HttpResponse:
        return self._back(NOT_DONE)

    def _back(self, message: str) -> HttpResponse:
        messages.error(self.request, message)
        return redirect(settings.LOGIN_URL)


def sign_out_url(request: HttpRequest) -> str:
    """Where to end the provider's session too; "" where this one was begun by a password."""
    id_token = request.session.get("oidc_id_token")
    if not id_token or not settings.OIDC_END_SESSION_URL:
        return ""
    back = request.build_absolute_uri(reverse(settings.LOGIN_URL))
    asked = {"id_token_hint": id_token, "post_logout_redirect_uri": back}
    return f"{settings.OIDC_END_SESSION_URL}?{urlencode(asked)}"
