"""Finding rows of every kind, the likeliest first, and marking the words; one query a kind."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from accounts.policy import scope_of
from dxportal.searching.kinds import KINDS, Kind
from plans.search import Folded, fold, search, text_of, words_of

MAX_HITS = 20  # of each kind; the page says where there are more
AROUND = 40  # characters of a text before and after the first word
LONGEST_SPELLING = 6  # a word may stand in a text with so many characters more than it is folded to


@dataclass(frozen=True)
class Hit:
    title: SafeString
    link: str
    where: str
    excerpt: SafeString | str


@dataclass(frozen=True)
class Group:
    """The hits of one kind; `has_more` where only the first are shown."""

    kind: Kind
    hits: list[Hit]
    has_more: bool


def find(user: Any, text: str, only: str = "") -> list[Group]:
    """What the person may see of each kind that has every word; kinds without hits are left out."""
    words = words_of(text)
    if not words:
        return []
    groups = []
    is_open = scope_of(user).plan_ids is None
    for kind in KINDS if is_open else [kind.within_plans() for kind in KINDS]:
        if only and kind.key != only:
            continue
        found = search(kind.rows(user), text, (*kind.columns, *kind.paths))
        rows = list(_ranked(kind, found, words)[: MAX_HITS + 1])
        if rows:
            hits = [_hit(kind, row, words) for row in rows[:MAX_HITS]]
            groups.append((rows[0].rank, Group(kind, hits, len(rows) > MAX_HITS)))
    # A code or a name that was typed in full is what was meant: its kind comes first.
    return [group for rank, group in sorted(groups, key=lambda pair: min(pair[0], Rank.NAMED))]


class Rank(IntEnum):
    """How near a hit is to what was typed."""

    CODE = 0  # the code itself
    NAME = 1  # the whole name
    NAMED = 2  # every word stands in the name
    TEXT = 3


def _ranked(kind: Kind, rows: QuerySet, words: list[str]) -> QuerySet:
    whole = f"\n{' '.join(words)}\n"
    cases = []
    if kind.codes:
        rows = rows.alias(in_codes=Folded(text_of(rows.model, kind.codes)))
        cases.append(When(in_codes__contains=whole, then=Rank.CODE))
    if kind.names:
        rows = rows.alias(in_names=Folded(text_of(rows.model, kind.names)))
        cases.append(When(in_names__contains=whole, then=Rank.NAME))
        all_words = Q(*(Q(in_names__contains=word) for word in words))
        cases.append(When(all_words, then=Rank.NAMED))
    rank = Case(*cases, default=Value(Rank.TEXT), output_field=IntegerField())
    return rows.annotate(rank=rank).order_by("rank", *rows.model._meta.ordering, "pk")


def _hit(kind: Kind, row: Any, words: list[str]) -> Hit:
    title = kind.title(row)
    excerpt: SafeString | str = ""
    for column in kind.columns:
        value = str(getattr(row, column) or "")
        if value and value not in title and any(word in (fold(value) or "") for word in words):
            excerpt = marked(_cut(value, words), words)
            break
    return Hit(marked(title, words), kind.link(row), kind.where(row), excerpt)


def _cut(text: str, words: list[str]) -> str:
    """The text around its first match."""
    text = " ".join(text.split())
    first = next(matches(text[:2000], words), (0, 0))[0]
    start = max(0, first - AROUND)
    end = min(len(text), first + 2 * AROUND)
    return f"{'…' if start else ''}{text[start:end]}{'…' if end < len(text) else ''}"


def marked(text: str, words: list[str]) -> SafeString:
    """The text with <mark> around what the words match, as it is spelled there."""
    parts: list[tuple[SafeString | str]] = []
    done = 0
    for start, end in matches(text, words):
        parts += [(text[done:start],), (format_html("<mark>{}</mark>", text[start:end]),)]
        done = end
    parts.append((text[done:],))
    return format_html_join("", "{}", parts)


def matches(text: str, words: list[str]) -> Iterator[tuple[int, int]]:
    """Where the words stand in the text as it is spelled, from left to right without overlap."""
    firsts = {word[0] for word in words}
    at = 0
    while at < len(text):
        folded = fold(text[at]) or ""
        end = _end(text, at, words) if folded[:1] in firsts else None
        if end is None:
            at += 1
        else:
            yield at, end
            at = end


def _end(text: str, start: int, words: list[str]) -> int | None:
    """The end of the longest word that begins here, with its 送り仮名 and long vowels."""
    best = None
    for word in words:
        for end in range(start + 1, min(len(text), start + len(word) * 2 + LONGEST_SPELLING) + 1):
            folded = fold(text[start:end]) or ""
            if folded == word:
                best = max(best or 0, end)
            elif folded.startswith(word) and best is None:
                best = end  # ① is 10 in one sign, say: the word ends within this character
            if len(folded) > len(word):
                break
    return best
