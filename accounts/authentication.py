"""How other systems get in: `Authorization: Bearer …`.

Apart from `accounts.api`, because REST framework loads the authentication classes of the settings
before any of its views.
"""

from datetime import timedelta

from django.utils import timezone
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts.audit import Actor
from accounts.models import ApiToken, Channel, User
from accounts.models.tokens import hash_token

LAST_USE_PRECISION = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """Bearer tokens; the request's `auth` is the token, whose scope the policy asks for."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = get_authorization_header(request).decode("latin-1").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = (
            ApiToken.objects.select_related("user")
            .filter(digest=hash_token(secret.strip()))
            .first()
        )
        if token is None or not token.is_usable:
            raise AuthenticationFailed("トークンが正しくないか、失効しています。")
        self._note_use(token)
        return token.user, token

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
