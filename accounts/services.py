"""Verbs that let people and other systems in, and shut systems out again."""

import datetime

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import ApiToken, Department, Organization, Role, RoleAssignment, User
from accounts.models.tokens import hash_token
from accounts.policy import Act

AUDITED_FIELDS = ("user", "name", "scope", "expires_at", "revoked_at")


def create_person(
    actor: Actor,
    username: str,
    display_name: str,
    organization: Organization,
    role: str,
    password: str,
    department: Department | None = None,
) -> User:
    """A new person with one role; an administrator also gets the administrator's pages.

    Raises PermissionDenied without the right to administer the organization, ValidationError for
    a name that is taken, a weak password or a department of another organization.
    """
    policy.require(actor, Act.ADMINISTER, organization.pk, what="利用者の作成")
    user = User(
        username=username,
        display_name=display_name,
        organization=organization,
        is_staff=role == Role.ADMIN,
    )
    user.set_password(password)
    user.full_clean()
    validate_password(password, user)
    with transaction.atomic():
        user.save()
        assignment = RoleAssignment(
            user=user, role=role, organization=organization, department=department
        )
        assignment.full_clean()
        assignment.save()
        after = audit.values_of(user, ("username", "display_name", "is_staff"))
        after |= audit.values_of(assignment, ("role", "department"))
        audit.record(actor, "user.create", user, organization.pk, {}, after)
    return user


def issue_token(
    actor: Actor,
    user: User,
    name: str,
    scope: str = ApiToken.Scope.READ,
    expires_at: datetime.datetime | None = None,
) -> tuple[ApiToken, str]:
    """A new token of a user, and its secret, which is told here and never again.

    Raises PermissionDenied unless the actor administers every organization that the token opens,
    and ValidationError for an inactive user, an end in the past or an unknown scope.
    """
    _require_administers(actor, user, "トークンの発行")
    if not user.is_active:
        raise ValidationError({"user": "利用を止めた利用者にはトークンを発行できません。"})
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError({"expires_at": "有効期限は、これからの日時にしてください。"})
    secret = ApiToken.new_secret()
    token = ApiToken(
        user=user,
        name=name.strip(),
        digest=hash_token(secret),
        hint=secret[-4:],
        scope=scope,
        expires_at=expires_at,
    )
    token.full_clean()
    with transaction.atomic():
        token.save()
        _record(actor, "token.issue", token, {})
    return token, secret


def revoke_token(actor: Actor, token: ApiToken, reason: str = "") -> ApiToken:
    """End a token from this moment on; one that has ended already stays as it is."""
    _require_administers(actor, token.user, "トークンの失効")
    before = audit.values_of(token, AUDITED_FIELDS)
    with transaction.atomic():
        rows = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(
            revoked_at=timezone.now()
        )
        token.refresh_from_db()
        if rows:
            _record(actor, "token.revoke", token, before, reason)
    return token


def _require_administers(actor: Actor, user: User, what: str) -> None:
    """A token opens all that its user may do, so it takes the right in all of it."""
    if actor.is_system:
        return
    opened = set(RoleAssignment.objects.filter(user=user).values_list("organization_id", flat=True))
    if user.organization_id is not None:
        opened.add(user.organization_id)
    if not opened:
        raise PermissionDenied(f"所属のない利用者への{what}を行う権限がありません。")
    for organization_id in opened:
        policy.require(actor, Act.ADMINISTER, organization_id, what=what)


def _record(
    actor: Actor, action: str, token: ApiToken, before: audit.Values, reason: str = ""
) -> None:
    after = audit.values_of(token, AUDITED_FIELDS)
    audit.record(actor, action, token, token.user.organization_id, before, after, reason)
