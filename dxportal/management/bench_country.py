"""`manage.py bench --only country`: one city's pages among all the cities of a country."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

from django.core.management.base import CommandError
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import Role, RoleAssignment, User
from dxportal.garbage import collect, settle
from dxportal.management.commands.build_report import read_fiscal_year
from dxportal.management.measuring import Cost, Line, peak_mb, timed
from plans.models import Plan

RUNS = 40


def country_lines(options: dict[str, Any]) -> Iterator[Line]:
    """The pages of one city among all that the database holds, each beside its own SQL alone.

    The city is the middle one. Make the country with `generate_sample --country`, in a database of
    its own. Everything is undone.
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
        transaction.set_rollback(True)


def _page_beside_its_sql(name: str, client: Client, address: str) -> Line:
    """Median and p95 of the page, and of the same statements sent alone and read to their end."""
    sent: list[tuple[str, Any]] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if sql.lstrip("( \n").startswith(("SELECT", "WITH")):
            sent.append((sql, params))
        return execute(sql, params, many, context)

    client.get(address)
    with connection.execute_wrapper(keep):
        answer = client.get(address)
    if answer.status_code != 200:
        raise CommandError(f"{address} answers {answer.status_code}.")
    begun = time.process_time()
    pages = sorted(_answer_time(client, address) for _ in range(RUNS))
    processor = (time.process_time() - begun) / RUNS
    bare = sorted(timed(lambda: _run(sent)) for _ in range(RUNS))
    remark = (
        f"p95 {1000 * _p95(pages):.0f} ms, {len(sent)} queries, "
        f"{1000 * processor:.0f} ms of the processor"
    )
    alone = Cost(statistics.median(bare), peak_mb(), f"SQL alone, p95 {1000 * _p95(bare):.0f} ms")
    cost = Cost(statistics.median(pages), peak_mb(), f"{remark}; {alone.remark}")
    return Line(name, cost, alone)


def _answer_time(client: Client, address: str) -> float:
    """Until the answer is made; what is collected afterwards, nobody waits for."""
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
