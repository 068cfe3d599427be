"""Verbs that let people in, and the right to let systems in (`accounts.tokens`)."""

import hashlib

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import PermissionDenied
from django.db import transaction

from accounts import audit, policy
from accounts.audit import Actor
from accounts.models import Channel, Department, Organization, Role, RoleAssignment, User
from accounts.policy import Act


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


def register_from_provider(match: str, said: str, display_name: str, email: str) -> User:
    """An account that somebody made by signing in at the city's provider; it has no role.

    `match` is the field by which the person is found again, `said` its value. Raises
    ValidationError for a value that no account can have.
    """
    # An identifier may hold signs that no user name has; whose it is stays in `external_id`.
    digest = hashlib.sha256(said.encode()).hexdigest()[:32]
    username = f"oidc-{digest}" if match == "external_id" else said[:150]
    user = User(username=username, display_name=display_name[:100], email=email[:254])
    if Organization.objects.count() == 1:
        user.organization = Organization.objects.get()
    if match == "external_id":
        user.external_id = said
    user.set_unusable_password()
    user.full_clean()
    with transaction.atomic():
        user.save()
        after = audit.values_of(user, ("username", "display_name", "email", "external_id"))
        actor = Actor(user, Channel.PAGE)
        audit.record(actor, "user.register", user, user.organization_id, {}, after)
    return user


def require_administers(actor: Actor, user: User, what: str) -> None:
    """Raise PermissionDenied unless the actor administers all that a token of the user could open.

    Its limits can be changed later, so it takes the right in all that the user has a part in.
    """
    if actor.is_system:
        return
    opened = set(RoleAssignment.objects.filter(user=user).values_list("organization_id", flat=True))
    if user.organization_id is not None:
        opened.add(user.organization_id)
    if not opened:
        raise PermissionDenied(f"所属のない利用者への{what}を行う権限がありません。")
    for organization_id in opened:
        policy.require(actor, Act.ADMINISTER, organization_id, what=what)
