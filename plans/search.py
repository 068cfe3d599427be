"""Searching text that people typed in full or half width, upper or lower case.

Both sides are folded by NFKC: 「ＳＮＳ」 finds 「SNS」, 「ﾃﾞｼﾞﾀﾙ」 finds 「デジタル」. PostgreSQL
folds by itself; SQLite is lent the same function on every new connection.
"""

import unicodedata
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import Func, Q, QuerySet, TextField
from django.dispatch import receiver

MAX_WORDS = 8


def fold(text: str | None) -> str | None:
    return None if text is None else unicodedata.normalize("NFKC", text).lower()


class Folded(Func):
    """A text column as `fold` leaves it, worked out by the database."""

    function = "portal_fold"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="LOWER(NORMALIZE(%(expressions)s, NFKC))", **context
        )


@receiver(connection_created)
def lend_fold(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("portal_fold", 1, fold, deterministic=True)


def words_of(text: str) -> list[str]:
    return (fold(text) or "").split()[:MAX_WORDS]


def search(queryset: QuerySet, text: str, paths: tuple[str, ...]) -> QuerySet:
    """The rows that have every word of `text` in at least one of the columns.

    A path over a relation (`aliases__name`) is looked up apart, so that no row comes twice.
    """
    for word in words_of(text):
        found = Q()
        for path in paths:
            rows = queryset.model._base_manager.alias(folded=Folded(path))
            found |= Q(pk__in=rows.filter(folded__contains=word).values("pk"))
        queryset = queryset.filter(found)
    return queryset
