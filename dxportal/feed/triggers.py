"""The database's triggers that note what changed, made after every `migrate`.

After, and not in a migration: on SQLite a table that is altered is made anew and loses its
triggers. A trigger's name carries a digest of what it does, so that only what differs is made.

On PostgreSQL numbers are taken in another order than transactions are committed. So each
transaction that notes something holds, from before its first number to its end, a shared advisory
lock that names the last number taken by then: all of its numbers are higher. Readers stop at the
lowest number that is held (`dxportal.feed.reading`).
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any

from django.db import connection, models, transaction

from dxportal.feed.noted import Noted
from dxportal.models import RowChange

PREFIX = "feed_"
# The first key of the advisory locks, any number that nothing else uses.
LOCK = 730_001
TABLE = RowChange._meta.db_table
COLUMNS = "resource, object_id, organization_id, plan_id, is_deleted, at"
HELD = "dxportal.feed_held"
# The setting and the lock both end with the transaction, or with the savepoint they came in.
HOLD = f"""
CREATE OR REPLACE FUNCTION feed_hold() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF current_setting('{HELD}', true) IS DISTINCT FROM '1' THEN
    PERFORM pg_advisory_xact_lock_shared({LOCK}, (last_value - (NOT is_called)::int)::int)
      FROM {TABLE}_id_seq;
    PERFORM set_config('{HELD}', '1', true);
  END IF;
END $$
"""


def install(wanted: Iterable[Noted]) -> None:
    """Make the triggers that are missing, and remove those that are not wanted any more."""
    is_sqlite = connection.vendor == "sqlite"
    made = dict(_for_sqlite(wanted) if is_sqlite else _for_postgresql(wanted))
    with transaction.atomic(), connection.cursor() as cursor:
        there = _those_there(cursor)
        if set(there) == set(made):
            return
        if not is_sqlite:
            cursor.execute(HOLD)
        for name in set(there) - set(made):
            cursor.execute(f"DROP TRIGGER {name}" + ("" if is_sqlite else f" ON {there[name]}"))
        for name in sorted(set(made) - set(there)):
            for statement in made[name]:
                cursor.execute(statement)


def _those_there(cursor: "connection.cursor") -> dict[str, str]:  # type: ignore[valid-type]
    """The triggers of this module in the database, each with its table."""
    if connection.vendor == "sqlite":
        cursor.execute("SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'")
    else:
        cursor.execute(
            "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
        )
    return {name: table for name, table in cursor.fetchall() if name.startswith(PREFIX)}


def _for_sqlite(wanted: Iterable[Noted]) -> Iterator[tuple[str, list[str]]]:
    for one in wanted:
        table = one.model._meta.db_table
        for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            insert = _insert(one, row, event, "strftime('%Y-%m-%d %H:%M:%f', 'now')")
            does = f"AFTER {_event(one, event)} ON {table} BEGIN {insert}; END"
            name = _name(table, does)
            yield name, [f"CREATE TRIGGER {name} {does}"]


def _for_postgresql(wanted: Iterable[Noted]) -> Iterator[tuple[str, list[str]]]:
    for one in wanted:
        table = one.model._meta.db_table
        for event, row in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            insert = _insert(one, row, event, "clock_timestamp()")
            body = f"BEGIN PERFORM feed_hold(); {insert}; RETURN NULL; END"
            name = _name(table, f"{_event(one, event)} {body}")
            function = (
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql"
                f" AS $$ {body} $$"
            )
            trigger = (
                f"CREATE TRIGGER {name} AFTER {_event(one, event)} ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {name}()"
            )
            yield name, [function, trigger]


def _event(one: Noted, event: str) -> str:
    return f"UPDATE OF {one.only_on}" if event == "UPDATE" and one.only_on else event


def _insert(one: Noted, row: str, event: str, now: str) -> str:
    gone = "TRUE" if event == "DELETE" and one.is_own else "FALSE"
    values = [_value(one.model, path, row) for path in (one.row, one.organization, one.plan)]
    return (  # every word of it is a name of ours
        f"INSERT INTO {TABLE} ({COLUMNS})"  # noqa: S608
        f" VALUES ('{one.resource}', {', '.join(values)}, {gone}, {now})"
    )


def _value(model: type[models.Model], path: str, row: str) -> str:
    """SQL for what a look-up path leads to from a row."""
    if not path:
        return "NULL"
    step, _, rest = path.partition("__")
    if not rest:
        return f"{row}.{_column(model, step)}"
    there: Any = model._meta.get_field(step).related_model
    table = there._meta.db_table
    found, key = _value(there, rest, table), f"{table}.{_column(there, 'pk')}"
    return f"(SELECT {found} FROM {table} WHERE {key} = {row}.{_column(model, step)})"  # noqa: S608


def _column(model: type[models.Model], name: str) -> str:
    fields: Any = model._meta.concrete_fields
    if name == "pk":
        return next(str(field.column) for field in fields if field.primary_key)
    return next(str(field.column) for field in fields if name in (field.name, field.attname))


def _name(table: str, does: str) -> str:
    return f"{PREFIX}{table}_{hashlib.sha256(does.encode()).hexdigest()[:8]}"
