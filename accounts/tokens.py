"""Verbs of API tokens: issue, narrow, replace without a gap, and end.

Pages, the command and the administrator's pages all go through them. A secret is told by the verb
that makes it, once, and is nowhere kept.
"""

import datetime
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import ApiToken, Organization, User
from accounts.models.tokens import hash_token
from accounts.policy import scope_of
from accounts.rest.resources import resources
from accounts.services import require_administers

LIFETIME = datetime.timedelta(days=365)
OVERLAP = datetime.timedelta(days=14)
LIMITS = ("scope", "organization_ids", "plan_ids", "resources", "addresses")
AUDITED_FIELDS = ("user", "name", *LIMITS, "expires_at", "revoked_at", "replaces")
ENDED = "このトークンはすでに終わっています。"


@dataclass(frozen=True)
class Limits:
    """What a token opens. An empty list limits nothing."""

    scope: str = ApiToken.Scope.READ
    organization_ids: Sequence[int] = ()
    plan_ids: Sequence[int] = ()
    resources: Sequence[str] = ()
    addresses: Sequence[str] = ()

    @classmethod
    def of(cls, token: ApiToken) -> "Limits":
        return cls(**{name: getattr(token, name) for name in LIMITS})

    def as_fields(self) -> dict[str, Any]:
        return {
            name: value if isinstance(value, str) else sorted(set(value))
            for name, value in asdict(self).items()
        }


EVERYTHING = Limits()


def default_end() -> datetime.datetime:
    return timezone.now() + LIFETIME


