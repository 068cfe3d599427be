"""`manage.py bench --only round`: the entry grid, one cell's save and a bulk act.

The bare cost is that of the same SQL with its INSERTs and UPDATEs, sent again and read to its end
without Django's rows, templates and middleware. Everything is undone.
"""

import statistics
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import Channel, User
from dxportal.management.measuring import Cost, Line, peak_mb, timed
from plans.models import Plan, ReportingCycle, RoundItem
from plans.procedure import Step, move_items

RUNS = 15


def round_lines(plan: Plan, user: User) -> Iterator[Line]:
    """`user` may read and enter everything of the plan's city; call it in a transaction."""
    client = Client(SERVER_NAME="localhost")
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    cycle = plan.cycles.filter(state=ReportingCycle.State.OPEN).first()
    if cycle is None:
        raise CommandError("There is no open round: run load_example first.")
    items = list(cycle.items.select_related("department"))
    item = next(item for item in items if item.kind == RoundItem.Kind.ACTUAL)
    grid = reverse("rounds:entry")
    yield from _beside_its_sql(f"entry grid, {len(items)} items", lambda: _ok(client.get(grid)))
    yield from _beside_its_sql("first save of a cell", lambda: _save(client, item, "7", "0"))
    _save(client, item, "7", "0")
    yield from _beside_its_sql("change of a cell", lambda: _save(client, item, "8", "1"))
    cycle.items.update(state=RoundItem.State.SUBMITTED, submitted_at=timezone.now())
    label = f"approval of {len(items)} items at once"
    yield from _beside_its_sql(label, lambda: _approve_all(cycle))


def _ok(answer: Any) -> None:
    if answer.status_code != 200:
        raise CommandError(f"The answer is {answer.status_code}: {answer.content[:200]!r}")


def _save(client: Client, item: RoundItem, value: str, version: str) -> None:
    body = {"values": {"value": value}, "version": version}
    address = reverse("rounds:entry_item", args=[item.pk])
    _ok(client.post(address, body, content_type="application/json"))


def _approve_all(cycle: ReportingCycle) -> None:
    items = list(cycle.items.all())
    result = move_items(Actor.system(Channel.COMMAND), items, Step.APPROVE)
    if len(result.moved) != len(items):
        raise CommandError(f"Refused: {result.refused[:3]}")


def _beside_its_sql(name: str, act: Callable[[], None]) -> list[Line]:
    sent: list[tuple[str, Any, bool]] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            sent.append((sql, params, many))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        _undone(act)
    seconds = statistics.median(timed(lambda: _undone(act)) for _ in range(RUNS))
    bare = statistics.median(timed(lambda: _undone(lambda: _send(sent))) for _ in range(RUNS))
    cost = Cost(seconds, peak_mb(), f"{len(sent)} queries, median of {RUNS}")
    alone = Cost(bare, peak_mb(), "read to the end, no rows made")
    return [Line(name, cost, alone), Line("the same SQL alone", alone)]


def _undone(act: Callable[[], None]) -> None:
    with transaction.atomic():
        act()
        transaction.set_rollback(True)


def _send(statements: list[tuple[str, Any, bool]]) -> None:
    with connection.cursor() as cursor:
        for sql, params, many in statements:
            (cursor.executemany if many else cursor.execute)(sql, params)
            if cursor.description:
                cursor.fetchall()
