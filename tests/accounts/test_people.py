"""Making people, and the first one of an installation."""

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.management import CommandError, call_command

from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Organization, Role, User
from accounts.policy import Act, scope_of
from accounts.services import create_person
from tests.cast import Cast


@pytest.mark.django_db
def test_the_first_administrator_of_an_installation(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", "a-long-first-passphrase")
    call_command("create_admin", "first", "--code", "422029", "--city", "佐世保市")
    city, user = Organization.objects.get(), User.objects.get()
    assert scope_of(user).covers(Act.ADMINISTER, city.pk)
    assert user.is_staff
    assert not user.is_superuser
    assert user.check_password("a-long-first-passphrase")
    assert "passphrase" not in str(AuditEntry.objects.get().after)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "password", "reason"),
    [
        (["--code", "422028", "--city", "佐世保市"], "a-long-first-passphrase", "検査数字"),
        (["--code", "422029"], "a-long-first-passphrase", "必須"),
        (["--code", "422029", "--city", "佐世保市"], "short", "12"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_made(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], password: str, reason: str
) -> None:
    monkeypatch.setenv("ADMIN_PASSWORD", password)
    with pytest.raises(CommandError) as refused:
        call_command("create_admin", "first", *arguments)
    assert refused.value.args[0]
    assert not User.objects.exists()
    assert not Organization.objects.exists()


@pytest.mark.parametrize("name", ["editor", "approver", "coordinator", "viewer", "outsider"])
def test_only_the_administrator_makes_people(cast: Cast, name: str) -> None:
    actor = Actor(cast.people[name], Channel.PAGE)
    with pytest.raises(PermissionDenied):
        create_person(actor, "new", "", cast.city, Role.VIEWER, "a-long-new-passphrase")


def test_a_name_is_taken_once(cast: Cast) -> None:
    actor = Actor(cast.admin, Channel.PAGE)
    with pytest.raises(ValidationError):
        create_person(actor, "editor", "", cast.city, Role.VIEWER, "a-long-new-passphrase")
