"""Searching text however it was typed: width, case, kind of kana, 送り仮名, ディ and デ, ー.

Both sides are folded alike: 「ＳＮＳ」 finds 「SNS」, 「取り組み」 finds 「取組」, 「サーバ」 finds
「サーバー」, 「デバイド」 finds 「ディバイド」. PostgreSQL folds by itself; SQLite is lent the same
function on every new connection. `fold` and `Folded.as_postgresql` say the same steps.
"""

import re
import unicodedata
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from django.db.models import Func, Q, QuerySet, TextField
from django.dispatch import receiver

MAX_WORDS = 8

KATAKANA = "".join(chr(code) for code in range(0x30A1, 0x30F7))
HIRAGANA = "".join(chr(code) for code in range(0x3041, 0x3097))
_TO_HIRAGANA = str.maketrans(KATAKANA, HIRAGANA)
# One step after the other, in the regular expressions that Python and PostgreSQL share.
_BEFORE_KANA = (
    (r"([ァ-ヶ])[‐‑–—―−]", r"\1ー"),  # signs that stand for the long vowel
    (r"([ァ-ヶ])ー(?![ァ-ヶ])", r"\1"),  # サーバー is サーバ; データ keeps its own
    (r"([ァ-ヶ])・([ァ-ヶ])", r"\1\2"),  # デジタル・ディバイド
)
_AFTER_KANA = (
    (r"でぃ", "で"),
    (r"てぃ", "ち"),
    (r"ゔぁ", "ば"),
    (r"ゔぃ", "び"),
    (r"ゔぇ", "べ"),
    (r"ゔぉ", "ぼ"),
    (r"ゔ", "ぶ"),
    (r"うぃ", "うい"),
    (r"うぇ", "うえ"),
    (r"うぉ", "うお"),
    # 送り仮名: what follows a kanji and ends on the vowels i or e (取り組み, 申し込み, 問い合わせ).
    (
        r"([々一-龠])[あかがさざただなはばまやらわ]?[いきぎしじちぢにひびみりえけげせぜてでねへべめれ]",
        r"\1",
    ),
)


def fold(text: str | None) -> str | None:
    if text is None:
        return None
    text = unicodedata.normalize("NFKC", text).lower()
    for pattern, into in _BEFORE_KANA:
        text = re.sub(pattern, into, text)
    text = text.translate(_TO_HIRAGANA)
    for pattern, into in _AFTER_KANA:
        text = re.sub(pattern, into, text)
    return text


def _postgresql_template() -> str:
    """The steps of `fold` as one expression; its backslashes and signs are constants of ours."""
    sql = "LOWER(NORMALIZE(%(expressions)s, NFKC))"
    for pattern, into in _BEFORE_KANA:
        sql = f"REGEXP_REPLACE({sql}, '{pattern}', '{into}', 'g')"
    sql = f"TRANSLATE({sql}, '{KATAKANA}', '{HIRAGANA}')"
    for pattern, into in _AFTER_KANA:
        sql = f"REGEXP_REPLACE({sql}, '{pattern}', '{into}', 'g')"
    return sql


class Folded(Func):
    """A text column as `fold` leaves it, worked out by the database."""

    function = "portal_fold"
    output_field = TextField()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, template=_postgresql_template(), **context)


@receiver(connection_created)
def lend_fold(connection: BaseDatabaseWrapper, **kwargs: Any) -> None:
    if connection.vendor == "sqlite":
        connection.connection.create_function("portal_fold", 1, fold, deterministic=True)


def words_of(text: str) -> list[str]:
    """The words that are looked for, folded; a word that folds to nothing is none."""
    words = unicodedata.normalize("NFKC", text).split()
    return [folded for word in words if (folded := fold(word))][:MAX_WORDS]


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
