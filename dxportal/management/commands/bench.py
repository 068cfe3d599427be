"""`manage.py bench`: what the portal's heavy parts cost, beside the bare cost of the same."""

import json
import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import Role, RoleAssignment, User
from dxportal.management.commands.build_report import find_plan, read_fiscal_year
from dxportal.management.commands.generate_sample import CODE, NAME
from dxportal.models import ReportJob
from dxportal.planbook.loader import load_plan
from dxportal.planbook.sample import enlarge
from dxportal.planbook.writer import write_plan
from dxportal.reports.build import build
from dxportal.reports.compose import report_of
from dxportal.reports.pdf import html_of, render
from plans.models import Plan, ReportingCycle, RoundItem


@dataclass(frozen=True)
class Cost:
    """One measurement: best of its runs. The peak is of the whole process, Django included."""

    seconds: float
    peak_mb: float
    remark: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the printed table; a bare cost gives the ratio."""

    label: str
    cost: Cost
    bare: Cost | None = None


class Command(BaseCommand):
    help = (
        "Measure the annual report (PDF and xlsx) beside the bare cost of the same pages in "
        "WeasyPrint and of the same cells in openpyxl, each in a process of its own, import and "
        "export of the plan book, at its size and 50 times that, and the time to the first byte "
        "of the main pages, the entry grid and one cell's save; print a markdown table."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--plan", default="dx-action-plan-r6", metavar="KEY")
        parser.add_argument("--fiscal-year", default="R6", metavar="YEAR")
        parser.add_argument("--runs", type=int, default=1, help="the best of so many runs counts")
        parser.add_argument(
            "--only", nargs="*", choices=list(PARTS), metavar="PART", help=", ".join(PARTS)
        )
        # What a process of its own is asked to do; for this command alone.
        parser.add_argument("--measure", choices=list(MEASURES), help="internal")
        parser.add_argument("--input", type=Path, help="internal")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["measure"]:
            cost = MEASURES[options["measure"]](options)
            self.stdout.write(json.dumps(asdict(cost)))
            return
        find_plan(options["plan"])
        self.stdout.write(f"{machine()}\n")
        self.stdout.write("| | seconds | peak MB | beside the bare cost | |")
        self.stdout.write("| --- | ---: | ---: | ---: | --- |")
        for name in options["only"] or PARTS:
            for line in PARTS[name](options):
                self.stdout.write(row_of(line))
                self.stdout.flush()


def machine() -> str:
    """The machine that the figures are of."""
    cores, python = len(os.sched_getaffinity(0)), platform.python_version()
    return f"{platform.system()} {platform.machine()}, {cores} cores, Python {python}"


def row_of(line: Line) -> str:
    cost, bare = line.cost, line.bare
    ratio = f"× {cost.seconds / bare.seconds:.2f}" if bare and bare.seconds else ""
    digits = 1 if cost.seconds >= 1 else 3
    figures = f"{cost.seconds:.{digits}f} | {cost.peak_mb:.0f}"
    return f"| {line.label} | {figures} | {ratio} | {cost.remark} |"


# The report


def report_lines(options: dict[str, Any]) -> list[Line]:
    """Both formats; the bare costs render and write what the real ones made."""
    with tempfile.TemporaryDirectory() as folder:
        html, cells = Path(folder, "report.html"), Path(folder, "report.xlsx")
        pdf = in_process(options, "pdf", html)
        bare_pdf = in_process(options, "bare_pdf", html)
        xlsx = in_process(options, "xlsx", cells)
        bare_xlsx = in_process(options, "bare_xlsx", cells)
    return [
        Line("report, PDF", pdf, bare_pdf),
        Line("the same HTML, bare WeasyPrint", bare_pdf),
        Line("report, xlsx", xlsx, bare_xlsx),
        Line("the same cells, bare openpyxl", bare_xlsx),
    ]


def in_process(options: dict[str, Any], measure: str, file: Path) -> Cost:
    """Measure in a process of its own: one's memory and caches say nothing about the other's."""
    command = [
        sys.executable, sys.argv[0], "bench", "--measure", measure, "--input", str(file),
        "--plan", options["plan"], "--fiscal-year", options["fiscal_year"],
    ]  # fmt: skip
    costs = []
    for _ in range(max(1, options["runs"])):
        done = subprocess.run(command, capture_output=True, text=True)  # noqa: S603  # own command
        if done.returncode:
            raise CommandError(f"Measuring '{measure}' failed:\n{done.stderr}")
        costs.append(Cost(**json.loads(done.stdout)))
    return min(costs, key=lambda cost: cost.seconds)


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _timed(act: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    act()
    return time.perf_counter() - begun


def _built(options: dict[str, Any], format: str) -> tuple[Plan, int, Path, float]:
    plan = find_plan(options["plan"])
    year = read_fiscal_year(options["fiscal_year"], plan)
    target = options["input"].with_suffix(f".built.{format}")
    seconds = _timed(lambda: build(plan, year, format, target, lambda step, percent: None))
    return plan, year, target, seconds


def measure_pdf(options: dict[str, Any]) -> Cost:
    """The whole job: read, compose, lay out, write. Then leaves its HTML for the bare run."""
    plan, year, target, seconds = _built(options, ReportJob.Format.PDF)
    peak = _peak_mb()
    options["input"].write_text(html_of(report_of(plan, year)))
    return Cost(seconds, peak, f"{target.stat().st_size / 1024:.0f} kB")


def measure_bare_pdf(options: dict[str, Any]) -> Cost:
    html = options["input"].read_text()
    seconds = _timed(lambda: render(html, options["input"].with_suffix(".bare.pdf")))
    return Cost(seconds, _peak_mb(), f"{len(html) / 1024:.0f} kB of HTML, collector on")


def measure_xlsx(options: dict[str, Any]) -> Cost:
    _, _, target, seconds = _built(options, ReportJob.Format.XLSX)
    peak = _peak_mb()
    target.replace(options["input"])
    return Cost(seconds, peak, f"{options['input'].stat().st_size / 1024:.0f} kB")


def measure_bare_xlsx(options: dict[str, Any]) -> Cost:
    """The same values into the same sheets, without any style, width or check."""
    from openpyxl import Workbook, load_workbook

    sheets = [
        (sheet.title, [list(row) for row in sheet.iter_rows(values_only=True)])
        for sheet in load_workbook(options["input"], read_only=True)
    ]

    def write() -> None:
        workbook = Workbook()
        for title, rows in sheets:
            sheet = workbook.create_sheet(title)
            for row in rows:
                sheet.append(row)
        workbook.save(options["input"].with_suffix(".bare.xlsx"))

    seconds = _timed(write)
    cells = sum(len(row) for _, rows in sheets for row in rows)
    return Cost(seconds, _peak_mb(), f"{cells:,} cells without styles")


# The plan book


SAMPLE_TIMES = 50


def planbook_lines(options: dict[str, Any]) -> list[Line]:
    """Import and export of the plan, and of a synthetic one 50 times its size."""
    plan = find_plan(options["plan"])
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        book = Path(folder, "book")
        write_plan(plan, book)
        for times in (1, SAMPLE_TIMES):
            sample = Path(folder, f"sample{times}")
            rows = enlarge(book, sample, times, CODE, NAME)
            cost = in_process(options, "planbook_import", sample)
            lines.append(Line(f"import of {rows:,} rows, CSV", cost))
            for kind in ("csv", "xlsx"):
                cost = in_process(options, f"planbook_export_{kind}", sample)
                lines.append(Line(f"export of {rows:,} rows, {kind}", cost))
    return lines


def measure_planbook_import(options: dict[str, Any]) -> Cost:
    """Into a database that has none of the rows; undone."""
    queries = 0

    def count(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal queries
        queries += 1  # counted, not kept: a log of queries would be measured as memory
        return execute(*args)

    with transaction.atomic(), connection.execute_wrapper(count):
        seconds = _timed(lambda: load_plan(Actor.system(), options["input"]))
        transaction.set_rollback(True)
    return Cost(seconds, _peak_mb(), f"{queries:,} queries")


def _measure_planbook_export(options: dict[str, Any], target: str) -> Cost:
    with transaction.atomic():
        plan = load_plan(Actor.system(), options["input"]).plan
        loaded = _peak_mb()
        file = options["input"].with_name(target)
        seconds = _timed(lambda: write_plan(plan, file))
        transaction.set_rollback(True)
    return Cost(seconds, _peak_mb(), f"peak after loading, in the same process: {loaded:.0f} MB")


def measure_planbook_export_csv(options: dict[str, Any]) -> Cost:
    return _measure_planbook_export(options, "out")


def measure_planbook_export_xlsx(options: dict[str, Any]) -> Cost:
    return _measure_planbook_export(options, "out.xlsx")


# The pages


PAGE_RUNS = 15


def page_lines(options: dict[str, Any]) -> list[Line]:
    """Median time to the first byte of the main pages, through all middleware, without a network.

    A person with the roles 閲覧 and 入力担当 of the whole organization is made for it and undone.
    """
    plan = find_plan(options["plan"])
    year = read_fiscal_year(options["fiscal_year"], plan)
    addresses = {
        "dashboard": f"{reverse('dashboard')}?plan={plan.pk}&fiscal_year={year}",
        "plan as a tree": f"{reverse('plans:tree', args=[plan.pk])}?fiscal_year={year}",
        "list of projects": reverse("projects:list"),
        "entry page, all indicators": reverse("rounds:entry"),
    }
    with transaction.atomic():
        client = Client(SERVER_NAME="localhost")
        client.force_login(_reader_of(plan), "django.contrib.auth.backends.ModelBackend")
        lines = [Line(name, _page_cost(client, address)) for name, address in addresses.items()]
        transaction.set_rollback(True)
    return lines


def _reader_of(plan: Plan) -> User:
    user = User.objects.create(username="bench", organization=plan.organization)
    for role in (Role.VIEWER, Role.EDITOR):
        RoleAssignment.objects.create(user=user, role=role, organization=plan.organization)
    return user


def _page_cost(client: Client, address: str) -> Cost:
    with CaptureQueriesContext(connection) as captured:
        answer = client.get(address)
    queries = len(captured)  # now: the next request empties the log
    if answer.status_code != 200:
        raise CommandError(f"{address} answers {answer.status_code}.")
    seconds = statistics.median(_timed(lambda: client.get(address)) for _ in range(PAGE_RUNS))
    size = len(answer.content) / 1024
    return Cost(seconds, _peak_mb(), f"{queries} queries, {size:.0f} kB, median of {PAGE_RUNS}")


# The round


def round_lines(options: dict[str, Any]) -> list[Line]:
    """Opening the entry grid with all items of a round, and saving one cell of it.

    The bare cost is that of the same SQL, sent again and read to its end without Django's rows,
    templates and middleware. Everything is undone.
    """
    plan = find_plan(options["plan"])
    with transaction.atomic():
        user = _reader_of(plan)
        client = Client(SERVER_NAME="localhost")
        client.force_login(user, "django.contrib.auth.backends.ModelBackend")
        items = RoundItem.objects.filter(
            cycle__plan=plan,
            cycle__state=ReportingCycle.State.OPEN,
            kind=RoundItem.Kind.ACTUAL,
            state=RoundItem.State.UNTOUCHED,
        )
        if not items.exists():
            raise CommandError("There is no open round: run load_example first.")
        grid = reverse("rounds:entry")
        count = RoundItem.objects.filter(cycle__in=items.values("cycle")).count()
        lines = _beside_its_sql(f"entry grid, {count} items", lambda: client.get(grid))
        waiting = iter(list(items[: PAGE_RUNS + 1]))
        lines += _beside_its_sql("save of one cell", lambda: _save_cell(client, next(waiting)))
        transaction.set_rollback(True)
    return lines


def _save_cell(client: Client, item: RoundItem) -> Any:
    body = {"values": {"value": "7"}, "version": "0"}
    address = reverse("rounds:entry_item", args=[item.pk])
    return client.post(address, body, content_type="application/json")


def _beside_its_sql(name: str, act: Callable[[], Any]) -> list[Line]:
    sent: list[tuple[str, Any]] = []

    def keep(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if not sql.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK")):
            sent.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(keep):
        answer = act()
    if answer.status_code != 200:
        raise CommandError(f"{name}: the answer is {answer.status_code}, {answer.content[:200]!r}")
    seconds = statistics.median(_timed(act) for _ in range(PAGE_RUNS))
    bare = statistics.median(_timed(lambda: _run(sent)) for _ in range(PAGE_RUNS))
    cost = Cost(seconds, _peak_mb(), f"{len(sent)} queries, median of {PAGE_RUNS}")
    alone = Cost(bare, _peak_mb(), "read to the end, no rows made")
    return [Line(name, cost, alone), Line("the same SQL alone", alone)]


def _run(statements: list[tuple[str, Any]]) -> None:
    """Send the statements again; what would collide with its own first run is undone at once."""
    with transaction.atomic(), connection.cursor() as cursor:
        for sql, params in statements:
            if sql.startswith("INSERT"):
                continue  # the row of the first run is there: the UPDATEs and reads remain
            cursor.execute(sql, params)
            if cursor.description:
                cursor.fetchall()
        transaction.set_rollback(True)


# What `--measure` knows, and the parts of the table in their order: a new part is a function from
# the options to lines.
MEASURES: dict[str, Callable[[dict[str, Any]], Cost]] = {
    "pdf": measure_pdf,
    "bare_pdf": measure_bare_pdf,
    "xlsx": measure_xlsx,
    "bare_xlsx": measure_bare_xlsx,
    "planbook_import": measure_planbook_import,
    "planbook_export_csv": measure_planbook_export_csv,
    "planbook_export_xlsx": measure_planbook_export_xlsx,
}
PARTS: dict[str, Callable[[dict[str, Any]], list[Line]]] = {
    "report": report_lines,
    "planbook": planbook_lines,
    "pages": page_lines,
    "round": round_lines,
}
