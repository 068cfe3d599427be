"""How the database is emptied after a test that commits (a live server, a worker, a race).

Django truncates every table, and makes content types, permissions and the triggers of the change
feed anew: on PostgreSQL 400 new files, each brought to the disk. Here rows are deleted from those
tables alone that have some; what migrating made for every model stays.
"""

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper
from django.test import TransactionTestCase

MADE_BY_MIGRATING = {"django_migrations", "django_content_type", "auth_permission"}
BY_DJANGO = TransactionTestCase._fixture_teardown


def empty_database(test: TransactionTestCase) -> None:
    """In place of `TransactionTestCase._fixture_teardown`."""
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SHOW is_superuser")
            if cursor.fetchone() == ("off",):
                return BY_DJANGO(test)
            # No trigger fires: neither the audit log's guard nor the change feed.
            cursor.execute("SET LOCAL session_replication_role = replica")
        # On SQLite the change feed takes down each deletion, so once may not be enough.
        while filled := _tables_with_rows(cursor):
            for table in filled:
                cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")
    return None


def _tables_with_rows(cursor: CursorWrapper) -> list[str]:
    tables = set(connection.introspection.django_table_names(include_views=False))
    cursor.execute(
        " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"
            for table in sorted(tables - MADE_BY_MIGRATING)
        )
    )
    return [table for (table,) in cursor.fetchall()]
