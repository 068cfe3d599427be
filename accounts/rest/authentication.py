"""How other systems get in: `Authorization: Bearer …`.

Apart from `accounts.api`, because REST framework loads the authentication classes of the settings
before any of its views.
"""

from datetime import timedelta
from typing import Any

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from accounts.addresses import client_address
from accounts.audit import Actor
from accounts.models import ApiToken, Channel, User
from accounts.models.tokens import hash_token
from accounts.rest import throttling

LAST_USE_PRECISION = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """Bearer tokens; the request's `auth` is the token, whose limits the policy asks for."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = (
            ApiToken.objects.select_related("user")
            .filter(digest=hash_token(secret.strip()))
            .first()
        )
        # For the log of calls, also where the token is turned away.
        django_request: Any = request._request
        django_request.token = token
        address = client_address(django_request)
        if token is None or not token.is_usable:
            throttling.count_failure(django_request, address)
            raise AuthenticationFailed("トークンが正しくないか、失効しています。")
        throttling.count_call(django_request, token)
        if not token.is_allowed_from(address):
            told = address or "不明なアドレス"
            raise PermissionDenied(f"このトークンは、{told}からは使えません。")
        self._note_use(token)
        user: User = token.user
        user.token = token
        return user, token

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="api"'

    @staticmethod
    def _note_use(token: ApiToken) -> None:
        """Keep the last use to the minute, so that reading does not write on every call."""
        now = timezone.now()
        if token.last_used_at is None or now - token.last_used_at > LAST_USE_PRECISION:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def actor_of(request: Request) -> Actor:
    """Who acts in an API request."""
    token = request.auth if isinstance(request.auth, ApiToken) else None
    return Actor(request.user, Channel.API, token)


class WithinScope(BasePermission):
    """A token that only reads does not write, and one of some resources calls no other.

    Which rows and acts: the policy, in `visible_to` and the services. A view says what it is of as
    `resource`; "" belongs to none and tells nothing of any, like the list of addresses.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        token = actor_of(request).token
        if token is None:
            return True
        resource = getattr(view, "resource", None)
        if token.resources and resource != "" and resource not in token.resources:
            self.message = f"このトークンの対象は {'、'.join(token.resources)} です。"
            return False
        if request.method not in view.allowed_methods:
            return True  # a method that does not exist is told as such
        self.message = "このトークンは読み取り専用です。"
        return request.method in SAFE_METHODS or not token.is_read_only
