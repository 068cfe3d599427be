"""`manage.py bench --only api`: lists, rows, bulk writes and streams of the API.

Beside each stand the same rows read by the bare serializer (no client, no middleware, no paging),
and by the bare SQL. All rows are synthetic and undone.
"""

import statistics
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext
from rest_framework.renderers import JSONRenderer

from accounts.audit import Actor
from accounts.models import ApiToken, AuditEntry, Channel, Role, RoleAssignment, User
from accounts.tokens import Limits, issue_token
from dxportal.management.measuring import Cost, Line, held_mb, peak_mb, timed
from kpi.api import ActualSerializer, ActualViewSet
from kpi.models import Actual, Indicator, IndicatorUse, Target
from plans.models import Measure, Plan, ReportingCycle, RoundItem

RUNS = 5
INDICATORS = 10_000
YEARS = 3
PAGE = 1000
ROOT = "/api/v1/"


def api_lines(plan: Plan) -> Iterator[Line]:
    """10,000 indicators with a target and an actual in each of three years: 30,000 rows."""
    cycle = ReportingCycle.objects.filter(plan=plan, state=ReportingCycle.State.OPEN).first()
    if cycle is None:
        raise CommandError("There is no open round: run load_example first.")
    with transaction.atomic():
        caller = _Caller(plan)
        indicators = _many_rows(plan, cycle.fiscal_year)
        yield from _lists(caller)
        yield from _detail(caller)
        yield from _streams(caller, cycle.fiscal_year - 1)
        yield from _bulk(caller, cycle, indicators)
        transaction.set_rollback(True)


