"""`manage.py generate_sample`: a large synthetic plan book, for trying and measuring."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from dxportal.planbook.sample import enlarge

CODE, NAME = "999997", "見本市"


class Command(BaseCommand):
    help = (
        "Write a synthetic plan book as a folder of CSV files: a real plan book, repeated under "
        "new keys, of an organization that does not exist. Load it with load_plan."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("output", type=Path, help="the folder to write")
        parser.add_argument("--times", type=int, default=50, help="how many times as large (50)")
        parser.add_argument(
            "--source",
            type=Path,
            default=Path(settings.BASE_DIR, "fixtures", "sasebo-dx-r6"),
            help="the folder that is repeated (佐世保市's plan)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["times"] < 1:
            raise CommandError("--times must be 1 or more.")
        if not options["source"].is_dir():
            raise CommandError(f"There is no folder {options['source']}.")
        rows = enlarge(options["source"], options["output"], options["times"], CODE, NAME)
        self.stdout.write(f"{options['output']}: {rows:,} rows of {NAME} ({CODE})")
