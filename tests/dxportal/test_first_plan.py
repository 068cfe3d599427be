"""A city that has nothing yet: what it is told to do first, and its first plan."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.models import AuditEntry, Department, Organization, Role, RoleAssignment, User
from plans.models import Level, Plan
from tests.cast import Cast

NEW = {
    "name": "平戸市DX推進計画",
    "edition": "",
    "first_fiscal_year": 2026,
    "last_fiscal_year": 2030,
    "level_names": "基本方針\n\n 施策 \n",
    "key": "dx",
}


@pytest.fixture
def city(db: None) -> Organization:
    return Organization.objects.create(code="422088", name="平戸市")


@pytest.fixture
def person(city: Organization, sign_in: Callable[[User], Client]) -> Callable[[str], Client]:
    def of(role: str) -> Client:
        user = User.objects.create(username=role, organization=city, is_staff=role == Role.ADMIN)
        RoleAssignment.objects.create(user=user, role=role, organization=city)
        return sign_in(user)

    return of


def test_a_coordinator_makes_the_first_plan(
    person: Callable[[str], Client], city: Organization
) -> None:
    client = person(Role.COORDINATOR)
    for page in ("/", "/plans/", "/rounds/create/"):
        assert 'href="/plans/new/"' in client.get(page).content.decode(), page
    assert "計画を作る" in client.get("/plans/new/").content.decode()
    response = client.post("/plans/new/", NEW | {"organization": city.pk})
    plan = Plan.objects.get()
    assert response["Location"] == f"/plans/{plan.pk}/edit/"
    assert (plan.organization, plan.name, plan.key, plan.status) == (
        *(city, "平戸市DX推進計画", "dx"),
        Plan.Status.ACTIVE,
    )
    levels = Level.objects.filter(plan=plan).values_list("depth", "name")
    assert list(levels) == [(0, "基本方針"), (1, "施策")]
    entry = AuditEntry.objects.of(plan).get()
    assert (entry.action, entry.actor.username) == ("plan.create", Role.COORDINATOR)
    # The pages on which it goes on, and the book that is to be filled in.
    assert client.get(response["Location"]).status_code == 200
    assert client.get(f"/plans/{plan.pk}/edit/tree/").status_code == 200
    assert client.get(f"/books/plans/{plan.pk}/?format=xlsx").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": ""}, "name"),
        ({"last_fiscal_year": 2025}, "__all__"),
        ({"key": "taken"}, "__all__"),
        ({"level_names": "長" * 51}, "level_names"),
        ({"organization": 0}, "organization"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_made(
    person: Callable[[str], Client], city: Organization, wrong: dict, field: str
) -> None:
    Plan.objects.create(
        organization=city, key="taken", name="前", first_fiscal_year=2020, last_fiscal_year=2025
    )
    response = person(Role.COORDINATOR).post("/plans/new/", NEW | {"organization": city.pk} | wrong)
    assert response.status_code == 422
    errors = response.context["form"].errors
    assert list(errors) == [field]
    assert str(errors[field][0]) in response.content.decode()
    assert Plan.objects.count() == 1 and not Level.objects.exists()


def test_nobody_makes_a_plan_for_another_city(cast: Cast, sign_in: Callable) -> None:
    before = Plan.objects.count()
    response = sign_in(cast.outsider).post("/plans/new/", NEW | {"organization": cast.city.pk})
    assert (response.status_code, Plan.objects.count()) == (422, before)


def test_the_first_administrator_is_told_what_comes_first(
    person: Callable[[str], Client], city: Organization
) -> None:
    client = person(Role.ADMIN)
    home = client.get("/").content.decode()
    for address in ("/accounts/departments/", "/admin/accounts/user/"):
        assert f'<li><a href="{address}">' in home
    add = f'href="/accounts/departments/add/?organization={city.pk}">部局を追加する'
    assert add in client.get("/accounts/departments/").content.decode()
    Department.objects.create(organization=city, key="1", name="企画課", valid_to="2020-03-31")
    ended = client.get("/accounts/departments/").content.decode()
    assert add not in ended and "廃止された部局" in ended


def test_who_may_not_make_one_is_told_who_does(person: Callable[[str], Client]) -> None:
    client = person(Role.VIEWER)
    assert "管理者に連絡してください" in client.get("/").content.decode()
    plans = client.get("/plans/").content.decode()
    assert "事務局が計画を作ると" in plans and "/plans/new/" not in plans
