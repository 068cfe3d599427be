"""`manage.py bench`: what the portal's heavy parts cost, beside the bare cost of the same."""

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.audit import Actor
from accounts.models import Role, RoleAssignment, User
from dxportal.management import bench_report, bench_round
from dxportal.management.bench_api import api_lines
from dxportal.management.bench_country import country_lines
from dxportal.management.commands.build_report import find_plan, read_fiscal_year
from dxportal.management.commands.generate_sample import CODE, NAME
from dxportal.management.measuring import Cost, Line, peak_mb, timed
from dxportal.planbook.loader import load_plan
from dxportal.planbook.sample import enlarge
from dxportal.planbook.writer import write_plan
from plans.models import Plan


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
        parser.add_argument(
            "--times",
            type=int,
            default=1,
            metavar="NUMBER",
            help="for the report: of a synthetic plan so many times as large, in a database of its "
            "own, each format built once",
        )
        # What a process of its own is asked to do; for this command alone.
        parser.add_argument("--measure", choices=list(MEASURES), help="internal")
        parser.add_argument("--input", type=Path, help="internal")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["measure"]:
            cost = MEASURES[options["measure"]](options)
            self.stdout.write(json.dumps(asdict(cost)))
            return
        if options["only"] != ["country"]:
            find_plan(options["plan"])
        self.stdout.write(f"{machine()}\n")
        self.stdout.write("| | seconds | processor | peak MB | beside the bare cost | |")
        self.stdout.write("| --- | ---: | ---: | ---: | ---: | --- |")
        for name in options["only"] or [part for part in PARTS if part not in ALONE]:
            for line in PARTS[name](options):
                self.stdout.write(row_of(line))
                self.stdout.flush()


def machine() -> str:
    """The machine that the figures are of."""
    cores, python = len(os.sched_getaffinity(0)), platform.python_version()
    return f"{platform.system()} {platform.machine()}, {cores} cores, Python {python}"


def row_of(line: Line) -> str:
    cost = line.cost
    processor = _digits(cost.processor) if cost.processor else ""
    figures = f"{_digits(cost.seconds)} | {processor} | {cost.peak_mb:.0f}"
    return f"| {line.label} | {figures} | {_ratio(line)} | {cost.remark} |"


def _digits(seconds: float) -> str:
    return f"{seconds:.{1 if seconds >= 1 else 3}f}"


def _ratio(line: Line) -> str:
    """By the clock, and of the processor's time where both are known."""
    cost, bare = line.cost, line.bare
    if bare is None or not bare.seconds:
        return ""
    clock = f"× {cost.seconds / bare.seconds:.2f}"
    if not (cost.processor and bare.processor):
        return clock
    return f"{clock}; processor × {cost.processor / bare.processor:.2f}"


# The report


def report_lines(options: dict[str, Any]) -> Iterable[Line]:
    with tempfile.TemporaryDirectory() as folder:
        if options["times"] > 1:
            options = bench_report.enlarged(options, Path(folder))
        yield from bench_report.report_lines(options, in_process, Path(folder))


def in_process(options: dict[str, Any], measure: str, file: Path) -> Cost:
    """Measure in a process of its own: one's memory and caches say nothing about the other's."""
    command = [
        sys.executable, sys.argv[0], "bench", "--measure", measure, "--input", str(file),
        "--plan", options["plan"], "--fiscal-year", options["fiscal_year"],
        "--times", str(options["times"]),
    ]  # fmt: skip
    environment = {**os.environ, **options.get("environment", {})}
    costs = []
    for _ in range(max(1, options["runs"])):
        done = subprocess.run(  # noqa: S603  # own command
            command, capture_output=True, text=True, env=environment
        )
        if done.returncode:
            raise CommandError(f"Measuring '{measure}' failed:\n{done.stderr}")
        costs.append(Cost(**json.loads(done.stdout)))
    return min(costs, key=lambda cost: cost.processor or cost.seconds)


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
        seconds = timed(lambda: load_plan(Actor.system(), options["input"]))
        transaction.set_rollback(True)
    return Cost(seconds, peak_mb(), f"{queries:,} queries")


def _measure_planbook_export(options: dict[str, Any], target: str) -> Cost:
    with transaction.atomic():
        plan = load_plan(Actor.system(), options["input"]).plan
        loaded = peak_mb()
        file = options["input"].with_name(target)
        seconds = timed(lambda: write_plan(plan, file))
        transaction.set_rollback(True)
    return Cost(seconds, peak_mb(), f"peak after loading, in the same process: {loaded:.0f} MB")


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
    seconds = statistics.median(timed(lambda: client.get(address)) for _ in range(PAGE_RUNS))
    size = len(answer.content) / 1024
    return Cost(seconds, peak_mb(), f"{queries} queries, {size:.0f} kB, median of {PAGE_RUNS}")


# The round


def round_lines(options: dict[str, Any]) -> Iterable[Line]:
    plan = find_plan(options["plan"])
    with transaction.atomic():
        yield from bench_round.round_lines(plan, _reader_of(plan))
        transaction.set_rollback(True)


# What `--measure` knows, and the parts of the table in their order: a new part is a function from
# the options to lines.
MEASURES: dict[str, Callable[[dict[str, Any]], Cost]] = {
    **bench_report.MEASURES,
    "planbook_import": measure_planbook_import,
    "planbook_export_csv": measure_planbook_export_csv,
    "planbook_export_xlsx": measure_planbook_export_xlsx,
}
PARTS: dict[str, Callable[[dict[str, Any]], Iterable[Line]]] = {
    "report": report_lines,
    "planbook": planbook_lines,
    "pages": page_lines,
    "round": round_lines,
    "api": lambda options: api_lines(find_plan(options["plan"])),
    "country": country_lines,
}
# Measured only where it is asked for: it wants a database of its own.
ALONE = ("country",)
