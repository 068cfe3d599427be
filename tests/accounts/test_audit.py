"""The audit log is append-only: in Python, and in the database itself."""

import pytest
from django.db import DatabaseError, connection, transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import AuditEntry
from tests.cast import Cast


@pytest.fixture
def entry(cast: Cast) -> AuditEntry:
    return audit.record(
        Actor.system(), "plan.test", cast.plan, cast.city.pk, {"a": 1, "b": 2}, {"a": 1, "b": 3}
    )


def test_only_what_differs_is_kept(entry: AuditEntry) -> None:
    assert (entry.before, entry.after) == ({"b": 2}, {"b": 3})
    assert entry.actor_name == "システム"


def test_what_was_made_is_told_without_its_empty_fields(cast: Cast) -> None:
    made = audit.entry(
        Actor.system(), "plan.test", cast.plan, None, {}, {"a": 0, "b": "", "c": None, "d": False}
    )
    assert made.after == {"a": 0, "d": False}


def test_python_refuses_change_and_deletion(entry: AuditEntry) -> None:
    for attempt in (
        entry.save,
        entry.delete,
        AuditEntry.objects.all().delete,
        lambda: AuditEntry.objects.update(action="x"),
    ):
        with pytest.raises(TypeError):
            attempt()


def test_the_database_refuses_a_change(entry: AuditEntry) -> None:
    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE accounts_auditentry SET action = 'x'")


@pytest.mark.skipif(
    connection.vendor == "sqlite", reason="the tests' own clean-up deletes rows on SQLite"
)
def test_the_database_refuses_a_deletion(entry: AuditEntry) -> None:
    with (
        pytest.raises(DatabaseError, match="never changed"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("DELETE FROM accounts_auditentry")


def test_people_see_the_entries_of_their_own_city(cast: Cast, entry: AuditEntry) -> None:
    assert entry in AuditEntry.objects.visible_to(cast.viewer)
    assert entry not in AuditEntry.objects.visible_to(cast.outsider)
