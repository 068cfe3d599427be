"""Reading what was noted, up to where nothing can still come in between."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db import connection

from accounts.models import User
from accounts.policy import Scope, scope_of
from accounts.querysets import EVERY_PLAN
from accounts.rest.resources import resources
from dxportal.feed.pruning import forgotten_until
from dxportal.feed.triggers import LOCK, TABLE
from dxportal.models import RowChange


@dataclass(frozen=True)
class Told:
    """A row that is to be read again, or is gone."""

    resource: str
    id: int
    is_deleted: bool
    at: datetime

    @property
    def change(self) -> str:
        return "deleted" if self.is_deleted else "saved"


@dataclass(frozen=True)
class Changes:
    """What a person may know of what changed; `position` is where to go on."""

    position: int
    has_more: bool
    told: list[Told]


class NoSuchPosition(ValueError):
    """A position that was never given, as after an older copy of the database was put back."""


class Forgotten(ValueError):
    """A position so old that changes after it are not kept any more."""


def current_position() -> int:
    """Where somebody begins who reads everything now, afterwards."""
    return _positions()[1]


def changes_since(user: User | AnonymousUser, position: int, size: int) -> Changes:
    """What changed after a position: each row once, at its last change among `size` notes.

    A row says "saved" if it can be read now and "deleted" if not: what came after is told again
    later. Raises NoSuchPosition and Forgotten.
    """
    taken, safe = _positions()
    if position > taken:
        raise NoSuchPosition(position)
    scope = scope_of(user)
    notes = RowChange.objects.filter(
        pk__gt=position, pk__lte=safe, organization_id__in=scope.organization_ids
    )
    found = list(notes.order_by("pk")[: size + 1])
    # Asked for afterwards: what was forgotten in between is then not passed over.
    if position < forgotten_until():
        raise Forgotten(position)
    has_more = len(found) > size
    found = found[:size]
    # Never back: what a late writer holds is above all that was given before.
    reached = found[-1].pk if has_more else max(position, safe)
    return Changes(reached, has_more, _told(user, scope, found))


def _positions() -> tuple[int, int]:
    """The last number taken, and the last below which no running transaction has one.

    The number taken is asked for first, then the lowest that is held: whoever took a number
    before the first question either still holds its lock at the second, or has committed. What
    this very transaction wrote, it sees.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":  # one writer at a time: they commit in order
            cursor.execute(f"SELECT MAX(id) FROM {TABLE}")  # noqa: S608  # own name
            last = cursor.fetchone()[0] or 0
            return last, last
        cursor.execute(
            f"SELECT last_value - (NOT is_called)::int FROM {TABLE}_id_seq"  # noqa: S608
        )
        taken = cursor.fetchone()[0]
        cursor.execute(
            "SELECT MIN(objid::bigint) FROM pg_locks WHERE locktype = 'advisory' AND classid = %s"
            " AND objsubid = 2 AND pid <> pg_backend_pid() AND database ="
            " (SELECT oid FROM pg_database WHERE datname = current_database())",
            [LOCK],
        )
        held = cursor.fetchone()[0]
    return taken, taken if held is None else min(taken, held)


def _told(user: User | AnonymousUser, scope: Scope, notes: Iterable[RowChange]) -> list[Told]:
    last: dict[tuple[str, int], RowChange] = {}
    for note in notes:
        last.pop((note.resource, note.object_id), None)  # told in the place of its last change
        last[note.resource, note.object_id] = note
    views = resources()
    numbers = defaultdict(set)
    for name, number in last:
        if name in views:
            numbers[name].add(number)
    there = {name: _visible(views[name], user, those) for name, those in numbers.items()}
    told = []
    for (name, number), note in last.items():
        is_there = number in there.get(name, ())
        if is_there or (note.is_deleted and _may_know(scope, views, note)):
            told.append(Told(name, number, not is_there, note.at))
    return told


def _visible(view: Any, user: User | AnonymousUser, numbers: Iterable[int]) -> set[int]:
    rows = view.queryset.all().visible_to(user).filter(pk__in=numbers)
    return set(rows.values_list("pk", flat=True))


def _may_know(scope: Scope, views: Mapping[str, Any], note: RowChange) -> bool:
    """Whether the person could have seen the row that is gone; its organization is theirs."""
    if note.resource not in views:
        return False
    rows = views[note.resource].queryset
    if rows.model._meta.label_lower in scope.hidden_models:
        return False
    if scope.plan_ids is None or getattr(rows.all(), "plan_path", "") == EVERY_PLAN:
        return True
    return note.plan_id in scope.plan_ids
