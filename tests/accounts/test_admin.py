"""The administrator's pages: only for administrators, only their own city, always audited."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEntry, Department, RoleAssignment, User
from accounts.tokens import issue_token
from tests.cast import Cast


@pytest.fixture
def as_staff(sign_in: Callable[[User], Client], cast: Cast) -> Callable[[str], Client]:
    """Even with Django's own flags everybody but the administrator is kept out."""

    def signed_in(name: str) -> Client:
        user = cast.people[name]
        user.is_staff = user.is_superuser = True
        user.save()
        return sign_in(user)

    return signed_in


@pytest.mark.parametrize("name", ["editor", "approver", "coordinator", "viewer", "outsider"])
def test_nobody_else_gets_in(as_staff: Callable[[str], Client], name: str) -> None:
    client = as_staff(name)
    for model in ("department", "user", "auditentry", "apitoken"):
        assert client.get(f"/admin/accounts/{model}/").status_code == 403


def test_a_change_is_audited(as_staff: Callable[[str], Client], cast: Cast) -> None:
    department = cast.departments["観光課"]
    answer = as_staff("admin").post(
        f"/admin/accounts/department/{department.pk}/change/",
        {
            "organization": cast.city.pk,
            "key": department.key,
            "name": "観光振興課",
            "parent": department.parent_id,
            "position": department.position,
        },
    )
    assert answer.status_code == 302, answer.content.decode()[:2000]
    entry = AuditEntry.objects.of(department).get()
    assert (entry.action, entry.channel) == ("department.update", "admin")
    assert (entry.before, entry.after) == ({"name": "観光課"}, {"name": "観光振興課"})


def test_another_city_is_out_of_reach(as_staff: Callable[[str], Client], cast: Cast) -> None:
    client = as_staff("admin")
    theirs = Department.objects.create(organization=cast.other_city, key="x", name="他市の課")
    assert "他市の課" not in client.get("/admin/accounts/department/").content.decode()
    assert client.get(f"/admin/accounts/department/{theirs.pk}/change/").status_code == 302
    answer = client.post(
        "/admin/accounts/department/add/",
        {"organization": cast.other_city.pk, "key": "y", "name": "y", "position": 0},
    )
    assert answer.status_code == 200
    assert not Department.objects.filter(key="y").exists()


def test_roles_are_given_in_ones_own_city_and_audited(
    as_staff: Callable[[str], Client], cast: Cast
) -> None:
    client, viewer = as_staff("admin"), cast.viewer
    form = {
        "username": viewer.username,
        "display_name": viewer.display_name,
        "email": "",
        "organization": cast.city.pk,
        "is_active": "on",
        "role_assignments-TOTAL_FORMS": 2,
        "role_assignments-INITIAL_FORMS": 1,
        "role_assignments-0-id": viewer.role_assignments.get().pk,
        "role_assignments-0-user": viewer.pk,
        "role_assignments-0-role": "viewer",
        "role_assignments-0-organization": cast.city.pk,
        "role_assignments-1-user": viewer.pk,
        "role_assignments-1-role": "coordinator",
        "role_assignments-1-organization": cast.other_city.pk,
    }
    address = f"/admin/accounts/user/{viewer.pk}/change/"
    assert client.post(address, form).status_code == 200
    assert RoleAssignment.objects.filter(user=viewer).count() == 1
    answer = client.post(address, form | {"role_assignments-1-organization": cast.city.pk})
    assert answer.status_code == 302
    given = RoleAssignment.objects.get(user=viewer, role="coordinator")
    assert AuditEntry.objects.of(given).get().action == "roleassignment.create"


def test_a_token_is_revoked_and_never_given_back(
    as_staff: Callable[[str], Client], cast: Cast
) -> None:
    client = as_staff("admin")
    token, _ = issue_token(Actor.system(), cast.editor, "財務会計")
    client.post("/admin/accounts/apitoken/", {"action": "revoke", "_selected_action": token.pk})
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert AuditEntry.objects.of(token).first().channel == "admin"
    address = f"/admin/accounts/apitoken/{token.pk}/change/"
    assert client.post(address, {"name": "x", "revoked_at_0": ""}).status_code == 403
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_the_log_can_be_read_and_not_changed(as_staff: Callable[[str], Client], cast: Cast) -> None:
    client = as_staff("admin")
    assert client.get("/admin/accounts/auditentry/").status_code == 200
    assert client.get("/admin/accounts/auditentry/add/").status_code == 403
