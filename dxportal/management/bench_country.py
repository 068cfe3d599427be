"""`manage.py bench --only country`: one city's pages among all the cities of a country."""

import statistics
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from django.core.cache import caches
from django.core.management.base import CommandError
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.urls import reverse
from rest_framework.renderers import JSONRenderer

from accounts.audit import Actor
from accounts.models import Organization, Role, RoleAssignment, User
from accounts.rest.streaming import CHUNK
from accounts.tokens import issue_token
from dxportal.garbage import collect, settle
from dxportal.management.commands.build_report import read_fiscal_year
from dxportal.management.measuring import Cost, Line, peak_mb, resident_mb, timed
from dxportal.public.answers import PAGES
from kpi.api import ActualSerializer, ActualViewSet
from kpi.models import Actual
from plans.models import Plan

RUNS = 40
BARE_ROWS = 20_000


def country_lines(options: dict[str, Any]) -> Iterator[Line]:
    """The pages of one city among all that the database holds, each beside its own SQL alone.

    The city is the middle one. Make the country with `load_example`, which publishes the plan, and
    `generate_sample --country`, in a database of its own. Everything is undone.
    """
    plans = Plan.objects.filter(key=options["plan"]).order_by("pk")
    plan = plans[plans.count() // 2]
    year = read_fiscal_year(options["fiscal_year"], plan)
    here = f"plan={plan.pk}&fiscal_year={year}"
    measure = plan.measures.order_by("pk").first()
    signed_in = {
        "home": reverse("home"),
        "dashboard": f"{reverse('dashboard')}?{here}",
        "dashboard, indicators": f"{reverse('dashboard:indicators')}?{here}",
        "dashboard, projects": f"{reverse('dashboard:projects')}?{here}",
        "dashboard, budgets": f"{reverse('dashboard:budgets')}?{here}",
        "search, a common word": f"{reverse('search')}?q=デジタル",
        "search, two words": f"{reverse('search')}?q=データ+分析",
        "search, nothing found": f"{reverse('search')}?q=存在しない語",
        "list of projects": f"{reverse('projects:list')}?plan={plan.pk}",
        "list of projects, searched": f"{reverse('projects:list')}?plan={plan.pk}&q=オンライン",
        "list of indicators": f"{reverse('kpi:indicator_list')}?{here}",
        "a measure": f"{reverse('plans:measure', args=[measure.pk])}?fiscal_year={year}",
        "API, actuals of a city": f"/api/v1/actuals/?plan={plan.pk}&fiscal_year={year}",
    }
    public = {
        "public: all plans": reverse("public:index"),
        "public: the plan": reverse("public:plan", args=[plan.organization.code, plan.key]),
        "public: its indicators": reverse(
            "public:indicators", args=[plan.organization.code, plan.key]
        ),
    }
    settle()
    with transaction.atomic():
        client = Client(SERVER_NAME="localhost")
        client.force_login(_reader_of(plan), "django.contrib.auth.backends.ModelBackend")
        visitor = Client(SERVER_NAME="localhost")
        for person, addresses in ((client, signed_in), (visitor, public)):
            for name, address in addresses.items():
                yield _page_beside_its_sql(name, person, address)
        for name, address in public.items():
            # As whoever comes first after a change; those after have it from memory.
            first = f"{name}, first visit after a change"
            yield _page_beside_its_sql(first, visitor, address, caches[PAGES].clear)
        yield from _ndjson_of_a_year(year)
        transaction.set_rollback(True)


def _ndjson_of_a_year(year: int) -> Iterator[Line]:
    """All actuals of a fiscal year of all cities in one answer, for a system of the whole country.

    Beside it the same rows through the bare serializer, as many at a time (the first BARE_ROWS of
    them, told as the time of all), and their bare SQL.
    """
    user = User.objects.create(username="bench-country")
    RoleAssignment.objects.bulk_create(
        RoleAssignment(user=user, role=Role.VIEWER, organization=organization)
        for organization in Organization.objects.all()
    )
    secret = issue_token(Actor.system(), user, "bench")[1]
    client = Client(SERVER_NAME="localhost", headers={"Authorization": f"Bearer {secret}"})
    address = f"/api/v1/actuals/?fiscal_year={year}&format=ndjson"
    rows = ActualViewSet().for_reading(Actual.objects.visible_to(user).filter(fiscal_year=year))
    rows = rows.order_by("pk")
    plain = rows.prefetch_related(None)
    sql = Cost(timed(lambda: _run([plain.query.sql_with_params()])), peak_mb(), "read to the end")
    count = rows.count()
    some = min(BARE_ROWS, count)
    all_of_them = timed(lambda: _serialized(rows[:some])) * count / some
    bare = Cost(all_of_them, peak_mb(), f"from {some:,} rows, {CHUNK} at a time")
    one_city = _grown(client, f"{address}&organization={Organization.objects.earliest('pk').pk}")
    begun = time.perf_counter()
    grown = _grown(client, address)
    seconds = time.perf_counter() - begun
    told = (
        f"{count:,} rows, {count / seconds:,.0f} rows/s; resident memory grew by at most "
        f"{grown:.1f} MB, for one city by {one_city:.1f} MB"
    )
    yield Line("NDJSON of a country's year", Cost(seconds, peak_mb(), told), bare)
    yield Line("the same rows, bare serializer", bare)
    yield Line("the same SQL alone", sql)


def _serialized(rows: QuerySet) -> None:
    found = rows.iterator(chunk_size=CHUNK)
    while chunk := list(islice(found, CHUNK)):
        JSONRenderer().render(ActualSerializer(chunk, many=True).data)


def _grown(client: Client, address: str) -> float:
    """Read a stream to its end: by how many MB the process grew at most, looked at as it comes.

    Not by tracemalloc, under which the rows of a country take ten times as long.
    """
    before = most = resident_mb()
    answer: Any = client.get(address)
    if answer.status_code != 200:
        raise CommandError(f"{address} answers {answer.status_code}.")
    for _ in answer.streaming_content:
        most = max(most, resident_mb())
    return most - before


def _page_beside_its_sql(
    name: str, client: Client, address: str, before: Callable[[], None] = lambda: None
) -> Line:
    """Median and p95 of the page, and of the same statements sent alone and read to their end.

    `before` is done before each answer.
    """
    sent: list[tuple[str, Any]] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip("( \n").startswith(("SELECT", "WITH")):
            sent.append((sql, params))
        return execute(sql, params, many, context)

    client.get(address)
    before()
    with connection.execute_wrapper(keep):
        answer = client.get(address)
    if answer.status_code != 200:
        raise CommandError(f"{address} answers {answer.status_code}.")
    begun = time.process_time()
    pages = sorted(_answer_time(client, address, before) for _ in range(RUNS))
    processor = (time.process_time() - begun) / RUNS
    bare = sorted(timed(lambda: _run(sent)) for _ in range(RUNS))
    remark = (
        f"p95 {1000 * _p95(pages):.0f} ms, {len(sent)} queries, "
        f"{1000 * processor:.0f} ms of the processor"
    )
    alone = Cost(statistics.median(bare), peak_mb(), f"SQL alone, p95 {1000 * _p95(bare):.0f} ms")
    cost = Cost(statistics.median(pages), peak_mb(), f"{remark}; {alone.remark}")
    return Line(name, cost, alone)


def _answer_time(client: Client, address: str, before: Callable[[], None]) -> float:
    """Until the answer is made; what is collected afterwards, nobody waits for."""
    before()
    taken = timed(lambda: client.get(address))
    collect()
    return taken


def _p95(times: list[float]) -> float:
    """Of sorted times the one that 95 of 100 do not exceed."""
    return times[max(0, -(-95 * len(times) // 100) - 1)]


def _reader_of(plan: Plan) -> User:
    user = User.objects.create(username="bench", organization=plan.organization)
    RoleAssignment.objects.create(user=user, role=Role.VIEWER, organization=plan.organization)
    return user


def _run(statements: list[tuple[str, Any]]) -> None:
    with connection.cursor() as cursor:
        for sql, params in statements:
            cursor.execute(sql, params)
            cursor.fetchall()