def issue_token(
    actor: Actor,
    user: User,
    name: str,
    limits: Limits = EVERYTHING,
    expires_at: datetime.datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new token of a user, and its secret; it ends after a year unless told otherwise.

    Raises PermissionDenied unless the actor administers every organization that the user has a
    part in, and ValidationError for an inactive user, an end in the past or limits that are none.
    """
    require_administers(actor, user, "トークンの発行")
    return _issue(actor, user, name, limits, expires_at or default_end(), None)


def change_token(
    actor: Actor, token: ApiToken, name: str, limits: Limits, expires_at: datetime.datetime
) -> ApiToken:
    """Change what a token opens and until when; a secret that is out stays the same.

    Raises PermissionDenied, and ValidationError also for a token that has ended.
    """
    require_administers(actor, token.user, "トークンの変更")
    with transaction.atomic():
        stored = _held(token)
        if stored.has_ended:
            raise ValidationError(ENDED)
        before = audit.values_of(stored, AUDITED_FIELDS)
        _fill(stored, name, limits, expires_at)
        if before == audit.values_of(stored, AUDITED_FIELDS):
            return stored
        stored.save(update_fields=["name", *LIMITS, "expires_at"])
        _record(actor, "token.change", stored, before)
    return stored


def rotate_token(
    actor: Actor,
    token: ApiToken,
    ends_at: datetime.datetime,
    expires_at: datetime.datetime | None = None,
) -> tuple[ApiToken, str]:
    """A successor with the same limits, and its secret; the old one ends by itself at `ends_at`.

    Until then both open the same. Raises PermissionDenied, and ValidationError for a token that
    has ended or has a successor already, and for an end that makes no sense.
    """
    require_administers(actor, token.user, "トークンの更新")
    return _replace(actor, token, ends_at, expires_at or default_end())


def own_token(actor: Actor) -> ApiToken:
    """The token that calls; PermissionDenied for a person who is signed in."""
    if actor.token is None:
        raise PermissionDenied("トークンで呼んだときだけ、そのトークンについて使えます。")
    return actor.token


def rotate_own_token(actor: Actor) -> tuple[ApiToken, str]:
    """A successor for the token that calls, and its secret; it opens the same, for as long a time.

    So a system renews its token without a person, and gains nothing by it. The old one ends after
    the usual overlap: whoever stole a token and rotates it is noticed by its owner. Raises as
    `rotate_token` does, and PermissionDenied for whoever does not come with a token.
    """
    token = own_token(actor)
    lifetime = LIFETIME
    if token.expires_at is not None:
        lifetime = min(LIFETIME, token.expires_at - token.created_at)
    now = timezone.now()
    return _replace(actor, token, now + OVERLAP, now + lifetime)


def _replace(
    actor: Actor, token: ApiToken, ends_at: datetime.datetime, expires_at: datetime.datetime
) -> tuple[ApiToken, str]:
    with transaction.atomic():
        old = _held(token)
        if old.has_ended:
            raise ValidationError(ENDED)
        if ApiToken.objects.filter(replaces=old).exists():
            raise ValidationError(
                "このトークンはすでに更新されています。新しいほうを更新してください。"
            )
        if ends_at < timezone.now():
            raise ValidationError(
                {"ends_at": "古いトークンの終わりは、これからの日時にしてください。"}
            )
        before = audit.values_of(old, AUDITED_FIELDS)
        if old.expires_at is None or ends_at < old.expires_at:
            old.expires_at = ends_at
            old.save(update_fields=["expires_at"])
        _record(actor, "token.rotate", old, before)
        return _issue(actor, old.user, old.name, Limits.of(old), expires_at, old)


def revoke_token(actor: Actor, token: ApiToken, reason: str = "") -> ApiToken:
    """End a token from this moment on; one that has ended already stays as it is."""
    require_administers(actor, token.user, "トークンの失効")
    return _revoke(actor, token, reason)


def revoke_own_token(actor: Actor, reason: str = "") -> ApiToken:
    """End the token that calls: a system that lost it, or whoever found it, can do no more harm.

    Raises PermissionDenied for whoever does not come with a token.
    """
    return _revoke(actor, own_token(actor), reason)


def _revoke(actor: Actor, token: ApiToken, reason: str) -> ApiToken:
    before = audit.values_of(token, AUDITED_FIELDS)
    with transaction.atomic():
        rows = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(
            revoked_at=timezone.now()
        )
        token.refresh_from_db()
        if rows:
            _record(actor, "token.revoke", token, before, reason)
    return token


def _issue(
    actor: Actor,
    user: User,
    name: str,
    limits: Limits,
    expires_at: datetime.datetime,
    replaces: ApiToken | None,
) -> tuple[ApiToken, str]:
    if not user.is_active:
        raise ValidationError({"user": "利用を止めた利用者にはトークンを発行できません。"})
    secret = ApiToken.new_secret()
    token = ApiToken(user=user, digest=hash_token(secret), hint=secret[-4:], replaces=replaces)
    _fill(token, name, limits, expires_at)
    with transaction.atomic():
        token.save()
        _record(actor, "token.issue", token, {})
    return token, secret


def _fill(token: ApiToken, name: str, limits: Limits, expires_at: datetime.datetime) -> None:
    """Put the values into the token, or raise ValidationError with the fields at fault."""
    if expires_at <= timezone.now() and expires_at != token.expires_at:
        raise ValidationError({"expires_at": "有効期限は、これからの日時にしてください。"})
    _require_known(limits.resources)
    _require_part_in(token.user, limits.organization_ids)
    token.name, token.expires_at = name.strip(), expires_at
    for attribute, value in limits.as_fields().items():
        setattr(token, attribute, value)
    token.full_clean()


def _require_known(names: Sequence[str]) -> None:
    if unknown := sorted(set(names) - set(resources())):
        raise ValidationError({"resources": f"「{unknown[0]}」という対象はありません。"})


def _require_part_in(user: User, organization_ids: Sequence[int]) -> None:
    """What the user has no part in cannot be opened; to name it would look as if it could."""
    if outside := set(organization_ids) - scope_of(user).organization_ids:
        names = Organization.objects.filter(pk__in=outside).values_list("name", flat=True)
        told = "、".join(names) or "選んだ団体"
        raise ValidationError({"organization_ids": f"{user}には{told}での役割がありません。"})


def _held(token: ApiToken) -> ApiToken:
    held: ApiToken = ApiToken.objects.select_for_update(of=("self",)).get(pk=token.pk)
    return held


def _record(
    actor: Actor, action: str, token: ApiToken, before: audit.Values, reason: str = ""
) -> None:
    after = audit.values_of(token, AUDITED_FIELDS)
    audit.record(actor, action, token, token.user.organization_id, before, after, reason)
