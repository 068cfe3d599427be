"""API tokens: issued by who administers, told once, ended at once."""

import datetime
from io import StringIO

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import ApiToken, AuditEntry, Channel, Role, RoleAssignment, User
from accounts.tokens import Limits, issue_token, revoke_token
from tests.api import Caller, service
from tests.cast import Cast


def page(user: User) -> Actor:
    return Actor(user, Channel.PAGE)


def test_an_admin_issues_a_token_that_works_and_is_nowhere_written_down(cast: Cast) -> None:
    token, secret = issue_token(page(cast.admin), cast.editor, "RPA", Limits("write"))
    assert Caller(secret=secret).get("plans/").status_code == 200
    entry = AuditEntry.objects.of(token).get()
    assert entry.action == "token.issue"
    stored = f"{ApiToken.objects.values().get()} {entry.before} {entry.after}"
    assert secret not in stored
    assert token.digest not in str(entry.after)


@pytest.mark.parametrize("who", ["editor", "approver", "coordinator", "viewer", "outsider"])
def test_nobody_else_issues_or_revokes(cast: Cast, who: str) -> None:
    token, _ = service(cast, "read")
    with pytest.raises(PermissionDenied):
        issue_token(page(cast.people[who]), cast.editor, "RPA")
    with pytest.raises(PermissionDenied):
        revoke_token(page(cast.people[who]), token)


def test_a_token_takes_the_right_in_all_that_it_opens(cast: Cast) -> None:
    """Else an admin could get into another city through a person who has a role in both."""
    RoleAssignment.objects.create(user=cast.viewer, role=Role.VIEWER, organization=cast.other_city)
    with pytest.raises(PermissionDenied):
        issue_token(page(cast.admin), cast.viewer, "RPA")
    with pytest.raises(PermissionDenied):
        issue_token(page(cast.admin), User.objects.create(username="nowhere"), "RPA")


def test_a_reading_token_of_an_admin_issues_nothing(cast: Cast) -> None:
    token, _ = issue_token(Actor.system(), cast.admin, "読むだけ")
    with pytest.raises(PermissionDenied):
        issue_token(Actor(cast.admin, Channel.API, token), cast.editor, "RPA", Limits("write"))


def test_what_makes_no_sense_is_refused(cast: Cast) -> None:
    yesterday = timezone.now() - datetime.timedelta(days=1)
    cast.viewer.is_active = False
    for user, name, limits, end, field in [
        (cast.editor, "RPA", Limits(), yesterday, "expires_at"),
        (cast.editor, "  ", Limits(), None, "name"),
        (cast.editor, "RPA", Limits("everything"), None, "scope"),
        (cast.editor, "RPA", Limits(resources=["secrets"]), None, "resources"),
        (cast.editor, "RPA", Limits(addresses=["10.1.2"]), None, "addresses"),
        (
            cast.editor,
            "RPA",
            Limits(organization_ids=[cast.other_city.pk]),
            None,
            "organization_ids",
        ),
        (cast.viewer, "RPA", Limits(), None, "user"),
    ]:
        with pytest.raises(ValidationError) as refused:
            issue_token(page(cast.admin), user, name, limits, end)
        assert list(refused.value.message_dict) == [field]
    assert not ApiToken.objects.exists()


def test_a_token_ends_at_once(cast: Cast) -> None:
    token, secret = service(cast, "read")
    caller = Caller(secret=secret)
    assert caller.get("plans/").status_code == 200
    revoke_token(page(cast.admin), token, "担当の交代")
    response = caller.get("plans/")
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    entry = AuditEntry.objects.of(token).get(action="token.revoke")
    assert entry.reason == "担当の交代"
    first = ApiToken.objects.get(pk=token.pk).revoked_at
    revoke_token(page(cast.admin), token)
    assert ApiToken.objects.get(pk=token.pk).revoked_at == first
    assert AuditEntry.objects.of(token).filter(action="token.revoke").count() == 1


def test_a_token_ends_with_its_date_and_with_its_user(cast: Cast) -> None:
    token, secret = service(cast, "read")
    ApiToken.objects.update(expires_at=timezone.now())
    assert Caller(secret=secret).get("plans/").status_code == 401
    ApiToken.objects.update(expires_at=None)
    assert Caller(secret=secret).get("plans/").status_code == 200
    User.objects.filter(pk=token.user_id).update(is_active=False)
    assert Caller(secret=secret).get("plans/").status_code == 401


@pytest.mark.parametrize("secret", ["dxp_wrong", "", "あ", "x" * 5000])
def test_a_wrong_token_opens_nothing_even_beside_a_session(cast: Cast, secret: str) -> None:
    caller = Caller(cast.viewer)
    header = f"Bearer {secret}".encode().decode("latin-1")
    assert caller.get("plans/", Authorization=header).status_code == 401


def test_the_last_use_is_kept_to_the_minute(cast: Cast) -> None:
    token, secret = service(cast, "read")
    Caller(secret=secret).get("plans/")
    used = ApiToken.objects.get(pk=token.pk).last_used_at
    assert used is not None
    Caller(secret=secret).get("plans/")
    assert ApiToken.objects.get(pk=token.pk).last_used_at == used


def test_the_command_tells_the_secret_once(cast: Cast) -> None:
    out, err = StringIO(), StringIO()
    options = {"name": "財務会計", "scope": "write", "days": 30, "stdout": out, "stderr": err}
    call_command("issue_token", "editor", **options)
    secret = out.getvalue().strip()
    assert Caller(secret=secret).get("plans/").status_code == 200
    assert secret not in err.getvalue()
    token = ApiToken.objects.get()
    assert token.scope == "write"
    assert token.expires_at is not None
    with pytest.raises(CommandError, match="no user"):
        call_command("issue_token", "nobody", name="x")
    with pytest.raises(CommandError, match="これから"):
        call_command("issue_token", "editor", name="x", days=-1)
