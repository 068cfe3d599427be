"""Issue an API token: `manage.py issue_token finance --name 財務会計 --scope write --days 365`."""

import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import ApiToken, User
from accounts.services import issue_token


class Command(BaseCommand):
    help = (
        "Issue an API token for another system. The secret is printed once, to the standard "
        "output, and cannot be seen again; the administrator's pages revoke it."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username", help="whose rights it has (role 外部システム)")
        parser.add_argument("--name", required=True, help="what it is for, e.g. 財務会計システム")
        parser.add_argument(
            "--scope",
            choices=ApiToken.Scope.values,
            default=ApiToken.Scope.READ,
            help="read (the default), or write for both",
        )
        parser.add_argument("--days", type=int, help="days until it ends; no end if left out")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["username"]).first()
        if user is None:
            raise CommandError(f"There is no user '{options['username']}'.")
        expires_at = None
        if options["days"] is not None:
            expires_at = timezone.now() + datetime.timedelta(days=options["days"])
        try:
            token, secret = issue_token(
                Actor.system(), user, options["name"], options["scope"], expires_at
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        end = f"until {timezone.localtime(expires_at):%Y-%m-%d %H:%M}" if expires_at else "no end"
        self.stderr.write(f"{token.name} for {user}: {token.scope}, {end}.")
        self.stderr.write("Keep the secret on the next line safe; it is not shown again.")
        self.stdout.write(secret)
