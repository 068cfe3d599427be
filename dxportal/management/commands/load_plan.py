"""`manage.py load_plan`: load a plan book."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.audit import Actor
from accounts.models import Channel
from dxportal.planbook.faults import PlanBookError
from dxportal.planbook.loader import load_plan
from dxportal.planbook.sheets import SHEET_NAMES


class Command(BaseCommand):
    help = (
        "Load a plan book: a folder of CSV files or an .xlsx workbook with the sheets "
        + ", ".join(SHEET_NAMES)
        + ". All or nothing: with any fault nothing is changed and every fault is listed. "
        "Loading the same book twice changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", type=Path, help="the folder or the .xlsx file")
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="tell every row that would be added or changed, and rows of the plan that the "
            "book has not, and change nothing",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            result = load_plan(
                Actor.system(Channel.COMMAND), options["path"], dry_run=options["dry_run"]
            )
        except PlanBookError as error:
            for fault in error.faults:
                self.stderr.write(str(fault))
            raise CommandError(
                f"{len(error.faults)} fault(s) in {options['path']}; nothing was loaded."
            ) from error
        self.stdout.write(f"{result.plan}")
        if options["dry_run"]:
            for change in result.changes:
                self.stdout.write(f"  {change}")
            self.stdout.write("Nothing was changed (dry run). It would be:")
        for name in SHEET_NAMES:
            counts = result.created[name], result.updated[name], result.unchanged[name]
            if any(counts):
                self.stdout.write(
                    f"  {name}: {counts[0]} created, {counts[1]} updated, {counts[2]} unchanged"
                )
