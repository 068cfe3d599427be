"""`manage.py create_admin`: the first person of a new installation."""

import getpass
import os
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts.audit import Actor
from accounts.models import Organization, Role
from accounts.services import create_person


class Command(BaseCommand):
    help = (
        "Make a municipality, if it is not there yet, and an administrator of it, who then makes "
        "departments and people on the administrator's pages. The password is asked for, or read "
        "from the environment variable ADMIN_PASSWORD."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="the name to sign in with")
        parser.add_argument("--code", required=True, help="全国地方公共団体コード, 6 digits")
        parser.add_argument("--city", default="", help="name of the municipality, if it is new")
        parser.add_argument("--name", default="", help="the person's name as pages show it")

    def handle(self, *args: Any, **options: Any) -> None:
        password = os.environ.get("ADMIN_PASSWORD") or getpass.getpass("Password: ")
        try:
            with transaction.atomic():
                organization = self._organization(options["code"], options["city"])
                user = create_person(
                    Actor.system(),
                    options["username"],
                    options["name"],
                    organization,
                    Role.ADMIN,
                    password,
                )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write(f"{user.username} administers {organization} ({organization.code}).")

    @staticmethod
    def _organization(code: str, city: str) -> Organization:
        stored = Organization.objects.filter(code=code).first()
        if stored is not None:
            return stored
        organization = Organization(code=code, name=city)
        organization.full_clean()
        organization.save()
        return organization
