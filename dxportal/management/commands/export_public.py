"""`manage.py export_public FOLDER`: the public site as static files."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from dxportal.public.static_site import write_site


class Command(BaseCommand):
    help = (
        "Write all public pages, data files, styles and fonts into FOLDER, with relative links: "
        "for the city's own web server, or to be opened from the folder without any server."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", type=Path)
        parser.add_argument(
            "--base-url",
            default="",
            help="Where the site will stand (https://example.lg.jp/dx), for the data catalogue.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = write_site(options["folder"], options["base_url"])
        except ValueError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} files in {options['folder']}. Open index.html there.")
