"""Searching text however it was typed: width, case, kind of kana, 送り仮名, ディ and デ, ー.

Both sides are folded alike: 「ＳＮＳ」 finds 「SNS」, 「取り組み」 finds 「取組」, 「サーバ」 finds
「サーバー」, 「デバイド」 finds 「ディバイド」. PostgreSQL folds by itself; SQLite is lent the same
function on every new connection. `fold` and `Folded.as_postgresql` say the same steps.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import (
    Aggregate,
    F,
    Func,
    ManyToOneRel,
    Model,
    OuterRef,
    QuerySet,
    Subquery,
    TextField,
    Value,
)
from django.db.models.functions import Coalesce
from django.dispatch import receiver

MAX_WORDS = 8

KATAKANA = "".join(chr(code) for code in range(0x30A1, 0x30F7))
HIRAGANA = "".join(chr(code) for code in range(0x3041, 0x3097))
_TO_HIRAGANA = str.maketrans(KATAKANA, HIRAGANA)
# One step after the other, in the regular expressions that Python and PostgreSQL share.
_PATTERNS = (
    (r"([ァ-ヶ])[‐‑–—―−]", r"\1ー"),  # signs that stand for the long vowel
    (r"([ァ-ヶ])ー(?![ァ-ヶ])", r"\1"),  # サーバー is サーバ; データ keeps its own
    (r"([ァ-ヶ])・([ァ-ヶ])", r"\1\2"),  # デジタル・ディバイド
    # 送り仮名: hiragana after a kanji that ends on the vowels i or e (取り組み, 問い合わせ).
    # Before katakana becomes hiragana, else 分析システム loses its シ; without the particles に, で
    # and へ, else 窓口に finds 窓口.
    (
        r"([々一-龠])(?:[かがさたなばまやらわ]?[しせりれ]|[いきぎちびみえけげてねべめ])",
        r"\1",
    ),
)
# Then these, written in hiragana already.
_WORDS = (
    ("でぃ", "で"),
    ("てぃ", "ち"),
    ("ゔぁ", "ば"),
    ("ゔぃ", "び"),
    ("ゔぇ", "べ"),
    ("ゔぉ", "ぼ"),
    ("ゔ", "ぶ"),
    ("うぃ", "うい"),
    ("うぇ", "うえ"),
    ("うぉ", "うお"),
)


def fold(text: str | None) -> str | None:
    return None if text is None else _fold(text)


@lru_cache(maxsize=8192)  # SQLite asks again for the same texts at every search
def _fold(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower()
    for pattern, into in _PATTERNS:
        text = re.sub(pattern, into, text)
    text = text.translate(_TO_HIRAGANA)
    for word, into in _WORDS:
        text = text.replace(word, into)
    return text


def _postgresql_template() -> str:
    """The steps of `fold` as one expression; its backslashes and signs are constants of ours."""
    sql = "LOWER(NORMALIZE(%(expressions)s, NFKC))"
    for pattern, into in _PATTERNS:
        sql = f"REGEXP_REPLACE({sql}, '{pattern}', '{into}', 'g')"
    sql = f"TRANSLATE({sql}, '{KATAKANA}', '{HIRAGANA}')"
    for word, into in _WORDS:
        sql = f"REPLACE({sql}, '{word}', '{into}')"
    return sql


class Folded(Func):
    """A text as `fold` leaves it, worked out by the database."""

    function = "portal_fold"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=_postgresql_template(), **context)


class _Lines(Func):
    """Texts under each other, with a line's end before, between and after them."""

    template = "(CHAR(10) || %(expressions)s || CHAR(10))"
    arg_joiner = " || CHAR(10) || "
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler,
            connection,
            template=self.template.replace("CHAR", "CHR"),
            arg_joiner=self.arg_joiner.replace("CHAR", "CHR"),
        )


class _Joined(Aggregate):
    """The texts of several rows as one, a line each."""

    function = "GROUP_CONCAT"
    template = "%(function)s(%(expressions)s, CHAR(10))"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        template = "STRING_AGG(%(expressions)s, CHR(10))"
        return self.as_sql(compiler, connection, template=template, **context)


@receiver(connection_created)
def lend_fold(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("portal_fold", 1, fold, deterministic=True)


def words_of(text: str) -> list[str]:
    """The words that are looked for, folded; a word that folds to nothing is none."""
    words = unicodedata.normalize("NFKC", text).split()
    return [folded for word in words if (folded := fold(word))][:MAX_WORDS]


def search(queryset: QuerySet, text: str, paths: Sequence[str]) -> QuerySet:
    """The rows that have every word of `text` in at least one of the columns.

    All that a row is searched by is folded as one text, a line for each column, so only the rows
    of the selection are ever read: those of one's own city, however many there are in the country.
    """
    words = words_of(text)
    if not words or not paths:
        return queryset
    # Over a subquery: the selection may be ordered, distinct or walked as a tree.
    rows = queryset.alias(searched=Folded(text_of(queryset.model, paths)))
    for word in words:
        rows = rows.filter(searched__contains=word)
    return rows


def text_of(model: type[Model], paths: Sequence[str]) -> Func:
    """What these columns say, each after a line's end; of related rows all that there are."""
    parts: list[Any] = []
    related: dict[tuple[str, ManyToOneRel], list[str]] = {}
    for path in paths:
        before, relation, rest = _to_many(model, path)
        if relation is None:
            parts.append(F(path))
        else:
            related.setdefault((before, relation), []).append(rest)
    parts += [_of_related(before, to, rest) for (before, to), rest in related.items()]
    return _Lines(*(Coalesce(part, Value(""), output_field=TextField()) for part in parts))


def _to_many(model: type[Model], path: str) -> tuple[str, ManyToOneRel | None, str]:
    """Where a path first leads to many rows: the way there, the relation, and how it goes on."""
    steps = path.split("__")
    for at, name in enumerate(steps):
        field = model._meta.get_field(name)
        if isinstance(field, ManyToOneRel) and field.one_to_many:
            return "__".join([*steps[:at], "pk"]), field, "__".join(steps[at + 1 :])
        if field.many_to_many:
            raise TypeError(f"Search over the rows between, not over {model.__name__}.{name}.")
        if field.related_model is not None:
            model = field.related_model
    return "", None, path


def _of_related(outer: str, relation: ManyToOneRel, paths: Sequence[str]) -> Subquery:
    """The texts of a row's related rows, found by their index: never the whole table's."""
    key = relation.field.attname
    model: type[Model] = relation.related_model
    rows = model._base_manager.filter(**{key: OuterRef(outer)}).order_by()
    joined = rows.values(key).annotate(joined=_Joined(text_of(model, paths)))
    return Subquery(joined.values("joined"))
