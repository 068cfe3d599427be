"""The tree of departments: who may change it, what is refused, and its pages."""

import datetime
from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts import departments
from accounts.audit import Actor
from accounts.models import AuditEntry, Channel, Department, DepartmentSuccession, User
from accounts.versions import StaleVersion
from tests.cast import Cast

MARCH, APRIL = datetime.date(2026, 3, 31), datetime.date(2026, 4, 1)


def as_(user: User) -> Actor:
    return Actor(user, Channel.PAGE)


def test_administrators_and_the_office_keep_departments(cast: Cast) -> None:
    for user in (cast.admin, cast.coordinator):
        made = departments.create(as_(user), cast.city, f"{user.username}の課", valid_from=APRIL)
        entry = AuditEntry.objects.of(made).get()
        assert (entry.action, entry.actor) == ("department.create", user)
    for user in (cast.editor, cast.approver, cast.viewer, cast.outsider):
        with pytest.raises(PermissionDenied):
            departments.create(as_(user), cast.city, "課")


def test_a_new_one_stands_last_with_a_key_of_its_own(cast: Cast) -> None:
    above = cast.departments["観光経済部"]
    old = cast.departments["観光課"]
    departments.end(as_(cast.admin), old, MARCH, old.version)
    made = departments.create(as_(cast.admin), cast.city, "観光課", above, APRIL)
    assert (made.key, made.parent) == ("観光課-2", above)
    assert made.position > cast.departments["農水産課"].position


def test_the_same_name_at_the_same_time_is_refused(cast: Cast) -> None:
    above = cast.departments["観光経済部"]
    with pytest.raises(ValidationError, match="すでにあります"):
        departments.create(as_(cast.admin), cast.city, "観光課", above, APRIL)


def test_a_department_cannot_go_below_itself(cast: Cast) -> None:
    above, below = cast.departments["観光経済部"], cast.departments["観光課"]
    with pytest.raises(ValidationError, match="その下の部局"):
        departments.change(as_(cast.admin), above, {"parent": below}, above.version)


def test_it_moves_with_the_rights_of_who_stands_above(cast: Cast) -> None:
    row = cast.departments["観光課"]
    saved = departments.change(
        as_(cast.admin), row, {"parent": cast.departments["総務部"]}, row.version
    )
    assert saved.parent == cast.departments["総務部"]
    entry = AuditEntry.objects.of(row).get()
    assert list(entry.after) == ["parent"]


def test_what_others_changed_first_is_not_written_over(cast: Cast) -> None:
    row = cast.departments["観光課"]
    departments.change(as_(cast.admin), row, {"name": "観光交流課"}, row.version)
    with pytest.raises(StaleVersion):
        departments.change(as_(cast.admin), row, {"name": "別の課"}, row.version)


def test_it_does_not_end_over_those_below(cast: Cast) -> None:
    above = cast.departments["観光経済部"]
    with pytest.raises(ValidationError, match="観光課、農水産課"):
        departments.end(as_(cast.admin), above, MARCH, above.version)
    above.refresh_from_db()
    assert above.valid_to is None


def test_a_succession_without_a_day_gets_one(cast: Cast) -> None:
    old, new = cast.departments["観光課"], cast.departments["農水産課"]
    DepartmentSuccession.objects.create(predecessor=old, successor=new)
    row = departments.succeed(as_(cast.admin), old, new, APRIL)
    assert row.on == APRIL
    assert DepartmentSuccession.objects.count() == 1


def test_what_each_has_is_counted_by_kind(cast: Cast) -> None:
    row = cast.departments["観光課"]
    assert departments.what_they_have([row])[row.pk] == {"事業": 2, "指標": 4, "役割の割当": 1}


def test_the_list_shows_the_departments_of_a_day(
    cast: Cast, sign_in: Callable[[User], Client]
) -> None:
    row = cast.departments["農水産課"]
    departments.end(as_(cast.admin), row, MARCH, row.version)
    client = sign_in(cast.viewer)

    def shown(**query: str) -> list[str]:
        answer = client.get(reverse("accounts:departments"), query)
        return [item.row.name for item in answer.context["departments"]]

    assert "農水産課" in shown(on="2026-03-31")
    assert "農水産課" not in shown(on="2026-04-01")
    assert "農水産課" in shown(on="2026-04-01", show="all")


def test_the_list_takes_as_many_queries_for_many(
    cast: Cast,
    sign_in: Callable[[User], Client],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(30):
        Department.objects.create(organization=cast.city, key=f"増{number}", name=f"増{number}")
    client = sign_in(cast.coordinator)
    with django_assert_max_num_queries(24):
        assert client.get(reverse("accounts:departments")).status_code == 200


def test_the_form_keeps_what_was_typed_when_somebody_was_quicker(
    cast: Cast, sign_in: Callable[[User], Client]
) -> None:
    row = cast.departments["観光課"]
    seen = row.version
    departments.change(as_(cast.admin), row, {"name": "観光交流課"}, seen)
    client = sign_in(cast.coordinator)
    url = reverse("accounts:department", args=[row.pk])
    form = {"name": "観光振興課", "parent": row.parent_id, "row_version": seen}
    answer = client.post(url, form)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "観光交流課" in page
    assert 'value="観光振興課"' in page
    again = answer.context["form"]["row_version"].value()
    assert client.post(url, form | {"row_version": again}).status_code == 302
    row.refresh_from_db()
    assert row.name == "観光振興課"


def test_another_citys_department_is_no_parent(
    cast: Cast, sign_in: Callable[[User], Client]
) -> None:
    elsewhere = Department.objects.create(organization=cast.other_city, key="課", name="課")
    answer = sign_in(cast.coordinator).post(
        reverse("accounts:add_department"), {"name": "新しい課", "parent": elsewhere.pk}
    )
    assert answer.status_code == 422
    assert not Department.objects.filter(name="新しい課").exists()


def test_an_end_by_mistake_can_be_taken_back(cast: Cast, sign_in: Callable[[User], Client]) -> None:
    row = cast.departments["観光課"]
    client = sign_in(cast.admin)
    ended = client.post(
        reverse("accounts:end_department", args=[row.pk]),
        {"valid_to": "2026-03-31", "row_version": row.version, "reason": "誤り"},
    )
    assert ended.status_code == 302
    row.refresh_from_db()
    assert row.valid_to == MARCH
    form = {"name": row.name, "parent": row.parent_id, "row_version": row.version, "valid_to": ""}
    assert client.post(reverse("accounts:department", args=[row.pk]), form).status_code == 302
    row.refresh_from_db()
    assert row.valid_to is None


def test_days_out_of_reach_are_refused_at_their_field(
    cast: Cast, sign_in: Callable[[User], Client]
) -> None:
    row = cast.departments["観光課"]
    for day in ("9999-12-31", "0001-01-01", "2026-02-30", "あした"):
        answer = sign_in(cast.admin).post(
            reverse("accounts:end_department", args=[row.pk]),
            {"valid_to": day, "row_version": row.version},
        )
        assert answer.status_code == 422
        assert "valid_to" in answer.context["form"].errors
