"""`manage.py export_plan`: write a plan as a plan book."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from dxportal.management.commands.build_report import find_plan
from dxportal.planbook.writer import write_plan


class Command(BaseCommand):
    help = (
        "Write a plan as a plan book that load_plan reads: a folder of CSV files, or a workbook "
        "where OUTPUT ends with .xlsx."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--plan", required=True, metavar="KEY", help="key of the plan")
        parser.add_argument("--output", required=True, type=Path, help="the folder or .xlsx file")

    def handle(self, *args: Any, **options: Any) -> None:
        counts = write_plan(find_plan(options["plan"]), options["output"])
        rows, sheets = sum(counts.values()), len(counts)
        self.stdout.write(f"{options['output']}: {rows:,} rows in {sheets} sheets")