class _Caller:
    """A system with a token that reads and writes everything of the plan's city."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.user = User.objects.create(username="bench-api", organization=plan.organization)
        for role in (Role.SERVICE, Role.VIEWER):
            RoleAssignment.objects.create(user=self.user, role=role, organization=plan.organization)
        _, secret = issue_token(Actor.system(), self.user, "bench", Limits(ApiToken.Scope.WRITE))
        self.client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {secret}"})

    def get(self, address: str) -> Any:
        answer = self.client.get(ROOT + address)
        if answer.status_code != 200:
            raise CommandError(f"{address} answers {answer.status_code}: {answer.content[:300]!r}")
        return answer

    def visible(self) -> QuerySet[Actual]:
        return ActualViewSet().for_reading(Actual.objects.visible_to(self.user))


def _many_rows(plan: Plan, this_year: int) -> list[Indicator]:
    measure = Measure.objects.filter(plan=plan).first()
    indicators = Indicator.objects.bulk_create(
        (
            Indicator(
                organization_id=plan.organization_id,
                key=f"bench-{number}",
                name=f"指標{number}",
                unit="件",
                direction="increase",
            )
            for number in range(INDICATORS)
        ),
        batch_size=PAGE,
    )
    IndicatorUse.objects.bulk_create(
        (IndicatorUse(plan=plan, indicator=one, measure=measure, role="kpi") for one in indicators),
        batch_size=PAGE,
    )
    years = range(this_year - YEARS, this_year)
    for model in (Target, Actual):
        model.objects.bulk_create(
            (
                model(indicator=one, fiscal_year=year, value=number % 1000)
                for number, one in enumerate(indicators)
                for year in years
            ),
            batch_size=PAGE,
        )
    return indicators


def _median(act: Callable[[], Any]) -> float:
    act()
    return statistics.median(timed(act) for _ in range(RUNS))


def _lists(caller: _Caller) -> list[Line]:
    address = f"actuals/?page_size={PAGE}&page_type=cursor"
    with CaptureQueriesContext(connection) as captured:
        caller.get(address)
    told = f"{len(captured)} queries, median of {RUNS}"
    rows = caller.visible().order_by("pk")[:PAGE]
    real = Cost(_median(lambda: caller.get(address)), peak_mb(), told)
    bare = Cost(_median(lambda: _serialized(rows)), peak_mb(), "rows → ActualSerializer → JSON")
    sql = Cost(_median(lambda: _read(rows)), peak_mb(), "read to the end, no rows made")
    return [
        Line(f"list of {PAGE:,} actuals", real, bare),
        Line("the same rows, bare serializer", bare),
        Line("the same SQL alone", sql),
    ]


def _serialized(rows: Iterable[Any]) -> bytes:
    again = rows.all() if isinstance(rows, QuerySet) else rows
    content: bytes = JSONRenderer().render(ActualSerializer(again, many=True).data)
    return content


def _read(rows: QuerySet) -> None:
    statement, values = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        cursor.fetchall()


def _detail(caller: _Caller) -> list[Line]:
    number = caller.visible().order_by("pk").values_list("pk", flat=True)[5]
    rows = caller.visible().filter(pk=number)
    with CaptureQueriesContext(connection) as captured:
        caller.get(f"actuals/{number}/")
    told = f"{len(captured)} queries, median of {RUNS}"
    real = Cost(_median(lambda: caller.get(f"actuals/{number}/")), peak_mb(), told)
    bare = Cost(_median(lambda: _serialized(rows)), peak_mb(), "one row")
    return [
        Line("one actual", real, bare),
        Line("the same row, bare serializer", bare),
    ]


def _streams(caller: _Caller, last_year: int) -> Iterator[Line]:
    of_year = caller.visible().filter(fiscal_year=last_year)
    count = of_year.count()
    one_year, all_years = f"actuals/?fiscal_year={last_year}&format=", "actuals/?format="
    bare = Cost(timed(lambda: _serialized(of_year)), peak_mb(), "all at once")
    yield _stream("NDJSON of a year", caller, f"{one_year}ndjson", count, bare)
    yield Line("the same rows, bare serializer", bare)
    every = caller.visible().count()
    yield _stream("NDJSON of all years", caller, f"{all_years}ndjson", every)
    yield _stream("CSV of a year", caller, f"{one_year}csv", count, bare)


def _stream(label: str, caller: _Caller, query: str, count: int, bare: Cost | None = None) -> Line:
    seconds = timed(lambda: _drained(caller, query))
    held = held_mb(lambda: _drained(caller, query))
    told = f"{count:,} rows, {count / seconds:,.0f} rows/s, {held:.1f} MB held at most"
    return Line(label, Cost(seconds, peak_mb(), told), bare)


def _drained(caller: _Caller, query: str) -> None:
    for _ in caller.get(query).streaming_content:
        pass


def _bulk(caller: _Caller, cycle: ReportingCycle, indicators: list[Indicator]) -> list[Line]:
    rows = [
        {"indicator": one.pk, "fiscal_year": cycle.fiscal_year, "value": str(number)}
        for number, one in enumerate(indicators)
    ]
    body = {"organization": caller.plan.organization_id, "rows": rows}
    with transaction.atomic():
        with CaptureQueriesContext(connection) as captured:
            seconds = timed(lambda: _sent(caller, body, "created"))
        queries = len(captured)
        again = timed(lambda: _sent(caller, body, "unchanged"))
        transaction.set_rollback(True)
    bare = timed(lambda: _inserted(caller, cycle, indicators))
    told = f"{len(rows):,} rows, {len(rows) / seconds:,.0f} rows/s, {queries:,} queries"
    alone = Cost(bare, peak_mb(), "actuals, items of the round and audit entries, by bulk_create")
    return [
        Line("bulk write of 10,000 values", Cost(seconds, peak_mb(), told), alone),
        Line("the same sent again", Cost(again, peak_mb(), "all unchanged")),
        Line("the same rows inserted alone", alone),
    ]


def _sent(caller: _Caller, body: dict[str, Any], outcome: str) -> None:
    answer = caller.client.post(f"{ROOT}actuals/bulk/", body, content_type="application/json")
    report = answer.json()
    if answer.status_code != 200 or report["counts"][outcome] != len(body["rows"]):
        told = report.get("counts", report)
        raise CommandError(f"The bulk write answers {answer.status_code}: {str(told)[:300]}")


def _inserted(caller: _Caller, cycle: ReportingCycle, indicators: list[Indicator]) -> None:
    with transaction.atomic():
        actuals = Actual.objects.bulk_create(
            (Actual(indicator=one, fiscal_year=cycle.fiscal_year, value=1) for one in indicators),
            batch_size=PAGE,
        )
        RoundItem.objects.bulk_create(
            (
                RoundItem(cycle=cycle, kind=RoundItem.Kind.ACTUAL, object_id=one.pk, label=one.name)
                for one in indicators
            ),
            batch_size=PAGE,
        )
        AuditEntry.objects.bulk_create(
            (
                AuditEntry(
                    actor_name="bench",
                    channel=Channel.API,
                    action="actual.record",
                    object_type="kpi.actual",
                    object_id=one.pk,
                    object_label="x",
                )
                for one in actuals
            ),
            batch_size=PAGE,
        )
        transaction.set_rollback(True)
