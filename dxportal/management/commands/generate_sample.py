"""`manage.py generate_sample`: a large synthetic plan book, or a whole synthetic country."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import Organization
from dxportal.management.commands.build_report import find_plan
from dxportal.planbook.country import MUNICIPALITIES, copy_city
from dxportal.planbook.sample import enlarge
from kpi.shown_year import shown_year

CODE, NAME = "999997", "見本市"


class Command(BaseCommand):
    help = (
        "Write a synthetic plan book as a folder of CSV files: a real plan book, repeated under "
        "new keys, of an organization that does not exist; load it with load_plan. Or, with "
        "--country, fill the database with cities like the one of --plan (for measuring, in a "
        "database of its own: on PostgreSQL as a superuser)."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("output", type=Path, nargs="?", help="the folder to write")
        parser.add_argument("--times", type=int, default=50, help="how many times as large (50)")
        parser.add_argument(
            "--source",
            type=Path,
            default=Path(settings.BASE_DIR, "fixtures", "sasebo-dx-r6"),
            help="the folder that is repeated (佐世保市's plan)",
        )
        parser.add_argument(
            "--country", action="store_true", help="copy a city of the database instead"
        )
        parser.add_argument("--plan", default="dx-action-plan-r6", metavar="KEY")
        parser.add_argument(
            "--cities", type=int, default=MUNICIPALITIES, help=f"so many in all ({MUNICIPALITIES})"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["country"]:
            self._country(options)
        elif options["output"] is None:
            raise CommandError("Name the folder to write, or ask for --country.")
        else:
            self._book(options)

    def _book(self, options: dict[str, Any]) -> None:
        if options["times"] < 1:
            raise CommandError("--times must be 1 or more.")
        if not options["source"].is_dir():
            raise CommandError(f"There is no folder {options['source']}.")
        rows = enlarge(options["source"], options["output"], options["times"], CODE, NAME)
        self.stdout.write(f"{options['output']}: {rows:,} rows of {NAME} ({CODE})")

    def _country(self, options: dict[str, Any]) -> None:
        plan = find_plan(options["plan"])
        if Organization.objects.filter(name__startswith="見本").exists():
            raise CommandError("This database has a synthetic country already.")
        wanted = options["cities"] - Organization.objects.count() + 1
        if wanted < 2:
            raise CommandError("--cities must be more than there are.")
        begun = time.monotonic()
        rows = copy_city(plan.organization, wanted, shown_year(plan, None).fiscal_year)
        self.stdout.write(
            f"{Organization.objects.count():,} cities, {rows:,} rows made in "
            f"{time.monotonic() - begun:.0f} s"
        )
