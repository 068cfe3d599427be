"""The cast made once per process, and put back for each further test as it was.

Made one by one its 118 rows were more than half of all statements of the suite. Put back they have
the same keys and come in one statement a table; on PostgreSQL all in one call.
"""

import pickle
from typing import Any

from django.db import connection, models
from django.db.models.signals import post_save
from django.db.models.sql import InsertQuery

from accounts.models import Organization
from tests.cast import Cast, make_cast

_made: tuple[bytes, list[tuple[str, tuple[Any, ...]]]] | None = None


def cast_again() -> Cast:
    global _made
    # Beside other rows (a plan that was loaded for a whole module) its keys may be taken.
    if Organization.objects.exists():
        return make_cast()
    if _made is None:
        cast, rows = _make_and_watch()
        _made = pickle.dumps(cast), _inserts(rows)
        return cast
    pickled, inserts = _made
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            parameters = [value for _, values in inserts for value in values]
            cursor.execute("; ".join(sql for sql, _ in inserts), parameters)
        else:
            for sql, values in inserts:
                cursor.execute(sql, values)
    cast: Cast = pickle.loads(pickled)
    return cast


def _make_and_watch() -> tuple[Cast, dict[type[models.Model], list[models.Model]]]:
    """The cast, and its rows by model in the order in which each was first saved."""
    rows: dict[type[models.Model], list[models.Model]] = {}

    def watch(sender: type[models.Model], instance: models.Model, created: bool, **_: Any) -> None:
        if created:
            rows.setdefault(sender, []).append(instance)

    post_save.connect(watch)
    try:
        return make_cast(), rows
    finally:
        post_save.disconnect(watch)


def _inserts(
    rows: dict[type[models.Model], list[models.Model]],
) -> list[tuple[str, tuple[Any, ...]]]:
    statements = []
    for model, instances in rows.items():
        query = InsertQuery(model)
        query.insert_values(model._meta.concrete_fields, instances, raw=True)
        statements += query.get_compiler(connection=connection).as_sql()
    return statements
